"""Runs one task as a worker does: start, function, outcome and record, and what goes wrong between."""

import traceback
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, transaction
from django.tasks import TaskContext, TaskResult
from django.tasks.base import TaskError
from django.tasks.signals import task_finished, task_started
from django.utils import timezone

from background.current import working
from background.masking import mask
from background.policy import policy_of

from .arguments import through_json
from .database import as_in_autocommit, has_database
from .faults import Failure, Faults, Loss, WorkerKilled
from .recording import InMemory, keeper, recorded_where_possible
from .run import Run
from .store import store


def run_one(run: Run, faults: Faults) -> None:
    """Run what waits, and write down in it what came of it. Raises `KeyboardInterrupt` alone."""
    records = keeper()
    run.started_at = timezone.now()
    work = records.begin(run)
    if work is None:
        store.note_end(run)
        return
    fault = faults.take(run.path)
    run.state = "running"
    result = run.as_result()
    sender = type(run.task.get_backend())
    with working(work), recorded_where_possible():
        task_started.send_robust(sender, task_result=result)
        try:
            run.value = _run_function(run, result, fault, records)
        except WorkerKilled:
            run.was_asked_for, run.error = True, records.lose(run)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            run.was_asked_for, run.error = isinstance(fault, Failure), error
            records.end_badly(run, error, result)
        store.note_end(run)
        if run.state == "lost":
            return
        if run.error is not None and run.state != "succeeded":
            run.errors.append(_told(run.error))
        told = run.as_result()
        for name in ("status", "finished_at", "errors", "_return_value"):
            # The object that the task's context holds tells the end as well.
            object.__setattr__(result, name, getattr(told, name))
        task_finished.send_robust(sender, task_result=result)


def _run_function(run: Run, result: TaskResult, fault: Failure | Loss | None, records: InMemory) -> Any:
    """What the function returns. Written down as done before that, in the function's own transaction where it has one."""
    call = _call_of(run, result, fault)
    with as_in_autocommit() as run_commit_hooks:
        if policy_of(run.path).atomic and has_database():
            with transaction.atomic():
                value = call()
                records.succeed(run)
            run_commit_hooks()
            return value
        try:
            value = call()
        except DatabaseError:
            raise
        except BaseException:
            # What it committed before it failed, or was killed, is committed.
            run_commit_hooks()
            raise
        run_commit_hooks()
    records.succeed(run)
    return value


def _call_of(run: Run, result: TaskResult, fault: Failure | Loss | None) -> Callable[[], Any]:
    def call() -> Any:
        if isinstance(fault, Loss) and fault.at == "start":
            raise WorkerKilled
        if isinstance(fault, Failure):
            raise fault.exception()
        context: list[Any] = [TaskContext(task_result=result)] if run.task.takes_context else []
        try:
            return through_json(run.task.call(*context, *result.args, **result.kwargs))
        finally:
            if isinstance(fault, Loss):
                raise WorkerKilled

    return call


def _told(error: BaseException) -> TaskError:
    return TaskError(
        exception_class_path=f"{type(error).__module__}.{type(error).__qualname__}",
        traceback=mask("".join(traceback.format_exception(error))),
    )
