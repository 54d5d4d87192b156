"""Syncs of the demonstration inside one process, with the sandbox in place of the network."""

from django.conf import settings

from cohorts.models import Session
from cohorts.stages import Stage, stage_of
from contributions import following
from contributions.models import SyncRun, WorkItem
from contributions.sandbox.transport import sandbox_transport
from contributions.sandbox.world import World
from contributions.sync import run_sync


def sync_running(world: World, *, full: bool = False) -> list[SyncRun]:
    """Sync each running session with `world`, now and here; the runs are recorded like any others.

    Raises `RuntimeError` where a sync failed: the demonstration would be empty.
    """
    before = settings.GITHUB_TRANSPORT, settings.TRACKER_TRANSPORT
    settings.GITHUB_TRANSPORT = settings.TRACKER_TRANSPORT = sandbox_transport(world)
    try:
        runs = [
            run_sync(SyncRun.objects.create(session=session, trigger=SyncRun.Trigger.COMMAND, full=full))
            for session in Session.objects.all()
            if stage_of(session) == Stage.RUNNING
        ]
        for pk in WorkItem.objects.exclude(tracker="").values_list("pk", flat=True):
            following.fetch(pk)
    finally:
        settings.GITHUB_TRANSPORT, settings.TRACKER_TRANSPORT = before
    for run in runs:
        if run.state == SyncRun.State.FAILED:
            raise RuntimeError(f"The sync of the demonstration failed: {run.errors}")
    return runs
