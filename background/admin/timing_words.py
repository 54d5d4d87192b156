"""When a scheduled task runs, in words. Lines of cron that are not of a common form stay as they are."""

import datetime
import re

from django.utils.dates import WEEKDAYS
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from background.schedules import scheduled

from .words import span

_NUMBER = r"(\d{1,2})"
_DAILY = re.compile(rf"{_NUMBER} {_NUMBER} \* \* (\*|\d)")
_HOURLY = re.compile(rf"{_NUMBER} \* \* \* \*")
_EVERY = re.compile(rf"\*/{_NUMBER} \* \* \* \*")


def timing_in_words(path: str) -> str:
    """“every 15 minutes”, “every day at 03:20”, and by how much it may be later. Times are in the site's time zone."""
    timing = scheduled[path].timing
    text = cron_in_words(timing.cron) if timing.cron else str(timing)
    if timing.jitter:
        text = _("%(timing)s, up to %(time)s later") % {"timing": text, "time": span(timing.jitter)}
    return text


def cron_in_words(line: str) -> str:
    """A line of cron as people say it; as it stands where that would take more than a few words."""
    plain = " ".join(line.split())
    if found := _EVERY.fullmatch(plain):
        number = int(found[1])
        # “*/40” means minutes 0 and 40.
        if number and 60 % number == 0:
            return ngettext("every minute", "every %(number)s minutes", number) % {"number": number}
    if (found := _HOURLY.fullmatch(plain)) and int(found[1]) < 60:
        return _("every hour at minute %(number)s") % {"number": int(found[1])}
    if (found := _DAILY.fullmatch(plain)) and int(found[1]) < 60 and int(found[2]) < 24:
        at = time_format(datetime.time(int(found[2]), int(found[1])), "H:i")
        if found[3] == "*":
            return _("every day at %(time)s") % {"time": at}
        # In cron the week begins with Sunday, which is 0 and 7.
        return _("every %(day)s at %(time)s") % {"day": WEEKDAYS[(int(found[3]) - 1) % 7], "time": at}
    return _("by the clock: %(cron)s") % {"cron": line}
