"""How many statements the background work costs: each task pays for them, and each idle second."""

import contextlib
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from background import enqueue, task, worker
from background.beat import Heart, beat
from background.claiming import candidate
from background.lost import _running
from background.models import TaskRun
from background.schedules import create_missing_rows, run_due
from background.worker import Worker

from . import sample_tasks

pytestmark = pytest.mark.django_db(transaction=True)

#: What changes something, by how it begins; SQLite's BEGIN IMMEDIATE takes the lock of all who write.
WRITES = ("INSERT", "UPDATE", "DELETE", "BEGIN", "SAVEPOINT")


@task(max_attempts=3, time_limit=60)
def nothing_of_ours() -> None:
    pass


@contextlib.contextmanager
def statements():
    """A list of the statements that go to the database in the block, beginnings of transactions on SQLite among them."""
    found: list[str] = []

    def note(execute, sql, parameters, many, context):
        found.append(" ".join(sql.split()))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(note):
        yield found


def changes(found: list[str]) -> list[str]:
    return [one for one in found if one.startswith(WRITES) or " UPDATE " in one]


@pytest.fixture
def one_worker(monkeypatch):
    monkeypatch.setattr(worker, "SCHEDULES_EVERY", 3600)
    one = Worker(interval=0.05)
    beat(one.worker_id)
    one.prepared, one.schedules_at = True, worker.time.monotonic()
    # Nothing is waited for: a step is a look.
    monkeypatch.setattr(one.bell, "wait", lambda seconds, go_on: None)
    return one


def test_a_task_costs_its_end_and_the_claim_of_the_next_in_one_transaction(one_worker):
    for _ in range(4):
        enqueue(sample_tasks.nothing)
    row = one_worker.claim()
    for left in (2, 1, 0):
        with statements() as found:
            row = one_worker.run_task(row)
        if connection.vendor == "postgresql":
            assert [one.split()[0] for one in found] == ["WITH", "WITH"]
        else:
            assert [one.split()[0] for one in found] == ["BEGIN", "UPDATE", "UPDATE", "WITH", "UPDATE"]
        assert row is not None
        assert TaskRun.objects.waiting().count() == left
    one_worker.run_task(row)
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {"SUCCESSFUL"}
    assert set(TaskRun.objects.values_list("state", flat=True)) == {"succeeded"}


def test_a_task_that_is_declared_here_costs_no_more_than_a_plain_one(one_worker):
    counts = []
    for one in (sample_tasks.nothing, nothing_of_ours):
        enqueue(one)
        row = one_worker.claim()
        with statements() as found:
            one_worker.run_task(row)
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_an_idle_look_on_sqlite_asks_twice_and_writes_nothing(one_worker):
    if connection.vendor != "sqlite":
        pytest.skip("Elsewhere a look may begin a transaction: it keeps nobody from writing.")
    with statements() as found:
        one_worker._step(None)
    assert [one.split()[0] for one in found] == ["PRAGMA", "WITH"]
    assert changes([one for one in found if not one.startswith("WITH")]) == []
    assert "UPDATE" not in found[1]


def test_an_idle_look_on_postgresql_is_one_statement(one_worker):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's look is told apart from its claim.")
    with statements() as found:
        one_worker._step(None)
    assert [one.split()[0] for one in found] == ["WITH"]


def test_a_look_at_the_schedules_is_one_read():
    import_module("background.tasks")
    create_missing_rows(timezone.now() + timedelta(days=1))
    with statements() as found:
        assert run_due() == []
    assert len(found) == 1
    assert changes(found) == []


def test_a_sign_of_life_is_one_write_and_one_read(one_worker):
    heart = Heart(one_worker.worker_id)
    with statements() as found:
        heart.beat_once()
    assert [one.split()[0] for one in found] == ["UPDATE", "SELECT"]


def plan_of(query: str, parameters) -> str:
    """How the database would go about it, where it does not prefer to read a small table whole."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"{'EXPLAIN QUERY PLAN' if connection.vendor == 'sqlite' else 'EXPLAIN'} {query}", parameters)
        plan = str(cursor.fetchall())
        if connection.vendor == "postgresql":
            cursor.execute("RESET enable_seqscan")
    return plan


def test_what_runs_is_found_without_reading_what_has_ended(one_worker):
    """By an index of a few rows: each worker asks every three seconds."""
    with statements() as found:
        _running()
    assert "background_running_tasks" in plan_of(found[0], ["RUNNING"])


def test_the_record_of_a_task_is_found_without_reading_what_waits(one_worker):
    """Just after a burst the database believes that next to nothing waits, and would take that index for a short one."""
    sent = []

    def note(execute, query, parameters, many, context):
        if "background_taskrun" in query:
            sent.append((query, parameters))
        return execute(query, parameters, many, context)

    enqueue(sample_tasks.nothing)
    with connection.execute_wrapper(note):
        one_worker.run_task(one_worker.claim())
    assert len(sent) >= 2
    for query, parameters in sent:
        plan = plan_of(query, parameters)
        assert "background_run_result" in plan
        assert "background_run_open" not in plan


def test_the_next_task_is_found_by_the_index_of_what_waits(one_worker):
    with statements() as found:
        candidate()
    assert len(found) == 1
    assert "UPDATE" not in found[0]


def test_queueing_writes_the_task_and_its_record(one_worker):
    with statements() as found:
        enqueue(sample_tasks.nothing)
    inserts = [one for one in found if one.startswith("INSERT")]
    assert len(inserts) == 2
    assert len(found) <= 6


def test_a_key_is_looked_up_along_its_own_index():
    enqueue(nothing_of_ours, unique_key="k")
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL reads a table of one row from end to end, as it should.")
    assert "USING INDEX background_run_unique_key" in TaskRun.objects.holding("k").explain()
