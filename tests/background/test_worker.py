"""What one worker does with a task, whatever comes of it."""

import logging
import os

import pytest
from django.db import OperationalError, connection
from django.tasks import TaskResultStatus
from django.tasks.signals import task_finished, task_started
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from background import outcome
from background.models import TaskRun, WorkerBeat
from background.worker import Worker

from . import sample_tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker():
    worker = Worker(interval=0.05)
    worker.pause = lambda seconds: None
    return worker


def run(worker, task, *args):
    """Queue a task, let the worker take and run it, and return its row."""
    result = task.enqueue(*args)
    row = worker.claim()
    assert str(row.pk) == result.id
    worker.run_task(row)
    return DBTaskResult.objects.get(pk=result.id)


def test_a_task_that_succeeds_keeps_its_value(worker, tmp_path):
    row = run(worker, sample_tasks.write_line, str(tmp_path / "lines"), "hello")
    assert (row.status, row.return_value, row.worker_ids) == ("SUCCESSFUL", "hello", [worker.worker_id])


def test_a_task_may_ask_for_its_context(worker):
    assert run(worker, sample_tasks.tell_attempt).return_value == 1


def test_a_task_that_fails_keeps_its_traceback_and_the_log_names_no_data(worker, caplog):
    row = run(worker, sample_tasks.fail, "ada@example.org is unknown")
    assert row.status == "FAILED"
    assert "ValueError: ••• is unknown" in row.traceback
    run_record = TaskRun.objects.get()
    assert (run_record.state, run_record.error, run_record.message) == ("failed", "builtins.ValueError", "••• is unknown")
    assert "ValueError" in caplog.text
    assert "ada@example.org" not in caplog.text


def test_a_task_that_exits_fails_and_the_worker_goes_on(worker):
    assert run(worker, sample_tasks.leave).exception_class_path == "builtins.SystemExit"


def test_a_value_that_is_not_json_fails_the_task(worker):
    assert run(worker, sample_tasks.answer_with_a_set).exception_class_path == "builtins.TypeError"


@pytest.mark.django_db(transaction=True)
def test_a_value_that_the_database_refuses_is_recorded_as_such(worker):
    row = run(worker, sample_tasks.answer_with_a_zero_byte)
    assert row.status == ("SUCCESSFUL" if connection.vendor == "sqlite" else "FAILED")


def test_a_task_that_is_gone_from_the_code_fails(worker):
    sample_tasks.nothing.enqueue()
    long_ago = timezone.now() - 2 * outcome.LEFT_TO_OTHERS
    DBTaskResult.objects.update(task_path="tests.background.sample_tasks.gone", enqueued_at=long_ago)
    worker.run_task(worker.claim())
    assert DBTaskResult.objects.get().exception_class_path == "builtins.ImportError"


def test_a_task_of_a_newer_version_is_left_to_its_workers_for_a_while(worker):
    sample_tasks.nothing.enqueue()
    DBTaskResult.objects.update(task_path="tests.background.sample_tasks.new")
    assert worker.run_task(worker.claim()) is None
    row, run_record = DBTaskResult.objects.get(), TaskRun.objects.get()
    assert (row.status, run_record.state, run_record.losses, run_record.worker_id) == ("READY", "waiting", 0, "")
    assert row.run_after == run_record.run_after > timezone.now()
    assert worker.claim() is None


def test_a_path_that_is_no_task_fails(worker):
    sample_tasks.nothing.enqueue()
    DBTaskResult.objects.update(task_path="json.dumps")
    worker.run_task(worker.claim())
    assert DBTaskResult.objects.get().exception_class_path.endswith("SuspiciousOperation")


def test_receivers_that_raise_do_not_change_the_outcome(worker, caplog):
    def broken(**kwargs):
        raise RuntimeError("a broken receiver")

    task_started.connect(broken)
    task_finished.connect(broken)
    try:
        row = run(worker, sample_tasks.nothing)
    finally:
        task_started.disconnect(broken)
        task_finished.disconnect(broken)
    assert row.status == "SUCCESSFUL"
    assert [record.name for record in caplog.records].count("django.dispatch") == 2


def test_an_outcome_is_written_once_the_database_is_back(worker, monkeypatch):
    monkeypatch.setattr("background.worker.connections.close_all", lambda: None)
    real, calls = outcome.succeed, []

    def away_twice(row, value):
        calls.append(value)
        if len(calls) < 3:
            raise OperationalError("server closed the connection")
        real(row, value)

    monkeypatch.setattr(outcome, "succeed", away_twice)
    assert run(worker, sample_tasks.nothing).status == "SUCCESSFUL"
    assert len(calls) == 3
    assert worker.failures == 0


def test_an_outcome_is_left_to_others_when_the_end_comes_first(worker, monkeypatch, caplog):
    monkeypatch.setattr("background.worker.connections.close_all", lambda: None)
    monkeypatch.setattr(outcome, "succeed", lambda row, value: (_ for _ in ()).throw(OperationalError("away")))
    worker.shutdown(15, None)
    assert run(worker, sample_tasks.nothing).status == "RUNNING"
    assert "could not be written" in caplog.text


def test_a_task_whose_connection_broke_waits_again(worker, monkeypatch):
    monkeypatch.setattr("background.worker.connections.close_all", lambda: None)
    monkeypatch.setattr(worker, "_is_down", lambda error, row: True)
    monkeypatch.setattr(worker, "_call", lambda row: (None, OperationalError("terminating connection")))
    assert run(worker, sample_tasks.nothing).status == "READY"


def test_a_locked_row_is_an_ordinary_failure(worker, monkeypatch):
    monkeypatch.setattr(worker, "_call", lambda row: (None, OperationalError("database is locked")))
    assert run(worker, sample_tasks.nothing).status == "FAILED"


def test_an_idle_look_takes_no_write_lock(worker):
    if connection.vendor != "sqlite":
        pytest.skip("Only SQLite has one lock for all who write.")
    with CaptureQueriesContext(connection) as queries:
        assert worker.claim() is None
    assert [query["sql"].split()[0] for query in queries] == ["WITH"]


def test_the_next_task_is_the_first_of_the_highest_priority_of_any_queue(worker):
    sample_tasks.nothing.enqueue()
    urgent = sample_tasks.nothing.using(priority=5, queue_name="mail").enqueue()
    assert str(worker.claim().pk) == urgent.id


class TestRun:
    """The loop around it, in this process: each test stops it from inside."""

    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture(autouse=True)
    def no_schedules(self, monkeypatch):
        monkeypatch.setattr("background.worker.autodiscover_modules", lambda name: None)
        monkeypatch.setattr("background.schedules.scheduled", {})

    def test_it_beats_before_it_claims_and_takes_the_beat_back(self, monkeypatch):
        worker = Worker(interval=0)
        seen = []

        def claim():
            seen.append(list(WorkerBeat.objects.values_list("worker_id", "pid")))
            worker.shutdown(15, None)

        monkeypatch.setattr(worker, "claim", claim)
        worker.run()
        assert seen == [[(worker.worker_id, os.getpid())]]
        assert not WorkerBeat.objects.exists()

    def test_it_runs_what_waits(self):
        worker = Worker(interval=0)
        sample_tasks.nothing.enqueue()
        real = worker.run_task

        def run_the_last_one(row):
            worker.shutdown(15, None)
            return real(row)

        worker.run_task = run_the_last_one
        worker.run()
        assert DBTaskResult.objects.get().status == TaskResultStatus.SUCCESSFUL

    def test_it_waits_longer_and_longer_for_a_database_that_is_away(self, monkeypatch, caplog):
        caplog.set_level(logging.WARNING)
        worker = Worker(interval=0)
        waits = []

        def pause(seconds):
            waits.append(seconds)
            if len(waits) == 8:
                worker.shutdown(15, None)

        monkeypatch.setattr(worker, "pause", pause)
        monkeypatch.setattr(worker, "claim", lambda: (_ for _ in ()).throw(OperationalError("no route to ada@host")))
        worker.run()
        assert waits[0] <= 1 < waits[-1] <= 15
        assert "ada@host" not in caplog.text

    def test_it_ends_when_the_process_that_started_it_is_gone(self):
        worker = Worker(interval=0, parent_pid=1 if os.getppid() != 1 else 2)
        worker.run()
        assert not worker.prepared


def test_a_pause_ends_with_a_signal():
    worker = Worker()
    worker.shutdown(15, None)
    worker.pause(60)


@pytest.mark.django_db(transaction=True)
def test_what_follows_an_atomic_tasks_commit_and_raises_undoes_nothing_and_loses_nothing(worker, caplog):
    first, second = sample_tasks.follow_its_commit_badly.enqueue(), sample_tasks.nothing.enqueue()
    # As right after a look at the schedules: this task takes the next along.
    worker.schedules_at = float("inf")
    following = worker.run_task(worker.claim())
    assert str(following.pk) == second.id
    row = DBTaskResult.objects.get(pk=first.id)
    assert (row.status, row.return_value) == ("SUCCESSFUL", "done")
    assert TaskRun.objects.get(result_id=first.id).state == "succeeded"
    assert "raised ZeroDivisionError" in caplog.text
