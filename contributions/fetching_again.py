"""Having some work items fetched again because somebody asks for it."""

from django.db import transaction
from django.utils import timezone

from background import enqueue

from .following import APART_FOR_PEOPLE
from .models import WorkItem
from .sync.context import GITHUB_KINDS

#: Items of one task: as many as one request to GitHub holds.
AT_ONCE = 50


@transaction.atomic
def fetch_again(items) -> tuple[int, int]:
    """Queue the fetching of a QuerySet of items; returns how many are fetched, and how many have nothing to fetch."""
    from .tasks import fetch_from_tracker, refresh_items

    rows = list(items.order_by("pk").values_list("pk", "kind", "tracker", "state"))
    from_github, from_trackers = [], []
    for pk, kind, tracker, state in rows:
        if state == WorkItem.State.GONE:
            continue
        if tracker:
            from_trackers.append(pk)
        elif kind in GITHUB_KINDS:
            from_github.append(pk)
    for start in range(0, len(from_github), AT_ONCE):
        enqueue(refresh_items, from_github[start : start + AT_ONCE])
    now = timezone.now()
    for number, pk in enumerate(from_trackers):
        # Trackers belong to others: however many are chosen, they get no more than one question in so long.
        enqueue(fetch_from_tracker.using(run_after=now + number * APART_FOR_PEOPLE), pk)
    queued = len(from_github) + len(from_trackers)
    return queued, len(rows) - queued
