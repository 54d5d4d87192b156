"""Asking again when somebody has time: what was said before a session opened may be old. It never stops anybody from applying."""

import datetime
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from accounts.models import Availability

from .late_access import sessions_open_late
from .models import Application, Session


@dataclass(frozen=True)
class Look:
    """Why somebody's hours need a look: `text` says it to that person. `can_confirm`: there is something that may be right."""

    text: str
    can_confirm: bool


def availability_needs_a_look(user, session: Session, now: datetime.datetime | None = None) -> Look | None:
    """Whether `user` should look at the hours for `session` at `now`: there are none, or they were said before it opened.

    None where they are fine, where nobody is logged in, and before the session opens. One query at most.
    """
    now = now or timezone.now()
    if not user.is_authenticated or session.applications_open_at is None or now < session.applications_open_at:
        return None
    availability = Availability.objects.filter(user=user).first()
    if availability is None or not availability.slots:
        return Look(_("You did not say yet when you have time. Cohorts are put together by it."), can_confirm=False)
    if availability.said_at >= session.applications_open_at:
        return None
    words = {"hours": availability.hours_a_week, "age": timesince(availability.said_at, now, depth=1)}
    return Look(_("You said %(age)s ago that you have %(hours)s. Is it still right?") % words, can_confirm=True)


def session_that_asks(user, now: datetime.datetime) -> Session | None:
    """Of the sessions to which `user` applies, not decided yet, the one that opened last. One query."""
    status = Application.Status
    may_write = Q(applications_close_at__gt=now) | Q(pk__in=sessions_open_late(user, now).values("pk"))
    writes = Q(applications__status=status.DRAFT) & may_write
    waits = Q(applications__status__in=(status.SUBMITTED, status.WAITLISTED))
    mine = Session.objects.filter(writes | waits, applications__applicant=user, applications_open_at__lte=now)
    return mine.filter(published_at=None, archived_at=None).order_by("-applications_open_at", "pk").first()
