"""How a run ends: well, or badly and tried again, put off, or failed for good. The same for every engine."""

import logging
import traceback as tracebacks

from django.db import transaction
from django.tasks import TaskResult
from django.utils import timezone

from .current import Work
from .masking import mask
from .models import TaskRun
from .policy import Retry
from .queueing import NO_SUCH_TASK, queue_again
from .runs import mark_done
from .verdict import judge

logger = logging.getLogger(__name__)

#: Characters of a traceback that are kept: its end, where the error stands.
LONGEST_TRACEBACK = 20_000


def class_path(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def traceback_of(error: BaseException) -> str:
    """The traceback without personal data and secrets: masked, and no longer than what is kept."""
    return mask("".join(tracebacks.format_exception(error)))[-LONGEST_TRACEBACK:]


def message_of(error: BaseException) -> str:
    return mask(str(error))[:500]


def end_badly(
    run: TaskRun, error: BaseException | None, result: TaskResult, *, path: str = "", traceback: str = ""
) -> TaskRun | None:
    """Close an open run that raised `error`, and queue its next attempt where the policy says so. Returns the next run.

    `path` and `traceback` tell of an error that is known by name only (another process had it). In one transaction.
    """
    now = timezone.now()
    changes = {
        "finished_at": now,
        "error": (class_path(error) if error is not None else path)[:200],
        "message": message_of(error) if error is not None else mask(traceback.strip().rpartition("\n")[2])[:500],
        "traceback": (traceback_of(error) if error is not None else mask(traceback))[-LONGEST_TRACEBACK:],
    }
    with transaction.atomic():
        verdict = judge(run.task_path, run.attempt, error, result)
        changes["state"] = verdict.state
        if isinstance(error, Retry):
            changes |= {"error": "", "traceback": ""}
        if not TaskRun.objects.open().filter(pk=run.pk).update(**changes):
            return None
        if verdict.at is None:
            return None
        try:
            return queue_again(run, at=verdict.at, attempt=verdict.attempt)
        except NO_SUCH_TASK:
            TaskRun.objects.filter(pk=run.pk).update(state=TaskRun.State.FAILED)
            return None


def fail_for_good(run: TaskRun, error: BaseException) -> None:
    """Close an open run, whatever its policy says."""
    TaskRun.objects.open().filter(pk=run.pk).update(
        state=TaskRun.State.FAILED,
        finished_at=timezone.now(),
        error=class_path(error)[:200],
        message=message_of(error),
        traceback=traceback_of(error),
    )


def record_finished(result: TaskResult, work: Work | None) -> None:
    """Of an engine that tells by Django's signals."""
    from django.tasks import TaskResultStatus

    if result.status == TaskResultStatus.SUCCESSFUL:
        mark_done(result.id)
        return
    run = TaskRun.objects.open().filter(result_id=result.id).first()
    if run is None:
        return
    if work is not None and work.result_id == result.id and work.error is not None:
        end_badly(run, work.error, result)
        return
    told = result.errors[-1] if result.errors else None
    error: BaseException | None = None
    if told is not None:
        # An error that was not raised in the function: we know its class, if that still exists, and its traceback.
        try:
            error = told.exception_class()
        except Exception:
            error = None
    path = told.exception_class_path if told else ""
    if error is None:
        end_badly(run, None, result, path=path, traceback=told.traceback if told else "")
        return
    following = end_badly(run, error, result)
    TaskRun.objects.filter(pk=run.pk).update(
        message=mask(told.traceback.strip().rpartition("\n")[2])[:500] if told else "",
        traceback=mask(told.traceback)[-LONGEST_TRACEBACK:] if told else "",
    )
    if following is not None:
        logger.info("Task %s is tried again.", run.task_path)
