"""How long first answers took: the middle one, and the time within which nine of ten came."""

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Fewer waits than this say more about single pull requests than about how long it takes.
ENOUGH_WAITS = 5
#: Fewer people than this could be told apart in a number.
ENOUGH_PEOPLE = 3


@dataclass(frozen=True)
class Waits:
    """`median` and `most` (nine of ten) are None without an answer. `hidden`: there are some, and they are not shown."""

    answered: int = 0
    median: datetime.timedelta | None = None
    most: datetime.timedelta | None = None
    hidden: bool = False


def summary(waits: Iterable[datetime.timedelta]) -> Waits:
    """Of one value both figures are that value; of none there are none."""
    ordered = sorted(waits)
    return Waits(len(ordered), median(ordered), within(ordered, 90))


def median(ordered: Sequence[datetime.timedelta]) -> datetime.timedelta | None:
    """The middle one of sorted values, or the mean of the two in the middle."""
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def within(ordered: Sequence[datetime.timedelta], percent: int) -> datetime.timedelta | None:
    """The smallest of sorted values within which at least so many percent lie: always a wait that somebody had."""
    if not ordered:
        return None
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


def is_enough(number: int, people: int) -> bool:
    """Whether so many waits of so many people may be told to everybody."""
    return number >= ENOUGH_WAITS and people >= ENOUGH_PEOPLE
