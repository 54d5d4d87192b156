"""One sync from beginning to end: the order of the steps, and what happens when GitHub stops us half-way."""

import logging
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from contributions.github.client import GitHubClient, client_from_settings
from contributions.github.errors import GitHubError, RateLimited
from contributions.models import ApiBudget, MemberSync, SyncRun

from .context import Sync
from .discover import discover
from .identify import identify
from .log import RunLog, Superseded
from .pasted import resolve_pasted
from .refresh import refresh
from .sweep import sweep

logger = logging.getLogger(__name__)

STEPS = (identify, discover, sweep, resolve_pasted, refresh)

#: A running run without a sign of life for this long has lost its worker: whoever gets it next carries on.
SILENT_AFTER = timedelta(minutes=1)


def run_sync(run: SyncRun, *, worker_was_lost: bool = False) -> SyncRun:
    """Do a waiting run, or carry on with one whose worker was lost; one that is done or in good hands is left alone.

    That a worker was lost is seen from its silence; who knows it already says so, and needs not wait for that.

    Never raises for what GitHub does: `run.state` is `done`, `partial` or `failed`, with `errors` and `retry_at`. Whatever
    was fetched before a failure stays. Any other error marks the run failed and is raised again.
    """
    if not _claim(run, worker_was_lost):
        run.refresh_from_db()
        return run
    log = RunLog(run)
    try:
        _work(run, log)
    except Superseded:
        logger.warning("Sync %s was given up while it ran.", run.pk)
        run.refresh_from_db()
    except Exception:
        _break_off(run)
        raise
    return run


def _claim(run: SyncRun, worker_was_lost: bool = False) -> bool:
    now = timezone.now()
    rows = SyncRun.objects.filter(pk=run.pk)
    silent_since = now if worker_was_lost else now - SILENT_AFTER
    claimed = rows.filter(state=SyncRun.State.QUEUED).update(
        state=SyncRun.State.RUNNING, started_at=now, progress_at=now
    ) or rows.filter(state=SyncRun.State.RUNNING, progress_at__lt=silent_since).update(progress_at=now)
    if claimed:
        run.refresh_from_db()
        # A run that is carried on does its steps again; what was stored is found unchanged.
        run.errors, run.created, run.updated, run.unchanged, run.gone = [], 0, 0, 0, 0
    return bool(claimed)


def _work(run: SyncRun, log: RunLog) -> None:
    sync: Sync | None = None
    stopped_by: GitHubError | None = None
    requests = points = 0
    try:
        with client_from_settings() as client:
            try:
                _raise_if_blocked(client)
                sync = Sync.of_run(run, client, log)
                for step in STEPS:
                    step(sync)
            except GitHubError as error:
                stopped_by = error
            finally:
                requests, points = client.requests, client.points
                _remember_budget(client, stopped_by)
    except GitHubError as error:
        stopped_by = error
    if stopped_by is not None:
        logger.warning("Sync %s was stopped: %s (%s)", run.pk, stopped_by.message, stopped_by.code)
    if sync is not None:
        log.count(unchanged=len(sync.examined - sync.changed))
        _remember_members(sync, stopped_by)
    done_something = sync is not None and (sync.examined or sync.changed or any(member.discovered for member in sync.members))
    log.finish(requests=requests, points=points, stopped_by=stopped_by, nothing_done=not done_something)


def _break_off(run: SyncRun) -> None:
    """Mark a run as failed by an error of ours; where to read about it is the log."""
    message = _("The sync broke off by an error of this site. The operator finds it in the log.")
    run.errors.append({"code": "internal", "where": run.doing, "about": "", "message": message})
    run.state, run.finished_at = SyncRun.State.FAILED, timezone.now()
    run.retry_at = timezone.now() + timedelta(hours=1)
    SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).update(
        state=run.state, finished_at=run.finished_at, errors=run.errors, retry_at=run.retry_at
    )


def _raise_if_blocked(client: GitHubClient) -> None:
    """While GitHub has asked to be left alone, every further request makes it longer."""
    budget = ApiBudget.objects.filter(key=client.token_key, blocked_until__gt=timezone.now()).first()
    if budget is not None and budget.blocked_until is not None:
        raise RateLimited(_("GitHub asked us to wait."), retry_at=budget.blocked_until)


def _remember_budget(client: GitHubClient, stopped_by: GitHubError | None) -> None:
    values: dict = {"seen_at": timezone.now()}
    if client.budget is not None:
        budget = client.budget
        values |= {"limit": budget.limit, "remaining": budget.remaining, "reset_at": budget.reset_at, "seen_at": budget.seen_at}
    if isinstance(stopped_by, RateLimited):
        values["blocked_until"] = stopped_by.retry_at
    if client.requests:
        ApiBudget.objects.update_or_create(key=client.token_key, defaults=values)


def _remember_members(sync: Sync, stopped_by: GitHubError | None) -> None:
    """Keep for each member how fresh the data is, or what stands in the way; two statements."""
    now = timezone.now()
    unfinished = sync.unfinished_members()
    stored = MemberSync.objects.in_bulk([member.membership_id for member in sync.members], field_name="membership_id")
    rows = []
    for member in sync.members:
        row = stored.get(member.membership_id) or MemberSync(membership_id=member.membership_id)
        code, message = member.problem or ("", "")
        if not code and stopped_by is not None and member.membership_id in unfinished:
            code, message = stopped_by.code, stopped_by.message
        if not code:
            row.synced_at, row.problem_since = now, None
        elif row.problem_code != code or row.problem_since is None:
            row.problem_since = now
        row.problem_code, row.problem = code[:40], message[:300]
        if code:
            row.failed_at, row.failure = now, message[:300]
        rows.append(row)
    if rows:
        MemberSync.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["membership"],
            update_fields=["synced_at", "problem_code", "problem", "problem_since", "failed_at", "failure"],
        )
