"""The rest of a run that a limit stopped: it is queued for the moment at which the limit ends, and needs nobody to ask for it."""

from background import enqueue
from contributions.github.errors import GitHubError, LeaseLost, RateLimited, TokenBusy
from contributions.models import SyncRun

from .requested import request_sync

#: After these GitHub is well and said when to come back. After an outage, the schedule tries again.
COMES_AGAIN = (RateLimited, TokenBusy, LeaseLost)


def queue_follow_up(run: SyncRun, stopped_by: GitHubError | None) -> None:
    """Queue what is left of a finished run for its `retry_at`. One waits for each session, project or member."""
    from contributions.tasks import go_on_with_sync

    if not isinstance(stopped_by, COMES_AGAIN) or run.retry_at is None:
        return
    scope = f"session {run.session_id} project {run.project_id} member {run.membership_id}"
    enqueue(go_on_with_sync.using(run_after=run.retry_at), run.pk, unique_key=scope)


def follow_up(run: SyncRun) -> SyncRun | None:
    """Ask for the rest of `run` and return the run that does it.

    None where a later one of the same went through meanwhile, or where the session no longer follows the project.
    """
    same = SyncRun.objects.filter(session=run.session_id, membership=run.membership_id, project=run.project_id)
    if same.went_through().filter(queued_at__gt=run.queued_at).exists():
        return None
    if run.project is not None and not run.session.projects.filter(pk=run.project.pk).exists():
        return None
    return request_sync(
        run.session,
        trigger=SyncRun.Trigger.SCHEDULE,
        membership=run.membership,
        project=run.project,
        full=run.full,
    )
