"""One worker process: takes tasks from the database and runs them, come what may to the database."""

import datetime
import logging
import os
import random
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections, reset_queries, transaction
from django.tasks import TaskContext, TaskResultStatus
from django.tasks.signals import task_started
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.json import normalize_json
from django.utils.module_loading import autodiscover_modules
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult
from django_tasks_db.utils import normalize_uuid

from . import outcome
from .beat import Heart, beat
from .claiming import candidate
from .current import Work, working
from .engines.moving import take_over_messages
from .leftovers import no_transaction_left
from .lost import announce_finished, give_back, give_back_own_tasks, put_back
from .models import WorkerBeat
from .policy import Retry, policy_of
from .schedules import create_missing_rows, run_due
from .trouble import DATABASE_ERRORS, in_words, is_unavailable, is_unready, is_unwritable
from .verdict import RETURNS
from .waiting import bell

logger = logging.getLogger(__name__)

#: Seconds to wait before the database is asked again: doubling, and never all workers at once.
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 15.0

#: Seconds between two looks at the schedules.
SCHEDULES_EVERY = 1.0


#: After this time a task is looked at again that the version of the site which took it does not know.
UNKNOWN_AGAIN_AFTER = datetime.timedelta(seconds=5)


class OutcomeNotStored(Exception):
    """What came of a task is nothing that the database takes, for example a text with a zero byte."""


class _Interrupted(Exception):
    """The database went away under the task, which was put back."""


class Worker(db_worker.Worker):
    """django-tasks-db's worker on all queues, made to last.

    It writes a beat, hears of new tasks at once, starts what is scheduled, waits for a database that is away, records the
    outcome of a task once the database is back, and on a signal finishes the task that runs.
    """

    def __init__(self, *, interval: float = 1.0, parent_pid: int | None = None) -> None:
        super().__init__(
            queue_names=["*"],
            excluded_queue_names=[],
            interval=interval,
            batch=False,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=f"{os.getpid()}-{get_random_string(12)}",
        )
        self.parent_pid = parent_pid
        self.prepared = False
        #: Whether the database may have given us a task that we know nothing of.
        self.uncertain = False
        self.heart: Heart | None = None
        self.bell = bell()
        self.failures = 0
        self.schedules_at = 0.0

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        """Take no more tasks. Never raises into the code that runs: a task is finished, a claim is not torn apart."""
        self.running = False

    def pause(self, seconds: float) -> None:
        """Sleep, but not through a signal. (An Event would do, could its `set` be called in a signal handler.)"""
        until = time.monotonic() + seconds
        while self.running and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def run(self) -> None:
        """Work until a signal comes, or the process that started this one is gone."""
        heart = Heart(self.worker_id)
        try:
            while self.running and not self._orphaned():
                self._step(heart)
        finally:
            if heart.is_alive():
                heart.stop()
            self.bell.close()
            self._say_goodbye()
            connections.close_all()
        logger.info("Worker %s has stopped.", self.worker_id)

    def _step(self, heart: Heart) -> None:
        row = None
        try:
            close_old_connections()
            reset_queries()
            if not self.prepared:
                self._prepare(heart)
            if self.uncertain:
                give_back_own_tasks(self.worker_id)
                self.uncertain = False
            self._start_what_is_due()
            self.bell.before_look()
            row = self._claim_or_set_aside()
            self.failures = 0
            if row is None:
                self.bell.wait(self.interval, lambda: self.running)
        except DATABASE_ERRORS as error:
            if not is_unready(error):
                raise
            self._wait_for_database(error)
        while row is not None:
            # Each run takes the next task in the same transaction in which it ends, until there is none.
            row = self.run_task(row)
            if row is not None:
                reset_queries()

    def _claim_or_set_aside(self) -> DBTaskResult | None:
        """The next task. A row that cannot be read must not stop all the others: it is marked as failed."""
        try:
            return self.claim()
        except Exception as error:
            if is_unready(error):
                raise
            logger.error("The next task cannot be taken: %s.", type(error).__name__)
            pk = outcome.set_aside(self.backend_name, error)
            if pk is None:
                # It was something else. Not again at once.
                self.pause(self.interval)
            else:
                logger.error("Task %s was set aside as failed: its row cannot be read.", pk)
            return None

    def _prepare(self, heart: Heart) -> None:
        # The beat stands before the first claim: a task whose worker has no beat counts as lost.
        beat(self.worker_id)
        autodiscover_modules("tasks")
        create_missing_rows()
        take_over_messages(self.backend_name)
        heart.start()
        self.heart = heart
        self.prepared = True
        logger.info("Worker %s takes tasks.", self.worker_id)

    def _start_what_is_due(self) -> None:
        now = time.monotonic()
        if now - self.schedules_at >= SCHEDULES_EVERY:
            self.schedules_at = now
            run_due()

    def claim(self) -> DBTaskResult | None:
        """Take the next due task, or None. An idle look at SQLite reads only: the write lock is for those who write."""
        if connections[DEFAULT_DB_ALIAS].vendor == "sqlite" and candidate(self.backend_name) is None:
            return None
        with transaction.atomic():
            return outcome.claim_and_record(self.worker_id, self.backend_name)

    def claim_next(self) -> DBTaskResult | None:
        """The task after this one, in the transaction that ends this one: a commit less for each. Schedules have their turn first."""
        if not self.running or time.monotonic() - self.schedules_at >= SCHEDULES_EVERY or self._orphaned():
            return None
        return outcome.claim_and_record(self.worker_id, self.backend_name)

    def run_task(self, db_task_result: DBTaskResult) -> DBTaskResult | None:  # type: ignore[override]
        """Run a task and record what came of it; with the database away, as soon as it is back. Returns the next, if it took one."""
        row, began = db_task_result, time.monotonic()
        logger.debug("Task %s (%s) begins.", row.task_path, row.pk)
        work = Work(normalize_uuid(row.pk), row.task_path, self.worker_id, owned=True)
        following: list[DBTaskResult | None] = [None]
        work.give_up = lambda error: outcome.fail(row, error)
        if self.heart is not None:
            self.heart.work = work
        try:
            with working(work):
                error = self._run_and_record(row, work, following)
        finally:
            if self.heart is not None:
                self.heart.work = None
        if row.status == TaskResultStatus.RUNNING or isinstance(error, _Interrupted):
            return following[0]
        if error is None:
            logger.info("Task %s (%s) is done after %.1f s.", row.task_path, row.pk, time.monotonic() - began)
        elif isinstance(error, Retry):
            logger.info("Task %s (%s) is put off.", row.task_path, row.pk)
        else:
            # The class alone: an error's text may hold what the task worked on. The traceback is in the admin.
            logger.error("Task %s (%s) failed: %s.", row.task_path, row.pk, type(error).__name__)
        try:
            with working(work):
                self._record(lambda: announce_finished(row))
        # A receiver that asks for the end of the process must not take the next task with it, which is claimed already.
        except BaseException as error:
            logger.error("A receiver of “task_finished” raised %s.", type(error).__name__)
        return following[0]

    def _run_and_record(self, row: DBTaskResult, work: Work, following: list) -> BaseException | None:
        """Run the task and write its outcome. Returns what it raised, if so. `row` stays “running” where nothing could be written."""
        error = self._announce_started(row)
        if isinstance(error, ImportError) and timezone.now() - row.enqueued_at < outcome.LEFT_TO_OTHERS:
            # A new version of the site has queued it, perhaps, and its workers are about to start.
            logger.warning("Task %s (%s) is not in this version of the site; left to another.", row.task_path, row.pk)
            self._record(lambda: outcome.put_off(row, timezone.now() + UNKNOWN_AGAIN_AFTER))
            return _Interrupted()
        if error is None and policy_of(row.task_path).atomic:
            error = self._run_in_transaction(row, following)
            if isinstance(error, _Interrupted):
                return error
        elif error is None:
            value, error = self._call(row)
            if error is not None and self._is_down(error, row):
                self._put_back_later(row, error)
                return _Interrupted()
            if error is None:
                error = self._record_value(row, value, following)
        if error is None or isinstance(error, outcome.AlreadyRecorded):
            return None
        failure = error
        if unstored := self._record(lambda: outcome.fail(row, failure)):
            if isinstance(unstored, outcome.AlreadyRecorded):
                return None
            named = OutcomeNotStored(f"{type(error).__name__}, with a text that cannot be stored.")
            if self._record(lambda: outcome.fail(row, named)) is not None:
                # Not left open for ever: it runs again, and fails for good when that happened too often.
                self._record(lambda: put_back(row))
        return error

    def _record_value(self, row: DBTaskResult, value: Any, following: list) -> BaseException | None:
        error = self._record(lambda: self._succeed(row, value, following, take_next=True))
        if error is not None and not isinstance(error, outcome.AlreadyRecorded):
            # It may have been the next row that cannot be read, for which this task can do nothing.
            error = self._record(lambda: self._succeed(row, value, following, take_next=False))
        return error

    def _succeed(self, row: DBTaskResult, value: Any, following: list, *, take_next: bool) -> None:
        # Of a try before this one nothing may stay: its claim was rolled back, or is found by `give_back_own_tasks`.
        following[0] = None
        with transaction.atomic():
            outcome.succeed(row, value)
            taken = self.claim_next() if take_next else None
        self._committed(row, value, taken, following)

    def _run_in_transaction(self, row: DBTaskResult, following: list) -> BaseException | None:
        """The task, its outcome and the claim of the next as one: all of it is there, or nothing."""
        taken, begun, raised = None, False, None
        committed: list[bool] = []
        try:
            with transaction.atomic():
                begun = True
                # The first of the functions that Django calls after the commit: what one of the task's own raises undoes nothing.
                transaction.on_commit(lambda: committed.append(True))
                value, raised = self._call(row)
                if raised is not None:
                    raise raised
                outcome.succeed(row, value)
                try:
                    with transaction.atomic():
                        taken = self.claim_next()
                # A row that cannot be read is set aside by the next look, and is no fault of this task.
                except Exception as error:
                    if is_unavailable(error):
                        raise
                    logger.error("The next task cannot be taken: %s.", type(error).__name__)
        except BaseException as error:
            if committed:
                logger.error(
                    "Task %s (%s) is done, and what was to follow its commit raised %s.",
                    row.task_path,
                    row.pk,
                    type(error).__name__,
                )
                self._committed(row, value, taken, following)
                return None
            if not is_unavailable(error) or (error is raised and not self._is_down(error, row)):
                return error
            # Whether the commit reached the database is not known here. The row knows: it is done, or waits again.
            self._put_back_later(row, error, begun=begun)
            return _Interrupted()
        self._committed(row, value, taken, following)
        return None

    def _committed(self, row: DBTaskResult, value: Any, taken: DBTaskResult | None, following: list) -> None:
        row.status, row.return_value, row.finished_at = TaskResultStatus.SUCCESSFUL, value, timezone.now()
        following[0] = taken

    def _announce_started(self, row: DBTaskResult) -> BaseException | None:
        try:
            result = row.task_result
            task_started.send_robust(sender=type(result.task.get_backend()), task_result=result)
        except BaseException as error:
            return error
        return None

    def _call(self, row: DBTaskResult) -> tuple[Any, BaseException | None]:
        """The task's value, or what it raised. An exit asked for by a task fails the task, not the worker."""
        try:
            task, result = row.task, row.task_result
            context: list[TaskContext] = [TaskContext(task_result=result)] if task.takes_context else []
            with no_transaction_left():
                return normalize_json(task.call(*context, *result.args, **result.kwargs)), None
        except BaseException as error:
            return None, error

    def _record(self, write: Callable[[], object]) -> Exception | None:
        """Write an outcome, waiting for a database that is away. Returns the error of one that it will not take.

        Given up once a signal has come and the database still is away: the task then counts as lost and runs again.
        """
        while True:
            try:
                write()
            except Exception as error:
                if not is_unavailable(error):
                    return error
                if not self.running:
                    logger.warning("The outcome of a task could not be written before the end: it runs again.")
                    return None
                self._wait_for_database(error)
            else:
                self.failures = 0
                return None

    def _is_down(self, error: BaseException, row: DBTaskResult) -> bool:
        """Whether the task could do nothing but raise this: the connection is gone, or nothing can be written.

        What cannot be written for ever (a disk of its own that is full) is an ordinary failure in the end.
        """
        connection = connections[DEFAULT_DB_ALIAS]
        if is_unwritable(error):
            return len(row.worker_ids) <= RETURNS
        return is_unavailable(error) and (connection.connection is None or not connection.is_usable())

    def _put_back_later(self, row: DBTaskResult, error: BaseException, *, begun: bool = True) -> None:
        """Let the task wait again once the database is well: it did nothing wrong. Each time a little later."""
        self.failures = max(self.failures, len(row.worker_ids))
        self._wait_for_database(error)
        self._record(lambda: put_back(row) if begun else give_back(row))

    def _wait_for_database(self, error: BaseException) -> None:
        # A commit may have reached the database, with the claim of a task in it, and its answer not us.
        self.uncertain = True
        self.failures += 1
        connections.close_all()
        longest = min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** min(self.failures, 10))
        seconds = random.uniform(longest / 2, longest)  # noqa: S311 (spreads workers, guards nothing)
        logger.warning(
            "The database is not available: %s (%s). Next try in %.1f s.", in_words(error), type(error).__name__, seconds
        )
        self.pause(seconds)

    def _orphaned(self) -> bool:
        return self.parent_pid is not None and os.getppid() != self.parent_pid

    def _say_goodbye(self) -> None:
        try:
            WorkerBeat.objects.filter(worker_id=self.worker_id).delete()
        except DATABASE_ERRORS as error:
            logger.warning("The sign of life could not be taken back: %s", type(error).__name__)
