"""When an operator changes the engine: what waits with the one before is taken over by the one that runs now.

Ids stay, so that what is left behind with the other engine belongs to a run that has ended, should somebody change back.
"""

import logging
import uuid
from itertools import batched

from django.db import connection, transaction
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

from background.models import TaskRun

logger = logging.getLogger(__name__)

#: How many in one transaction.
AT_ONCE = 500


def take_over_rows(backend_name: str) -> int:
    """From the database to a broker: rows that wait become runs to be sent. Returns how many. One read where there are none."""
    moved = 0
    waiting = DBTaskResult.objects.filter(status=TaskResultStatus.READY, backend_name=backend_name)
    while waiting.exists():
        with transaction.atomic():
            locked = waiting.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
            rows = list(locked.order_by("enqueued_at")[:AT_ONCE])
            if not rows:
                # A worker of the database takes them in this moment.
                break
            known = dict(
                TaskRun.objects.waiting().filter(result_id__in=[str(row.pk) for row in rows]).values_list("result_id", "pk")
            )
            TaskRun.objects.filter(pk__in=known.values()).update(sent_at=None)
            TaskRun.objects.bulk_create([_run_of(row) for row in rows if str(row.pk) not in known])
            DBTaskResult.objects.filter(pk__in=[row.pk for row in rows]).delete()
        moved += len(rows)
    if moved:
        logger.warning("%s tasks that waited in the database are taken over.", moved)
    return moved


def take_over_messages(backend_name: str) -> int:
    """From a broker to the database: runs that wait there, or wait to be sent, become rows. Returns how many."""
    moved = 0
    waiting = TaskRun.objects.waiting().filter(backend=backend_name).order_by("pk")
    keys = list(waiting.values_list("pk", "result_id"))
    for some in batched(keys, AT_ONCE):
        ids = [result_id for _, result_id in some if _is_uuid(result_id)]
        here = {str(pk) for pk in DBTaskResult.objects.filter(pk__in=ids).values_list("pk", flat=True)}
        elsewhere = [pk for pk, result_id in some if result_id not in here]
        with transaction.atomic():
            moved += sum(_write_row(run) for run in waiting.filter(pk__in=elsewhere).select_for_update())
    if moved:
        logger.warning("%s tasks that waited with another engine are taken over.", moved)
    return moved


def _write_row(run: TaskRun) -> bool:
    result_id = run.result_id if _is_uuid(run.result_id) else str(uuid.uuid4())
    if not TaskRun.objects.waiting().filter(pk=run.pk).update(sent_at=timezone.now(), result_id=result_id):
        return False
    DBTaskResult.objects.create(
        id=result_id,
        args_kwargs=run.arguments,
        priority=run.priority,
        task_path=run.task_path,
        queue_name=run.queue_name,
        backend_name=run.backend,
        run_after=run.run_after or get_date_max(),
    )
    return True


def _run_of(row: DBTaskResult) -> TaskRun:
    """Of a row that no signal told about."""
    return TaskRun(
        result_id=str(row.pk),
        backend=row.backend_name,
        task_path=row.task_path[:200],
        queue_name=row.queue_name,
        priority=row.priority,
        arguments=row.args_kwargs,
        queued_at=row.enqueued_at,
        run_after=None if row.run_after == get_date_max() else row.run_after,
    )


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
