"""The writes of a task that goes well: its claim, and its end. Each is as quick with a hundred thousand rows as with none.

They are SQL of our own, since every task pays for them: Django's query compiler takes longer than the database does. On
PostgreSQL the engine's row and the run's record are written by one statement, on others by two.
"""

import datetime
import json
from typing import Any

from django.db import connections, transaction
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max
from django_tasks_db.utils import normalize_uuid

from .models import TaskRun

#: The next row to run. The library's own query reads past every task that waits for a later time before it comes to one that may
#: run at once (those carry the year 9999); here each priority that exists is looked at from the two ends of the library's index,
#: and of the two rows that it yields the one that waits for longer comes first.
_CANDIDATE = """
WITH RECURSIVE levels(priority) AS (
    SELECT (SELECT max(priority) FROM {rows} WHERE status = 'READY')
    UNION ALL
    SELECT (SELECT max(t.priority) FROM {rows} t WHERE t.status = 'READY' AND t.priority < levels.priority)
    FROM levels WHERE levels.priority IS NOT NULL
), candidates(priority, id) AS (
    SELECT priority, (
        SELECT id FROM {rows} WHERE status = 'READY' AND priority = levels.priority AND run_after <= %s AND backend_name = %s
        ORDER BY run_after, enqueued_at LIMIT 1 {lock}
    ) FROM levels WHERE levels.priority IS NOT NULL
    UNION ALL
    SELECT priority, (
        SELECT id FROM {rows} WHERE status = 'READY' AND priority = levels.priority AND run_after = %s AND backend_name = %s
        ORDER BY enqueued_at LIMIT 1 {lock}
    ) FROM levels WHERE levels.priority IS NOT NULL
), chosen(id) AS (
    SELECT id FROM candidates WHERE id IS NOT NULL ORDER BY priority DESC, (
        SELECT CASE WHEN t.run_after = %s THEN t.enqueued_at ELSE t.run_after END FROM {rows} t WHERE t.id = candidates.id
    ) LIMIT 1
)
"""

_LOOK = "SELECT id FROM chosen"

_CLAIM = """UPDATE {rows} SET status = 'RUNNING', started_at = %s, worker_ids = {appended}
WHERE id = (SELECT id FROM chosen) RETURNING {columns}"""

#: LOWER keeps the planner from the index of all that waits: after a burst, before it has counted, it would read it whole.
_BEGIN_RUN = (
    "UPDATE {runs} SET state = 'running', started_at = %s, worker_id = %s WHERE LOWER(state) = 'waiting' AND result_id = "
)

# Only texts of this module are put together here; what comes from outside is a parameter.
_CLAIM_AND_BEGIN = f""", claimed AS ({_CLAIM}), begun AS ({_BEGIN_RUN} (SELECT CAST(id AS text) FROM claimed) RETURNING 1)
SELECT {{columns}}, (SELECT count(*) FROM begun) FROM claimed"""  # noqa: S608

_SUCCEED = """UPDATE {rows} SET status = 'SUCCESSFUL', finished_at = %s, return_value = %s, exception_class_path = '', traceback = ''
WHERE id = %s AND status = 'RUNNING' AND started_at = %s"""

_END_RUN = "UPDATE {runs} SET state = 'succeeded', finished_at = %s WHERE LOWER(state) = 'running' AND result_id = %s"

_SUCCEED_AND_END = f"""WITH ended AS ({_SUCCEED} RETURNING 1), run AS ({_END_RUN} AND EXISTS (SELECT 1 FROM ended))
SELECT count(*) FROM ended"""  # noqa: S608

#: How to add a text to a JSON list, and how to lock a row that nobody else has locked.
_DIALECTS = {
    "postgresql": ("worker_ids || %s::jsonb", "FOR UPDATE SKIP LOCKED"),
    "sqlite": ("json_insert(worker_ids, '$[#]', %s)", ""),
}

_FIELDS = DBTaskResult._meta.concrete_fields


def claim(worker_id: str, backend_name: str = "default", *, using: str = "default") -> tuple[DBTaskResult | None, bool]:
    """Take the next due task of all queues for this worker, and write that its run has begun. Be in a transaction.

    Returns the row, or None, and whether a run of it waited.
    """
    connection = connections[using]
    if connection.vendor not in _DIALECTS:
        row = _claim_plainly(worker_id, backend_name, using)
        return row, row is not None and _begin_run(connection, row, worker_id)
    appended, lock = _DIALECTS[connection.vendor]
    now, latest = _moment(connection, timezone.now()), _moment(connection, get_date_max())
    parameters = [now, backend_name, latest, backend_name, latest, now]
    names = {"columns": _columns(connection), "appended": appended, "lock": lock}
    if connection.vendor == "postgresql":
        parameters += [json.dumps([worker_id]), now, worker_id[:64]]
        found = _execute(connection, _CANDIDATE + _CLAIM_AND_BEGIN, parameters, **names)
        return (_read(connection, found[:-1]), found[-1] > 0) if found else (None, False)
    found = _execute(connection, _CANDIDATE + _CLAIM, [*parameters, worker_id], **names)
    if not found:
        return None, False
    row = _read(connection, found)
    return row, _begin_run(connection, row, worker_id)


def candidate(backend_name: str = "default", *, using: str = "default") -> Any:
    """The id of the row that a claim would take, as the driver gives it; None where nothing is due.

    Only reads: on SQLite it does not wait for those who write, nor they for it.
    """
    connection = connections[using]
    if connection.vendor not in _DIALECTS:
        return DBTaskResult.objects.using(using).ready().filter(backend_name=backend_name).values_list("pk", flat=True).first()
    now, latest = _moment(connection, timezone.now()), _moment(connection, get_date_max())
    parameters = [now, backend_name, latest, backend_name, latest]
    found = _execute(connection, _CANDIDATE + _LOOK, parameters, lock="")
    return found[0] if found else None


def end_well(row: DBTaskResult, value: Any, *, using: str = "default") -> bool:
    """Write the value of a task, and that its run has succeeded. Be in a transaction; `row` is not changed.

    False where the row is not in the attempt that it was claimed for. Raises what the database raises for a value that it
    will not take.
    """
    connection = connections[using]
    now = _moment(connection, timezone.now())
    parameters = [
        now,
        DBTaskResult._meta.get_field("return_value").get_db_prep_save(value, connection),
        DBTaskResult._meta.pk.get_db_prep_value(row.pk, connection),
        _moment(connection, row.started_at),
    ]
    of_run = [now, normalize_uuid(row.pk)]
    if connection.vendor == "postgresql":
        ended = _execute(connection, _SUCCEED_AND_END, parameters + of_run)
        return ended is not None and ended[0] > 0
    if not _change(connection, _SUCCEED, parameters):
        return False
    _change(connection, _END_RUN, of_run)
    return True


def _begin_run(connection, row: DBTaskResult, worker_id: str) -> bool:
    parameters = [_moment(connection, row.started_at), worker_id[:64], normalize_uuid(row.pk)]
    return _change(connection, _BEGIN_RUN + "%s", parameters) > 0


def _execute(connection, query: str, parameters: list, **names: str) -> tuple | None:
    """The first row of what a statement returns; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(query.format(**_tables(connection), **names), parameters)
        return cursor.fetchone()


def _change(connection, query: str, parameters: list) -> int:
    """How many rows a statement changed."""
    with connection.cursor() as cursor:
        cursor.execute(query.format(**_tables(connection)), parameters)
        return cursor.rowcount


def _tables(connection) -> dict[str, str]:
    quote = connection.ops.quote_name
    return {"rows": quote(DBTaskResult._meta.db_table), "runs": quote(TaskRun._meta.db_table)}


def _columns(connection) -> str:
    return ", ".join(connection.ops.quote_name(field.column) for field in _FIELDS)


def _read(connection, values: tuple) -> DBTaskResult:
    """An instance from the values of its columns. Raises what is raised by a value that cannot be read."""
    converted = []
    for field, value in zip(_FIELDS, values, strict=True):
        column = field.cached_col
        for convert in (*connection.ops.get_db_converters(column), *column.get_db_converters(connection)):
            value = convert(value, column, connection)
        converted.append(value)
    return DBTaskResult.from_db(connection.alias, [field.attname for field in _FIELDS], converted)


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
