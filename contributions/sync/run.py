"""One sync from beginning to end: the order of the steps, and what happens when GitHub stops us half-way."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from itertools import batched

from django.utils import timezone
from django.utils.translation import gettext as _

from cohorts.models import Repository
from contributions.github.access import LeasedClient, client_for
from contributions.github.errors import GitHubError, TokenBusy
from contributions.models import MemberSync, SessionSync, SyncRun

from .context import Member, Sync
from .discover import discover
from .follow_up import queue_follow_up
from .identify import identify
from .log import RunLog, Superseded
from .pasted import resolve_pasted
from .refresh import refresh
from .requested import is_covered
from .reviews import ask_for_reviews, keep_reviews
from .sweep import sweep

logger = logging.getLogger(__name__)

STEPS = (identify, discover, ask_for_reviews, sweep, resolve_pasted, refresh, keep_reviews)

#: More would take memory that a sync of thousands has no use for.
MEMBERS_A_STATEMENT = 500
#: A running run without a sign of life for this long has lost its worker: whoever gets it next carries on.
SILENT_AFTER = timedelta(minutes=1)


def run_sync(run: SyncRun, *, worker_was_lost: bool = False) -> SyncRun:
    """Do a waiting run, or carry on with one whose worker was lost; one that is done or in good hands is left alone.

    That a worker was lost is seen from its silence; who knows it already says so, and needs not wait for that.

    Never raises for what GitHub does: `run.state` is `done`, `partial` or `failed`, with `errors` and `retry_at`. Whatever
    was fetched before a failure stays; where a limit stopped the run, the rest is queued for when it ends. It is `queued` again,
    with `retry_at`, where all tokens are in use: call again then. Any other error marks the run failed and is raised again.
    """
    if not _claim(run, worker_was_lost):
        run.refresh_from_db()
        return run
    log = RunLog(run)
    try:
        if is_covered(run):
            log.finish(requests=0, points=0)
        else:
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
        state=SyncRun.State.RUNNING, started_at=now, progress_at=now, retry_at=None
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
        by_person = run.trigger != SyncRun.Trigger.SCHEDULE
        with client_for(by_person=by_person, holder=f"sync {run.pk}", repositories=_repositories(run)) as client:
            _note_budget(run, client)
            try:
                sync = Sync.of_run(run, client, log)
                for step in STEPS:
                    step(sync)
            finally:
                requests, points = client.requests, client.points
                _note_budget(run, client)
    except GitHubError as error:
        if sync is None and isinstance(error, TokenBusy):
            _put_back(run, error)
            return
        stopped_by = error
    if stopped_by is not None:
        logger.warning("Sync %s was stopped: %s (%s)", run.pk, stopped_by.message, stopped_by.code)
    if sync is not None:
        log.count(unchanged=len(sync.examined - sync.changed))
        _remember_members(sync, stopped_by)
        _remember_session(sync, stopped_by)
    done_something = sync is not None and (sync.examined or sync.changed or any(member.discovered for member in sync.members))
    log.finish(requests=requests, points=points, stopped_by=stopped_by, nothing_done=not done_something)
    queue_follow_up(run, stopped_by)


def _repositories(run: SyncRun):
    """Names of the repositories that a run is about: with a GitHub App they decide which installation asks."""
    repositories = Repository.objects.of_session(run.session)
    if run.project_id:
        repositories = repositories.filter(project=run.project_id)
    return repositories.values_list("full_name", flat=True)


def _note_budget(run: SyncRun, client: LeasedClient) -> None:
    """Keep whose points a run uses; it may have changed on the way."""
    if client.budget_pk not in (None, run.budget_id):
        run.budget_id = client.budget_pk
        SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING, progress_at=run.progress_at).update(budget=run.budget_id)


def _put_back(run: SyncRun, error: TokenBusy) -> None:
    """Let a run wait for its turn again, with a sign of life, so that nobody takes it for lost."""
    rows = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING, progress_at=run.progress_at)
    rows.update(state=SyncRun.State.QUEUED, started_at=None, progress_at=timezone.now(), retry_at=error.retry_at)
    run.refresh_from_db()


def _break_off(run: SyncRun) -> None:
    """Mark a run as failed by an error of ours; where to read about it is the log."""
    message = _("The sync broke off by an error of this site. The operator finds it in the log.")
    run.errors.append({"code": "internal", "where": run.doing, "about": "", "message": message})
    run.state, run.finished_at = SyncRun.State.FAILED, timezone.now()
    run.retry_at = timezone.now() + timedelta(hours=1)
    SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING, progress_at=run.progress_at).update(
        state=run.state, finished_at=run.finished_at, errors=run.errors, retry_at=run.retry_at
    )


def _remember_session(sync: Sync, stopped_by: GitHubError | None) -> None:
    """Keep that all open items were fetched as a whole."""
    run = sync.run
    if stopped_by is None and sync.refreshes_open and run is not None and run.is_whole:
        SessionSync.objects.update_or_create(session=sync.session, defaults={"full_at": sync.now})


def _remember_members(sync: Sync, stopped_by: GitHubError | None) -> None:
    """Keep for each member how fresh the data is, or what stands in the way; two statements for 500 members.

    A run of one project says nothing about the rest of a member's work.
    """
    if sync.run is not None and sync.run.project_id:
        return
    unfinished = sync.unfinished_members() if stopped_by is not None else set()
    for members in batched(sync.members, MEMBERS_A_STATEMENT):
        _remember(sync, members, stopped_by, unfinished)


def _remember(sync: Sync, members: Sequence[Member], stopped_by: GitHubError | None, unfinished: set[int]) -> None:
    now = timezone.now()
    stored = MemberSync.objects.in_bulk([member.membership_id for member in members], field_name="membership_id")
    rows = []
    for member in members:
        row = stored.get(member.membership_id) or MemberSync(membership_id=member.membership_id)
        code, message = member.problem or ("", "")
        if not code and stopped_by is not None and member.membership_id in unfinished:
            code, message = stopped_by.code, stopped_by.message
        if not code:
            # What happened while it ran may have been missed.
            row.synced_at, row.problem_since = sync.now, None
        elif row.problem_code != code or row.problem_since is None:
            row.problem_since = now
        row.problem_code, row.problem = code[:40], message[:300]
        if code:
            row.failed_at, row.failure = now, message[:300]
        rows.append(row)
    MemberSync.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["membership"],
        update_fields=["synced_at", "problem_code", "problem", "problem_since", "failed_at", "failure"],
    )
