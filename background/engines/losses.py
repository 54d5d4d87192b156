"""Runs whose worker is gone, with engines that have a broker. The broker is not asked: the run in the database is sent again."""

import logging

from django.db import transaction
from django.utils import timezone

from background.ending import class_path, message_of
from background.lost import Watch
from background.models import TaskRun
from background.outcome import seen_lately
from background.policy import is_known
from background.runs import replace_lost
from background.verdict import RETURNS, judge_loss

logger = logging.getLogger(__name__)


def put_back_lost_runs(watch: Watch, backend_name: str) -> int:
    """Have the runs of lost workers sent again, `RETURNS` times each, and return how many. Only reads where no worker is lost."""
    running = list(TaskRun.objects.running().filter(backend=backend_name).defer("traceback", "arguments"))
    lost = watch.lost({run.worker_id for run in running})
    return sum(put_back(run, at_most=RETURNS) for run in running if run.worker_id in lost)


def put_back(run: TaskRun, *, at_most: int) -> bool:
    """Make a running run whose worker is gone wait to be sent; or fail it, where that happened `at_most` times, or it may run only once.

    False where somebody else was quicker.
    """
    known = is_known(run.task_path)
    if not known and seen_lately(run.worker_id):
        # Whether it may run twice is known to a worker of the version that has it.
        return False
    error = judge_loss(run.task_path, run.losses, at_most, known=known)
    if error is not None:
        return fail_for_good(run, error)
    with transaction.atomic():
        # Of this very worker: the run may have been given back since, and taken by one that lives.
        found = TaskRun.objects.filter(pk=run.pk, worker_id=run.worker_id).first()
        following = replace_lost(found, waiting=True) if found is not None else None
        if following is None:
            return False
        TaskRun.objects.filter(pk=following.pk).update(sent_at=None)
    logger.warning("Task %s (%s) lost its worker and is sent again.", run.task_path, run.result_id)
    return True


def give_back(run: TaskRun) -> bool:
    """Make a run that had not begun to run wait to be sent, as if nobody had taken it."""
    taken = TaskRun.objects.running().filter(pk=run.pk, worker_id=run.worker_id)
    return bool(taken.update(state=TaskRun.State.WAITING, worker_id="", started_at=None, sent_at=None))


def fail_for_good(run: TaskRun, error: BaseException) -> bool:
    """Close an open run, whatever its policy says. False where somebody else was quicker."""
    closed = TaskRun.objects.open().filter(pk=run.pk, worker_id=run.worker_id)
    changed = closed.update(
        state=TaskRun.State.FAILED,
        finished_at=timezone.now(),
        error=class_path(error)[:200],
        message=message_of(error),
        traceback="",
    )
    if changed:
        logger.error("Task %s (%s) failed: %s.", run.task_path, run.result_id, type(error).__name__)
    return bool(changed)
