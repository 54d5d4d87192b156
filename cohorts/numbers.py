"""Numbers as people type them: which one is meant, or that nobody can tell."""

import re
from decimal import Decimal

#: Blanks and apostrophes that people group digits with.
_GROUPING = re.compile(r"(?<=\d)[\s'’ʼ٬](?=\d)")
_GROUPED = re.compile(r"[+-]?\d{1,3}([.,])\d{3}(\1\d{3})*(?!\1)([.,]\d+)?")
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")

#: So many digits are enough for any honest answer, and every database and browser holds them exactly.
MOST_DIGITS = 15


class NumberUnclear(Exception):
    """“1,234”: a thousand and more, or one and a bit? `whole` and `decimal` are the two ways to write it clearly."""

    def __init__(self, whole: str, decimal: str):
        super().__init__(f"{whole} or {decimal}")
        self.whole, self.decimal = whole, decimal


def read_number(text: str) -> str:
    """The number in `text` as a plain decimal with a point, "12.5"; digits may be of any script.

    A point is a decimal point. A comma is one where it can be nothing else: "12,5", "0,125". Groups of digits are understood
    where they are clear: "1 000", "1,234,567", "1.234,5". Raises `NumberUnclear` where both could be meant, and `ValueError`
    where it is no number, or one of more than `MOST_DIGITS` digits.
    """
    text = text.strip().replace("−", "-").replace("٫", ",")
    if len(text) > 3 * MOST_DIGITS:
        raise ValueError("more digits than fit")
    plain = _with_point(_GROUPING.sub("", text))
    if not _PLAIN.fullmatch(plain):
        raise ValueError("no number")
    number = Decimal(plain)
    if len(number.as_tuple().digits) > MOST_DIGITS:
        raise ValueError("more digits than fit")
    return plain_number(number)


def plain_number(number: Decimal) -> str:
    """A number without exponent, without zeros at its end, and without a minus before nothing."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _with_point(text: str) -> str:
    """The same number with one point at most, and no other mark. What is no number comes back as it is."""
    if "," not in text and text.count(".") < 2:
        return text
    if text.count(",") == 1 and "." not in text:
        before, after = text.split(",")
        if len(after) == 3 and before.lstrip("+-") not in ("", "0") and len(before.lstrip("+-")) <= 3 and after.isdecimal():
            raise NumberUnclear(before + after, f"{before}.{after}")
        return f"{before}.{after}"
    grouped = _GROUPED.fullmatch(text)
    if not grouped:
        return text
    group, rest = grouped[1], grouped[3]
    if not rest:
        return text.replace(group, "")
    return text[: -len(rest)].replace(group, "") + "." + rest[1:]
