"""What runs in the background for contributions. Thin: ids in, one function of the domain called."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from background import task
from contributions.github.errors import RateLimited, Unavailable
from contributions.models import SyncRun, WebhookDelivery
from contributions.sync.due import queue_due_syncs
from contributions.sync.items import refetch
from contributions.sync.run import SILENT_AFTER, run_sync

MOST_ATTEMPTS = 5


@task
def sync_session_task(run_id: int) -> None:
    """Do the sync with this id, of a session or of one member of it.

    Comes again when its worker was lost. Whether that one still works is seen from its silence: so look again a little later.
    """
    run = SyncRun.objects.select_related("session").filter(pk=run_id).first()
    if run is None:
        return
    run_sync(run)
    if run.state == SyncRun.State.RUNNING:
        seen_at = run.progress_at or timezone.now()
        sync_session_task.using(run_after=seen_at + SILENT_AFTER + timedelta(seconds=1)).enqueue(run_id)


@task
def refresh_items(item_ids: list[int], attempt: int = 1, delivery_id: int | None = None) -> None:
    """Fetch these work items again; `delivery_id`: the webhook delivery that asked for it.

    At a limit or an outage it is queued again for later, five times at most; then the error shows with the task.
    """
    delivery = WebhookDelivery.objects.filter(pk=delivery_id).first() if delivery_id is not None else None
    if delivery is not None and delivery.processed_at is not None:
        # The item was fetched for another delivery since this one came.
        return
    began = timezone.now()
    try:
        refetch(item_ids)
    except (RateLimited, Unavailable) as error:
        if attempt >= MOST_ATTEMPTS:
            raise
        later = error.retry_at or timezone.now() + timedelta(minutes=2**attempt)
        refresh_items.using(run_after=later).enqueue(item_ids, attempt + 1, delivery_id)
        return
    if delivery is not None:
        same = Q(pk=delivery.pk)
        if delivery.about:
            same |= Q(about=delivery.about, received_at__lt=began)
        WebhookDelivery.objects.filter(same, processed_at=None).update(processed_at=timezone.now())


@task(every=timedelta(minutes=5))
def sync_due_sessions() -> None:
    """Queue a sync of each session whose turn it is."""
    queue_due_syncs()
