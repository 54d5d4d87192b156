"""What Django's signals tell of an engine that is not ours: the same records, and the same policy."""

import asyncio

import pytest
from django.db import connection
from django.tasks import TaskResultStatus, task_backends
from django.tasks.backends.immediate import ImmediateBackend
from django.tasks.signals import task_finished, task_started

from background import current_run, task
from background.models import TaskRun, WorkerBeat
from background.policy import Policy, policies

from . import sample_tasks

pytestmark = pytest.mark.django_db(transaction=True)
PATH = sample_tasks.nothing.module_path


class Immediate(ImmediateBackend):
    """Runs a task where it is queued; knows priorities and times as a real engine would."""

    supports_priority = True


@pytest.fixture(autouse=True)
def engine(settings, real_queue):
    settings.TASKS = {"default": {"BACKEND": f"{__name__}.Immediate", "QUEUES": []}}


@task(atomic=True)
def twice(number: int) -> int:
    WorkerBeat.objects.create(worker_id=f"w{number}", host="h", pid=1)
    return number


@task(max_attempts=2, time_limit=60)
def fails(number: int) -> None:
    raise ValueError(f"ada@example.org {number}")


@task(time_limit=60)
async def waits(number: int) -> int:
    await asyncio.sleep(0)
    if number < 0:
        raise ValueError("less than nothing")
    return number


@task
def asks() -> list:
    # A task that is called like a function within another is part of that.
    return [current_run(), twice.func(7), waits.call(8)]


def states():
    return list(TaskRun.objects.order_by("pk").values_list("state", flat=True))


@pytest.mark.own_loop
def test_what_succeeds_is_recorded():
    result = asks.enqueue()
    run = TaskRun.objects.get(result_id=result.id)
    assert result.return_value == [run.pk, 7, 8]
    assert (run.state, run.started_at is not None, run.finished_at is not None) == ("succeeded", True, True)
    assert current_run() is None


@pytest.mark.own_loop
def test_a_coroutine_is_recorded_too():
    assert waits.enqueue(3).return_value == 3
    assert waits.enqueue(-1).status == TaskResultStatus.FAILED
    assert states() == ["succeeded", "failed"]
    assert asyncio.run(waits.acall(4)) == 4


def test_what_fails_is_recorded_with_what_it_raised_and_tried_again():
    fails.enqueue(1)
    first, second = TaskRun.objects.order_by("pk")
    assert (first.state, first.error, first.message) == ("retried", "builtins.ValueError", "••• 1")
    assert "raise ValueError" in first.traceback
    assert (second.attempt, second.first_id) == (2, first.pk)


def test_a_message_that_is_delivered_again_does_not_repeat_what_is_done():
    result = twice.enqueue(1)
    task_started.send(Immediate, task_result=result)
    assert twice.func(1) is None
    task_finished.send(Immediate, task_result=result)
    assert (states(), WorkerBeat.objects.count()) == (["succeeded"], 1)


def told(result, status, errors=()):
    object.__setattr__(result, "status", status)
    result.errors[:] = errors
    return result


class Told:
    """What an engine tells of an error that happened in another process."""

    def __init__(self, path, found=None):
        self.exception_class_path, self.found, self.traceback = path, found, "Traceback …\nOddError: of ada@example.org"

    @property
    def exception_class(self):
        if self.found is None:
            raise ImportError
        return self.found


@pytest.mark.parametrize(
    ("errors", "state", "error"),
    [
        ([Told("builtins.OSError", OSError)], "retried", "builtins.OSError"),
        ([Told("builtins.KeyError", KeyError)], "failed", "builtins.KeyError"),
        ([Told("gone.OddError")], "retried", "gone.OddError"),
        ([], "retried", ""),
    ],
)
def test_an_error_of_another_process_is_known_by_name(monkeypatch, errors, state, error):
    result = sample_tasks.nothing.enqueue()
    monkeypatch.setitem(policies, PATH, Policy(max_attempts=2, retry_on=(OSError,)))
    TaskRun.objects.update(state="running", max_attempts=2)
    task_finished.send(Immediate, task_result=told(result, TaskResultStatus.FAILED, errors))
    run = TaskRun.objects.order_by("pk").first()
    assert (run.state, run.error) == (state, error)
    if errors:
        assert run.message == "OddError: of •••"
        assert "ada@" not in run.traceback
    task_finished.send(Immediate, task_result=result)
    assert TaskRun.objects.filter(state=state).count() == 1


def test_a_start_that_was_never_queued_has_a_record():
    result = sample_tasks.nothing.enqueue()
    TaskRun.objects.all().delete()
    task_started.send(Immediate, task_result=result)
    try:
        assert states() == ["running"]
    finally:
        task_finished.send(Immediate, task_result=result)
    assert states() == ["succeeded"]


def test_a_record_that_cannot_be_written_stops_nothing(monkeypatch, caplog):
    def refuse(*args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    monkeypatch.setattr("background.runs.record_enqueued", refuse)
    assert sample_tasks.nothing.enqueue().status == TaskResultStatus.SUCCESSFUL
    assert "No record could be written of task" in caplog.text
    assert task_backends["default"]
