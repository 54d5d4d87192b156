"""What `contributions` adds to the report on the site's health."""

import datetime
from typing import Any

from django.db.models import Max

from . import budgets
from .models import SyncRun


def check_last_sync() -> tuple[str, str | None]:
    """When the last sync ended well, if only in part, as UTC ISO 8601 with `Z`; None where none ever did.

    Always “ok”: between sessions nothing is synced for months, and that is no fault.
    """
    ended = SyncRun.objects.filter(state__in=[SyncRun.State.DONE, SyncRun.State.PARTIAL]).aggregate(at=Max("finished_at"))["at"]
    return "ok", ended and ended.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def check_github() -> tuple[str, dict[str, Any]]:
    """Whether GitHub accepts what the site asks it with: `problems` says in words what an operator should mend. Asks nothing of GitHub."""
    problems = budgets.problems()
    return "degraded" if problems else "ok", {"problems": problems}
