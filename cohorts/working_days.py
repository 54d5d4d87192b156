"""Ages as the people of a session feel them: working days inside the session, without the weeks in which somebody rests."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from .models import Session, Week

SATURDAY = 5


@dataclass(frozen=True)
class Span:
    """Days from one to another, both included."""

    starts_on: datetime.date
    ends_on: datetime.date


def working_days(
    session: Session, since: datetime.datetime, now: datetime.datetime, *, resting: Iterable[Week | Span] = ()
) -> int:
    """Mondays to Fridays after the day of `since`, up to and with the day of `now`, as the session's zone has them.

    Nothing counts before the first day, after the last day, in the session's pause and in the `resting` weeks and spans. Both instants are aware.
    """
    first = max(since.astimezone(session.zone).date(), session.first_day)
    last = min(now.astimezone(session.zone).date(), session.last_day)
    rests = [(week.starts_on, week.ends_on) for week in resting]
    if session.pause:
        rests.append(session.pause)
    return _counted(first, last, tuple(rests))


@lru_cache(maxsize=4096)
def _counted(first: datetime.date, last: datetime.date, rests: tuple[tuple[datetime.date, datetime.date], ...]) -> int:
    """A board asks for the same few days thousands of times."""
    days = (first + datetime.timedelta(days=ahead) for ahead in range(1, (last - first).days + 1))
    return sum(1 for day in days if day.weekday() < SATURDAY and not any(begins <= day <= ends for begins, ends in rests))
