"""Tasks whose worker is gone: a killed process leaves its row “running”, and nothing else would ever look at it again."""

import datetime
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.tasks import TaskResultStatus
from django.tasks.signals import task_finished
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from .models import WorkerBeat

logger = logging.getLogger(__name__)

#: Seconds of silence after which a worker counts as lost. Beats come every 3 seconds.
LOST_AFTER = 10.0

#: How often a task is put back after its worker was lost. One that takes its worker down each time ends as failed.
RETURNS = 3


class LostWorker(Exception):
    """The worker that ran the task stopped giving signs of life, once too often."""


@dataclass
class _Silence:
    seen_at: datetime.datetime | None
    since: float


class Watch:
    """Watches the beats of other workers and says who fell silent.

    A beat is only compared with the one read before, and its silence measured by this process's own clock: machines whose
    clocks differ do not call each other lost. A pause between two looks (the database was away, this process slept)
    begins the watch anew, since the beats may have been missed on our side.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, lost_after: float = LOST_AFTER) -> None:
        self.clock = clock
        self.lost_after = lost_after
        self.silences: dict[str, _Silence] = {}
        self.looked_at: float | None = None

    def lost(self, worker_ids: set[str]) -> set[str]:
        """Those of `worker_ids` whose beat has not changed for `lost_after` seconds of watching, or does not exist."""
        now = self.clock()
        if self.looked_at is not None and now - self.looked_at > self.lost_after / 2:
            self.silences.clear()
        self.looked_at = now
        beats = dict(WorkerBeat.objects.filter(worker_id__in=worker_ids).values_list("worker_id", "seen_at"))
        for worker_id in worker_ids:
            known = self.silences.get(worker_id)
            if known is None or known.seen_at != beats.get(worker_id):
                self.silences[worker_id] = _Silence(beats.get(worker_id), now)
        self.silences = {key: silence for key, silence in self.silences.items() if key in worker_ids}
        return {key for key, silence in self.silences.items() if now - silence.since >= self.lost_after}


def put_back_lost_tasks(watch: Watch) -> int:
    """Put the tasks of lost workers back into the queue, `RETURNS` times each, and return how many. The next loss fails it.

    Only reads where no worker is lost. Several processes may call it at once: each row changes once.
    """
    running = list(DBTaskResult.objects.running().defer("traceback", "return_value"))
    lost = watch.lost({_worker_of(row) for row in running})
    return sum(put_back(row) for row in running if _worker_of(row) in lost)


def put_back(row: DBTaskResult) -> bool:
    """Make a running task wait again, or fail where that happened too often. False where somebody else was quicker."""
    if len(row.worker_ids) > RETURNS:
        return _fail(row)
    changed = _same_attempt(row).update(status=TaskResultStatus.READY, started_at=None)
    if changed:
        logger.warning("Task %s (%s) lost its worker and waits again.", row.task_path, row.pk)
    return bool(changed)


def _fail(row: DBTaskResult) -> bool:
    error = LostWorker(f"The worker was lost {len(row.worker_ids)} times while it ran this task.")
    with transaction.atomic():
        changed = _same_attempt(row).update(
            status=TaskResultStatus.FAILED,
            finished_at=timezone.now(),
            exception_class_path=f"{LostWorker.__module__}.{LostWorker.__qualname__}",
            traceback=str(error),
        )
    if not changed:
        return False
    logger.error("Task %s (%s) failed: its worker was lost %s times.", row.task_path, row.pk, len(row.worker_ids))
    row.refresh_from_db()
    announce_finished(row)
    return True


def announce_finished(row: DBTaskResult) -> None:
    """Send `task_finished`. A receiver that raises is logged (by Django) and changes nothing; a task that is gone has none."""
    try:
        result = row.task_result
    except (ImportError, SuspiciousOperation):
        logger.error("Task %s (%s) is not in this version of the site.", row.task_path, row.pk)
        return
    task_finished.send_robust(sender=type(result.task.get_backend()), task_result=result)


def _worker_of(row: DBTaskResult) -> str:
    return row.worker_ids[-1] if row.worker_ids else ""


def _same_attempt(row: DBTaskResult):
    """The row, as long as it is in the attempt that we read."""
    return DBTaskResult.objects.filter(pk=row.pk, status=TaskResultStatus.RUNNING, started_at=row.started_at)
