"""Whether a run is the one that a test expects, and what to say where none is."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.tasks import Task
from django.utils import timezone

from .arguments import bind, parameters
from .run import Run
from .store import store

#: What may be said about a run besides its arguments, unless the task itself has a parameter of this name.
OPTIONS = ("run_after", "queue_name", "priority")

#: How near `run_after` must come where it is expected “in five minutes”: a clock that runs has moved on since.
NEAR = datetime.timedelta(seconds=1)


@dataclass
class Expected:
    """A task, and what it is queued with. Without any argument: whatever it is queued with.

    An argument may be anything that knows what it equals, such as `unittest.mock.ANY`.
    """

    task: Task
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, task: Any, args: tuple[Any, ...], given: dict[str, Any]) -> "Expected":
        """Raises `TypeError` for what is no task, and for arguments that the task does not have."""
        check_task(task)
        options = {name: given[name] for name in OPTIONS if name in given and name not in parameters(task)}
        kwargs = {name: value for name, value in given.items() if name not in options}
        expected = cls(task, args, kwargs, options)
        if args or kwargs:
            bind(task, *args, **kwargs)
        return expected

    def matches(self, run: Run) -> bool:
        return (
            run.path == self.task.module_path
            and all(self._has(run, name, value) for name, value in self.options.items())
            and (not (self.args or self.kwargs) or self._arguments == bind(run.task, *run.args, **run.kwargs))
        )

    @property
    def _arguments(self) -> dict[str, Any]:
        return {name: _as_json(value) for name, value in bind(self.task, *self.args, **self.kwargs).items()}

    @staticmethod
    def _has(run: Run, name: str, value: Any) -> bool:
        found = getattr(run, name)
        if isinstance(value, datetime.timedelta):
            return found is not None and abs(timezone.now() + value - found) <= NEAR
        return bool(value == found)

    def __str__(self) -> str:
        given = [repr(one) for one in self.args] + [f"{name}={value!r}" for name, value in self.kwargs.items()]
        special = [f"{name}={value}" for name, value in self.options.items()]
        return f"{self.task.module_path}({', '.join(given) or '…'})" + (f" with {', '.join(special)}" if special else "")


def check_task(task: Any) -> None:
    if not isinstance(task, Task):
        raise TypeError(f"{task!r} is no task.")


def what_was_queued() -> str:
    """For the messages of assertions: what waits, what has run, and what may be missing because of a commit."""
    waiting, ended = store.waiting(), store.ended()
    lines = [_list("Queued:", waiting) if waiting else "Nothing is queued."]
    if ended:
        lines.append(_list("Run already:", ended))
    functions = len(connections[DEFAULT_DB_ALIAS].run_on_commit)
    if functions:
        lines.append(
            f"Functions that wait for the commit (transaction.on_commit): {functions}. A test in a transaction calls them by "
            "captureOnCommitCallbacks(execute=True), or pytest-django's django_capture_on_commit_callbacks(execute=True)."
        )
    return "\n".join(lines)


def _list(title: str, runs: list[Run]) -> str:
    return "\n".join([title, *(f"  {run}" for run in runs)])


def _as_json(value: Any) -> Any:
    """Tuples are lists in JSON, and keys are texts. All else is left as it is, since it may be a matcher."""
    if type(value) is tuple or type(value) is list:
        return [_as_json(one) for one in value]
    if type(value) is dict:
        return {str(name) if type(name) is int else name: _as_json(one) for name, one in value.items()}
    return value
