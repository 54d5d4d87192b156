"""What becomes of a run that did not end well: tried again, put off, or failed for good."""

import datetime

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from background import Backoff, Retry, TimeLimitExceeded
from background.models import TaskRun
from background.outcome import LEFT_TO_OTHERS
from background.policy import LONGEST_BACKOFF, Policy, policies
from background.worker import Worker

from . import sample_tasks

pytestmark = pytest.mark.django_db

raised: list[BaseException] = []


@pytest.fixture
def worker():
    worker = Worker(interval=0.05)
    worker.pause = lambda seconds: None
    return worker


@pytest.fixture
def end(worker, monkeypatch):
    """Let a task raise this, under a policy with these parts; returns its runs, the oldest first."""

    def end(error, **policy):
        monkeypatch.setitem(policies, sample_tasks.nothing.module_path, Policy(**policy))
        monkeypatch.setattr(worker, "_call", lambda row: (None, error))
        result = sample_tasks.nothing.using(priority=5, queue_name="mail").enqueue()
        worker.run_task(worker.claim())
        assert DBTaskResult.objects.get(pk=result.id).status == "FAILED"
        return list(TaskRun.objects.order_by("pk"))

    return end


@pytest.fixture
def now(time_machine):
    time_machine.move_to(datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.UTC), tick=False)
    return timezone.now()


def test_without_a_policy_it_fails_for_good(end):
    (run,) = end(ValueError("ada@example.org"))
    assert (run.state, run.error, run.message) == ("failed", "builtins.ValueError", "•••")
    assert run.finished_at
    assert DBTaskResult.objects.count() == 1


def test_it_is_tried_again_behind_others_and_as_often_as_it_may(end, worker, now, time_machine):
    first, second = end(OSError("away"), max_attempts=2, backoff=Backoff(first=10, jitter=0))
    assert (first.state, second.state, second.attempt, second.first_id) == ("retried", "waiting", 2, first.pk)
    assert (second.priority, second.queue_name, second.run_after) == (4, "mail", now + datetime.timedelta(seconds=10))
    assert worker.claim() is None
    time_machine.shift(11)
    worker.run_task(worker.claim())
    second.refresh_from_db()
    assert (second.state, TaskRun.objects.count()) == ("failed", 2)


@pytest.mark.parametrize(
    ("error", "state"),
    [(ConnectionError(), "retried"), (KeyError("x"), "failed"), (TimeLimitExceeded(), "retried"), (SystemExit(1), "failed")],
)
def test_only_what_the_policy_names_is_tried_again(end, error, state):
    assert end(error, max_attempts=3, retry_on=(OSError,))[0].state == state


def test_a_task_that_puts_itself_off_has_not_failed(end, now):
    first, second = end(Retry(after=90, reason="The limit of ada@example.org is reached."), max_attempts=1)
    assert (first.state, first.error, first.message) == ("postponed", "", "The limit of ••• is reached.")
    assert (second.attempt, second.priority, second.run_after) == (1, 5, now + datetime.timedelta(seconds=90))


def test_it_is_put_off_by_a_second_at_least(end, now):
    assert end(Retry(after=-5))[1].run_after == now + datetime.timedelta(seconds=1)


@pytest.mark.parametrize(("answer", "seconds"), [(7, 7), (0.5, 0.5), (-3, None), (10**12, LONGEST_BACKOFF), (0, None)])
def test_the_applications_own_backoff(end, now, answer, seconds):
    seen = []

    def backoff(error, result):
        seen.append((type(error), result.task.module_path))
        return answer

    second = end(OSError(), max_attempts=2, backoff=backoff)[1]
    assert seen == [(OSError, sample_tasks.nothing.module_path)]
    assert second.run_after == (None if seconds is None else now + datetime.timedelta(seconds=seconds))


@pytest.mark.parametrize("answer", ["soon", float("nan"), float("inf"), [1], datetime.timedelta(seconds=5)], ids=repr)
def test_a_backoff_that_returns_nonsense_ends_it_and_the_log_names_the_task(end, caplog, answer):
    (run,) = end(OSError("why"), max_attempts=2, backoff=lambda error, result: answer)
    assert (run.state, run.error) == ("failed", "builtins.OSError")
    assert "sample_tasks.nothing must return seconds or None" in caplog.text


def test_a_backoff_that_raises_does_not_hide_the_error(end, caplog):
    (run,) = end(OSError("why"), max_attempts=2, backoff=lambda error, result: 1 / 0)
    assert (run.state, run.error) == ("failed", "builtins.OSError")
    assert "The backoff of" in caplog.text


def test_a_backoff_may_say_no(end):
    assert [run.state for run in end(OSError(), max_attempts=9, backoff=lambda error, result: None)] == ["failed"]


def test_the_same_key_is_kept_by_the_next_attempt(end, worker, monkeypatch):
    from background import enqueue

    monkeypatch.setitem(policies, sample_tasks.nothing.module_path, Policy(max_attempts=2))
    monkeypatch.setattr(worker, "_call", lambda row: (None, OSError()))
    enqueue(sample_tasks.nothing, unique_key="k")
    worker.run_task(worker.claim())
    assert enqueue(sample_tasks.nothing, unique_key="k") is None
    assert list(TaskRun.objects.order_by("pk").values_list("state", flat=True)) == ["retried", "waiting"]


def test_a_task_that_went_with_the_last_version_is_not_tried_again(worker, monkeypatch):
    monkeypatch.setitem(policies, "nowhere.at_all", Policy(max_attempts=5))
    sample_tasks.nothing.enqueue()
    long_ago = timezone.now() - 2 * LEFT_TO_OTHERS
    DBTaskResult.objects.update(task_path="nowhere.at_all", enqueued_at=long_ago)
    TaskRun.objects.update(task_path="nowhere.at_all")
    worker.run_task(worker.claim())
    assert list(TaskRun.objects.values_list("state", "error")) == [("failed", "builtins.ModuleNotFoundError")]


def test_a_task_that_is_gone_when_it_is_queued_again_fails(end, monkeypatch):
    def gone(run):
        raise ImportError

    monkeypatch.setattr("background.queueing.task_of", gone)
    assert [run.state for run in end(OSError(), max_attempts=5)] == ["failed"]


class Silent(Exception):
    def __str__(self):
        raise RuntimeError("not even this")


def test_an_error_without_a_text_is_recorded_all_the_same(end):
    (run,) = end(Silent())
    assert (run.state, run.error) == ("failed", "background.worker.OutcomeNotStored")
    assert "Silent" in run.message


def test_an_outcome_that_nothing_can_store_leaves_nothing_running(end, worker, monkeypatch):
    monkeypatch.setattr("background.outcome.end_badly", lambda *args: 1 / 0)
    monkeypatch.setitem(policies, sample_tasks.nothing.module_path, Policy())
    monkeypatch.setattr(worker, "_call", lambda row: (None, OSError()))
    sample_tasks.nothing.enqueue()
    for _time in range(4):
        worker.run_task(worker.claim())
    assert list(TaskRun.objects.order_by("pk").values_list("state", flat=True)) == ["lost", "lost", "lost", "failed"]
    assert DBTaskResult.objects.get().status == "FAILED"
