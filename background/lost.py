"""Tasks whose worker is gone: a killed process leaves its row “running”, and nothing else would ever look at it again."""

import datetime
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.tasks import TaskResultStatus
from django.tasks.signals import task_finished
from django_tasks_db.models import DBTaskResult

from . import outcome
from .models import WorkerBeat
from .verdict import RETURNS

logger = logging.getLogger(__name__)

#: Seconds of silence after which a worker counts as lost. Beats come every 3 seconds.
LOST_AFTER = 10.0


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
    running = _running()
    lost = watch.lost({_worker_of(row) for row in running})
    return sum(put_back(row) for row in running if _worker_of(row) in lost)


def give_back_own_tasks(worker_id: str) -> int:
    """Give back what this worker claimed without knowing: the connection broke before the database's answer came."""
    return sum(give_back(row) for row in _running() if _worker_of(row) == worker_id)


def give_back(row: DBTaskResult) -> bool:
    """Make a running task wait again that has not begun, so that no loss counts. False where somebody else was quicker."""
    given = outcome.give_back(row)
    if given:
        logger.warning("Task %s (%s) had not begun and waits again.", row.task_path, row.pk)
    return given


def put_back(row: DBTaskResult) -> bool:
    """Make a running task wait again, or fail where it may not run again. False where somebody else was quicker."""
    if not outcome.put_back(row, at_most=RETURNS):
        return False
    row.refresh_from_db()
    if row.status == TaskResultStatus.FAILED:
        logger.error("Task %s (%s) failed: its worker was lost.", row.task_path, row.pk)
        announce_finished(row)
    else:
        logger.warning("Task %s (%s) lost its worker and waits again.", row.task_path, row.pk)
    return True


def announce_finished(row: DBTaskResult) -> None:
    """Send `task_finished`. A receiver that raises is logged (by Django) and changes nothing; a task that is gone has none."""
    try:
        result = row.task_result
    # The task is gone from this version of the site, or the row holds what is no task: there is nobody to tell.
    except Exception as error:
        logger.error("Task %s (%s) cannot be read: %s.", row.task_path, row.pk, type(error).__name__)
        return
    task_finished.send_robust(sender=type(result.task.get_backend()), task_result=result)


def _running() -> list[DBTaskResult]:
    """Without arguments and values: they may be large, and one that cannot be read must not be in the way of others."""
    return list(DBTaskResult.objects.running().only("pk", "status", "task_path", "worker_ids", "started_at"))


def _worker_of(row: DBTaskResult) -> str:
    return str(row.worker_ids[-1]) if row.worker_ids and isinstance(row.worker_ids, list) else ""
