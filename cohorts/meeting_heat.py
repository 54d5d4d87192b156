"""Seven days as a table: how many people have time in each half hour, on the clock of the person who looks."""

import datetime
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass

from .meeting_times import Comer, free_half_hours, half_hours
from .proposal_hours import step_of


@dataclass(frozen=True)
class Cell:
    """A half hour: how many have time, and the step from 0 (nobody) to 4 (all) that draws it."""

    starts_at: datetime.datetime
    people: int
    step: int
    is_over: bool


@dataclass(frozen=True)
class Heat:
    """Rows are half hours in which anybody has time; a cell is None where the clock jumps over it. `known`: how many said when they have time."""

    days: list[datetime.date]
    rows: list[tuple[str, list[Cell | None]]]
    known: int

    @property
    def most(self) -> int:
        """How many have time together at best."""
        return max(
            (cell.people for _time, cells in self.rows for cell in cells if cell is not None and not cell.is_over), default=0
        )


def heat_of(comers: Sequence[Comer], *, first: datetime.date, time_zone: str, now: datetime.datetime) -> Heat:
    """Seven days of `time_zone` from `first` on. Of a half hour that the clock shows twice, the better one stands there."""
    zone = zoneinfo.ZoneInfo(time_zone)
    days = [first + datetime.timedelta(days=number) for number in range(7)]
    # A day with a clock change has up to 25 hours; what belongs to the days around is left out below.
    starts = half_hours(datetime.datetime.combine(first, datetime.time(), tzinfo=zone) - datetime.timedelta(minutes=30), 8, zone)
    known = sum(comer.is_known for comer in comers)
    found: dict[tuple[datetime.time, datetime.date], Cell] = {}
    for start, free in zip(starts, free_half_hours(comers, starts), strict=True):
        local = start.astimezone(zone)
        key = (local.time(), local.date())
        if key[1] not in days or (key in found and found[key].people >= len(free)):
            continue
        found[key] = Cell(start, len(free), step_of(len(free), known), start <= now)
    times = sorted({time for (time, _day), cell in found.items() if cell.people})
    return Heat(days, [(f"{time:%H:%M}", [found.get((time, day)) for day in days]) for time in times], known)
