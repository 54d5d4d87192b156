"""Errors of queueing that name the task and say what to do; Django's own say neither."""

import dataclasses
import datetime
import functools
import json
from typing import Any

from django.conf import settings
from django.tasks import Task
from django.tasks.exceptions import InvalidTask, InvalidTaskBackend
from django.utils import timezone
from django.utils.json import normalize_json


def check_arguments(task: Task, args: Any, kwargs: Any) -> None:
    """Raises `TypeError` for the first argument that JSON does not know. Names the task, the argument and its type."""
    named = [(str(number), value) for number, value in enumerate(args, 1)] + [
        (f"“{key}”", value) for key, value in kwargs.items()
    ]
    for name, value in named:
        try:
            _check_storable(normalize_json(value))
        # Bytes that are no text raise a ValueError of their own, and so does half a character.
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"The task {task.module_path} cannot be queued: its argument {name} is of type {type(value).__name__}, and arguments "
                "are stored as JSON. Give it the id, and let the task load the object."
            ) from error


def _check_storable(value: Any) -> None:
    """Raises `ValueError` for what Python calls JSON and a database does not take: NaN, infinity, a zero byte, half a character."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text.encode()
    if "\\u0000" in text and _holds_zero_byte(value):
        raise ValueError("A text with a zero byte.")


def _holds_zero_byte(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_zero_byte(one) for pair in value.items() for one in pair)
    if isinstance(value, list):
        return any(_holds_zero_byte(one) for one in value)
    return isinstance(value, str) and "\x00" in value


def check_run_after(task: Task, run_after: Any) -> None:
    """Raises `InvalidTask`, which names the task, for a time that is none, or that says nothing of its zone."""
    if run_after is None:
        return
    if not isinstance(run_after, datetime.datetime):
        raise InvalidTask(f"The task {task.module_path} cannot run after {run_after!r}: run_after must be an aware datetime.")
    if settings.USE_TZ and timezone.is_naive(run_after):
        raise InvalidTask(
            f"The task {task.module_path} cannot run after {run_after}: this datetime is naive. Make it aware, for example with "
            "django.utils.timezone.now() + timedelta(…)."
        )


class _NamedErrors:
    __slots__ = ()

    def using(self: Any, *, run_after: Any = None, **options: Any) -> Any:
        check_run_after(self, run_after)
        try:
            return super().using(run_after=run_after, **options)  # type: ignore[misc]
        except (InvalidTask, InvalidTaskBackend) as error:
            raise type(error)(f"The task {self.module_path} cannot be queued like this: {error}") from error

    def enqueue(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_arguments(self, args, kwargs)
        return super().enqueue(*args, **kwargs)  # type: ignore[misc]

    async def aenqueue(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_arguments(self, args, kwargs)
        return await super().aenqueue(*args, **kwargs)  # type: ignore[misc]


@functools.cache
def _class_with_named_errors(base: type[Task]) -> type[Task]:
    return type(base.__name__, (_NamedErrors, base), {"__slots__": (), "__module__": __name__})


def named_errors(task: Task) -> Task:
    """The same task; its `using` and `enqueue` say which task it is that they refuse."""
    # The stubs give classes of dataclasses no hash; a class has one.
    kind = _class_with_named_errors(type(task))  # type: ignore[arg-type]
    return kind(**{one.name: getattr(task, one.name) for one in dataclasses.fields(task)})
