"""Text that people typed for lists, titles and mails: one line of it, and nothing that nobody sees."""

import unicodedata

#: Control characters, and those that switch the direction of the text after them.
_CONTROL, _TURNING = "Cc", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_NO_TURNING = dict.fromkeys(map(ord, _TURNING))
#: Categories of what leaves a mark, and the letters and signs that leave none all the same.
_MARKS, _EMPTY = "LNPS", "\u115f\u1160\u2800\u3164\uffa0"


def plain_line(text: str) -> str:
    """`text` in one line, without what turns the text around it; empty where nothing that can be seen is left."""
    line = without_turning(" ".join(text.split()))
    line = "".join(part for part in line if unicodedata.category(part) != _CONTROL).strip()
    return line if any(unicodedata.category(part)[0] in _MARKS and part not in _EMPTY for part in line) else ""


def without_turning(text: str) -> str:
    """`text` without the characters that switch the direction of what stands after it, on the page as well."""
    return text if text.isascii() else text.translate(_NO_TURNING)
