"""Writes the records of whatever engine runs the tasks, from Django's signals. No receiver ever raises: on a stock worker that
would turn a success into a failure, and end the worker."""

import logging
from collections.abc import Callable

from django.db import transaction
from django.tasks import TaskResult, task_backends
from django.tasks.signals import task_enqueued, task_finished, task_started

from . import current, queueing

logger = logging.getLogger(__name__)


def _never_raises(receiver: Callable[[TaskResult], None]) -> Callable[..., None]:
    def receive(sender, task_result: TaskResult, **kwargs) -> None:
        work = current.current_work()
        # What our own worker runs it also records. Not even a transaction for nothing: on SQLite each takes the write lock.
        if not current.is_recording() or (work is not None and work.owned and work.result_id == task_result.id):
            return
        try:
            # A savepoint where the caller is in a transaction: a record that cannot be written must not break it.
            with transaction.atomic():
                receiver(task_result)
        except Exception as error:
            from .ending import traceback_of

            logger.error("No record could be written of task %s: %s", task_result.id, traceback_of(error))

    # Not `functools.wraps`: Django looks at the signature, and would see the wrapped one.
    receive.__name__, receive.__doc__ = receiver.__name__, receiver.__doc__
    return receive


@_never_raises
def on_enqueued(result: TaskResult) -> None:
    from .runs import record_enqueued
    from .waiting import wake_workers

    if not queueing.is_handing_over():
        record_enqueued(result)
    if queueing.shares_transaction(task_backends[result.backend]):
        wake_workers()


@_never_raises
def on_started(result: TaskResult) -> None:
    from .beat import this_worker
    from .runs import record_started

    worker_id = this_worker() or (result.worker_ids[-1] if result.worker_ids else "")
    current.begin(record_started(result, worker_id))


@_never_raises
def on_finished(result: TaskResult) -> None:
    from .ending import record_finished

    work = current.current_work()
    try:
        record_finished(result, work)
    finally:
        # Of a start that could not be noted there is nothing to end: what stands here then is the task around it.
        if work is not None and work.result_id == result.id:
            current.end()


def connect() -> None:
    task_enqueued.connect(on_enqueued, weak=False, dispatch_uid="background.enqueued")
    task_started.connect(on_started, weak=False, dispatch_uid="background.started")
    task_finished.connect(on_finished, weak=False, dispatch_uid="background.finished")
