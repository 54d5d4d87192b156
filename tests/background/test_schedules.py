"""Scheduled tasks: each tick once, whoever looks and however late."""

import datetime

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from background import schedules
from background.models import Schedule, TaskRun

from . import sample_tasks

pytestmark = pytest.mark.django_db
NAME = sample_tasks.nothing.module_path
QUARTER = datetime.timedelta(minutes=15)


@pytest.fixture
def now():
    return timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def every_quarter(monkeypatch, now):
    monkeypatch.setattr(schedules, "scheduled", {})
    schedules.declare(sample_tasks.nothing, schedules.timing_of(NAME, QUARTER))
    schedules.create_missing_rows(now)


def finish_all():
    DBTaskResult.objects.update(status="SUCCESSFUL")
    TaskRun.objects.update(state="succeeded")


def test_a_new_schedule_is_due_at_once_and_then_every_interval(now):
    assert schedules.run_due(now) == [NAME]
    finish_all()
    assert schedules.run_due(now + QUARTER / 2) == []
    assert schedules.run_due(now + QUARTER) == [NAME]
    assert Schedule.objects.get().last_run_at == now + QUARTER


def test_missed_ticks_are_made_up_for_by_one_run(now):
    schedules.run_due(now)
    finish_all()
    later = now + 10 * QUARTER + datetime.timedelta(minutes=4)
    assert schedules.run_due(later) == [NAME]
    finish_all()
    assert schedules.run_due(later) == []
    assert Schedule.objects.get().next_run_at == now + 11 * QUARTER


def test_two_workers_that_read_the_same_row_queue_it_once(now, monkeypatch):
    real = Schedule.objects.filter
    began, nested = [], []

    def other_worker_first(*args, **kwargs):
        # Between this worker's read and its claim, another one does the same work from start to end.
        if "name" in kwargs and not began:
            began.append(True)
            nested.extend(schedules.run_due(now))
        return real(*args, **kwargs)

    monkeypatch.setattr(Schedule.objects, "filter", other_worker_first)
    assert schedules.run_due(now) == []
    assert nested == [NAME]
    assert DBTaskResult.objects.count() == 1


def test_a_tick_is_not_queued_while_the_last_one_still_waits(now):
    schedules.run_due(now)
    assert schedules.run_due(now + QUARTER) == []
    assert DBTaskResult.objects.count() == 1
    assert Schedule.objects.get().next_run_at == now + 2 * QUARTER


def test_the_same_task_queued_with_arguments_does_not_count_as_the_tick(now):
    sample_tasks.write_line.enqueue("path", "line")
    DBTaskResult.objects.update(task_path=NAME)
    assert schedules.run_due(now) == [NAME]


def test_a_schedule_that_is_off_does_not_run(now):
    Schedule.objects.update(enabled=False)
    assert schedules.run_due(now) == []


def test_a_row_whose_task_is_gone_stays_and_never_runs(now):
    Schedule.objects.create(name="gone.tasks.old", next_run_at=now - QUARTER)
    assert schedules.run_due(now) == [NAME]
    assert Schedule.objects.filter(name="gone.tasks.old").exists()


def test_rows_are_made_once(now):
    Schedule.objects.update(enabled=False)
    schedules.create_missing_rows(now)
    assert Schedule.objects.get().enabled is False


def test_a_look_at_nothing_due_is_one_read(now):
    schedules.run_due(now)
    with CaptureQueriesContext(connection) as queries:
        schedules.run_due(now)
    assert [query["sql"][:6] for query in queries] == ["SELECT"]


def test_one_that_cannot_be_queued_does_not_stop_the_others(now, monkeypatch, caplog):
    other = sample_tasks.write_line.module_path
    schedules.declare(sample_tasks.write_line, schedules.timing_of(other, QUARTER))
    schedules.create_missing_rows(now)
    real = schedules.queue_now

    def refuse(name):
        if name == NAME:
            raise RuntimeError("its backend is not set up")
        return real(name)

    monkeypatch.setattr(schedules, "queue_now", refuse)
    assert schedules.run_due(now) == [other]
    assert f"{NAME} could not be queued" in caplog.text
    monkeypatch.setattr(schedules, "queue_now", real)
    assert schedules.run_due(now) == [NAME], "its tick is still to come"


def test_a_database_that_is_away_is_the_workers_matter(now, monkeypatch):
    monkeypatch.setattr(schedules, "queue_now", lambda name: (_ for _ in ()).throw(OperationalError("away")))
    with pytest.raises(OperationalError):
        schedules.run_due(now)
