"""What a schedule queues beside what others queue, and one that cannot be queued beside those that can."""

import datetime

import pytest
from django.db import DataError, OperationalError
from django.utils import timezone

from background import enqueue, queueing, schedules
from background.models import Schedule, TaskRun
from background.policy import Policy, policies

from . import sample_tasks

pytestmark = pytest.mark.django_db
FIRST, SECOND = sample_tasks.leave.module_path, sample_tasks.nothing.module_path


@pytest.fixture(autouse=True)
def two(monkeypatch):
    monkeypatch.setattr(schedules, "scheduled", {})
    for task in (sample_tasks.leave, sample_tasks.nothing):
        schedules.declare(task, schedules.timing_of(task.module_path, datetime.timedelta(minutes=15)))
    schedules.create_missing_rows(timezone.now())


def test_a_unique_task_does_not_run_by_its_schedule_while_somebody_elses_waits(monkeypatch):
    monkeypatch.setitem(policies, SECOND, Policy(unique=True))
    assert enqueue(sample_tasks.nothing)
    assert schedules.run_due() == [FIRST]
    assert TaskRun.objects.filter(task_path=SECOND).count() == 1


def test_nor_the_other_way_round(monkeypatch):
    monkeypatch.setitem(policies, SECOND, Policy(unique=True))
    schedules.run_due()
    assert enqueue(sample_tasks.nothing) is None


def test_without_a_key_of_its_own_somebody_elses_is_no_tick():
    assert enqueue(sample_tasks.nothing)
    assert schedules.run_due() == [FIRST, SECOND]


@pytest.fixture
def refuse(monkeypatch):
    """Let the first of the two raise this where it is queued."""

    def refuse(error):
        real = queueing._hand_over_and_record

        def hand_over(task, *args):
            if task.module_path == FIRST:
                raise error
            return real(task, *args)

        monkeypatch.setattr(queueing, "_hand_over_and_record", hand_over)

    return refuse


@pytest.mark.parametrize("error", [DataError("value too long"), RuntimeError("no")], ids=repr)
def test_one_that_cannot_be_queued_stops_neither_the_others_nor_the_worker(refuse, error, caplog):
    refuse(error)
    before = Schedule.objects.get(name=FIRST).next_run_at
    assert schedules.run_due() == [SECOND]
    assert f"{FIRST} could not be queued" in caplog.text
    assert Schedule.objects.get(name=FIRST).next_run_at == before, "and is said to be late"


def test_a_database_that_is_away_is_for_the_worker_to_wait_for(refuse):
    refuse(OperationalError("away"))
    with pytest.raises(OperationalError):
        schedules.run_due()


def test_a_tick_that_another_worker_has_started_and_ended_is_over(monkeypatch):
    real, nested = Schedule.objects.filter, []

    def other_worker_first(*args, **kwargs):
        # Between this worker's read and its claim.
        if "name" in kwargs and not nested:
            nested.append(None)
            nested.extend(schedules.run_due())
            TaskRun.objects.update(state="succeeded")
        return real(*args, **kwargs)

    monkeypatch.setattr(Schedule.objects, "filter", other_worker_first)
    assert schedules.run_due() == []
    assert nested == [None, FIRST, SECOND]
    assert TaskRun.objects.count() == 2
