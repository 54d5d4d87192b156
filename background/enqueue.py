"""Queue a task once what it is about is written for good."""

from typing import Any

from django.db import transaction
from django.tasks import Task
from django.utils.json import normalize_json


def enqueue(task: Task, *args: Any, **kwargs: Any) -> None:
    """Queue `task` after the commit of the transaction around the call; at once where there is none.

    A transaction that is rolled back queues nothing, and no worker can start before the rows are there. The arguments are
    ids, never personal data: they are stored and shown to the operator. Raises `TypeError` at once, inside the caller's
    transaction, for arguments that are not JSON.
    """
    normalize_json({"args": args, "kwargs": kwargs})
    transaction.on_commit(lambda: task.enqueue(*args, **kwargs))
