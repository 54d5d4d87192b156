"""How long the records of syncs, of GitHub's deliveries and of tokens' points are kept. What they brought is kept for good."""

import datetime

from django.db.models import Exists, OuterRef
from django.utils import timezone

from .models import BudgetSample, SyncRun, WebhookDelivery

#: Hourly syncs of one session are some two thousand rows: long enough to look at a whole session.
KEEP_SYNCS = datetime.timedelta(days=180)

#: GitHub sends a delivery again only for days. Ones that were never processed are kept as long as syncs: somebody may ask why.
KEEP_DELIVERIES = datetime.timedelta(days=30)

#: What a token had left is of interest for days.
KEEP_SAMPLES = datetime.timedelta(days=14)

#: Rows deleted in one transaction: on SQLite nobody else writes meanwhile.
AT_ONCE = 1000


def forget_old_records(now: datetime.datetime | None = None) -> int:
    """Delete old syncs, deliveries and samples of budgets, and return how many. Of each session and member the last sync that went well stays, and those after it."""
    now = now or timezone.now()
    deliveries = WebhookDelivery.objects.all()
    return sum(
        _delete(found)
        for found in (
            _old_syncs(now),
            deliveries.filter(processed_at__isnull=False, received_at__lt=now - KEEP_DELIVERIES),
            deliveries.filter(received_at__lt=now - KEEP_SYNCS),
            BudgetSample.objects.filter(at__lt=now - KEEP_SAMPLES),
        )
    )


def _old_syncs(now: datetime.datetime):
    finished = SyncRun.objects.finished()
    # Pages say since when the data is what it is, so the last sync that brought some stays until there is a newer one.
    good = SyncRun.objects.went_through().filter(pk__gt=OuterRef("pk"))
    # One of a project alone says nothing about the rest, and no page goes by it.
    of_same_session = Exists(good.whole().filter(session=OuterRef("session")))
    of_same_member = Exists(good.filter(membership=OuterRef("membership")))
    old = finished.filter(finished_at__lt=now - KEEP_SYNCS)
    return old.filter(of_same_session, membership=None) | old.filter(of_same_member, membership__isnull=False)


def _delete(found) -> int:
    deleted = 0
    while keys := list(found.values_list("pk", flat=True)[:AT_ONCE]):
        deleted += found.model.objects.filter(pk__in=keys).delete()[0]
    return deleted
