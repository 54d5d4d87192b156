"""What a time means for people, in words: who cannot, what o'clock it is there, and what clocks do between the meetings of a series."""

import datetime
import zoneinfo
from collections.abc import Sequence
from itertools import groupby

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.zones import zone_label

from .meeting_times import Comer, Hitch, Trouble


def hitch_in_words(hitch: Hitch, *, you: int | None = None) -> str:
    """For whom a time is bad and why, in one sentence: “Ada would have to get up early: Tuesday 06:30 (Lima)”."""
    values = {"name": hitch.comer.name, "local": clock(hitch.local)}
    if hitch.comer.key == you:
        return _OF_YOU[hitch.trouble]() % values
    return _OF_OTHERS[hitch.trouble]() % values


_OF_OTHERS = {
    Trouble.OUTSIDE: lambda: _("%(name)s did not mark this time as free: %(local)s"),
    Trouble.EARLY: lambda: _("%(name)s would have to get up early: %(local)s"),
    Trouble.LATE: lambda: _("%(name)s would have to stay up late: %(local)s"),
    Trouble.NIGHT: lambda: _("It is night for %(name)s: %(local)s"),
    Trouble.BUSY: lambda: _("%(name)s has another meeting then"),
}
_OF_YOU = {
    Trouble.OUTSIDE: lambda: _("You did not mark this time as free: %(local)s"),
    Trouble.EARLY: lambda: _("You would have to get up early: %(local)s"),
    Trouble.LATE: lambda: _("You would have to stay up late: %(local)s"),
    Trouble.NIGHT: lambda: _("It is night for you: %(local)s"),
    Trouble.BUSY: lambda: _("You have another meeting then"),
}


def clock(local: datetime.datetime) -> str:
    """“Tuesday 06:30 (Lima)”."""
    return f"{date_format(local, 'l H:i')} ({zone_label(local)})"


def clock_changes(comers: Sequence[Comer], starts: Sequence[datetime.datetime]) -> list[str]:
    """Where clocks move between the meetings of a series: for whom the hour changes and from when on, a sentence for each zone."""
    found = []
    for zone in sorted({comer.zone for comer in comers}):
        locals_ = [start.astimezone(zoneinfo.ZoneInfo(zone)) for start in starts]
        spells = [(time, next(iter(group))) for time, group in groupby(locals_, key=lambda local: local.time())]
        if len(spells) < 2:
            continue
        names = ", ".join(comer.name for comer in comers if comer.zone == zone)
        hours = _("%(first)s at first") % {"first": f"{spells[0][0]:%H:%M}"}
        later = [
            _("%(time)s from %(day)s on") % {"time": f"{time:%H:%M}", "day": date_format(local, "j F")}
            for time, local in spells[1:]
        ]
        found.append(
            _("For %(names)s (%(zone)s) clocks change: %(hours)s.")
            % {"names": names, "zone": zone_label(locals_[0]), "hours": ", ".join([hours, *later])}
        )
    return found
