"""What a task receives: what JSON gives back of what it was queued with."""

import inspect
import json
from typing import Any

from django.tasks import Task
from django.utils.json import normalize_json

from background.naming import check_arguments


def through_json(value: Any) -> Any:
    """`value` as it comes out of a database or a broker. Raises `TypeError` or `ValueError` for what JSON does not know."""
    return json.loads(json.dumps(normalize_json(value), allow_nan=False))


def as_received(task: Task, args: Any, kwargs: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments as the task will get them. Raises `TypeError`, which names the task, for those it cannot get or cannot take."""
    check_arguments(task, args, kwargs)
    received, named = through_json([args, kwargs])
    try:
        bind(task, *received, **named)
    except TypeError as error:
        raise TypeError(f"The task {task.module_path} cannot run with what it was queued with: {error}.") from error
    return received, named


def bind(task: Task, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """The arguments by the names of the function's parameters. Raises `TypeError` where they do not fit."""
    context = [None] if task.takes_context else []
    bound = inspect.signature(task.func).bind(*context, *args, **kwargs).arguments
    return {name: value for name, value in bound.items() if not (context and name == "context")}


def parameters(task: Task) -> set[str]:
    """The names of the function's parameters."""
    return set(inspect.signature(task.func).parameters)
