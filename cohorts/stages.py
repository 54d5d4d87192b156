"""At which stage a session is, derived from its dates and stamps and from nothing else."""

import datetime
from collections.abc import Iterable

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .models import Session, Week

#: A session has at most 52 weeks, a week 0 and a pause of eight: what began earlier is over, and its weeks need not be read.
LONGEST_SESSION = datetime.timedelta(days=460)


class Stage(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ANNOUNCED = "announced", _("Announced")
    OPEN = "open", _("Applications open")
    REVIEWING = "reviewing", _("In review")
    DECIDING = "deciding", _("Deciding")
    UPCOMING = "upcoming", _("Starting soon")
    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")
    ARCHIVED = "archived", _("Archived")


def stage_of(session: Session, now: datetime.datetime | None = None) -> Stage:
    """The stage of `session` at the aware instant `now` (default: the present)."""
    now = now or timezone.now()
    if session.archived_at and session.archived_at <= now:
        return Stage.ARCHIVED
    if session.announced_at is None or session.announced_at > now:
        return Stage.DRAFT
    if session.published_at and session.published_at <= now:
        if now < session.begins_at:
            return Stage.UPCOMING
        return Stage.RUNNING if now < session.ends_at else Stage.FINISHED
    if session.applications_open_at is None or now < session.applications_open_at:
        return Stage.ANNOUNCED
    if session.applications_close_at is None or now < session.applications_close_at:
        return Stage.OPEN
    return Stage.DECIDING if session.review_closed_at and session.review_closed_at <= now else Stage.REVIEWING


def takes_applications(session: Session, now: datetime.datetime | None = None) -> bool:
    """Whether somebody may submit, change or come back at `now`: to the second."""
    return stage_of(session, now) == Stage.OPEN


def current_week(session: Session, now: datetime.datetime | None = None) -> Week | None:
    """The week in which `now` falls in the session's zone; None before the first and after the last.

    Uses `session.calendar.all()`, so a prefetched calendar costs no query.
    """
    today = (now or timezone.now()).astimezone(session.zone).date()
    return week_on(today, session.calendar.all())


def week_on(day: datetime.date, weeks: Iterable[Week]) -> Week | None:
    """The one of `weeks` that holds `day`."""
    return next((week for week in weeks if week.starts_on <= day <= week.ends_on), None)


def is_paused(session: Session, now: datetime.datetime) -> bool:
    """Whether `now` falls into the session's pause."""
    if session.pause is None:
        return False
    first, last = session.pause
    return first <= now.astimezone(session.zone).date() <= last
