"""What becomes of a run that did not end well. Decided here alone, without asking the database: for every engine, and for tests."""

import datetime
import logging
from dataclasses import dataclass

from django.tasks import Task, TaskResult
from django.tasks.base import TASK_MIN_PRIORITY
from django.utils import timezone

from .policy import LostWorker, Retry, policy_of

logger = logging.getLogger(__name__)

#: How often a task is put back after its worker was lost. One that takes its worker down each time ends as failed.
RETURNS = 3


@dataclass(frozen=True)
class Verdict:
    """`state` is a `TaskRun.State`; where the work comes again, `at` says when, and `attempt` the number it has then."""

    state: str
    at: datetime.datetime | None = None
    attempt: int = 0


def judge(task_path: str, attempt: int, error: BaseException | None, result: TaskResult) -> Verdict:
    """What becomes of a run that raised `error` in this attempt. `error` is None where it is not known."""
    now = timezone.now()
    if isinstance(error, Retry):
        return Verdict("postponed", max(error.at, now + datetime.timedelta(seconds=1)), attempt)
    seconds = _wait(task_path, attempt, error, result)
    if seconds is None:
        return Verdict("failed")
    return Verdict("retried", now + datetime.timedelta(seconds=seconds), attempt + 1)


def judge_loss(task_path: str, losses: int, at_most: int = RETURNS, *, known: bool = True) -> LostWorker | None:
    """With what a task fails whose worker is gone, `losses` times before this one already; None where it runs again.

    One that is not `known` to this version of the site fails: it may have been one that runs at most once.
    """
    if not known:
        return LostWorker("The worker was lost while it ran this task, which is not in this version of the site.")
    if policy_of(task_path).at_most_once:
        return LostWorker("The worker was lost while it ran this task, which runs at most once.")
    if losses >= at_most:
        return LostWorker(f"The worker was lost {losses + 1} times while it ran this task.")
    return None


def again(task: Task, *, priority: int, at: datetime.datetime, as_retry: bool) -> Task:
    """The task as it is queued once more, not before `at`.

    A retry comes behind what was queued afresh: where an engine prefers a time that has come to “as soon as possible”,
    retries would push everything else aside.
    """
    backend = task.get_backend()
    if backend.supports_priority:
        task = task.using(priority=max(TASK_MIN_PRIORITY, priority - 1) if as_retry else priority)
    if backend.supports_defer and at > timezone.now():
        task = task.using(run_after=at)
    return task


def _wait(task_path: str, attempt: int, error: BaseException | None, result: TaskResult) -> float | None:
    try:
        return policy_of(task_path).wait(error, attempt, result)
    # The application's own function: its fault must not hide the task's.
    except Exception:
        logger.exception("The backoff of %s raised; the task is not tried again.", task_path)
        return None
