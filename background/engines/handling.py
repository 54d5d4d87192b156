"""What a consumer does with a message: starts its run once, calls the task, and writes what came of it, come what may."""

import datetime
import functools
import logging
import time
from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, IntegrityError, close_old_connections, connections, reset_queries, transaction
from django.tasks import TaskContext, TaskResult, TaskResultStatus
from django.tasks.base import TaskError
from django.tasks.signals import task_finished, task_started
from django.utils import timezone
from django.utils.json import normalize_json

from background.beat import Heart
from background.current import Work, working
from background.ending import class_path, end_badly, traceback_of
from background.leftovers import no_transaction_left
from background.models import TaskRun
from background.policy import Retry, policy_of
from background.runs import Details, label_of, mark_done, mark_started
from background.trouble import in_words, is_unavailable, is_unwritable
from background.verdict import RETURNS
from background.worker import OutcomeNotStored

from .losses import fail_for_good, give_back, put_back
from .message import Message, TaskIsGone, change, running_result
from .stop import Stop

logger = logging.getLogger(__name__)

#: How old a message may be whose run is not known. Records are kept for longer, so an older one is of a run that has ended long
#: ago: somebody has kept the message, and put it into the queue again.
UNKNOWN_FOR = datetime.timedelta(days=1)


class NotOurs(Exception):
    """The run was ended by somebody else meanwhile: its worker was taken for lost. What an atomic task did is undone."""


class Interrupted(Exception):
    """The database was away, and the run was put back: nothing is known of how the task would have ended."""


class Handler:
    """Called by the engine's consumer with each message. Never raises."""

    def __init__(self, worker_id: str, stop: Stop, heart: Heart) -> None:
        self.worker_id = worker_id
        self.stop = stop
        self.heart = heart

    def __call__(self, message: Message) -> None:
        try:
            self._handle(message)
        # Whatever comes: the consumer goes on with the next.
        except BaseException as error:
            logger.error("The message of task %s could not be handled: %s.", message["path"], type(error).__name__)

    def _handle(self, message: Message) -> None:
        close_old_connections()
        reset_queries()
        began = time.monotonic()
        run = self._persist(lambda: start(message, self.worker_id))
        if run is None:
            # It runs, or ran, or was discarded; or the database is away to the end, and the message is sent again.
            return
        logger.debug("Task %s (%s) begins.", run.task_path, run.result_id)
        error = self._run(message, run)
        if error is None:
            logger.info("Task %s (%s) is done after %.1f s.", run.task_path, run.result_id, time.monotonic() - began)
        elif isinstance(error, Retry):
            logger.info("Task %s (%s) is put off.", run.task_path, run.result_id)
        else:
            # The class alone: an error's text may hold what the task worked on. The traceback is in the admin.
            logger.error("Task %s (%s) failed: %s.", run.task_path, run.result_id, type(error).__name__)

    def _run(self, message: Message, run: TaskRun) -> BaseException | None:
        try:
            result = running_result(message, worker_id=self.worker_id, attempt=run.attempt)
        except Exception as unread:
            # Nothing that could tell a back-off or a receiver what it was: failed for good.
            refused = unread if isinstance(unread, TaskIsGone) else TaskIsGone(f"{run.task_path}: {unread}")
            self._persist(lambda: fail_for_good(run, refused))
            return refused
        work = Work(run.result_id, run.task_path, self.worker_id, owned=True)
        work.give_up = lambda too_long: end_badly(run, too_long, result)
        self.heart.work = work
        try:
            with working(work):
                error = self._run_and_record(result, run)
        finally:
            self.heart.work = None
        if isinstance(error, Interrupted):
            return error
        if error is not None:
            result.errors.append(TaskError(exception_class_path=class_path(error), traceback=traceback_of(error)))
        change(result, finished_at=timezone.now(), status=TaskResultStatus.FAILED if error else TaskResultStatus.SUCCESSFUL)
        with working(work):
            task_finished.send_robust(type(result.task.get_backend()), task_result=result)
        return error

    def _run_and_record(self, result: TaskResult, run: TaskRun) -> BaseException | None:
        """Call the function and write its outcome. Returns what it raised, if so."""
        try:
            task_started.send_robust(type(result.task.get_backend()), task_result=result)
            if policy_of(run.task_path).atomic:
                error = self._call_in_transaction(result, run)
            else:
                error = self._call(result)
                if is_unavailable(error) and _is_down(error):
                    self._persist(lambda: put_back(run, at_most=RETURNS))
                    return Interrupted()
                if error is None:
                    self._persist(lambda: mark_done(run.result_id))
        # An exit that a receiver asked for.
        except BaseException as raised:
            error = raised
        if error is not None and not isinstance(error, Interrupted):
            self._record_failure(run, error, result)
        return error

    def _call(self, result: TaskResult) -> BaseException | None:
        """Call the function. Returns what it raised; an exit asked for by a task fails the task alone."""
        context: list[Any] = [TaskContext(task_result=result)] if result.task.takes_context else []
        try:
            with no_transaction_left():
                value = normalize_json(result.task.call(*context, *result.args, **result.kwargs))
        except BaseException as error:
            return error
        change(result, _return_value=value)
        return None

    def _call_in_transaction(self, result: TaskResult, run: TaskRun) -> BaseException | None:
        """The task and its outcome as one: both are there, or neither."""
        begun, raised = False, None
        committed: list[bool] = []
        try:
            with transaction.atomic():
                begun = True
                # The first of the functions that Django calls after the commit: what one of the task's own raises undoes nothing.
                transaction.on_commit(lambda: committed.append(True))
                raised = self._call(result)
                if raised is not None:
                    raise raised
                if not mark_done(run.result_id):
                    raise NotOurs
        except BaseException as error:
            if committed:
                logger.error(
                    "Task %s (%s) is done, and what was to follow its commit raised %s.",
                    run.task_path,
                    run.result_id,
                    type(error).__name__,
                )
                return None
            if not is_unavailable(error) or (error is raised and not _is_down(error)):
                return error
            self._wait_for_database(error)
            # Whether the commit reached the database is not known here. The run knows: it is done, or runs again.
            self._persist(lambda: put_back(run, at_most=RETURNS) if begun else give_back(run))
            return Interrupted()
        return None

    def _record_failure(self, run: TaskRun, error: BaseException, result: TaskResult) -> None:
        named = OutcomeNotStored(f"{type(error).__name__}, with a text that cannot be stored.")
        for told in (error, named):
            try:
                self._persist(functools.partial(end_badly, run, told, result))
            # The database does not take every text.
            except Exception as unstored:
                logger.error("What task %s raised could not be stored: %s.", run.task_path, type(unstored).__name__)
            else:
                return
        # Not left open for ever: it runs again, and fails for good when that happened too often.
        self._persist(lambda: put_back(run, at_most=RETURNS))

    def _persist(self, write: Callable[[], Any]) -> Any:
        """What `write` returns, waiting for a database that is away. Given up once a signal has come: the run counts as lost then."""
        while True:
            try:
                value = write()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                if self.stop.is_set():
                    logger.warning("A record could not be written before the end: its task runs again.")
                    return None
                self._wait_for_database(error)
            else:
                self.stop.failures = 0
                return value

    def _wait_for_database(self, error: BaseException) -> None:
        connections.close_all()
        self.stop.wait_for(f"The database is not available: {in_words(error)}", error)


def _is_down(error: BaseException | None) -> bool:
    """Whether a task could do nothing but raise this: the connection is gone, or nothing can be written."""
    connection = connections[DEFAULT_DB_ALIAS]
    return is_unwritable(error) or connection.connection is None or not connection.is_usable()


def start(message: Message, worker_id: str) -> TaskRun | None:
    """Write that the message's run begins. None where it may not: it runs, has ended, or is not to run any more.

    A message without a run is of a transaction that is not committed yet, or was rolled back: it was queued by Django's own
    `enqueue`, which does not wait for the commit. An old one does not run.
    """
    result_id = message["id"]
    for _attempt in range(2):
        now = timezone.now()
        if mark_started(result_id, worker_id, now):
            return TaskRun.objects.running().filter(result_id=result_id, worker_id=worker_id).first()
        # Written just now, where the database's answer did not reach us: this worker has but one task at a time.
        own = TaskRun.objects.running().filter(result_id=result_id, worker_id=worker_id).first()
        if own is not None or TaskRun.objects.filter(result_id=result_id).exists():
            return own
        if message["enqueued_at"] and datetime.datetime.fromisoformat(message["enqueued_at"]) < now - UNKNOWN_FOR:
            logger.error("An old message of task %s, of which nothing is known, is not run.", message["path"])
            return None
        try:
            with transaction.atomic():
                return _create_running(message, worker_id)
        except IntegrityError:
            # Its transaction was committed this moment.
            continue
    return None


def _create_running(message: Message, worker_id: str) -> TaskRun:
    now = timezone.now()
    details = Details(about=label_of(message["path"], message["args"]), max_attempts=policy_of(message["path"]).max_attempts)
    return TaskRun.objects.create(
        result_id=message["id"],
        backend=message["backend"],
        task_path=message["path"],
        queue_name=message["queue"],
        priority=message["priority"],
        arguments={"args": message["args"], "kwargs": message["kwargs"]},
        about=details.about,
        max_attempts=details.max_attempts,
        state=TaskRun.State.RUNNING,
        queued_at=now,
        sent_at=now,
        started_at=now,
        worker_id=worker_id,
    )
