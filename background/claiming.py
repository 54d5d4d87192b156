"""Taking the next task from the database: one statement, as quick with a hundred thousand rows as with none."""

import datetime
import json
from typing import Any

from django.db import connections, transaction
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

#: The next row to run. The library's own query reads past every task that waits for a later time before it comes to one that may
#: run at once (those carry the year 9999); here each priority that exists is looked at from the two ends of the library's index,
#: and of the two rows that it yields the one that waits for longer comes first.
_CANDIDATE = """
WITH RECURSIVE levels(priority) AS (
    SELECT (SELECT max(priority) FROM {table} WHERE status = 'READY')
    UNION ALL
    SELECT (SELECT max(t.priority) FROM {table} t WHERE t.status = 'READY' AND t.priority < levels.priority)
    FROM levels WHERE levels.priority IS NOT NULL
), candidates(id) AS (
    SELECT (
        SELECT id FROM {table} WHERE status = 'READY' AND priority = levels.priority AND run_after <= %s AND backend_name = %s
        ORDER BY run_after, enqueued_at LIMIT 1 {lock}
    ) FROM levels WHERE levels.priority IS NOT NULL
    UNION ALL
    SELECT (
        SELECT id FROM {table} WHERE status = 'READY' AND priority = levels.priority AND run_after = %s AND backend_name = %s
        ORDER BY enqueued_at LIMIT 1 {lock}
    ) FROM levels WHERE levels.priority IS NOT NULL
)
{verb} (
    SELECT t.id FROM candidates JOIN {table} t ON t.id = candidates.id
    ORDER BY t.priority DESC, CASE WHEN t.run_after = %s THEN t.enqueued_at ELSE t.run_after END LIMIT 1
)
"""

_CLAIM = "UPDATE {table} SET status = 'RUNNING', started_at = %s, worker_ids = {appended} WHERE id ="

#: How to add a text to a JSON list, and how to lock a row that nobody else has locked.
_DIALECTS = {
    "postgresql": ("worker_ids || %s::jsonb", "FOR UPDATE SKIP LOCKED"),
    "sqlite": ("json_insert(worker_ids, '$[#]', %s)", ""),
}


def claim(worker_id: str, backend_name: str = "default", *, using: str = "default") -> DBTaskResult | None:
    """Take the next due task of all queues for this worker, or None. Be in a transaction, or have none around it."""
    connection = connections[using]
    if connection.vendor not in _DIALECTS:
        return _claim_plainly(worker_id, backend_name, using)
    appended, lock = _DIALECTS[connection.vendor]
    table = connection.ops.quote_name(DBTaskResult._meta.db_table)
    verb = _CLAIM.format(table=table, appended=appended)
    columns = ", ".join(connection.ops.quote_name(field.column) for field in DBTaskResult._meta.concrete_fields)
    query = _CANDIDATE.format(table=table, verb=verb, lock=lock) + f" RETURNING {columns}"
    now, latest = _moment(connection, timezone.now()), _moment(connection, get_date_max())
    worker = json.dumps([worker_id]) if connection.vendor == "postgresql" else worker_id
    parameters = [now, backend_name, latest, backend_name, now, worker, latest]
    return next(iter(DBTaskResult.objects.using(using).raw(query, parameters)), None)


def candidate(backend_name: str = "default", *, using: str = "default") -> Any:
    """The id of the row that a claim would take, as the driver gives it; None where nothing is due.

    Only reads: on SQLite it does not wait for those who write, nor they for it.
    """
    connection = connections[using]
    if connection.vendor not in _DIALECTS:
        return DBTaskResult.objects.using(using).ready().filter(backend_name=backend_name).values_list("pk", flat=True).first()
    table = connection.ops.quote_name(DBTaskResult._meta.db_table)
    query = _CANDIDATE.format(table=table, verb="SELECT", lock="")
    now, latest = _moment(connection, timezone.now()), _moment(connection, get_date_max())
    with connection.cursor() as cursor:
        cursor.execute(query, [now, backend_name, latest, backend_name, latest])
        return cursor.fetchone()[0]


def _moment(connection, value: datetime.datetime):
    return connection.ops.adapt_datetimefield_value(value)


def _claim_plainly(worker_id: str, backend_name: str, using: str) -> DBTaskResult | None:
    """On other databases: the library's own way."""
    with transaction.atomic(using=using):
        row = DBTaskResult.objects.using(using).ready().filter(backend_name=backend_name).get_locked()
        if row is not None:
            row.status = TaskResultStatus.READY
            row.claim(worker_id)
        return row
