"""What somebody who makes a meeting is shown of its people's time: the best times, the chosen ones, and the hours of a week."""

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import User

from .meeting_heat import Heat, heat_of
from .meeting_hours import comers_of
from .meeting_rules import FARTHEST
from .meeting_times import Candidate, Comer, best_times, judge
from .meeting_words import clock_changes, hitch_in_words

#: So far ahead the best times are looked for.
DAYS = 14
#: Nobody comes to a meeting that was made in the last hour before it.
NOTICE = datetime.timedelta(hours=1)
#: Of so many people each is named whom a time does not suit.
MOST_NAMED = 4


@dataclass(frozen=True)
class Row:
    """One time: what it means for people, in sentences, and how many more there are."""

    starts_at: datetime.datetime
    ends_at: datetime.datetime
    can: int
    suits_all: bool
    hitches: list[str]
    more: int = 0
    is_chosen: bool = False


@dataclass(frozen=True)
class TimesLook:
    """`of`: how many people are to come; `known`: how many of them said when they have time, `unsaid`: the names of the others."""

    best: list[Row]
    chosen: list[Row]
    heat: Heat
    of: int
    known: int
    unsaid: list[str]
    look_from: datetime.date

    @property
    def has_common(self) -> bool:
        return any(row.suits_all for row in self.best)

    @property
    def listed(self) -> set[datetime.datetime]:
        return {row.starts_at for row in (*self.best, *self.chosen)}


def look_at_times(
    people: Sequence[User],
    *,
    you,
    minutes: int,
    look_from: datetime.date | None = None,
    chosen: Collection[datetime.datetime] = (),
    leave_out: Collection[int] = (),
    now: datetime.datetime | None = None,
) -> TimesLook:
    """When `people` have time, on the active clock, from `look_from` on (a day; None and what is over: today)."""
    now = now or timezone.now()
    zone = timezone.get_current_timezone()
    today = now.astimezone(zone).date()
    first = look_from if look_from is not None and today <= look_from <= today + FARTHEST else today
    midnight = datetime.datetime.combine(first, datetime.time(), tzinfo=zone)
    after = max(now + NOTICE, midnight)
    comers = comers_of(people, first=after, last=after + datetime.timedelta(days=DAYS + 1), leave_out=leave_out)
    name = timezone.get_current_timezone_name()
    best = best_times(comers, minutes=minutes, after=after, days=DAYS, time_zone=name)
    starts = {one.starts_at for one in best}
    kept = [
        row_of(judge(comers, start, minutes), minutes, you=you, is_chosen=True) for start in sorted(chosen) if start not in starts
    ]
    return TimesLook(
        best=[row_of(one, minutes, you=you, is_chosen=one.starts_at in chosen) for one in best],
        chosen=kept,
        heat=heat_of(comers, first=first, time_zone=name, now=after),
        of=len(comers),
        known=sum(comer.is_known for comer in comers),
        unsaid=[comer.name for comer in comers if not comer.is_known],
        look_from=first,
    )


@dataclass(frozen=True)
class Check:
    """What would be written: each time with what it means, how clocks change between them, and who would be told."""

    rows: list[Row]
    changes: list[str]
    people: int
    mails: int

    @property
    def without_mail(self) -> int:
        return self.people - self.mails


def check_times(
    people: Sequence[User],
    starts: Sequence[datetime.datetime],
    *,
    you,
    minutes: int,
    leave_out: Collection[int] = (),
) -> Check:
    """What meetings of these people at `starts` would mean, before anything is written."""
    comers: list[Comer] = []
    if starts:
        end = max(starts) + datetime.timedelta(minutes=minutes)
        comers = comers_of(people, first=min(starts), last=end, leave_out=leave_out)
    rows = [row_of(judge(comers, start, minutes), minutes, you=you) for start in starts]
    return Check(rows, clock_changes(comers, starts), len(people), sum(person.meetings_by_mail for person in people))


def row_of(one: Candidate, minutes: int, *, you, is_chosen: bool = False) -> Row:
    named = one.hitches if len(one.hitches) <= MOST_NAMED + 1 else one.hitches[:MOST_NAMED]
    return Row(
        one.starts_at,
        one.starts_at + datetime.timedelta(minutes=minutes),
        one.can,
        one.suits_all,
        [hitch_in_words(hitch, you=you.pk) for hitch in named],
        len(one.hitches) - len(named),
        is_chosen,
    )
