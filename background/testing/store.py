"""What was queued, and what came of it. One for the process: Django makes a backend for each thread."""

import datetime
import itertools
import threading
import uuid
from collections.abc import Callable
from typing import Any

from django.tasks import Task
from django.utils import timezone

from .arguments import as_received
from .rollbacks import Place, here
from .run import Run


class Store:
    def __init__(self) -> None:
        self.alias = "default"
        self._lock = threading.RLock()
        self._runs: list[Run] = []
        self._numbers = itertools.count()
        #: Raises what a test wants to see raised when something is queued.
        self.gate: Callable[[Task], None] | None = None

    def clear(self) -> None:
        with self._lock:
            self._runs.clear()
            self.gate = None

    def add(self, task: Task, args: Any, kwargs: Any) -> Run:
        """Queue it in the transaction that this thread is in. Raises `TypeError` for arguments that the task would not get."""
        if self.gate is not None:
            self.gate(task)
        received, named = as_received(task, args, kwargs)
        return self._put(task, received, named, str(uuid.uuid4()), here(self.alias))

    def add_retry(self, run: Run, task: Task, *, attempt: int) -> Run:
        """The attempt after `run`, queued behind what is queued already."""
        following = self._put(task, run.args, run.kwargs, str(uuid.uuid4()), here(self.alias))
        following.attempt, following.losses = attempt, run.losses
        return following

    def put_back(self, run: Run) -> Run:
        """The same attempt once more, in its old place."""
        following = self._put(run.task, run.args, run.kwargs, run.id, here(self.alias))
        following.enqueued_at, following.number = run.enqueued_at, run.number
        following.attempt, following.losses = run.attempt, run.losses + 1
        return following

    def find(self, result_id: str) -> Run | None:
        """The last attempt with this id."""
        return next((run for run in reversed(self.all()) if run.id == result_id), None)

    def all(self) -> list[Run]:
        """Those that this thread can see, as they were queued: not those that were rolled back."""
        with self._lock:
            return [run for run in self._runs if run.place.is_visible(self.alias)]

    def waiting(self, path: str | None = None) -> list[Run]:
        return [run for run in self.all() if run.state == "waiting" and path in (None, run.path)]

    def ended(self, path: str | None = None) -> list[Run]:
        """In the order in which they were run."""
        ended = [run for run in self.all() if run.finished_at is not None and path in (None, run.path)]
        return sorted(ended, key=lambda run: run.ended_as)

    def next_due(self, path: str | None = None) -> Run | None:
        now = timezone.now()
        return min((run for run in self.waiting(path) if run.is_due(now)), key=lambda run: run.turn, default=None)

    def next_moment(self, path: str | None = None) -> datetime.datetime | None:
        """When the next of those that wait for a later time may run."""
        return min((run.run_after for run in self.waiting(path) if run.run_after is not None), default=None)

    def note_end(self, run: Run) -> None:
        run.finished_at = timezone.now()
        run.ended_as = next(self._numbers)

    def _put(self, task: Task, args: list[Any], kwargs: dict[str, Any], result_id: str, place: Place) -> Run:
        with self._lock:
            run = Run(task, args, kwargs, result_id, timezone.now(), place, next(self._numbers))
            self._runs.append(run)
            return run


store = Store()
