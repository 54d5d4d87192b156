"""Names stand in mails, titles and lists: in one line, and without characters that turn what is around them."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.plain_line import plain_line


def one_line(text: str) -> str:
    """`text` in one line. Raises `ValidationError` where nothing is left of it."""
    line = plain_line(text)
    if not line:
        raise ValidationError(_("Type your name."), code="required")
    return line
