"""Days in few letters: “23 Nov” in English, “23 nov” in Italian."""

import datetime

from django.utils.formats import date_format
from django.utils.translation import pgettext


def short_day(day: datetime.date, *, weekday: bool = False, year: bool = False) -> str:
    """Day and month, with the weekday before it or the year behind it, in the active language. A moment as it stands, in its own zone."""
    # Translators: a date format of Django. M is “Nov”, b is “nov”; the letters j, D and Y are day, weekday and year.
    form = pgettext("date format", "j M")
    if weekday:
        form = pgettext("date format", "D j M")
    elif year:
        form = pgettext("date format", "j M Y")
    return date_format(day, form)
