"""Names stand in mails, titles and lists: in one line, and without characters that turn what is around them."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

#: Control characters, and those that switch the direction of the text after them.
_CONTROL, _TURNING = "Cc", frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain_line(text: str) -> str:
    """`text` in one line; perhaps nothing is left of it."""
    line = " ".join(text.split())
    return "".join(part for part in line if unicodedata.category(part) != _CONTROL and part not in _TURNING).strip()


def one_line(text: str) -> str:
    """`text` in one line. Raises `ValidationError` where nothing is left of it."""
    line = plain_line(text)
    if not line:
        raise ValidationError(_("Type your name."), code="required")
    return line
