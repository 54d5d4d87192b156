"""What is sent through a broker: which task, with what, and the id of its run. Plain JSON, sealed with the site's key."""

import datetime
import uuid
from typing import Any, TypedDict

from django.core import signing
from django.core.exceptions import SuspiciousOperation
from django.tasks import Task, TaskResult, TaskResultStatus
from django.utils import timezone
from django.utils.module_loading import import_string


class Message(TypedDict):
    """`id` is the `result_id` of the `TaskRun`: a message that arrives twice belongs to one run, which starts once."""

    id: str
    path: str
    args: list[Any]
    kwargs: dict[str, Any]
    backend: str
    queue: str
    priority: int
    enqueued_at: str


class TaskIsGone(SuspiciousOperation):
    """The message names something that is no task of this version of the site."""


def new_id() -> str:
    return str(uuid.uuid4())


def seal(message: Message) -> str:
    """A text that `unseal` opens, and nobody can make who does not know the site's key: a message names the task that runs, and its arguments."""
    return _signer().sign_object(message)


def unseal(text: str) -> Message:
    """Raises `signing.BadSignature` for what this site has not sealed, whatever it is."""
    if not isinstance(text, str):
        raise signing.BadSignature("A message must be a text.")
    return _signer().unsign_object(text)


def _signer() -> signing.Signer:
    return signing.Signer(salt="background.engines.message")


def message_of(result: TaskResult) -> Message:
    task = result.task
    return {
        "id": result.id,
        "path": task.module_path,
        "args": result.args,
        "kwargs": result.kwargs,
        "backend": result.backend,
        "queue": task.queue_name,
        "priority": task.priority,
        "enqueued_at": result.enqueued_at.isoformat() if result.enqueued_at else "",
    }


def waiting_result(task: Task, args: tuple, kwargs: dict, *, result_id: str, enqueued_at: datetime.datetime) -> TaskResult:
    """What `enqueue` gives back. Raises `TypeError` for arguments that are not JSON."""
    return _result(task, result_id, list(args), kwargs, TaskResultStatus.READY, enqueued_at=enqueued_at)


def running_result(message: Message, *, worker_id: str, attempt: int) -> TaskResult:
    """What the task's context holds: `attempt` of it is told by the number of workers. Raises `TaskIsGone`."""
    try:
        task = import_string(message["path"])
    except ImportError:
        task = None
    if not isinstance(task, Task):
        raise TaskIsGone(f"{message['path']} is no task of this version of the site.")
    task = task.using(priority=message["priority"], queue_name=message["queue"], backend=message["backend"])
    now = timezone.now()
    enqueued_at = datetime.datetime.fromisoformat(message["enqueued_at"]) if message["enqueued_at"] else None
    return _result(
        task,
        message["id"],
        message["args"],
        message["kwargs"],
        TaskResultStatus.RUNNING,
        enqueued_at=enqueued_at,
        started_at=now,
        last_attempted_at=now,
        worker_ids=[worker_id] * attempt,
    )


def change(result: TaskResult, **changes: Any) -> None:
    """Results are frozen, and the object that the task's context holds should tell the end as well."""
    for name, value in changes.items():
        object.__setattr__(result, name, value)


def _result(task: Task, result_id: str, args: list, kwargs: dict, status: TaskResultStatus, **known: Any) -> TaskResult:
    unknown = dict.fromkeys(("enqueued_at", "started_at", "finished_at", "last_attempted_at"))
    return TaskResult(
        task=task,
        id=result_id,
        status=status,
        args=args,
        kwargs=kwargs,
        backend=task.backend,
        errors=[],
        **{"worker_ids": [], **unknown, **known},
    )
