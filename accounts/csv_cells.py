"""Cells of tables that spreadsheets open: what people typed must not run there, and must come back as it was.

A spreadsheet runs a cell that begins with one of a few signs. Where it separates columns by semicolons it also splits our cells at
them and at line ends, so the same goes for what stands after those. An apostrophe before the sign makes it text.
"""

import re

#: Where a cell can begin, before a sign. Apostrophes that stand there already belong to the text: one more tells ours apart.
#: A quotation mark there is written twice, and a cell that begins with two of them goes on with what follows.
_BEGINS, _RUNS = "(?:^|(?<=[;\r\n]))", "(?='*[\" ]*[=+\\-@\t\r＝＋－＠])"
_RISKY, _MADE_HARMLESS = re.compile(_BEGINS + _RUNS), re.compile(f"{_BEGINS}'{_RUNS}")


def harmless_cell(value) -> str:
    """The text of a cell; what a spreadsheet would run gets an apostrophe before it. Numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return _RISKY.sub("'", str(value))


def plain_cell(text: str) -> str:
    """What `harmless_cell` made the text of: takes its apostrophes off again."""
    return _MADE_HARMLESS.sub("", text)
