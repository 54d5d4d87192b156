"""What an operator may do with a run, and what is refused."""

import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

from background import actions, enqueue
from background.actions import ActionRefused
from background.beat import beat
from background.models import TaskRun, WorkerBeat
from background.worker import Worker
from tests import factories

from . import admin_tasks, sample_tasks

pytestmark = pytest.mark.django_db
State = TaskRun.State


@pytest.fixture
def worker():
    worker = Worker(interval=0.05)
    worker.pause = lambda seconds: None
    beat(worker.worker_id)
    return worker


def work(worker) -> TaskRun:
    """Have the worker run what is next. Returns its run as it is then."""
    row = worker.claim()
    run = TaskRun.objects.running().get(result_id=str(row.pk))
    worker.claim_next = lambda: None
    worker.run_task(row)
    run.refresh_from_db()
    return run


@pytest.fixture
def failed(worker) -> TaskRun:
    enqueue(admin_tasks.say)
    run = work(worker)
    assert run.state == State.FAILED
    return run


def engine(run: TaskRun):
    return DBTaskResult.objects.filter(pk=run.result_id)


def test_a_failed_run_is_retried_with_what_came_before(failed, worker):
    again = actions.retry(failed)
    assert (again.state, again.first, again.attempt, again.arguments) == (State.WAITING, failed, 1, failed.arguments)
    assert work(worker) == again
    third = actions.retry(TaskRun.objects.get(pk=again.pk))
    assert third.first == failed


def test_a_retried_run_is_not_retried_twice(failed, worker):
    actions.retry(failed)
    with pytest.raises(ActionRefused, match="is queued again already"):
        actions.retry(failed)
    work(worker)
    with pytest.raises(ActionRefused, match="was tried again since"):
        actions.retry(failed)


def test_what_has_not_failed_is_not_retried():
    with pytest.raises(ActionRefused, match="“say” has not failed") as refusal:
        actions.retry(enqueue(admin_tasks.say))
    assert refusal.value.reason == "not failed"


def test_a_unique_task_that_is_queued_anew_is_not_retried(worker):
    enqueue(admin_tasks.send_letter_task, 7)
    TaskRun.objects.update(state=State.FAILED)
    old = TaskRun.objects.get()
    assert enqueue(admin_tasks.send_letter_task, 7) is not None
    with pytest.raises(ActionRefused, match="queued again already"):
        actions.retry(old)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"task_path": "tests.background.admin_tasks.gone"}, "no task of this version"),
        ({"task_path": "no.such.module.task"}, "no task of this version"),
        ({"task_path": "datetime.datetime"}, "no task of this version"),
        ({"backend": "gone"}, "no task of this version"),
        ({"arguments": {}}, "cannot be read"),
        ({"arguments": [1]}, "cannot be read"),
    ],
)
def test_what_cannot_run_is_not_retried(failed, changes, text):
    TaskRun.objects.filter(pk=failed.pk).update(**changes)
    with pytest.raises(ActionRefused, match=text):
        actions.retry(failed)
    assert TaskRun.objects.count() == 1


def test_a_waiting_run_is_discarded_and_never_runs(worker):
    run = enqueue(admin_tasks.say)
    assert actions.discard(run).state == State.DISCARDED
    assert worker.claim() is None
    assert not engine(run).exists()


def test_a_discarded_run_can_be_brought_back(worker):
    run = actions.discard(enqueue(admin_tasks.say))
    again = actions.retry(run)
    assert work(worker) == again


def test_a_failed_run_is_given_up_and_keeps_its_time(failed):
    ended = failed.finished_at
    assert actions.discard(failed).finished_at == ended
    with pytest.raises(ActionRefused, match="neither waits nor failed"):
        actions.discard(failed)


def test_a_run_that_a_worker_has_is_not_discarded(worker):
    run = enqueue(admin_tasks.say)
    worker.claim()
    with pytest.raises(ActionRefused, match="neither waits nor failed"):
        actions.discard(run)
    # The engine was quicker than the record.
    TaskRun.objects.update(state=State.WAITING)
    with pytest.raises(ActionRefused, match="began in this moment"):
        actions.discard(run)
    assert engine(run).get().status == "RUNNING"


def test_what_a_lost_worker_left_behind_is_discarded_for_good(worker):
    run = enqueue(admin_tasks.send_letter_task, 7)
    worker.claim()
    WorkerBeat.objects.update(seen_at=timezone.now() - datetime.timedelta(minutes=1))
    assert actions.discard(run).state == State.DISCARDED
    assert engine(run).get().status == "FAILED"
    # Its key is free again.
    assert enqueue(admin_tasks.send_letter_task, 7) is not None


def test_what_the_engine_has_forgotten_is_discarded_and_retried(worker):
    run = enqueue(admin_tasks.say)
    engine(run).delete()
    with pytest.raises(ActionRefused, match="no longer knows"):
        actions.run_now(run)
    actions.discard(run)
    again = actions.retry(run)
    assert work(worker) == again


def test_what_waits_for_later_runs_now_and_in_front(worker):
    later = enqueue(sample_tasks.nothing.using(run_after=timezone.now() + datetime.timedelta(days=1)))
    enqueue(sample_tasks.nothing.using(priority=50))
    run = actions.run_now(later)
    assert run.run_after is None
    # A retry of it comes behind others again.
    assert run.priority == 0
    assert work(worker) == later


def test_what_does_not_wait_is_not_run_now(failed, worker):
    with pytest.raises(ActionRefused, match="does not wait"):
        actions.run_now(failed)
    run = enqueue(admin_tasks.say)
    engine(run).update(status="RUNNING", run_after=get_date_max())
    with pytest.raises(ActionRefused, match="began in this moment"):
        actions.run_now(run)


def test_the_history_says_who_did_it(failed):
    operator = factories.UserFactory(is_superuser=True)
    again = actions.retry(failed, by=operator)
    actions.run_now(again, by=operator)
    actions.discard(again, by=operator)
    entries = LogEntry.objects.order_by("pk").values_list("user", "object_id", "change_message")
    assert list(entries) == [
        (operator.pk, str(failed.pk), "Queued again."),
        (operator.pk, str(again.pk), "Asked to run now."),
        (operator.pk, str(again.pk), "Discarded."),
    ]


def test_a_refusal_and_a_program_leave_no_entry(failed):
    actions.discard(failed)
    with pytest.raises(ActionRefused):
        actions.discard(failed, by=factories.UserFactory(is_superuser=True))
    assert not LogEntry.objects.exists()
