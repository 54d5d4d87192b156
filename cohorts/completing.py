"""The end of the weeks for each person: the site completes places by itself, and ends rests whose last day is over."""

import datetime

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from .models import Membership, MembershipEvent, Session
from .place_history import ON_THE_WAY, note_many
from .places import end_of_day, today_in

What = MembershipEvent.What


def complete_due(now: datetime.datetime | None = None) -> int:
    """Complete every place of those who came to the end: of the session, or of their own extension. Returns how many.

    Those who led complete with their cohort; they go on reading it. Running it late, or twice at once, completes each once.
    """
    now = now or timezone.now()
    # No zone is more than a day ahead of another.
    tomorrow = (now + datetime.timedelta(days=1)).date()
    sessions = Session.objects.filter(
        published_at__lte=now, starts_on__lte=tomorrow, cohorts__memberships__state__in=ON_THE_WAY
    ).distinct()
    return sum(_complete(session, now) for session in sessions.order_by("pk") if now >= session.ends_at)


def _complete(session: Session, now: datetime.datetime) -> int:
    over = Q(extended_until__isnull=True) | Q(extended_until__lt=today_in(session, now))
    with transaction.atomic():
        rows = Membership.objects.select_for_update().filter(over, cohort__session=session, state__in=ON_THE_WAY)
        done = list(rows.order_by("pk"))
        note_many(done, What.COMPLETED, now=now)
    return len(done)


def end_rests(now: datetime.datetime | None = None) -> int:
    """Bring back everybody whose rest had a last day that is over in the session's zone. Returns how many."""
    now = now or timezone.now()
    resting = Q(state=Membership.State.RESTING, resting_until__isnull=False)
    sessions = Session.objects.filter(cohorts__memberships__in=Membership.objects.filter(resting)).distinct()
    ended = 0
    for session in sessions.order_by("pk"):
        with transaction.atomic():
            rows = Membership.objects.select_for_update().filter(
                resting, cohort__session=session, resting_until__lt=today_in(session, now)
            )
            back = list(rows.order_by("pk"))
            note_many(back, What.BACK, now=now)
            ended += len(back)
    return ended


def look_after_places(now: datetime.datetime | None = None) -> int:
    """What time alone changes about places. Returns how many changed."""
    return complete_due(now) + end_rests(now)


def goes_on_until(session: Session) -> datetime.datetime:
    """When the last person of `session` is done: its end, or that of the longest extension. One query."""
    rows = Membership.objects.tracked().filter(cohort__session=session)
    longest = rows.aggregate(day=Max("extended_until"))["day"]
    return max(session.ends_at, end_of_day(session, longest)) if longest else session.ends_at
