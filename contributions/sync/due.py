"""How often: which sessions are to be synced now, and which of the rarer parts of a sync are due."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from cohorts.completing import goes_on_until
from cohorts.models import Session
from cohorts.stages import Stage, stage_of
from contributions.models import SessionSync, SyncRun

from .requested import give_up_lost, request_sync

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: Of a running session, while somebody looks at its pages.
WHILE_LOOKED_AT = timedelta(minutes=15)
#: Looking is noted no more often than this, however many people look.
NOTED_EVERY = timedelta(minutes=5)
FOLLOWED_AFTER_END = timedelta(weeks=12)
#: Before the start, logins and repositories are looked up, so that mistakes show in time.
LOOKED_UP_BEFORE_START = timedelta(weeks=2)

REVIEWS_EVERY = timedelta(hours=6)
#: Each session has a span of its own between the two, so that not all come at once.
FULL_AFTER_AT_LEAST, FULL_AFTER_AT_MOST = timedelta(hours=6), timedelta(hours=12)
#: The schedule is never punctual to the second, and an interval shall not grow by a whole turn of it for that.
TOLERATED = timedelta(seconds=30)


def interval_of(session: Session, now: datetime | None = None) -> timedelta | None:
    """How often a session is synced at `now` when nobody looks; None for one that is not synced by itself.

    Twelve weeks are counted from its end, or from that of the longest extension.
    """
    now = now or timezone.now()
    stage = stage_of(session, now)
    if stage == Stage.RUNNING:
        return HOUR
    if stage == Stage.FINISHED and (
        now < session.ends_at + FOLLOWED_AFTER_END or now < goes_on_until(session) + FOLLOWED_AFTER_END
    ):
        return DAY
    if stage == Stage.UPCOMING and now >= session.begins_at - LOOKED_UP_BEFORE_START:
        return DAY
    return None


def looked(session: Session) -> None:
    """Note that somebody looks at the work of a session. One statement, and a second one at most every five minutes."""
    now = timezone.now()
    if stage_of(session, now) != Stage.RUNNING:
        return
    following = SessionSync.objects.filter(session=session)
    looked_at = following.values_list("looked_at", flat=True).first()
    if looked_at is not None and looked_at > now - NOTED_EVERY:
        return
    # Two people may look in the same moment; either may make the row.
    if not following.filter(Q(looked_at=None) | Q(looked_at__lte=now)).update(looked_at=now):
        SessionSync.objects.bulk_create([SessionSync(session=session, looked_at=now)], ignore_conflicts=True)


def next_sync_at(session: Session, now: datetime | None = None) -> datetime | None:
    """When a session's next sync is due by itself: not before GitHub lets us, where the last one was stopped."""
    now = now or timezone.now()
    interval = interval_of(session, now)
    if interval is None:
        return None
    last = SyncRun.objects.whole().finished().filter(session=session).order_by("-queued_at", "-pk").first()
    if last is None:
        return now
    if last.retry_at is not None:
        return last.retry_at
    if interval > WHILE_LOOKED_AT and stage_of(session, now) == Stage.RUNNING and _is_looked_at(session, now):
        interval = WHILE_LOOKED_AT
    return last.queued_at + interval - TOLERATED


def queue_due_syncs(now: datetime | None = None) -> list[SyncRun]:
    """Queue a sync of each session whose turn it is; returns the runs."""
    now = now or timezone.now()
    sessions = Session.objects.filter(published_at__lte=now, archived_at=None)
    queued = []
    for session in sessions:
        if interval_of(session, now) is None:
            continue
        give_up_lost(session)
        if SyncRun.objects.whole().waiting_or_running().filter(session=session).exists():
            continue
        due = next_sync_at(session, now)
        if due is not None and due <= now:
            queued.append(request_sync(session, trigger=SyncRun.Trigger.SCHEDULE))
    return queued


def full_refresh_is_due(session: Session, following: SessionSync | None, now: datetime) -> bool:
    """Whether the open items of a session are to be fetched as a whole, changed or not."""
    full_at = following.full_at if following else None
    return full_at is None or now - full_at >= full_refresh_every(session)


def full_refresh_every(session: Session) -> timedelta:
    """Between six and twelve hours; always the same for the same session."""
    # Neighbouring numbers come out far apart (the golden ratio does that).
    share = session.pk * 0.6180339887498949 % 1
    return FULL_AFTER_AT_LEAST + (FULL_AFTER_AT_MOST - FULL_AFTER_AT_LEAST) * share


def reviews_are_due(run: SyncRun, following: SessionSync | None, now: datetime) -> bool:
    """Whether a run asks for reviews given: every six hours, and once more after the session's end; of one member always.

    The few reviews that people gave before the session or after it are not asked for.
    """
    if now < run.session.begins_at:
        return False
    asked_at = following.reviews_at if following else None
    if asked_at is not None and asked_at >= run.session.ends_at and asked_at >= goes_on_until(run.session):
        return False
    return run.membership_id is not None or asked_at is None or now - asked_at >= REVIEWS_EVERY


def _is_looked_at(session: Session, now: datetime) -> bool:
    return SessionSync.objects.filter(session=session, looked_at__gt=now - WHILE_LOOKED_AT).exists()
