"""What a task leaves behind must not cost others theirs: a transaction, a commit whose answer was lost, a task run inside it."""

import pytest
from django.db import OperationalError, connections, transaction
from django_tasks_db.models import DBTaskResult

from background import current_run, enqueue, task, worker
from background.beat import Heart
from background.models import Schedule, TaskRun
from background.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


def _leave_a_mark(name: str) -> None:
    Schedule.objects.create(name=name, next_run_at="2100-01-01T00:00:00Z")


@task
def begin_a_transaction() -> None:
    transaction.atomic().__enter__()
    _leave_a_mark("begun")


@task
def begin_a_transaction_and_fail() -> None:
    transaction.atomic().__enter__()
    raise ValueError


@task
def switch_autocommit_off() -> None:
    transaction.set_autocommit(False)
    _leave_a_mark("off")


@task(atomic=True)
def begin_a_savepoint() -> None:
    _leave_a_mark("before")
    transaction.atomic().__enter__()
    _leave_a_mark("in it")


@task
def nothing() -> None:
    pass


@task(atomic=True)
def nothing_at_once() -> None:
    pass


@task(takes_context=True)
def run_another_at_once(context) -> None:
    nothing.using(backend="now").enqueue()
    _leave_a_mark(context.task_result.id)


@pytest.fixture
def step(monkeypatch):
    """Does a few steps of a worker's loop in this process."""
    monkeypatch.setattr("background.worker.autodiscover_modules", lambda name: None)
    monkeypatch.setattr("background.schedules.scheduled", {})
    # Without a look at the schedules in between, each task takes the next along.
    monkeypatch.setattr(worker, "SCHEDULES_EVERY", 3600)
    one = Worker(interval=0)
    one.pause = lambda seconds: None
    heart = Heart(one.worker_id)
    heart.start = lambda: None

    def step(times: int = 4) -> None:
        for _ in range(times):
            one._step(heart)

    yield step
    one.bell.close()


def committed() -> tuple[list[str], set[str]]:
    """The states of the runs and of the engine's rows, as another connection sees them."""
    connections.close_all()
    return (
        list(TaskRun.objects.order_by("pk").values_list("state", flat=True)),
        set(DBTaskResult.objects.values_list("status", flat=True)),
    )


@pytest.mark.parametrize(
    ("left", "error"),
    [
        (begin_a_transaction, "background.leftovers.TransactionLeftOpen"),
        (begin_a_transaction_and_fail, "builtins.ValueError"),
        (switch_autocommit_off, "background.leftovers.TransactionLeftOpen"),
        (begin_a_savepoint, "background.leftovers.TransactionLeftOpen"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_transaction_that_a_task_left_open_is_undone_and_outcomes_are_committed(step, left, error):
    enqueue(left)
    enqueue(nothing)
    step()
    assert committed() == (["failed", "succeeded"], {"FAILED", "SUCCESSFUL"})
    assert TaskRun.objects.get(state="failed").error == error
    assert not Schedule.objects.exists()


def test_a_task_that_was_claimed_in_a_commit_whose_answer_was_lost_runs_all_the_same(step, monkeypatch):
    enqueue(nothing_at_once)
    enqueue(nothing)
    wrapper = connections["default"]
    commit, lost = wrapper.commit, []

    def commit_and_lose_the_answer():
        ended = DBTaskResult.objects.filter(status="SUCCESSFUL").exists()
        commit()
        if ended and not lost:
            lost.append(True)
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(wrapper, "commit", commit_and_lose_the_answer)
    step(6)
    assert lost
    assert committed() == (["succeeded", "succeeded"], {"SUCCESSFUL"})
    assert list(TaskRun.objects.values_list("losses", flat=True)) == [0, 0]


def test_a_task_that_an_immediate_backend_runs_inside_another_has_a_record_of_its_own(step, settings):
    immediate = {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend", "QUEUES": []}
    settings.TASKS = {**settings.TASKS, "now": immediate}
    run = enqueue(run_another_at_once)
    step()
    assert committed() == (["succeeded", "succeeded"], {"SUCCESSFUL"})
    assert Schedule.objects.get().name == run.result_id


def test_a_start_inside_another_task_that_cannot_be_noted_takes_nothing_from_the_outer_one(step, settings, monkeypatch):
    immediate = {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend", "QUEUES": []}
    settings.TASKS = {**settings.TASKS, "now": immediate}
    seen = []
    monkeypatch.setattr("background.runs.record_started", lambda *args: 1 / 0)
    monkeypatch.setattr(f"{__name__}._leave_a_mark", lambda name: seen.append(current_run()))
    run = enqueue(run_another_at_once)
    step()
    assert seen == [run.pk]
