"""The engine's row and the run's record say the same, whoever wrote the row and whatever is in it."""

import uuid

import pytest
from django.db import DataError, IntegrityError, InternalError, OperationalError, connection, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

from background import outcome
from background.models import TaskRun
from background.policy import Policy, policies
from background.worker import Worker

from . import sample_tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker():
    worker = Worker(interval=0.05)
    worker.pauses = []
    worker.pause = worker.pauses.append
    return worker


def by_hand(**values):
    """A row that came into the table without Django."""
    fields = {
        "args_kwargs": {"args": [], "kwargs": {}}, "task_path": sample_tasks.nothing.module_path, "backend_name": "default",
        "run_after": get_date_max(),
    }  # fmt: skip
    return DBTaskResult.objects.create(**fields | values)


def unreadable(**values):
    """A row in which something stands that no model can read."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has types, and lets nobody write this.")
    row = by_hand(**values)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {DBTaskResult._meta.db_table} SET id = 'no-uuid' WHERE id = %s", [row.pk.hex])


def status_of_unreadable():
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT status, exception_class_path FROM {DBTaskResult._meta.db_table} WHERE id = 'no-uuid'")
        return cursor.fetchone()


class TestRowsByHand:
    def test_it_gets_its_record_as_it_begins(self, worker):
        due = timezone.now()
        row = by_hand(run_after=due, priority=4, queue_name="mail")
        worker.run_task(worker.claim())
        run = TaskRun.objects.get()
        assert (run.result_id, run.state, run.run_after, run.priority, run.queue_name) == (
            str(row.pk), "succeeded", due, 4, "mail",
        )  # fmt: skip

    @pytest.mark.parametrize("arguments", [{}, [1], {"args": []}, "text"])
    def test_odd_arguments_fail_it(self, worker, arguments):
        by_hand(args_kwargs=arguments)
        worker.run_task(worker.claim())
        assert DBTaskResult.objects.get().status == "FAILED"
        assert TaskRun.objects.get().state == "failed"

    def test_one_that_fits_into_no_record_runs_all_the_same(self, worker, monkeypatch, caplog):
        def refuse(*args):
            raise DataError("too long")

        monkeypatch.setattr(outcome, "_record_unknown", refuse)
        by_hand()
        worker.run_task(worker.claim())
        assert DBTaskResult.objects.get().status == "SUCCESSFUL"
        assert "No record could be written" in caplog.text
        by_hand()
        monkeypatch.setattr(worker, "_call", lambda row: (None, ValueError()))
        worker.run_task(worker.claim())
        assert DBTaskResult.objects.filter(status="FAILED").exists()

    def test_a_database_that_is_away_is_no_odd_row(self, worker, monkeypatch):
        monkeypatch.setattr(outcome, "_record_unknown", lambda *args: (_ for _ in ()).throw(OperationalError("away")))
        by_hand()
        with pytest.raises(OperationalError):
            worker.claim()


class TestRowsThatNobodyCanRead:
    def test_it_is_set_aside_and_the_next_is_taken(self, worker, caplog):
        unreadable(priority=9)
        row = by_hand()
        assert worker._claim_or_set_aside() is None
        assert status_of_unreadable() == ("FAILED", "builtins.ValueError")
        assert "Task no-uuid was set aside" in caplog.text
        assert worker._claim_or_set_aside().pk == row.pk

    def test_its_record_ends_too(self, worker):
        unreadable()
        TaskRun.objects.create(result_id="no-uuid", backend="default", task_path="x", queue_name="default")
        worker._claim_or_set_aside()
        assert TaskRun.objects.get().state == "failed"

    @pytest.mark.parametrize("task", ["nothing", "atomically_nothing"])
    def test_it_is_no_fault_of_the_task_before_it(self, worker, task, monkeypatch):
        if task == "atomically_nothing":
            monkeypatch.setitem(policies, sample_tasks.nothing.module_path, Policy(atomic=True))
        by_hand(priority=9)
        worker.schedules_at = float("inf")
        first = worker.claim()
        unreadable()
        assert worker.run_task(first) is None
        assert TaskRun.objects.get().state == "succeeded"
        assert status_of_unreadable()[0] == "READY"

    def test_a_row_that_can_be_read_is_left_alone_when_something_else_went_wrong(self, worker, monkeypatch):
        by_hand()
        monkeypatch.setattr(worker, "claim", lambda: (_ for _ in ()).throw(IntegrityError("a mistake of ours")))
        assert worker._claim_or_set_aside() is None
        assert DBTaskResult.objects.get().status == "READY"
        assert worker.pauses == [worker.interval], "not again at once"

    def test_with_none_there_nothing_is_set_aside(self):
        assert outcome.set_aside("default", ValueError()) is None


def running():
    result = sample_tasks.nothing.enqueue()
    with transaction.atomic():
        return outcome.claim_and_record("me", "default"), TaskRun.objects.get(result_id=result.id)


class TestOutcomesThatComeLate:
    def test_somebody_else_was_quicker(self):
        row, _run = running()
        assert outcome.put_back(row, at_most=3)
        for write in (lambda: outcome.succeed(row, 1), lambda: outcome.fail(row, ValueError())):
            with pytest.raises(outcome.AlreadyRecorded):
                write()
        assert not outcome.put_back(row, at_most=3)
        assert not outcome.put_back(row, at_most=0)
        assert not outcome.give_back(row)
        assert list(TaskRun.objects.order_by("pk").values_list("state", flat=True)) == ["lost", "waiting"]

    @pytest.mark.parametrize("atomic", [False, True])
    @pytest.mark.parametrize("error", [None, ValueError("late")])
    def test_a_worker_that_was_taken_for_lost_changes_nothing(self, worker, monkeypatch, atomic, error):
        monkeypatch.setitem(policies, sample_tasks.nothing.module_path, Policy(atomic=atomic))
        row, _run = running()
        stale = DBTaskResult.objects.get(pk=row.pk)
        outcome.put_back(row, at_most=3)
        monkeypatch.setattr(worker, "_call", lambda row: (1, error))
        worker.run_task(stale)
        assert list(TaskRun.objects.order_by("pk").values_list("state", flat=True)) == ["lost", "waiting"]
        assert DBTaskResult.objects.get().status == "READY"

    def test_a_task_that_had_not_begun_is_given_back_without_a_loss(self):
        row, run = running()
        assert outcome.give_back(row)
        run.refresh_from_db()
        assert (run.state, run.losses, run.worker_id, run.started_at) == ("waiting", 0, "", None)
        assert DBTaskResult.objects.get().status == "READY"
        assert TaskRun.objects.count() == 1

    def test_a_task_that_runs_at_most_once_fails_with_its_worker(self, monkeypatch):
        monkeypatch.setitem(policies, sample_tasks.nothing.module_path, Policy(at_most_once=True))
        row, run = running()
        assert outcome.put_back(row, at_most=3)
        run.refresh_from_db()
        assert (run.state, run.error) == ("failed", "background.policy.LostWorker")


class TestAnAtomicTask:
    @pytest.fixture(autouse=True)
    def atomic(self, monkeypatch):
        monkeypatch.setitem(policies, sample_tasks.nothing.module_path, Policy(atomic=True))
        monkeypatch.setattr("background.worker.connections.close_all", lambda: None)

    def test_a_lock_at_its_begin_is_no_failure_and_no_loss(self, worker, monkeypatch):
        row, run = running()
        real = transaction.atomic
        calls = []

        class Locked:
            def __enter__(self):
                raise OperationalError("database is locked")

            def __exit__(self, *error):
                """Never entered."""

        def locked_once(*args, **kwargs):
            calls.append(1)
            return Locked() if len(calls) == 1 else real(*args, **kwargs)

        monkeypatch.setattr("background.worker.transaction.atomic", locked_once)
        assert worker.run_task(row) is None
        run.refresh_from_db()
        assert (run.state, run.losses) == ("waiting", 0)

    def test_a_commit_that_fails_is_a_loss(self, worker, monkeypatch):
        row, _run = running()
        monkeypatch.setattr(outcome, "succeed", lambda row, value: (_ for _ in ()).throw(OperationalError("terminated")))
        assert worker.run_task(row) is None
        assert list(TaskRun.objects.order_by("pk").values_list("state", "losses")) == [("lost", 0), ("waiting", 1)]

    def test_what_it_did_is_undone_with_it(self, worker, monkeypatch):
        def work(row):
            by_hand()
            return None, ValueError()

        monkeypatch.setattr(worker, "_call", work)
        row, _run = running()
        worker.run_task(row)
        assert DBTaskResult.objects.count() == 1
        assert TaskRun.objects.get().state == "failed"


def read_only():
    error = InternalError("cannot execute UPDATE in a read-only transaction")
    error.__cause__ = Exception()
    error.__cause__.sqlstate = "25006"
    return error


@pytest.mark.parametrize("atomic", [False, True])
def test_a_database_that_takes_nothing_is_tried_again_ever_later_and_not_for_ever(worker, monkeypatch, atomic):
    monkeypatch.setitem(policies, sample_tasks.nothing.module_path, Policy(atomic=atomic))
    monkeypatch.setattr("background.worker.connections.close_all", lambda: None)
    monkeypatch.setattr(worker, "_call", lambda row: (None, read_only()))
    sample_tasks.nothing.enqueue()
    for _time in range(4):
        worker.run_task(worker.claim())
    assert list(TaskRun.objects.order_by("pk").values_list("state", flat=True)) == ["lost", "lost", "lost", "failed"]
    assert TaskRun.objects.first().error == "django.db.utils.InternalError"
    assert len(worker.pauses) == 3
    assert worker.pauses[2] > worker.pauses[0] / 2


def test_the_id_of_a_row_is_found_with_and_without_dashes():
    key = uuid.uuid4()
    assert outcome._dashed(key.hex) == outcome._dashed(str(key)) == str(key)
    assert outcome._dashed("no-uuid") == "no-uuid"
