"""What an operator may do with a run. The admin, the toolbar and commands call these."""

import datetime
from collections.abc import Callable, Iterable
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection, transaction
from django.tasks import TaskResultStatus, task_backends
from django.tasks.base import TASK_MAX_PRIORITY
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tasks_db.models import DBTaskResult

from .models import TaskRun, WorkerBeat
from .overview import ALIVE_FOR
from .policy import LostWorker
from .queueing import NO_SUCH_TASK, queue_again, send, shares_transaction

#: What may be run again: whatever ended without having done its work, and was not tried again by itself.
RETRYABLE = (TaskRun.State.FAILED, TaskRun.State.DISCARDED)

#: What the history says of each.
QUEUED_AGAIN, DISCARDED, ASKED_TO_RUN = (
    gettext_lazy("Queued again."),
    gettext_lazy("Discarded."),
    gettext_lazy("Asked to run now."),
)


class ActionRefused(Exception):
    """The run is in a state in which this cannot be done. The text says so, in the reader's language.

    `reason` says it without the name of the run, for several at once: “3 (not failed)”.
    """

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.reason = reason


def retry(run: TaskRun, *, by: Any = None) -> TaskRun:
    """Queue the work of a run that failed, or was discarded, once more, with all its attempts before it. Returns the new run.

    Raises `ActionRefused` for one that waits, runs, or succeeded, for work that was queued again since, and for a task that is no more.
    """
    with transaction.atomic():
        run = TaskRun.objects.select_for_update().get(pk=run.pk)
        if run.state not in RETRYABLE:
            raise ActionRefused(_("“%(task)s” has not failed.") % {"task": run}, _("not failed"))
        origin = run.first_id or run.pk
        if TaskRun.objects.open().filter(first_id=origin).exists() or _key_is_taken(run):
            raise _queued_already(run)
        if TaskRun.objects.filter(first_id=origin, pk__gt=run.pk).exists():
            text = _("“%(task)s” was tried again since: look at its last attempt.") % {"task": run}
            raise ActionRefused(text, _("tried again since"))
        run.attempt = 0
        try:
            with transaction.atomic():
                following = queue_again(run, at=timezone.now(), attempt=1, losses=0)
        except IntegrityError:
            raise _queued_already(run) from None
        except NO_SUCH_TASK as error:
            text = _("“%(task)s” is no task of this version of the site.") % {"task": run.task_path}
            raise ActionRefused(text, _("no task of this version of the site")) from error
        except (KeyError, TypeError) as error:
            text = _("The arguments of “%(task)s” cannot be read.") % {"task": run}
            raise ActionRefused(text, _("its arguments cannot be read")) from error
        log([run], by=by, text=QUEUED_AGAIN)
        return following


def discard(run: TaskRun, *, by: Any = None) -> TaskRun:
    """Never run a run that waits; give up one that failed, so that nobody is asked to look at it any more. Returns it as it is then.

    One that runs can be discarded once its worker is gone: it is not put back then. Raises `ActionRefused` for one that runs
    or succeeded, and for one that began in this moment.
    """
    # No lock on the run before the engine's row has its own: workers take them in this order.
    with transaction.atomic():
        run = TaskRun.objects.defer("traceback", "message").get(pk=run.pk)
        abandoned = run.state == TaskRun.State.RUNNING and _worker_is_gone(run)
        if run.state not in (TaskRun.State.WAITING, TaskRun.State.FAILED) and not abandoned:
            text = _("“%(task)s” neither waits nor failed.") % {"task": run}
            raise ActionRefused(text, _("neither waits nor failed"))
        if run.is_open and run.result_id and _is_in_database(run):
            _take_from_database(run)
        found = TaskRun.objects.filter(pk=run.pk, state=run.state, worker_id=run.worker_id)
        run.state, run.finished_at = TaskRun.State.DISCARDED, run.finished_at or timezone.now()
        if not found.update(state=run.state, finished_at=run.finished_at):
            raise _began(run)
        log([run], by=by, text=DISCARDED)
        return run


def run_now(run: TaskRun, *, by: Any = None) -> TaskRun:
    """Let a run that waits run as soon as a worker is free, in front of all others. Returns it as it is then.

    Raises `ActionRefused` where nothing waits, where it began in this moment, or the engine keeps its times to itself.
    """
    now = timezone.now()
    with transaction.atomic():
        run = TaskRun.objects.get(pk=run.pk)
        if run.state != TaskRun.State.WAITING:
            raise ActionRefused(_("“%(task)s” does not wait.") % {"task": run}, _("does not wait"))
        if run.result_id and _is_in_database(run):
            rows = DBTaskResult.objects.filter(pk=run.result_id, status=TaskResultStatus.READY)
            # In front of all that waits: the date at which it may run is now the oldest. The run keeps its own priority, so
            # that a retry of it comes behind others again.
            earliest = min(run.queued_at, now - datetime.timedelta(seconds=1))
            if not rows.update(run_after=earliest, priority=TASK_MAX_PRIORITY):
                raise _began(run) if DBTaskResult.objects.filter(pk=run.result_id).exists() else _lost_by_engine(run)
            changed = TaskRun.objects.waiting().filter(pk=run.pk).update(run_after=None)
            transaction.on_commit(_wake, robust=True)
        else:
            if run.result_id and not _is_sent_again(run):
                raise ActionRefused(
                    _("The engine that runs the tasks keeps its times to itself: discard this one and queue it anew."),
                    _("the engine keeps its times to itself"),
                )
            # Its message may be in the broker already; the second comes in front, and the first then finds nothing to do.
            changed = TaskRun.objects.waiting().filter(pk=run.pk).update(run_after=None, priority=TASK_MAX_PRIORITY, sent_at=None)
            transaction.on_commit(lambda: send(run.pk), robust=True)
        if not changed:
            raise _began(run)
        run.refresh_from_db()
        log([run], by=by, text=ASKED_TO_RUN)
        return run


#: Functions of (runs, who acted, what was done in words), told of what people do with runs by hand. For other apps, such as a log of theirs.
listeners: list[Callable[[list[TaskRun], Any, str], None]] = []


def log(runs: Iterable[TaskRun], *, by: Any, text: Any) -> None:
    """Note in the history of the admin who did it. `by` None: a program, and nobody is noted."""
    runs = list(runs)
    if by is not None:
        for listener in listeners:
            listener(runs, by, str(text))
    if by is None or not runs or not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.models import CHANGE, LogEntry

    LogEntry.objects.log_actions(by.pk, runs, CHANGE, str(text))


def _take_from_database(run: TaskRun) -> None:
    """Have the engine forget a run that waits, or that its worker left behind. One that it does not know is forgotten already."""
    rows = DBTaskResult.objects.filter(pk=run.result_id)
    if run.state == TaskRun.State.RUNNING:
        rows.filter(status=TaskResultStatus.RUNNING).update(
            status=TaskResultStatus.FAILED,
            finished_at=timezone.now(),
            exception_class_path=f"{LostWorker.__module__}.{LostWorker.__qualname__}",
        )
        return
    locked = rows.filter(status=TaskResultStatus.READY).select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked
    )
    DBTaskResult.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).delete()
    if rows.exists():
        # A worker has it.
        raise _began(run)


def _began(run: TaskRun) -> ActionRefused:
    return ActionRefused(_("“%(task)s” began in this moment.") % {"task": run}, _("began in this moment"))


def _queued_already(run: TaskRun) -> ActionRefused:
    return ActionRefused(_("“%(task)s” is queued again already.") % {"task": run}, _("queued again already"))


def _lost_by_engine(run: TaskRun) -> ActionRefused:
    text = _("The engine no longer knows “%(task)s”: discard it, then retry it.") % {"task": run}
    return ActionRefused(text, _("not known to the engine"))


def _wake() -> None:
    from .waiting import wake_workers

    wake_workers()


def _worker_is_gone(run: TaskRun) -> bool:
    return not WorkerBeat.objects.filter(worker_id=run.worker_id, seen_at__gt=timezone.now() - ALIVE_FOR).exists()


def _is_in_database(run: TaskRun) -> bool:
    try:
        return shares_transaction(task_backends[run.backend])
    except ImproperlyConfigured:
        # An engine that is set up no more.
        return False


def _is_sent_again(run: TaskRun) -> bool:
    """Whether the engine takes a second message for a run, and starts it once all the same."""
    try:
        return getattr(task_backends[run.backend], "sends_again", False)
    except ImproperlyConfigured:
        return False


def _key_is_taken(run: TaskRun) -> bool:
    return bool(run.unique_key) and TaskRun.objects.holding(run.unique_key).exists()
