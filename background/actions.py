"""What an operator may do with a run. The admin, the toolbar and commands call these."""

import datetime

from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.tasks import TaskResultStatus
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks_db.models import DBTaskResult

from .models import TaskRun
from .queueing import queue_again, send, shares_transaction, task_of

#: What may be run again: whatever ended without having done its work, and was not tried again by itself.
RETRYABLE = (TaskRun.State.FAILED, TaskRun.State.DISCARDED)


class ActionRefused(Exception):
    """The run is in a state in which this cannot be done. The text says so, in the reader's language."""


def retry(run: TaskRun) -> TaskRun:
    """Queue the work of a run that failed, or was discarded, once more, with all its attempts before it. Returns the new run.

    Raises `ActionRefused` for one that waits, runs, or succeeded, for work that is queued again already, and for a task that is no more.
    """
    with transaction.atomic():
        run = TaskRun.objects.select_for_update().get(pk=run.pk)
        if run.state not in RETRYABLE:
            raise ActionRefused(_("“%(task)s” has not failed.") % {"task": run})
        origin = run.first_id or run.pk
        if TaskRun.objects.open().filter(first_id=origin).exists() or _key_is_taken(run):
            raise ActionRefused(_("“%(task)s” is queued again already.") % {"task": run})
        run.attempt = 0
        try:
            return queue_again(run, at=timezone.now(), attempt=1, losses=0)
        except (ImportError, SuspiciousOperation) as error:
            raise ActionRefused(_("“%(task)s” is no task of this version of the site.") % {"task": run.task_path}) from error


def discard(run: TaskRun) -> TaskRun:
    """Never run a run that waits; give up one that failed, so that nobody is asked to look at it any more. Returns it as it is then.

    Raises `ActionRefused` for one that runs or succeeded, and for one that began in this moment.
    """
    with transaction.atomic():
        run = TaskRun.objects.select_for_update().get(pk=run.pk)
        if run.state not in (TaskRun.State.WAITING, TaskRun.State.FAILED):
            raise ActionRefused(_("“%(task)s” neither waits nor failed.") % {"task": run})
        if (
            run.state == TaskRun.State.WAITING
            and run.result_id
            and _is_in_database(run)
            # The row goes first: a worker that has it already keeps it, and we are told.
            and not DBTaskResult.objects.filter(pk=run.result_id, status=TaskResultStatus.READY).delete()[0]
        ):
            raise ActionRefused(_("“%(task)s” began in this moment.") % {"task": run})
        changed = TaskRun.objects.filter(pk=run.pk, state=run.state).update(
            state=TaskRun.State.DISCARDED, finished_at=run.finished_at or timezone.now()
        )
        if not changed:
            raise ActionRefused(_("“%(task)s” began in this moment.") % {"task": run})
        run.refresh_from_db()
        return run


def run_now(run: TaskRun) -> TaskRun:
    """Let a run that waits for a later time run as soon as a worker is free. Returns it as it is then.

    Raises `ActionRefused` where nothing waits, or the engine keeps its times to itself.
    """
    now = timezone.now()
    with transaction.atomic():
        run = TaskRun.objects.select_for_update().get(pk=run.pk)
        if run.state != TaskRun.State.WAITING:
            raise ActionRefused(_("“%(task)s” does not wait.") % {"task": run})
        if run.result_id and not _is_in_database(run):
            if not _is_sent_again(run):
                raise ActionRefused(
                    _("The engine that runs the tasks keeps its times to itself: discard this one and queue it anew.")
                )
            # Its message may be in the broker already; the second comes in front, and the first then finds nothing to do.
            TaskRun.objects.filter(pk=run.pk).update(run_after=None, priority=100, sent_at=None)
            transaction.on_commit(lambda: send(run.pk), robust=True)
            run.refresh_from_db()
            return run
        if run.result_id:
            rows = DBTaskResult.objects.filter(pk=run.result_id, status=TaskResultStatus.READY)
            # In front of all that waits: the date at which it may run is now the oldest.
            if not rows.update(run_after=min(run.queued_at, now - datetime.timedelta(seconds=1)), priority=100):
                raise ActionRefused(_("“%(task)s” began in this moment.") % {"task": run})
        TaskRun.objects.filter(pk=run.pk).update(run_after=None, priority=100)
        run.refresh_from_db()
    _wake()
    return run


def _wake() -> None:
    from .waiting import wake_workers

    wake_workers()


def _is_in_database(run: TaskRun) -> bool:
    try:
        return shares_transaction(task_of(run).get_backend())
    except (ImportError, SuspiciousOperation):
        # The task is gone, its row may be there.
        return DBTaskResult.objects.filter(pk=run.result_id).exists()


def _is_sent_again(run: TaskRun) -> bool:
    """Whether the engine takes a second message for a run, and starts it once all the same."""
    try:
        return getattr(task_of(run).get_backend(), "sends_again", False)
    except (ImportError, SuspiciousOperation):
        return False


def _key_is_taken(run: TaskRun) -> bool:
    return bool(run.unique_key) and TaskRun.objects.open().filter(unique_key=run.unique_key).exists()
