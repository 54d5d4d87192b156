"""When the meetings of a series begin: the same hour on the same wall clock each week, whatever clocks do meanwhile."""

import datetime
import zoneinfo

from .models import Session

WEEK = datetime.timedelta(days=7)
#: A session has at most 52 weeks, a week 0 and a pause of eight.
MOST_MEETINGS = 61


def at_wall(day: datetime.date, time: datetime.time, time_zone: str) -> datetime.datetime:
    """The instant (UTC) at which the clock of `time_zone` shows `time` on `day`.

    Of a time that the clock shows twice, the first; one that it jumps over is the hour after it. Raises `ZoneInfoNotFoundError`,
    and `OverflowError` at the ends of the calendar.
    """
    return datetime.datetime.combine(day, time, tzinfo=zoneinfo.ZoneInfo(time_zone)).astimezone(datetime.UTC)


def series_starts(
    session: Session,
    *,
    first_on: datetime.date,
    at: datetime.time,
    time_zone: str,
    every: int = 1,
    until: datetime.date | None = None,
) -> list[datetime.datetime]:
    """The instants (UTC) of a series in `session`, in order: every so many weeks from `first_on` to `until`, days of `time_zone`.

    `until` is the last day of the session unless it is given. What falls into the session's pause is left out.
    """
    last = session.last_day if until is None else until
    pause = session.pause
    found: list[datetime.datetime] = []
    day = first_on
    while day <= last and len(found) < MOST_MEETINGS:
        start = at_wall(day, at, time_zone)
        on = start.astimezone(session.zone).date()
        if pause is None or not pause[0] <= on <= pause[1]:
            found.append(start)
        day += every * WEEK
    return found


def moved(start: datetime.datetime, *, was: str, days: int, at: datetime.time, time_zone: str) -> datetime.datetime:
    """Where one meeting of a series comes when all are moved by so many days to the hour `at` of `time_zone`. `was`: its zone until now."""
    day = start.astimezone(zoneinfo.ZoneInfo(was)).date() + datetime.timedelta(days=days)
    return at_wall(day, at, time_zone)
