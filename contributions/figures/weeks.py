"""In which week of a session a moment lies, in the session's own zone."""

import datetime
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from cohorts.models import Session

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Slot:
    """A row of the figures: a week, a pause after week `number`, or the time `before` and `after` the session (no dates)."""

    kind: str
    number: int = 0
    first: datetime.date | None = None
    last: datetime.date | None = None

    @property
    def key(self) -> str:
        """For addresses and ids: `week-3`, `pause-3`, `before`, `after`."""
        return f"{self.kind}-{self.number}" if self.first else self.kind


BEFORE, AFTER = Slot("before"), Slot("after")


@dataclass(frozen=True)
class Weeks:
    """Weeks in order of time, as (number, first day, last day), and the zone in which their days begin."""

    spans: tuple[tuple[int, datetime.date, datetime.date], ...]
    zone: ZoneInfo

    @cached_property
    def slots(self) -> list[Slot]:
        """All weeks, and a pause wherever days between two weeks belong to neither."""
        slots: list[Slot] = []
        for number, first, last in self.spans:
            if slots and slots[-1].last is not None and first > slots[-1].last + DAY:
                slots.append(Slot("pause", slots[-1].number, slots[-1].last + DAY, first - DAY))
            slots.append(Slot("week", number, first, last))
        return slots

    @cached_property
    def _firsts(self) -> list[datetime.date]:
        return [slot.first for slot in self.slots if slot.first]

    def slot_of(self, moment: datetime.datetime) -> Slot:
        """The row in which an aware moment counts."""
        day = moment.astimezone(self.zone).date()
        place = bisect_right(self._firsts, day) - 1
        if place < 0:
            return BEFORE
        slot = self.slots[place]
        return slot if slot.last and day <= slot.last else AFTER

    def part_of(self, moment: datetime.datetime, parts: int) -> int | None:
        """In which of so many equal parts of the session a moment lies, from 0; None outside. For sessions of other lengths."""
        if not self.spans:
            return None
        first, last = self.spans[0][1], self.spans[-1][2]
        day = moment.astimezone(self.zone).date()
        if not first <= day <= last:
            return None
        return (day - first).days * parts // ((last - first).days + 1)


def weeks_of(session: Session) -> Weeks:
    """From the session's rows (no query where they are prefetched), or from its dates where it has none."""
    rows: Sequence[tuple[int, datetime.date, datetime.date]] = sorted(
        (week.number, week.starts_on, week.ends_on) for week in session.calendar.all()
    )
    if not rows:
        first = 0 if session.has_week_zero else 1
        begin = {number: session.week_starts_on(number) for number in range(first, session.weeks + 1)}
        rows = [(number, day, day + 6 * DAY) for number, day in begin.items()]
    return Weeks(tuple(sorted(rows, key=lambda row: row[1])), session.zone)
