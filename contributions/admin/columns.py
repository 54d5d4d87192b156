"""What columns of the lists have in common."""

import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html


def moment_words(moment: datetime.datetime | None) -> str:
    """Short enough for a column, on one line; a dash for never."""
    if moment is None:
        return "–"
    return format_html('<span class="nowrap">{}</span>', date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT"))
