"""When people have time in each week of a session: from half hours on their own wall clocks to half hours of the session's week.

The session's week begins on Monday at 00:00 in its zone, and its half hours are counted from that instant, so half hour 0 of a session in
Kathmandu begins at 18:15 UTC. Whose clock differs from the session's by a quarter of an hour has the half hours that lie in their time as a
whole: they may have up to half an hour more in common than is counted here, and never less.
"""

import datetime
import functools
import zoneinfo
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from accounts.availability import HALF_HOUR, instants

from .instance import Hours

QUARTER, DAY, WEEK = datetime.timedelta(minutes=15), datetime.timedelta(days=1), datetime.timedelta(days=7)


@dataclass(frozen=True)
class SessionHours[Key: Hashable]:
    """When each person has time, for each different week: weeks in which everybody has the same hours stand here once."""

    hours: dict[Key, Hours]
    #: The instant (UTC) at which half hour 0 of each different week begins, the first time that it occurs.
    begins: tuple[datetime.datetime, ...]
    #: The Mondays of the session that each different week stands for.
    mondays: tuple[tuple[datetime.date, ...], ...]

    def at(self, week: int, slot: int) -> datetime.datetime:
        """When a half hour of a different week begins (UTC), the first time that it occurs."""
        return self.begins[week] + slot * HALF_HOUR


def session_hours[Key: Hashable](
    people: Mapping[Key, tuple[Iterable[int], str]],
    *,
    time_zone: str,
    first: datetime.date,
    weeks: int,
    pause: tuple[datetime.date, datetime.date] | None = None,
) -> SessionHours[Key]:
    """The hours of `people` (weekly half hours and their zone, see `accounts.availability`) in a session.

    It runs for so many weeks in `time_zone`, from the Monday of the week of `first`. A half hour that the clock jumps over does not take place in
    that week; of one that the clock shows twice, the first counts. Weeks that lie in the `pause` (first and last day) are left out. Raises `ValueError` for no weeks, `ZoneInfoNotFoundError` for an unknown zone.
    """
    if weeks < 1:
        raise ValueError("A session has one week at least.")
    chosen = {key: (sorted(set(slots)), zone) for key, (slots, zone) in people.items()}
    monday = first - datetime.timedelta(days=first.weekday())
    hours: dict[Key, list[int]] = {key: [] for key in chosen}
    seen: dict[tuple[int, ...], int] = {}
    begins: list[datetime.datetime] = []
    mondays: list[list[datetime.date]] = []
    for number in range(weeks):
        day = monday + number * WEEK
        if pause and pause[0] <= day and day + WEEK - DAY <= pause[1]:
            continue
        week = _week(day, time_zone)
        found = {key: week.hours(slots, zone) for key, (slots, zone) in chosen.items()}
        pattern = tuple(found.values())
        if pattern in seen:
            mondays[seen[pattern]].append(week.monday)
            continue
        seen[pattern] = len(begins)
        begins.append(week.begin)
        mondays.append([week.monday])
        for key, one in found.items():
            hours[key].append(one)
    return SessionHours(
        {key: tuple(found) for key, found in hours.items()}, tuple(begins), tuple(tuple(same) for same in mondays)
    )


@functools.lru_cache(maxsize=64)
def _week(monday: datetime.date, time_zone: str) -> "_Week":
    """The same week again for the same session: a page that asks after each change does not count anew where clocks are."""
    return _Week(monday, time_zone)


class _Week:
    """One week of a session. Remembers where a half hour of another zone's wall clock lies in it."""

    def __init__(self, monday: datetime.date, time_zone: str) -> None:
        zone = zoneinfo.ZoneInfo(time_zone)
        self.monday = monday
        self.begin, end = (
            datetime.datetime.combine(day, datetime.time(), tzinfo=zone).astimezone(datetime.UTC)
            for day in (monday, monday + WEEK)
        )
        self.quarters = (end - self.begin) // QUARTER
        self._places: dict[tuple[str, int], int] = {}

    def hours(self, slots: list[int], zone: str) -> int:
        """Half hours of this week, as a set of bits, that lie as a whole in these half hours of a wall clock."""
        quarters = 0
        for slot in slots:
            quarters |= self._quarters(zone, slot)
        # Both quarters of a half hour: its first bit is set, and of each pair only that bit is kept.
        both = f"{quarters & quarters >> 1:b}"
        return int(both[::-1][::2][::-1], 2)

    def _quarters(self, zone: str, slot: int) -> int:
        """The quarters of this week in a half hour of a wall clock, which may belong to the week before or after."""
        key = (zone, slot)
        if key not in self._places:
            found = 0
            for week in (-1, 0, 1):
                for start in instants([slot], zone, self.monday + week * WEEK):
                    place = (start - self.begin) // QUARTER
                    for quarter in (place, place + 1):
                        if 0 <= quarter < self.quarters:
                            found |= 1 << quarter
            self._places[key] = found
        return self._places[key]
