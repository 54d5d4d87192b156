"""Whose Monday morning has come, and in which sessions that is told.

Each person's digest is due at `HOUR` on Monday where they live. A worker that was down catches up until Wednesday is over there; after
that the week is too old for it. Nothing comes before the first day of a session, in its pause, and after its last day.
"""

import datetime
from collections.abc import Iterable

from accounts.models import User
from cohorts.models import Session
from cohorts.stages import LONGEST_SESSION

HOUR = datetime.time(7)
#: From the morning to the end of Wednesday.
LATE = datetime.timedelta(days=2, hours=17)
#: Zones lie between UTC-12 and UTC+14: at other times of the week it is nobody's time.
EARLIEST, LATEST = datetime.timedelta(hours=14), datetime.timedelta(hours=12)
#: Mondays are counted from this one: the round of the mail.
FIRST_MONDAY = datetime.date(2020, 1, 6)


def monday_of(now: datetime.datetime, user: User) -> datetime.date:
    """The Monday of the present week where `user` lives."""
    today = now.astimezone(user.zone).date()
    return today - datetime.timedelta(days=today.weekday())


def due_at(monday: datetime.date, user: User) -> datetime.datetime:
    """The instant of somebody's Monday morning."""
    return datetime.datetime.combine(monday, HOUR, tzinfo=user.zone).astimezone(datetime.UTC)


def is_due(user: User, now: datetime.datetime, *, after: datetime.datetime | None) -> bool:
    """Whether the morning of `user` lies after the instant `after` (None: any), and is not too long ago."""
    due = due_at(monday_of(now, user), user)
    return due <= now < due + LATE and (after is None or due > after)


def is_anybodys_time(now: datetime.datetime) -> bool:
    """Whether somebody's digest could be due: costs nothing, for the other days of the week."""
    utc = now.astimezone(datetime.UTC)
    # The Monday that is under way somewhere on Earth, seen from where it begins first.
    first = (utc + EARLIEST).date()
    monday = first - datetime.timedelta(days=first.weekday())
    midnight = datetime.datetime.combine(monday, HOUR, tzinfo=datetime.UTC)
    return midnight - EARLIEST <= utc < midnight + LATEST + LATE


def round_of(monday: datetime.date) -> int:
    """The number of a Monday: a person gets one digest of a session and round."""
    return (monday - FIRST_MONDAY).days // 7 + 1


def monday_of_round(number: int) -> datetime.date:
    return FIRST_MONDAY + datetime.timedelta(days=7 * (number - 1))


def is_told(session: Session, monday: datetime.date) -> bool:
    """Whether the digests of `session` go out on that Monday: while its weeks run, and not in its pause."""
    if session.published_at is None or session.archived_at is not None or session.announced_at is None:
        return False
    in_pause = session.pause is not None and session.pause[0] <= monday <= session.pause[1]
    return session.first_day <= monday <= session.last_day and not in_pause


def sessions_told(now: datetime.datetime, mondays: Iterable[datetime.date]) -> list[Session]:
    """The sessions whose digests may go out now, with their weeks. Two queries."""
    found = (
        Session.objects.filter(published_at__lte=now, archived_at=None, starts_on__gte=(now - LONGEST_SESSION).date())
        .prefetch_related("calendar")
        .order_by("pk")
    )
    days = list(mondays)
    return [session for session in found if any(is_told(session, monday) for monday in days)]
