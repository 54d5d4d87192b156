"""What our own worker writes: the engine's row and the run's record, in one transaction."""

import datetime
import logging
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.tasks import TaskResult, TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max
from django_tasks_db.utils import normalize_uuid

from .claiming import candidate, claim, end_well
from .ending import class_path, end_badly, fail_for_good, message_of, traceback_of
from .models import TaskRun, WorkerBeat
from .policy import Retry, is_known, policy_of
from .runs import Details, label_of, replace_lost
from .trouble import DATABASE_ERRORS, is_unavailable
from .verdict import judge_loss

logger = logging.getLogger(__name__)


#: For so long a task that this version of the site does not know is left to workers that may know it: while a new version is
#: brought in, both run.
LEFT_TO_OTHERS = datetime.timedelta(minutes=1)


class AlreadyRecorded(Exception):
    """The row is not in the attempt that ran: somebody else took the worker for lost, or the outcome stands there already."""


def claim_and_record(worker_id: str, backend_name: str) -> DBTaskResult | None:
    """Take the next task, and write that it runs. To be called in a transaction."""
    row, recorded = claim(worker_id, backend_name)
    if row is None:
        return None
    if not recorded:
        try:
            with transaction.atomic():
                _record_unknown(row, worker_id)
        # What somebody else wrote into the table may not fit into a record. It runs all the same.
        except DatabaseError as error:
            if is_unavailable(error):
                raise
            logger.error("No record could be written of task %s (%s): %s.", row.task_path, row.pk, type(error).__name__)
    return row


def succeed(row: DBTaskResult, value: Any) -> None:
    """Write the task's value. To be called in a transaction, after whose commit `row` is to be told: it is not changed here.

    Raises `AlreadyRecorded`, and what the database raises for a value that it will not take.
    """
    if not end_well(row, value):
        raise AlreadyRecorded


def fail(row: DBTaskResult, error: BaseException) -> TaskRun | None:
    """Write that the task raised, and queue its next attempt where its policy says so: returned. In one transaction."""
    now = timezone.now()
    with transaction.atomic():
        changed = _same_attempt(row).update(
            status=TaskResultStatus.FAILED,
            finished_at=now,
            return_value=None,
            exception_class_path=class_path(error),
            traceback=traceback_of(error) if not isinstance(error, Retry) else message_of(error),
        )
        if not changed:
            raise AlreadyRecorded
        row.refresh_from_db()
        run = TaskRun.objects.running().filter(result_id=normalize_uuid(row.pk)).first()
        if run is None:
            return None
        try:
            result: TaskResult | None = row.task_result
        # The task is gone, or the row holds what is no task: it is not tried again.
        except Exception:
            result = None
        if result is None:
            fail_for_good(run, error)
            return None
        return end_badly(run, error, result)


def set_aside(backend_name: str, error: Exception) -> str | None:
    """Fail the row that the next claim would take, where it cannot be read. Returns its id; None where that is not why."""
    with transaction.atomic():
        pk = candidate(backend_name)
        if pk is None or _can_be_read(pk):
            return None
        table = connection.ops.quote_name(DBTaskResult._meta.db_table)
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET status = 'FAILED', finished_at = %s, exception_class_path = %s, traceback = %s"  # noqa: S608
                " WHERE id = %s AND status = 'READY'",
                [now, class_path(error), traceback_of(error), pk],
            )
        for run in TaskRun.objects.open().filter(result_id__in=[str(pk), _dashed(str(pk))]):
            fail_for_good(run, error)
    return str(pk)


def put_off(row: DBTaskResult, until: datetime.datetime) -> bool:
    """Make a task wait again that this version of the site does not know, so that another may take it. False where somebody was quicker."""
    with transaction.atomic():
        changed = _same_attempt(row).update(status=TaskResultStatus.READY, started_at=None, run_after=until)
        if changed:
            TaskRun.objects.running().filter(result_id=normalize_uuid(row.pk)).update(
                state=TaskRun.State.WAITING, started_at=None, worker_id="", run_after=until
            )
        return bool(changed)


def give_back(row: DBTaskResult) -> bool:
    """Make a task wait again that was claimed and has not begun. False where somebody else was quicker."""
    with transaction.atomic():
        changed = _same_attempt(row).update(status=TaskResultStatus.READY, started_at=None)
        if changed:
            TaskRun.objects.running().filter(result_id=normalize_uuid(row.pk)).update(
                state=TaskRun.State.WAITING, started_at=None, worker_id=""
            )
        return bool(changed)


def put_back(row: DBTaskResult, *, at_most: int) -> bool:
    """Make a running task whose worker is gone wait again; or fail, where that happened `at_most` times, or it may run only once.

    False where somebody else was quicker, and, for a minute, where this version of the site does not know the task: whether it
    may run twice is known to a worker of the version that has it.
    """
    result_id = normalize_uuid(row.pk)
    known = is_known(row.task_path)
    worker_ids = row.worker_ids if isinstance(row.worker_ids, list) else []
    if not known and worker_ids and seen_lately(str(worker_ids[-1])):
        return False
    with transaction.atomic():
        run = TaskRun.objects.running().filter(result_id=result_id).first()
        losses = run.losses if run is not None else max(0, len(row.worker_ids) - 1)
        error = judge_loss(row.task_path, losses, at_most, known=known)
        if error is not None:
            changed = _same_attempt(row).update(
                status=TaskResultStatus.FAILED,
                finished_at=timezone.now(),
                exception_class_path=class_path(error),
                traceback=str(error),
            )
            if changed and run is not None:
                fail_for_good(run, error)
            return bool(changed)
        changed = _same_attempt(row).update(status=TaskResultStatus.READY, started_at=None)
        if changed and run is not None:
            replace_lost(run, waiting=True)
        return bool(changed)


def _record_unknown(row: DBTaskResult, worker_id: str) -> None:
    """A row that came into the table without Django's signals: by SQL, or while no record could be written."""
    args = row.args_kwargs.get("args", []) if isinstance(row.args_kwargs, dict) else []
    details = Details(about=label_of(row.task_path, args), max_attempts=policy_of(row.task_path).max_attempts)
    TaskRun.objects.create(
        result_id=normalize_uuid(row.pk),
        backend=row.backend_name,
        task_path=row.task_path[:200],
        queue_name=row.queue_name,
        priority=row.priority,
        arguments=row.args_kwargs if isinstance(row.args_kwargs, dict) else {},
        about=details.about,
        max_attempts=details.max_attempts,
        state=TaskRun.State.RUNNING,
        queued_at=row.enqueued_at,
        run_after=None if row.run_after == get_date_max() else row.run_after,
        sent_at=row.enqueued_at,
        started_at=row.started_at,
        worker_id=worker_id,
    )


def seen_lately(worker_id: str) -> bool:
    """Whether a worker that is gone gave a sign of life within the time for which unknown tasks are left to others."""
    return WorkerBeat.objects.filter(worker_id=worker_id, seen_at__gt=timezone.now() - LEFT_TO_OTHERS).exists()


def _can_be_read(pk: Any) -> bool:
    table = connection.ops.quote_name(DBTaskResult._meta.db_table)
    try:
        row = next(iter(DBTaskResult.objects.raw(f"SELECT * FROM {table} WHERE id = %s", [pk])), None)  # noqa: S608
    # As many kinds of error as there are fields.
    except Exception as error:
        if isinstance(error, DATABASE_ERRORS):
            raise
        return False
    return row is not None


def _dashed(text: str) -> str:
    try:
        return normalize_uuid(text)
    except ValueError:
        return text


def _same_attempt(row: DBTaskResult):
    """The row, as long as it is in the attempt that we read."""
    return DBTaskResult.objects.filter(pk=row.pk, status=TaskResultStatus.RUNNING, started_at=row.started_at)
