"""Text that people typed for lists, titles and mails: one line of it, and nothing that nobody sees."""

import unicodedata

#: Control characters, and those that switch the direction of the text after them.
_CONTROL, _TURNING = "Cc", frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain_line(text: str) -> str:
    """`text` in one line, without what turns the text around it; perhaps nothing is left."""
    line = " ".join(text.split())
    return "".join(part for part in line if unicodedata.category(part) != _CONTROL and part not in _TURNING).strip()
