"""The next task: of the highest priority, then the one that waits for longer; found by the index, however many others there are."""

import datetime
import uuid

import pytest
from django.db import connection, transaction
from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

from background.claiming import candidate, claim
from background.models import TaskRun

from . import sample_tasks

pytestmark = pytest.mark.django_db
MINUTE = datetime.timedelta(minutes=1)


def queued(ago=0, *, due=None, priority=0, status="READY", backend_name="default", queue_name="default"):
    """A row that was queued that many minutes ago; `due` is in how many minutes it may run (None: at once)."""
    now = timezone.now()
    row = DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {}}, priority=priority, task_path=sample_tasks.nothing.module_path, status=status,
        backend_name=backend_name, queue_name=queue_name, run_after=get_date_max() if due is None else now + due * MINUTE,
    )  # fmt: skip
    DBTaskResult.objects.filter(pk=row.pk).update(enqueued_at=now - ago * MINUTE)
    return row.pk


def take(worker_id):
    with transaction.atomic():
        return claim(worker_id)[0]


def claimed_in_order():
    found = []
    while row := take("worker"):
        found.append(row.pk)
    return found


def test_nothing_waits():
    queued(status="RUNNING")
    queued(status="SUCCESSFUL")
    queued(due=5)
    queued(backend_name="other")
    assert candidate() is None
    assert take("worker") is None


def test_the_order_is_by_priority_and_then_by_how_long_each_waits():
    late, soon = queued(1), queued(3)
    due_long_ago, due_now = queued(60, due=-2), queued(60, due=-0.5)
    urgent, unimportant = queued(0, priority=TASK_MAX_PRIORITY), queued(90, priority=TASK_MIN_PRIORITY)
    urgent_and_due = queued(0, due=-1, priority=TASK_MAX_PRIORITY, queue_name="mail")
    queued(90, due=1, priority=TASK_MAX_PRIORITY)
    assert claimed_in_order() == [urgent_and_due, urgent, soon, due_long_ago, late, due_now, unimportant]


def test_the_candidate_is_what_a_claim_takes():
    queued(1)
    first = queued(2)
    pk = candidate()
    assert uuid.UUID(str(pk)) == first
    assert take("worker").pk == first


def test_a_claim_says_whether_a_run_waited():
    queued()
    with transaction.atomic():
        assert claim("me") == (DBTaskResult.objects.get(), False)
    result = sample_tasks.nothing.enqueue()
    with transaction.atomic():
        row, began = claim("me")
    run = TaskRun.objects.get(result_id=result.id)
    assert (began, run.state, run.worker_id, run.started_at) == (True, "running", "me", row.started_at)


def test_a_claim_says_who_and_when():
    pk = queued()
    before = timezone.now()
    row = take("me")
    assert (row.pk, row.status, row.worker_ids) == (pk, "RUNNING", ["me"])
    assert before <= row.started_at <= timezone.now()
    stored = DBTaskResult.objects.get()
    assert (stored.status, stored.worker_ids, stored.started_at) == ("RUNNING", ["me"], row.started_at)
    DBTaskResult.objects.update(status="READY")
    assert take('it"s').worker_ids == ["me", 'it"s']


def test_a_claim_is_undone_with_its_transaction():
    queued()
    with transaction.atomic():
        assert take("me")
        transaction.set_rollback(True)
    assert DBTaskResult.objects.get().status == "READY"


@pytest.mark.parametrize("how", ["plain", "raw"])
def test_another_database_is_asked_in_the_librarys_own_way(monkeypatch, how):
    first = queued(2)
    queued(1)
    if how == "plain":
        monkeypatch.setattr("background.claiming._DIALECTS", {})
    assert uuid.UUID(str(candidate())) == first
    row = take("me")
    assert (row.pk, row.worker_ids, DBTaskResult.objects.get(pk=first).status) == (first, ["me"], "RUNNING")


def test_twenty_thousand_rows_for_later_are_not_read(django_assert_num_queries):
    """The plan uses the index of waiting rows, and no row of the many is looked at one by one."""
    later = timezone.now() + datetime.timedelta(days=1)
    DBTaskResult.objects.bulk_create(
        [
            DBTaskResult(
                args_kwargs={"args": [], "kwargs": {}}, priority=number % 3, task_path="later", backend_name="default",
                run_after=later + number * MINUTE,
            )
            for number in range(20_000)
        ],
        batch_size=2000,
    )  # fmt: skip
    now = queued(1)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {DBTaskResult._meta.db_table}")
    plan = explain()
    assert "tasks_db_new_ordering_idx" in plan
    assert "Seq Scan on" not in plan
    assert "SCAN django" not in plan
    # On PostgreSQL the record of the run is written by the same statement.
    with transaction.atomic(), django_assert_num_queries(1 if connection.vendor == "postgresql" else 2):
        assert claim("me")[0].pk == now
    assert candidate() is None


def explain() -> str:
    """What the database does for a candidate."""
    seen = []

    def watch(execute, sql, parameters, many, context):
        seen.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(watch):
        candidate()
    sql, parameters = seen[0]
    prefix = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    with connection.cursor() as cursor:
        cursor.execute(prefix + sql, parameters)
        return "\n".join(str(line) for line in cursor.fetchall())
