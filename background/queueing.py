"""Queueing: the record first, then the engine; in one transaction where the engine lives in the same database."""

import contextlib
import datetime
import functools
import hashlib
import json
import logging
import time
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.tasks import DEFAULT_TASK_QUEUE_NAME, Task, task_backends
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.exceptions import InvalidTask, TaskException
from django.utils import timezone
from django.utils.module_loading import import_string

from .naming import check_arguments
from .policy import PolicyError, policy_of
from .verdict import again

logger = logging.getLogger(__name__)

#: A run that was not handed to its engine by then is handed over by `resend_unsent`: the process that wrote it is gone, or
#: the broker was away. Sooner would do no harm, since each is claimed, and would only do twice what its process does anyway.
UNSENT_AFTER = datetime.timedelta(seconds=5)

#: One whose engine gave no id by then never arrived: the process died while it was handing it over.
UNANSWERED_AFTER = datetime.timedelta(minutes=5)

#: How many of them are handed over at a time.
RESEND_AT_ONCE = 100

#: What is raised for a task, a queue or a backend that this version of the site does not have.
NO_SUCH_TASK = (ImportError, SuspiciousOperation, ImproperlyConfigured, TaskException)

#: Seconds between two lines of the log about a broker that is away.
REFUSALS_SAID_EVERY = 30.0

#: Set while this module hands a task to its engine: it writes the record itself.
_handing_over: ContextVar[bool] = ContextVar("background_handing_over", default=False)

#: The run that is handed over, for backends that take its id for their own.
_in_hand: ContextVar[int | None] = ContextVar("background_in_hand", default=None)


def enqueue(
    task: Task,
    *args: Any,
    on_commit: bool = True,
    unique_key: str | None = None,
    about: models.Model | str | None = None,
    **kwargs: Any,
):
    """Queue `task` with these arguments, which are ids. Returns its `TaskRun`, or None where the key is taken.

    - Where the engine is the database, the task is part of the transaction around the call: rolled back, it never was.
      Other engines get it after the commit (`on_commit=False`: at once), and a record of it is part of the transaction.
    - `unique_key`: while a run with this key waits or runs, nothing is queued. `@task(unique=…)` makes a key by itself.
    - `about`: what the operator reads about it, a model's instance (shown as its kind and id) or a text without personal data.
    - When, where and how urgently: `enqueue(task.using(run_after=…, queue_name=…, priority=…), …)`.

    Raises `TypeError` for arguments that are not JSON and `PolicyError` for what is no task; both name it.
    """
    from .models import TaskRun
    from .runs import Details, build, create, label_of

    if not isinstance(task, Task):
        raise PolicyError(f"{task!r} is no task, and cannot be queued: declare it with `@task` from `background`.")
    check_arguments(task, args, kwargs)
    policy = policy_of(task)
    label = _label(about) if about is not None else label_of(task.module_path, args)
    key = _key(task, unique_key, args, kwargs)
    details = Details(unique_key=key, about=label, max_attempts=policy.max_attempts)
    if not getattr(task.get_backend(), "can_record", True):
        # A test without a database.
        result = task.enqueue(*args, **kwargs)
        return build(task, result.args, result.kwargs, details, result_id=result.id, sent=True)
    for tries_left in (2, 1, 0):
        # Asked first, so that the database does not log an error for each refusal; the constraint decides the race.
        if key and TaskRun.objects.holding(key).exists():
            return None
        try:
            with transaction.atomic():
                if shares_transaction(task.get_backend()):
                    return _hand_over_and_record(task, args, kwargs, details)
                result_id = _own_id(task)
                run = create(task, args, kwargs, details, result_id=result_id, sent=bool(result_id))
            break
        except IntegrityError:
            # The run that had the key may have ended between the two: then the key is free, and this one is wanted.
            if not key or not tries_left:
                raise
    backend: Any = task.get_backend()
    hand_over = functools.partial(backend.send_run, run, task) if result_id else functools.partial(send, run.pk)
    if on_commit:
        # A broker that is away must not end what follows the commit: the run is handed over later.
        transaction.on_commit(hand_over, robust=True)
    else:
        hand_over()
    return run


def shares_transaction(backend: BaseTaskBackend) -> bool:
    """Whether the engine's queue is a table of the site's database. A backend may say so itself, by an attribute of this name."""
    from django_tasks_db import DatabaseBackend

    return bool(getattr(backend, "shares_transaction", isinstance(backend, DatabaseBackend)))


def queue_again(run, *, at: datetime.datetime, attempt: int, losses: int | None = None):
    """Queue the work of `run`, which has ended, once more, not before `at`. Returns the next run.

    Raises one of `NO_SUCH_TASK` where the task, its queue or its backend is no more.
    """
    from .runs import Details, create

    task = task_of(run)
    backend = task.get_backend()
    task = again(task, priority=run.priority, at=at, as_retry=attempt == run.attempt + 1)
    args, kwargs = run.arguments["args"], run.arguments["kwargs"]
    details = Details(
        unique_key=run.unique_key,
        about=run.about,
        attempt=attempt,
        max_attempts=run.max_attempts,
        losses=run.losses if losses is None else losses,
        first_id=run.first_id or run.pk,
    )
    if shares_transaction(backend):
        with transaction.atomic():
            return _hand_over_and_record(task, args, kwargs, details)
    following = create(task, args, kwargs, details, sent=False)
    transaction.on_commit(lambda: send(following.pk), robust=True)
    return following


def task_of(run) -> Task:
    """The task of a run, with its queue. Raises one of `NO_SUCH_TASK` where this version of the site has none."""
    found = import_string(run.task_path)
    if not isinstance(found, Task):
        raise SuspiciousOperation(f"{run.task_path} is no task.")
    return found.using(queue_name=run.queue_name or DEFAULT_TASK_QUEUE_NAME, backend=run.backend)


def send(run_id: int) -> bool:
    """Hand a run that was written down to its engine. False where somebody else does, or the engine is away (it is logged).

    Never raises: what was not handed over waits for `resend_unsent`.
    """
    from .ending import fail_for_good
    from .models import TaskRun
    from .runs import attach

    now = timezone.now()
    claimed = TaskRun.objects.due(now).filter(_unsent(now), pk=run_id).update(sent_at=now) or (
        TaskRun.objects.waiting().filter(_unsent(now), pk=run_id, backend__in=_timekeepers()).update(sent_at=now)
    )
    if not claimed:
        return False
    run = TaskRun.objects.get(pk=run_id)
    try:
        task = task_of(run)
        args, kwargs = run.arguments["args"], run.arguments["kwargs"]
        check_arguments(task, args, kwargs)
    # A task, a queue or a backend that is no more, a module that cannot be imported, arguments that are none: never to be sent,
    # and it would stand before all others for ever.
    except Exception as error:
        fail_for_good(run, error)
        return True
    try:
        if run.priority != task.priority and task.get_backend().supports_priority:
            task = task.using(priority=run.priority)
        if run.run_after is not None and run.run_after > now:
            task = task.using(run_after=run.run_after)
        with recorded_here(run_id):
            result = task.enqueue(*args, **kwargs)
    except InvalidTask as error:
        fail_for_good(run, error)
        return True
    # Whatever the engine's own library raises while its broker is away.
    except Exception as error:
        _say_refused(run, error)
        TaskRun.objects.waiting().filter(pk=run_id).update(sent_at=None)
        return False
    attach(run, result.id)
    return True


_refusals_said_at = -REFUSALS_SAID_EVERY


def _say_refused(run, error: Exception) -> None:
    """Once in a while: as long as the broker is away, it is asked again each second."""
    global _refusals_said_at
    if time.monotonic() - _refusals_said_at < REFUSALS_SAID_EVERY:
        return
    _refusals_said_at = time.monotonic()
    logger.error(
        "Task %s (run %s) could not be handed over: its broker answered with %s, or not at all. It is tried again, and so are others.",
        run.task_path,
        run.pk,
        type(error).__name__,
    )


def resend_unsent(now: datetime.datetime | None = None) -> int:
    """Hand over what was written down and never reached its engine: the process died, or the broker was away. Returns how many."""
    from .models import TaskRun

    now = now or timezone.now()
    waiting = TaskRun.objects.due(now).filter(_unsent(now)).exclude(run_after=None, queued_at__gt=now - UNSENT_AFTER)
    sent = 0
    for pk in list(waiting.order_by("pk").values_list("pk", flat=True)[:RESEND_AT_ONCE]):
        if not send(pk):
            # The broker is still away: no use in knocking a hundred times.
            break
        sent += 1
    return sent


def run_in_hand() -> int | None:
    """The primary key of the run that is being handed to its engine. A backend that gives its tasks this run's id says so by that."""
    return _in_hand.get()


def is_handing_over() -> bool:
    """Whether a signal that arrives now is about a task whose record is written by this module."""
    return _handing_over.get()


def _hand_over_and_record(task: Task, args: Any, kwargs: Any, details: Any):
    from .runs import create

    with recorded_here():
        result = task.enqueue(*args, **kwargs)
    return create(task, args, kwargs, details, result_id=result.id, sent=True)


@contextlib.contextmanager
def recorded_here(run_id: int | None = None) -> Iterator[None]:
    token, in_hand = _handing_over.set(True), _in_hand.set(run_id)
    try:
        yield
    finally:
        _handing_over.reset(token)
        _in_hand.reset(in_hand)


def _timekeepers() -> list[str]:
    """The backends that are given what is for later. For others it waits here until its time has come."""
    return [one for one in task_backends if keeps_time(task_backends[one])]


def keeps_time(backend: BaseTaskBackend) -> bool:
    """Whether an engine is to keep what is for later. A backend may say so itself, by an attribute of this name."""
    return bool(getattr(backend, "keeps_time", backend.supports_defer))


def _unsent(now: datetime.datetime) -> Q:
    return Q(sent_at=None) | Q(result_id="", sent_at__lt=now - UNANSWERED_AFTER)


def _own_id(task: Task) -> str:
    """An id for a run that its engine takes for its own, and may be sent at once; else none. Saves looking it up, and writing it down."""
    backend = task.get_backend()
    if not getattr(backend, "sends_again", False) or (task.run_after is not None and task.run_after > timezone.now()):
        return ""
    return str(uuid.uuid4())


def _label(about: models.Model | str) -> str:
    text = f"{about._meta.model_name} {about.pk}" if isinstance(about, models.Model) else str(about)
    return text[:120]


def _key(task: Task, unique_key: str | None, args: Any, kwargs: Any) -> str:
    unique = policy_of(task).unique
    if unique_key is None and unique is True:
        unique_key = json.dumps([args, kwargs], sort_keys=True, default=str)
    elif unique_key is None and callable(unique):
        unique_key = unique(*args, **kwargs)
    if unique_key is None:
        return ""
    if not isinstance(unique_key, str) or not unique_key:
        raise PolicyError(f"The unique key of the task {task.module_path} must be a text that is not empty, not {unique_key!r}.")
    key = unique_key if unique_key.startswith("schedule:") else f"{task.module_path}:{unique_key}"
    # Long keys, and keys made of arguments, as what they hash to: of one length, and nothing to read in them.
    if len(key) > 200 or unique is True:
        key = f"{task.module_path[:120]}:{hashlib.sha256(key.encode()).hexdigest()}"
    return key
