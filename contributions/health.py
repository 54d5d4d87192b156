"""What `contributions` adds to the report on the site's health."""

import datetime
from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Max
from django.utils import timezone

from operations.metrics import Figure, one

from . import budgets
from .models import SyncRun


def check_last_sync() -> tuple[str, str | None]:
    """When the last sync ended well, if only in part, as UTC ISO 8601 with `Z`; None where none ever did.

    Always “ok”: between sessions nothing is synced for months, and that is no fault.
    """
    ended = SyncRun.objects.filter(state__in=[SyncRun.State.DONE, SyncRun.State.PARTIAL]).aggregate(at=Max("finished_at"))["at"]
    return "ok", ended and ended.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def sync_figures() -> Iterator[Figure]:
    """For `/metrics`: how long ago the last sync ended well, and how many ended how in a day."""
    now = timezone.now()
    _status, last = check_last_sync()
    age = None if last is None else (now - datetime.datetime.fromisoformat(last)).total_seconds()
    yield one("last_sync_seconds", "Age of the last sync with GitHub that ended well, if only in part.", age)
    since = SyncRun.objects.filter(finished_at__gt=now - datetime.timedelta(days=1)).order_by()
    counts = sorted(since.values_list("state").annotate(number=Count("pk")))
    yield Figure("syncs_of_a_day", "Syncs that ended in the last 24 hours, by state.", [({"state": s}, n) for s, n in counts])


def check_github() -> tuple[str, dict[str, Any]]:
    """Whether GitHub accepts what the site asks it with: `problems` says in words what an operator should mend. Asks nothing of GitHub."""
    problems = budgets.problems()
    return "degraded" if problems else "ok", {"problems": problems}
