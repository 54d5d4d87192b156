"""Which sessions are to be synced now: running ones every hour, finished ones every day for twelve weeks."""

from datetime import datetime, timedelta

from django.utils import timezone

from cohorts.models import Session
from cohorts.stages import Stage, stage_of
from contributions.models import SyncRun

from .requested import give_up_lost, request_sync

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FOLLOWED_AFTER_END = timedelta(weeks=12)
#: Before the start, logins and repositories are looked up, so that mistakes show in time.
LOOKED_UP_BEFORE_START = timedelta(weeks=2)


def interval_of(session: Session, now: datetime | None = None) -> timedelta | None:
    """How often a session is synced at `now`; None for one that is not synced by itself."""
    now = now or timezone.now()
    stage = stage_of(session, now)
    if stage == Stage.RUNNING:
        return HOUR
    if stage == Stage.FINISHED and now < session.ends_at + FOLLOWED_AFTER_END:
        return DAY
    if stage == Stage.UPCOMING and now >= session.begins_at - LOOKED_UP_BEFORE_START:
        return DAY
    return None


def next_sync_at(session: Session, now: datetime | None = None) -> datetime | None:
    """When a session's next sync is due by itself: not before GitHub lets us, where the last one was stopped."""
    interval = interval_of(session, now)
    if interval is None:
        return None
    last = SyncRun.objects.finished().filter(session=session, membership=None, project=None).order_by("-queued_at", "-pk").first()
    if last is None:
        return now or timezone.now()
    return last.retry_at or last.queued_at + interval


def queue_due_syncs(now: datetime | None = None) -> list[SyncRun]:
    """Queue a sync of each session whose turn it is; returns the runs."""
    now = now or timezone.now()
    sessions = Session.objects.filter(published_at__lte=now, archived_at=None)
    queued = []
    for session in sessions:
        if interval_of(session, now) is None:
            continue
        give_up_lost(session)
        if SyncRun.objects.waiting_or_running().filter(session=session, membership=None, project=None).exists():
            continue
        due = next_sync_at(session, now)
        if due is not None and due <= now:
            queued.append(request_sync(session, trigger=SyncRun.Trigger.SCHEDULE))
    return queued
