"""The people of a cohort as they meet on its page: what time it is where they are, and how to reach them."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.zones import zone_label

from .models import Membership

#: Between these hours on their own clock people are likely to be awake.
AWAKE = (7, 22)


@dataclass(frozen=True)
class Person:
    """One person of a cohort, seen at `now` by somebody in the zone of `reader`."""

    membership: Membership
    now: datetime.datetime
    reader: datetime.tzinfo

    @property
    def local(self) -> datetime.datetime:
        return self.now.astimezone(self.membership.user.zone)

    @property
    def clock(self) -> str:
        """The time where they are. A text, because templates would turn a time into the reader's zone."""
        return time_format(self.local, "H:i")

    @property
    def zone(self) -> str:
        return zone_label(self.local)

    @property
    def day(self) -> str:
        """“tomorrow” or “yesterday” where the date is another one there; else empty."""
        apart = (self.local.date() - self.now.astimezone(self.reader).date()).days
        return {1: _("tomorrow"), -1: _("yesterday")}.get(apart, "")

    @property
    def apart(self) -> str:
        """By how much their clock differs from the reader's, in words; empty where it does not."""
        here = self.now.astimezone(self.reader).utcoffset() or datetime.timedelta()
        there = self.local.utcoffset() or datetime.timedelta()
        minutes = int((there - here).total_seconds() // 60)
        if not minutes:
            return ""
        hours, rest = divmod(abs(minutes), 60)
        # Most clocks differ by whole hours; where they do not, “5:45” says it shortest.
        much = f"{hours}:{rest:02}" if rest else str(hours)
        if minutes > 0:
            return ngettext("%(hours)s hour ahead of you", "%(hours)s hours ahead of you", hours) % {"hours": much}
        return ngettext("%(hours)s hour behind you", "%(hours)s hours behind you", hours) % {"hours": much}

    @property
    def asleep(self) -> bool:
        """Whether it is night there: a good reason to write and not to call."""
        return not AWAKE[0] <= self.local.hour < AWAKE[1]


def cohort_people(memberships: Iterable[Membership], now: datetime.datetime, reader: datetime.tzinfo) -> list[Person]:
    """Those who are there (not who only has a place kept), in the given order; `user` is loaded."""
    return [Person(one, now, reader) for one in memberships if one.state != Membership.State.INVITED]
