"""When people can meet: the best times first, who cannot at each of them, and what it would mean for those who cannot.

Pure: `meeting_hours` reads what is asked here. Time runs in quarters of an hour, so that zones with half and quarter hours come out right.
"""

import datetime
import zoneinfo
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from accounts.models.availability import SLOTS_A_DAY

#: Two instants; the second one is no longer part of it.
Span = tuple[datetime.datetime, datetime.datetime]

QUARTER = datetime.timedelta(minutes=15)


@dataclass(frozen=True)
class Comer:
    """Somebody who is to come. `slots` are weekly half hours on the clock of `slots_zone`, None where they were never said; `zone` is where
    the person lives. `busy`: other meetings."""

    key: int
    name: str
    zone: str = "UTC"
    slots: frozenset[int] | None = None
    slots_zone: str = "UTC"
    busy: tuple[Span, ...] = ()

    @property
    def is_known(self) -> bool:
        return bool(self.slots)


class Trouble(StrEnum):
    """Why a time is bad for somebody."""

    OUTSIDE = "outside"
    EARLY = "early"
    LATE = "late"
    BUSY = "busy"
    NIGHT = "night"


#: What each costs where no time suits everybody: two people a little outside of their hours are better than one who has to get up early, and
#: that is better than one who has to get up at night.
COST = {Trouble.OUTSIDE: 2, Trouble.EARLY: 5, Trouble.LATE: 5, Trouble.BUSY: 7, Trouble.NIGHT: 12}
#: Of those who never said when they have time, only the hour of their day is known.
COST_UNKNOWN = {Trouble.OUTSIDE: 0, Trouble.EARLY: 2, Trouble.LATE: 2, Trouble.BUSY: 7, Trouble.NIGHT: 6}

SLEEP_ENDS, MORNING, EVENING = datetime.time(6), datetime.time(8), datetime.time(22)
#: Who meets until then after midnight was late; who meets longer has lost the night.
LATEST = datetime.time(1)


@dataclass(frozen=True)
class Hitch:
    """Somebody who cannot, or should not have to; `local`: when the meeting would begin on that person's clock."""

    comer: Comer
    trouble: Trouble
    local: datetime.datetime


@dataclass(frozen=True)
class Candidate:
    """A time: how many said that they can then, and for whom it is bad."""

    starts_at: datetime.datetime
    can: int
    hitches: tuple[Hitch, ...]

    @property
    def suits_all(self) -> bool:
        return not self.hitches

    @property
    def cost(self) -> int:
        return sum(_cost(hitch.comer, hitch.trouble) for hitch in self.hitches)


def judge(comers: Iterable[Comer], start: datetime.datetime, minutes: int) -> Candidate:
    """What a meeting of so many minutes that begins at `start` (aware) means for everybody."""
    comers = list(comers)
    tables = _Tables([start], minutes)
    troubles = [(comer, tables.troubles(comer)[0]) for comer in comers]
    hitches = tuple(
        Hitch(comer, trouble, start.astimezone(zoneinfo.ZoneInfo(comer.zone)))
        for comer, trouble in troubles
        if trouble is not None
    )
    return Candidate(start, sum(comer.is_known and trouble is None for comer, trouble in troubles), hitches)


def best_times(
    comers: Iterable[Comer],
    *,
    minutes: int,
    after: datetime.datetime,
    days: int = 14,
    time_zone: str = "UTC",
    most: int = 6,
) -> list[Candidate]:
    """The best times for a meeting of so many minutes in the `days` after the instant `after`: the best first, at half hours of the clock of
    `time_zone`, none that overlaps another one, two a day at most.

    What costs the least comes first (nothing: it suits everybody), then what is earliest. Where nobody ever said when they have time, there is
    nothing to choose by, and the answer is empty.
    """
    comers = list(comers)
    if not any(comer.is_known for comer in comers):
        return []
    zone = zoneinfo.ZoneInfo(time_zone)
    starts = half_hours(after, days, zone)
    tables = _Tables(starts, minutes)
    costs = [
        sum(costs)
        for costs in zip(*([_cost(comer, trouble) for trouble in tables.troubles(comer)] for comer in comers), strict=True)
    ]
    chosen: list[datetime.datetime] = []
    on_day: Counter[datetime.date] = Counter()
    length = datetime.timedelta(minutes=minutes)
    for _cost_of_it, start in sorted(zip(costs, starts, strict=True)):
        day = start.astimezone(zone).date()
        if on_day[day] < 2 and all(abs(start - other) >= length for other in chosen):
            chosen.append(start)
            on_day[day] += 1
        if len(chosen) == most:
            break
    return [judge(comers, start, minutes) for start in chosen]


def half_hours(after: datetime.datetime, days: int, zone: zoneinfo.ZoneInfo) -> list[datetime.datetime]:
    """The instants (UTC) of so many days after `after` at which half hours begin on the clock of `zone`."""
    local = after.astimezone(zone).replace(second=0, microsecond=0)
    # On the wall clock, then in real time: a quarter-hour zone has its half hours elsewhere than UTC.
    start = (local.replace(minute=local.minute // 30 * 30)).astimezone(datetime.UTC) + 2 * QUARTER
    return [start + number * 2 * QUARTER for number in range(days * SLOTS_A_DAY)]


def free_half_hours(comers: Iterable[Comer], starts: Sequence[datetime.datetime]) -> list[list[int]]:
    """The keys of those who said that they have time, and have no other meeting, in the half hour that begins at each of `starts`."""
    tables = _Tables(starts, 30)
    found: list[list[int]] = [[] for _start in starts]
    for comer in comers:
        if comer.is_known:
            for place, trouble in enumerate(tables.troubles(comer)):
                if trouble is None:
                    found[place].append(comer.key)
    return found


class _Tables:
    """What is the same for all people of one zone, found once: which half hours of the week a meeting touches there, and the time of day."""

    def __init__(self, starts: Sequence[datetime.datetime], minutes: int) -> None:
        self.starts, self.minutes = starts, minutes
        self._slots: dict[str, list[frozenset[int]]] = {}
        self._hours: dict[str, list[Trouble | None]] = {}

    def troubles(self, comer: Comer) -> list[Trouble | None]:
        """What is wrong with each start for this person; None for nothing."""
        hours = self._time_of_day(comer.zone)
        if comer.slots:
            slots, touched = comer.slots, self._touched(comer.slots_zone)
            found = [None if slots >= touched[place] else hours[place] or Trouble.OUTSIDE for place in range(len(self.starts))]
        else:
            found = list(hours)
        length = datetime.timedelta(minutes=self.minutes)
        for begins, ends in comer.busy:
            for place, start in enumerate(self.starts):
                if begins < start + length and start < ends:
                    found[place] = max(found[place] or Trouble.BUSY, Trouble.BUSY, key=COST.__getitem__)
        return found

    def _touched(self, zone: str) -> list[frozenset[int]]:
        if zone not in self._slots:
            self._slots[zone] = [_slots_in(start, self.minutes, zoneinfo.ZoneInfo(zone)) for start in self.starts]
        return self._slots[zone]

    def _time_of_day(self, zone: str) -> list[Trouble | None]:
        if zone not in self._hours:
            self._hours[zone] = [_time_of_day(start, self.minutes, zoneinfo.ZoneInfo(zone)) for start in self.starts]
        return self._hours[zone]


def _slots_in(start: datetime.datetime, minutes: int, zone: zoneinfo.ZoneInfo) -> frozenset[int]:
    """The half hours of the week (0: Monday 00:00) on a wall clock that a meeting touches; -1 for an hour that the clock shows once more."""
    # Zones differ by quarters, and meetings begin when they like: each quarter that is touched counts.
    moment = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0).astimezone(datetime.UTC)
    end = start + datetime.timedelta(minutes=minutes)
    found = set()
    while moment < end:
        local = moment.astimezone(zone)
        found.add(-1 if local.fold else local.weekday() * SLOTS_A_DAY + local.hour * 2 + local.minute // 30)
        moment += QUARTER
    return frozenset(found)


def _time_of_day(start: datetime.datetime, minutes: int, zone: zoneinfo.ZoneInfo) -> Trouble | None:
    """Whether people there would have to get up early, stay up late or meet at night."""
    local, ends = start.astimezone(zone), (start + datetime.timedelta(minutes=minutes)).astimezone(zone)
    if local.time() < SLEEP_ENDS:
        return Trouble.NIGHT
    if ends.date() > local.date() and ends.time() > LATEST:
        return Trouble.NIGHT
    if local.time() < MORNING:
        return Trouble.EARLY
    if ends.date() > local.date() or ends.time() > EVENING:
        return Trouble.LATE
    return None


def _cost(comer: Comer, trouble: Trouble | None) -> int:
    if trouble is None:
        return 0
    return (COST if comer.is_known else COST_UNKNOWN)[trouble]
