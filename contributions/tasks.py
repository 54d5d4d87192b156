"""What runs in the background for contributions. Thin: ids in, one function of the domain called."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from background import Backoff, Retry, lost_before, task
from contributions import retention
from contributions.github.errors import RateLimited, Unavailable
from contributions.models import SyncRun, WebhookDelivery
from contributions.sync.due import queue_due_syncs
from contributions.sync.items import refetch
from contributions.sync.run import SILENT_AFTER, run_sync


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
    if run.state == SyncRun.State.RUNNING:
        seen_at = run.progress_at or timezone.now()
        raise Retry(after=seen_at + SILENT_AFTER + timedelta(seconds=1), reason="Another worker seems to do this sync.")


@task(max_attempts=5, backoff=Backoff(first=120, longest=3600), retry_on=(Unavailable,), about="contributions.workitem")
def refresh_items(item_ids: list[int], delivery_id: int | None = None) -> None:
    """Fetch these work items again; `delivery_id`: the webhook delivery that asked for it.

    At an outage it is tried five times; at a limit it comes again when GitHub lets us, which is no failure.
    """
    delivery = WebhookDelivery.objects.filter(pk=delivery_id).first() if delivery_id is not None else None
    if delivery is not None and delivery.processed_at is not None:
        # The item was fetched for another delivery since this one came.
        return
    began = timezone.now()
    try:
        refetch(item_ids)
    except RateLimited as error:
        raise Retry(after=error.retry_at or timezone.now() + timedelta(minutes=2), reason=error.message) from error
    if delivery is not None:
        same = Q(pk=delivery.pk)
        if delivery.about:
            same |= Q(about=delivery.about, received_at__lt=began)
        WebhookDelivery.objects.filter(same, processed_at=None).update(processed_at=timezone.now())


@task(every=timedelta(minutes=5))
def sync_due_sessions() -> None:
    """Queue a sync of each session whose turn it is."""
    queue_due_syncs()


@task(every="40 3 * * *", jitter=timedelta(minutes=20), max_attempts=3)
def forget_old_records() -> int:
    """Delete the records of old syncs and deliveries."""
    return retention.forget_old_records()
