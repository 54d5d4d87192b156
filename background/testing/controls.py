"""What a test holds in its hands: the fixture `tasks`."""

import contextlib
import datetime
from collections.abc import Iterator
from typing import Any, Literal
from unittest import mock

from asgiref.sync import sync_to_async
from django.conf import settings
from django.tasks import Task
from django.test import override_settings
from django.utils.module_loading import import_string

from .backend import TestBackend
from .clock import Clock
from .database import can_record
from .faults import Failure, Faults, Loss
from .matching import Expected, check_task, what_was_queued
from .run import Run
from .runner import run_one
from .store import store

#: Tasks that one call runs at most.
LIMIT = 1000


class EndlessTasks(AssertionError):
    """Tasks queue tasks, and there is no end to it."""


class Tasks:
    """What is queued, and what becomes of it. Tests get it as the fixture `tasks`, or as `self.tasks` by `TasksMixin`."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._faults = Faults()
        self._settings: contextlib.ExitStack = contextlib.ExitStack()

    # What was queued

    def enqueued(self, task: Task | None = None) -> list[Run]:
        """What waits now, of this task or of all, in the order in which it was queued. What was rolled back never was."""
        return store.waiting(_path(task))

    @property
    def runs(self) -> list[Run]:
        """What has run in this test, in this order: an attempt each."""
        return store.ended()

    def assert_enqueued(self, task: Task, *args: Any, times: int | None = None, **kwargs: Any) -> Run:
        """One waits with these arguments, or with any where none are given. Returns it, the first of several.

        Arguments may be matchers (`unittest.mock.ANY`). Besides: `run_after` (a datetime, None, a matcher, or a timedelta: so
        long from now), `queue_name`, `priority`; and `times`, how many of them wait.
        """
        __tracebackhide__ = True
        expected = Expected.of(task, args, kwargs)
        found = [run for run in store.waiting() if expected.matches(run)]
        if not found:
            raise AssertionError(f"{expected} is not queued.\n{what_was_queued()}")
        if times is not None and len(found) != times:
            raise AssertionError(f"{expected} is queued {len(found)} times, not {times}.\n{what_was_queued()}")
        return found[0]

    def assert_not_enqueued(self, task: Task, *args: Any, **kwargs: Any) -> None:
        """None waits with these arguments; none at all where no arguments are given."""
        __tracebackhide__ = True
        expected = Expected.of(task, args, kwargs)
        if any(expected.matches(run) for run in store.waiting()):
            raise AssertionError(f"{expected} is queued.\n{what_was_queued()}")

    def assert_nothing_enqueued(self) -> None:
        """Nothing waits, of whatever task: nothing was queued, or all of it has run."""
        __tracebackhide__ = True
        if store.waiting():
            raise AssertionError(f"Something is queued.\n{what_was_queued()}")

    # Running

    def run(
        self,
        task: Task | None = None,
        *,
        until: datetime.datetime | datetime.timedelta | None = None,
        fail_silently: bool = False,
        limit: int = LIMIT,
    ) -> list[Run]:
        """Do what a worker would do now: run all that is due (of this task only), what that queues, and what that queues.

        They run in a worker's order: the highest priority first, then what could have run for longest. `until` goes on
        through time to this moment, or for so long, from one moment at which something is due to the next.

        An error that a task raises is recorded, and then raised from here, also where the task is to be tried again; with
        `fail_silently` it is found in the runs alone. `Retry` is no error, and what a test asked for by `fail` or
        `lose_worker` is no surprise: neither is raised. Returns what has run. Raises `EndlessTasks` after `limit` runs.
        """
        path, end = _path(task), self._end(until)
        ended: list[Run] = []
        while True:
            run = store.next_due(path)
            if run is not None:
                ended.append(self._run(run, ended, limit, fail_silently))
            elif not self._go_on(store.next_moment(path), end):
                return ended

    async def arun(self, *args: Any, **options: Any) -> list[Run]:
        """As `run`, for tests that are coroutines."""
        return await sync_to_async(self.run)(*args, **options)

    def run_schedules(
        self,
        *only: Task,
        until: datetime.datetime | datetime.timedelta | None = None,
        fail_silently: bool = False,
        limit: int = LIMIT,
    ) -> list[Run]:
        """As `run`, and tasks with a schedule (`every=…`) are queued as a worker queues them: all, or only these.

        One that never ran is due at once. Needs the database, where schedules are remembered.
        """
        from background import schedules

        if not can_record():
            raise AssertionError("Schedules are remembered in the database: mark the test with django_db, or use a TestCase.")
        names = [_path(task) for task in only]
        for name in names:
            if name not in schedules.scheduled:
                raise AssertionError(f"{name} has no schedule: declare it with @task(every=…).")
        chosen = {name: one for name, one in schedules.scheduled.items() if not names or name in names}
        end = self._end(until)
        ended: list[Run] = []
        with mock.patch.object(schedules, "scheduled", chosen):
            schedules.create_missing_rows()
            while True:
                schedules.run_due()
                run = store.next_due()
                if run is not None:
                    ended.append(self._run(run, ended, limit, fail_silently))
                elif not self._go_on(_first(store.next_moment(), _next_tick(chosen)), end):
                    return ended

    # Time

    def travel_to(self, moment: datetime.datetime) -> None:
        """It is this moment from now on, until the test moves on or ends. Raises `ValueError` for a naive datetime."""
        self._clock.move_to(moment)

    def advance(self, by: datetime.timedelta = datetime.timedelta(), **span: float) -> datetime.datetime:
        """It is later by this much, which may be written as `advance(hours=2)`. Returns what time it is. Runs nothing."""
        self._clock.move_to(self._clock.now() + by + datetime.timedelta(**span))
        return self._clock.now()

    @property
    def next_moment(self) -> datetime.datetime | None:
        """When the next of those that wait for a later time may run; None where none waits for one."""
        return store.next_moment()

    # Faults

    def fail(self, task: Task, error: BaseException | type[BaseException], times: int = 1) -> None:
        """The next run of this task (the next `times`) raises `error`, and the function is not called."""
        check_task(task)
        self._faults.add(task.module_path, Failure(error, times))

    def lose_worker(self, task: Task, times: int = 1, *, at: Literal["start", "end"] = "end") -> None:
        """The worker of the next run of this task (the next `times`) is killed: after the function's last line, when nobody
        knows yet that it is done, or at its `start`.

        What an atomic task wrote is gone then; what others wrote is there, and they run again, as `run` goes on.
        """
        check_task(task)
        if at not in ("start", "end"):
            raise ValueError(f"at={at!r} must be “start” or “end”.")
        self._faults.add(task.module_path, Loss(at, times))

    def refuse_enqueue(
        self, error: BaseException | type[BaseException] = ConnectionError, *, task: Task | None = None
    ) -> contextlib.AbstractContextManager[None]:
        """From now on queueing (of this task) raises `error`, as if the broker or the database were away.

        Until the end of the test; or of the block, where it stands in a `with`.
        """
        path = _path(task)

        def gate(queued: Task) -> None:
            if path in (None, queued.module_path):
                raise error

        store.gate = gate
        return self._until_the_end_of_the_block()

    # Begin and end of a test

    def start(self) -> None:
        """Let every backend of the settings be a test backend."""
        found = settings.TASKS
        if not all(issubclass(import_string(str(one["BACKEND"])), TestBackend) for one in found.values()):
            mine = f"{TestBackend.__module__}.{TestBackend.__qualname__}"
            replaced = {alias: {**one, "BACKEND": mine, "OPTIONS": {}} for alias, one in found.items()}
            self._settings.enter_context(override_settings(TASKS=replaced))

    def stop(self) -> None:
        """Forget what was queued, and let the clock and the settings be what they were."""
        self._clock.stop()
        self._settings.close()
        store.clear()

    def _run(self, run: Run, ended: list[Run], limit: int, fail_silently: bool) -> Run:
        if len(ended) >= limit:
            last = "\n".join(f"  {one}" for one in ended[-5:])
            raise EndlessTasks(f"{limit} tasks have run, and {run} is still queued. The last were:\n{last}")
        run_one(run, self._faults)
        # One that succeeded may have an error as well: of a function that waited for its commit.
        if run.error is not None and run.state not in ("postponed", "lost") and not run.was_asked_for and not fail_silently:
            run.error.add_note(f"Raised by the task {run}.")
            raise run.error
        return run

    def _end(self, until: datetime.datetime | datetime.timedelta | None) -> datetime.datetime | None:
        return self._clock.now() + until if isinstance(until, datetime.timedelta) else until

    def _go_on(self, moment: datetime.datetime | None, end: datetime.datetime | None) -> bool:
        """Move to the next moment at which something is due, and say whether there is one before the end."""
        if end is None:
            return False
        if moment is not None and moment <= end:
            self._clock.move_to(max(moment, self._clock.now()))
            return True
        self._clock.move_to(max(end, self._clock.now()))
        return False

    @contextlib.contextmanager
    def _until_the_end_of_the_block(self) -> Iterator[None]:
        try:
            yield
        finally:
            store.gate = None


def _path(task: Task | None) -> str | None:
    if task is None:
        return None
    check_task(task)
    return task.module_path


def _first(*moments: datetime.datetime | None) -> datetime.datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _next_tick(names: Any) -> datetime.datetime | None:
    from background.models import Schedule

    rows = Schedule.objects.filter(enabled=True, name__in=names).order_by("next_run_at")
    return rows.values_list("next_run_at", flat=True).first()
