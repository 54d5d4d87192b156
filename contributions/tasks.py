"""What runs in the background for contributions. Thin: ids in, one function of the domain called."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from background import Backoff, Retry, current_run, lost_before, task
from background.models import TaskRun
from contributions import deliveries, following, login_check, retention
from contributions.github.errors import AccessDenied, TooHeavy, Unauthorized, Unavailable
from contributions.models import SyncRun
from contributions.sync.due import queue_due_syncs
from contributions.sync.follow_up import COMES_AGAIN, follow_up
from contributions.sync.items import refetch
from contributions.sync.run import SILENT_AFTER, run_sync
from contributions.trackers import answers as trackers

#: Between two looks whether those who came before are done.
GIVE_WAY = timedelta(seconds=2)


@task(unique=True, about="contributions.syncrun")
def sync_session_task(run_id: int) -> None:
    """Do the sync with this id, of a session or of one member of it.

    What GitHub does stands in the run, which says when to come back; the schedule queues the next. Comes again when its worker
    was lost, and carries on. Where somebody else seems to be at it, it looks again once that one should have shown itself.
    """
    run = SyncRun.objects.select_related("session").filter(pk=run_id).first()
    if run is None:
        return
    run_sync(run, worker_was_lost=lost_before())
    if run.state == SyncRun.State.QUEUED:
        raise Retry(after=run.retry_at or timezone.now() + GIVE_WAY, reason="All access to GitHub is in use by other syncs.")
    if run.state == SyncRun.State.RUNNING:
        seen_at = run.progress_at or timezone.now()
        raise Retry(after=seen_at + SILENT_AFTER + timedelta(seconds=1), reason="Another worker seems to do this sync.")


@task(unique=True, about="contributions.syncrun")
def go_on_with_sync(run_id: int) -> None:
    """Ask for the rest of a sync that a limit stopped, now that the limit has ended."""
    run = SyncRun.objects.select_related("session", "membership__cohort", "project").filter(pk=run_id).first()
    if run is not None:
        follow_up(run)


@task(max_attempts=5, backoff=Backoff(first=120, longest=3600), retry_on=(Unavailable,), about="contributions.workitem")
def refresh_items(item_ids: list[int]) -> None:
    """Fetch these work items again.

    At an outage it is tried five times; at a limit it comes again when GitHub lets us, which is no failure.
    """
    with _again_after_limit():
        refetch(item_ids, by_person=True)


@task(max_attempts=5, backoff=Backoff(first=120, longest=3600), retry_on=(Unavailable,))
def process_deliveries_task() -> int:
    """Fetch again what GitHub's deliveries are about. One waits at a time; one that runs works them off alone."""
    own = current_run()
    others = TaskRun.objects.running().filter(task_path=process_deliveries_task.module_path)
    if own is not None and others.filter(pk__lt=own).exists():
        raise Retry(after=GIVE_WAY, reason="What came before is being fetched.")
    with _again_after_limit():
        return deliveries.process_deliveries()


@task(max_attempts=6, backoff=Backoff(first=60, longest=7200), retry_on=(Unavailable, TooHeavy), unique=True, time_limit=90)
def check_github_login(holder: str, pk: int) -> None:
    """Ask GitHub about a login that somebody typed; `holder` names where it is stored, `pk` the row.

    At an outage it is tried six times; at a limit, and while our token is refused, it comes again, which is no failure.
    """
    with _again_after_limit():
        try:
            login_check.check_login(holder, pk)
        except (Unauthorized, AccessDenied) as error:
            raise Retry(after=error.retry_at or login_check.REFUSED, reason=error.message) from error


@contextlib.contextmanager
def _again_after_limit() -> Iterator[None]:
    try:
        yield
    except COMES_AGAIN as error:
        raise Retry(after=error.retry_at or timezone.now() + timedelta(minutes=2), reason=error.message) from error


@task(every=timedelta(minutes=5))
def sync_due_sessions() -> None:
    """Queue a sync of each session whose turn it is, and the fetching for deliveries that was never queued."""
    queue_due_syncs()
    deliveries.queue_forgotten()


@task(
    max_attempts=5, backoff=Backoff(first=300, longest=3600), retry_on=(trackers.Unavailable,), unique=True, time_limit=90,
    about="contributions.workitem",
)  # fmt: skip
def fetch_from_tracker(item_id: int) -> None:
    """Ask a tracker about one of its items. While it is away it is tried five times; then the schedule comes back to it."""
    try:
        following.fetch(item_id)
    except trackers.Busy as error:
        raise Retry(after=error.seconds, reason=str(error)) from error


@task(every=timedelta(minutes=5), jitter=timedelta(seconds=30))
def fetch_due_from_trackers() -> int:
    """Queue the fetching of what is due on trackers, a little apart."""
    return following.queue_due()


@task(every="40 3 * * *", jitter=timedelta(minutes=20), max_attempts=3)
def forget_old_records() -> int:
    """Delete the records of old syncs and deliveries."""
    return retention.forget_old_records()
