"""One worker process: takes tasks from the database and runs them, come what may to the database."""

import logging
import os
import random
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    close_old_connections,
    connections,
    reset_queries,
)
from django.tasks import TaskContext
from django.tasks.signals import task_started
from django.utils.crypto import get_random_string
from django.utils.json import normalize_json
from django.utils.module_loading import autodiscover_modules
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult
from django_tasks_db.utils import exclusive_transaction

from .beat import Heart, beat
from .lost import announce_finished, put_back
from .models import WorkerBeat
from .schedules import create_missing_rows, run_due

logger = logging.getLogger(__name__)

#: What a driver raises when the server is away or restarts.
UNAVAILABLE = (OperationalError, InterfaceError)

#: What it raises besides where the migrations have not run yet.
NOT_READY = (*UNAVAILABLE, ProgrammingError)

#: Seconds to wait before the database is asked again: doubling, and never all workers at once.
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 15.0

#: Seconds between two looks at the schedules.
SCHEDULES_EVERY = 1.0


class OutcomeNotStored(Exception):
    """What came of a task is nothing that the database takes, for example a text with a zero byte."""


class Worker(db_worker.Worker):
    """django-tasks-db's worker on all queues, made to last.

    It writes a beat, starts what is scheduled, waits for a database that is away, records the outcome of a task once the
    database is back, and on a signal finishes the task that runs.
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
            self._say_goodbye()
            connections.close_all()
        logger.info("Worker %s has stopped.", self.worker_id)

    def _step(self, heart: Heart) -> None:
        try:
            close_old_connections()
            reset_queries()
            if not self.prepared:
                self._prepare(heart)
            self._start_what_is_due()
            row = self.claim()
            self.failures = 0
        except NOT_READY as error:
            self._wait_for_database(error)
            return
        if row is None:
            self.pause(self.interval)
        else:
            self.run_task(row)

    def _prepare(self, heart: Heart) -> None:
        # The beat stands before the first claim: a task whose worker has no beat counts as lost.
        beat(self.worker_id)
        autodiscover_modules("tasks")
        create_missing_rows()
        heart.start()
        self.prepared = True
        logger.info("Worker %s takes tasks.", self.worker_id)

    def _start_what_is_due(self) -> None:
        now = time.monotonic()
        if now - self.schedules_at >= SCHEDULES_EVERY:
            self.schedules_at = now
            run_due()

    def claim(self) -> DBTaskResult | None:
        """Take the next due task, or None. An idle look at SQLite reads only: the write lock is for those who write."""
        tasks = DBTaskResult.objects.ready().filter(backend_name=self.backend_name)
        if connections[DEFAULT_DB_ALIAS].vendor == "sqlite" and not tasks.exists():
            return None
        with exclusive_transaction():
            row = tasks.get_locked()
            if row is not None:
                row.claim(self.worker_id)
        return row

    def run_task(self, db_task_result: DBTaskResult) -> None:
        """Run a task and record what came of it; with the database away, as soon as it is back."""
        row, began = db_task_result, time.monotonic()
        logger.info("Task %s (%s) begins.", row.task_path, row.pk)
        value, error = self._call(row)
        if isinstance(error, UNAVAILABLE) and self._connection_is_lost():
            self._record(lambda: put_back(row))
            return
        if error is None:
            error = self._record(lambda: row.set_successful(value))
        if error is None:
            logger.info("Task %s (%s) is done after %.1f s.", row.task_path, row.pk, time.monotonic() - began)
        else:
            if self._record(lambda: row.set_failed(error)):
                self._record(
                    lambda: row.set_failed(OutcomeNotStored(f"{type(error).__name__}, with a text that cannot be stored."))
                )
            # The class alone: an error's text may hold what the task worked on. The traceback is in the admin.
            logger.error("Task %s (%s) failed: %s.", row.task_path, row.pk, type(error).__name__)
        self._record(lambda: announce_finished(row))

    def _call(self, row: DBTaskResult) -> tuple[Any, BaseException | None]:
        """The task's value, or what it raised. An exit asked for by a task fails the task, not the worker."""
        try:
            task, result = row.task, row.task_result
            task_started.send_robust(sender=type(task.get_backend()), task_result=result)
            context: list[TaskContext] = [TaskContext(task_result=result)] if task.takes_context else []
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
            except UNAVAILABLE as error:
                if not self.running:
                    logger.warning("The outcome of a task could not be written before the end.")
                    return None
                self._wait_for_database(error)
            except Exception as error:
                return error
            else:
                self.failures = 0
                return None

    def _connection_is_lost(self) -> bool:
        connection = connections[DEFAULT_DB_ALIAS]
        return connection.connection is None or not connection.is_usable()

    def _wait_for_database(self, error: Exception) -> None:
        self.failures += 1
        connections.close_all()
        longest = min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** min(self.failures, 10))
        seconds = random.uniform(longest / 2, longest)  # noqa: S311 (spreads workers, guards nothing)
        logger.warning("The database is not available (%s). Next try in %.1f s.", type(error).__name__, seconds)
        self.pause(seconds)

    def _orphaned(self) -> bool:
        return self.parent_pid is not None and os.getppid() != self.parent_pid

    def _say_goodbye(self) -> None:
        try:
            WorkerBeat.objects.filter(worker_id=self.worker_id).delete()
        except NOT_READY as error:
            logger.warning("The sign of life could not be taken back: %s", type(error).__name__)
