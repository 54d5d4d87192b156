"""When members are reminded of a check-in: on the day and at the time that each chose, as clocks show it where they live."""

import datetime

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from .checkins import ends_at, may_write, opens_at
from .models import Membership, Week

#: A reminder whose hour falls after the end of the week in the session's zone is still of use for so long.
OF_USE_FOR = datetime.timedelta(hours=12)


def reminder_at(day: int, time: datetime.time, zone: datetime.tzinfo, week: Week) -> datetime.datetime:
    """The instant for a reminder of `week` on weekday `day` (Monday is 0) at `time` on the clocks of `zone`.

    A time that clocks skip that day comes as much later as they skip; one that they show twice counts the first time. Never before the
    week has begun where the session is.
    """
    ahead = (day - week.starts_on.weekday()) % 7
    moment = datetime.datetime.combine(week.starts_on + datetime.timedelta(days=ahead), time, tzinfo=zone)
    # By way of UTC: in a zone of its own a time that does not exist would stay what it is.
    return max(moment.astimezone(datetime.UTC), opens_at(week).astimezone(datetime.UTC))


def is_due(membership: Membership, week: Week, now: datetime.datetime) -> bool:
    """Whether `now` is the time to remind of `week`: from the chosen hour until the week is over, so that a stop is caught up with.

    A choice that was made after its hour begins with the next week.
    """
    if membership.reminder_day is None:
        return False
    at = _reminder_at(membership, week)
    if membership.reminder_set_at is not None and membership.reminder_set_at > at:
        return False
    return at <= now and is_of_use(membership, week, now)


def is_of_use(membership: Membership, week: Week, now: datetime.datetime) -> bool:
    """Whether a reminder of `week` still helps: until the week is over, and some hours more where the chosen one comes so late."""
    if membership.reminder_day is None:
        return False
    return now < max(ends_at(week), _reminder_at(membership, week) + OF_USE_FOR)


def _reminder_at(membership: Membership, week: Week) -> datetime.datetime:
    return reminder_at(membership.reminder_day or 0, membership.reminder_time, membership.user.zone, week)


def choose_reminder(
    membership: Membership, *, by, day: int | None, time: datetime.time | None, now: datetime.datetime | None = None
) -> Membership:
    """Remember when the member wants to be reminded; `day` None is never, and then the time stays what it was.

    Raises `PermissionDenied` for others and for who left, and `ValueError` for a day that is none.
    """
    if not may_write(by, membership):
        raise PermissionDenied
    if day is not None and day not in range(7):
        raise ValueError(f"No day of the week: {day}")
    chosen = (day, time or membership.reminder_time)
    if chosen != (membership.reminder_day, membership.reminder_time):
        membership.reminder_day, membership.reminder_time = chosen
        membership.reminder_set_at = now or timezone.now()
        membership.save(update_fields=["reminder_day", "reminder_time", "reminder_set_at"])
    return membership
