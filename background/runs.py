"""The records of tasks: one `TaskRun` an attempt. Every change is a compare-and-set, so that telling it twice changes nothing."""

import dataclasses
import datetime
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.tasks import Task, TaskResult, TaskResultStatus
from django.utils import timezone
from django.utils.json import normalize_json
from django_tasks_db import DatabaseBackend
from django_tasks_db.models import DBTaskResult

from .current import Work
from .models import TaskRun
from .policy import policy_of


@dataclass(frozen=True)
class Details:
    """What is known of a run before its engine has given it an id."""

    unique_key: str = ""
    about: str = ""
    attempt: int = 1
    max_attempts: int = 1
    losses: int = 0
    first_id: int | None = None
    progress: tuple[int, int | None, str] = (0, None, "")


def label_of(task_path: str, args: Any) -> str:
    """What the run is about, in a word and an id: “message 12”. Empty where the policy does not say."""
    model = policy_of(task_path).about.rpartition(".")[2]
    if model and args and isinstance(args[0], list) and args[0]:
        # Several of them: the first, and how many more.
        one = label_of(task_path, args[0])
        return f"{one} +{len(args[0]) - 1}" if one and len(args[0]) > 1 else one
    if not model or not args or isinstance(args[0], bool) or not isinstance(args[0], int | str):
        return ""
    # A text may be anything; a UUID is an id.
    if isinstance(args[0], str) and not _is_uuid(args[0]):
        return ""
    return f"{model} {args[0]}"[:120]


def create(task: Task, args: Any, kwargs: Any, details: Details, *, result_id: str = "", sent: bool) -> TaskRun:
    """Write a run that waits. Raises `IntegrityError` where its unique key is taken."""
    run = build(task, args, kwargs, details, result_id=result_id, sent=sent)
    run.save(force_insert=True)
    return run


def build(task: Task, args: Any, kwargs: Any, details: Details, *, result_id: str = "", sent: bool) -> TaskRun:
    """A run that waits, and is not written yet."""
    now = timezone.now()
    return TaskRun(
        result_id=result_id,
        backend=task.backend,
        task_path=task.module_path,
        queue_name=task.queue_name,
        priority=task.priority,
        arguments=normalize_json({"args": list(args), "kwargs": dict(kwargs)}),
        about=details.about,
        attempt=details.attempt,
        max_attempts=details.max_attempts,
        losses=details.losses,
        first_id=details.first_id,
        unique_key=details.unique_key,
        queued_at=now,
        run_after=task.run_after,
        sent_at=now if sent else None,
    )


def details_for(task: Task, args: Any) -> Details:
    """Of a task that was queued by Django's own `enqueue`."""
    return Details(about=label_of(task.module_path, args), max_attempts=policy_of(task).max_attempts)


def record_enqueued(result: TaskResult) -> None:
    """Of a task that was queued by Django's own `enqueue`. It may have begun, or ended, before this is told. In a transaction."""
    if isinstance(result.task.get_backend(), DatabaseBackend):
        # With the lock on its row no worker begins it until the record is there. One that did has written it.
        waiting = DBTaskResult.objects.select_for_update().filter(pk=result.id, status=TaskResultStatus.READY)
        if not waiting.values_list("pk").first():
            return
    if TaskRun.objects.filter(result_id=result.id).exists():
        return
    create(result.task, result.args, result.kwargs, details_for(result.task, result.args), result_id=result.id, sent=True)


def attach(run: TaskRun, result_id: str) -> None:
    """Note the id that the engine gave to a run that was handed to it.

    A quick worker may have begun, or ended, before we know: its record, made for want of ours, is taken over then.
    """
    try:
        _attach(run, result_id)
    except IntegrityError:
        # It made its record between our look and our word.
        _attach(run, result_id)


def _attach(run: TaskRun, result_id: str) -> None:
    with transaction.atomic():
        stray = TaskRun.objects.select_for_update().filter(result_id=result_id).exclude(pk=run.pk).order_by("pk").first()
        if stray is not None:
            fields = ["state", "started_at", "finished_at", "worker_id", "error", "message", "traceback", "done", "total", "note"]
            for name in fields:
                setattr(run, name, getattr(stray, name))
            TaskRun.objects.filter(first=stray).update(first=run.first_id or run.pk)
            stray.delete()
            run.result_id = result_id
            run.save(update_fields=["result_id", *fields])
            return
        run.result_id = result_id
        TaskRun.objects.filter(pk=run.pk).update(result_id=result_id)


def mark_started(result_id: str, worker_id: str, now: datetime.datetime) -> bool:
    """A waiting run runs. False where none waits under this id."""
    return bool(
        TaskRun.objects.waiting()
        .filter(result_id=result_id)
        .update(state=TaskRun.State.RUNNING, started_at=now, worker_id=worker_id[:64])
    )


def record_started(result: TaskResult, worker_id: str) -> Work:
    """Of an engine that tells by Django's signals. Returns what this thread works on.

    A message that a broker delivers again finds the run running, of a worker that was lost, or done already.
    """
    work = Work(result_id=result.id, task_path=result.task.module_path, worker_id=worker_id)
    now = timezone.now()
    if mark_started(result.id, worker_id, now):
        return work
    run = TaskRun.objects.filter(result_id=result.id).order_by("-pk").first()
    if run is None:
        # It was queued by somebody whose word has not come yet.
        run = create(result.task, result.args, result.kwargs, _details_of_unanswered(result), result_id=result.id, sent=True)
        mark_started(result.id, worker_id, now)
    elif run.state == TaskRun.State.RUNNING:
        replace_lost(run, waiting=False, worker_id=worker_id)
    elif run.state == TaskRun.State.SUCCEEDED or run.state == TaskRun.State.DISCARDED:
        work.already_done = True
    return work


def _details_of_unanswered(result: TaskResult) -> Details:
    """Of a run that an engine began before it gave its id to whoever handed it over: that one tells, else it would be a first attempt for ever."""
    details = details_for(result.task, result.args)
    arguments = normalize_json({"args": list(result.args), "kwargs": dict(result.kwargs)})
    unanswered = TaskRun.objects.waiting().filter(task_path=result.task.module_path, result_id="", sent_at__isnull=False)
    run = unanswered.filter(arguments=arguments).order_by("pk").first()
    if run is None:
        return details
    return dataclasses.replace(
        details,
        about=run.about,
        attempt=run.attempt,
        max_attempts=run.max_attempts,
        losses=run.losses,
        first_id=run.first_id or run.pk,
    )


def replace_lost(run: TaskRun, *, waiting: bool, worker_id: str = "") -> TaskRun | None:
    """Close a running run whose worker is gone, and write the next under the same id. None where somebody was quicker."""
    now = timezone.now()
    with transaction.atomic():
        closed = TaskRun.objects.running().filter(pk=run.pk, worker_id=run.worker_id)
        if not closed.update(state=TaskRun.State.LOST, finished_at=now):
            return None
        return TaskRun.objects.create(
            result_id=run.result_id,
            backend=run.backend,
            task_path=run.task_path,
            queue_name=run.queue_name,
            priority=run.priority,
            arguments=run.arguments,
            about=run.about,
            state=TaskRun.State.WAITING if waiting else TaskRun.State.RUNNING,
            attempt=run.attempt,
            max_attempts=run.max_attempts,
            losses=run.losses + 1,
            first_id=run.first_id or run.pk,
            unique_key=run.unique_key,
            queued_at=now,
            sent_at=now,
            started_at=None if waiting else now,
            worker_id="" if waiting else worker_id[:64],
        )


def mark_done(result_id: str) -> bool:
    """The run under this id has succeeded. False where it is not open (any more), or not known."""
    return bool(
        TaskRun.objects.open().filter(result_id=result_id).update(state=TaskRun.State.SUCCEEDED, finished_at=timezone.now())
    )


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
