"""Queueing: once for each key, nothing where the transaction is rolled back, and nothing lost while the broker is away."""

import datetime
import threading
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.tasks import TaskResult, TaskResultStatus, task_backends
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.signals import task_enqueued
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from background import PolicyError, enqueue, queueing
from background.models import TaskRun, WorkerBeat
from background.policy import Policy, policies
from background.queueing import resend_unsent, send

from . import sample_tasks

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def unique(monkeypatch):
    """Let `write_line` be unique; returns how to say by what."""

    def by(value):
        monkeypatch.setitem(policies, sample_tasks.write_line.module_path, Policy(unique=value))

    return by


@pytest.mark.django_db
class TestInTheDatabase:
    def test_row_and_record_belong_to_the_transaction(self):
        with transaction.atomic():
            run = enqueue(sample_tasks.write_line, "path", line="x")
            row = DBTaskResult.objects.get()
            assert (str(row.pk), row.args_kwargs) == (run.result_id, {"args": ["path"], "kwargs": {"line": "x"}})
            assert (run.state, run.arguments, run.sent_at is not None) == ("waiting", row.args_kwargs, True)
            transaction.set_rollback(True)
        assert not DBTaskResult.objects.exists()
        assert not TaskRun.objects.exists()

    def test_djangos_own_way_is_recorded_once(self):
        result = sample_tasks.nothing.using(priority=3, queue_name="mail", run_after=timezone.now() + HOUR).enqueue()
        task_enqueued.send(type(task_backends["default"]), task_result=result)
        run = TaskRun.objects.get()
        assert (run.result_id, run.priority, run.queue_name, run.run_after) == (result.id, 3, "mail", result.task.run_after)

    def test_one_that_began_before_it_was_told_has_its_record_from_the_worker(self):
        result = sample_tasks.nothing.enqueue()
        TaskRun.objects.all().delete()
        DBTaskResult.objects.update(status="RUNNING")
        task_enqueued.send(type(task_backends["default"]), task_result=result)
        assert not TaskRun.objects.exists()

    def test_what_it_is_about(self):
        beat = WorkerBeat.objects.create(worker_id="w", host="h", pid=1)
        assert enqueue(sample_tasks.nothing, about=beat).about == "workerbeat w"
        assert enqueue(sample_tasks.nothing, about="x" * 500).about == "x" * 120

    def test_what_is_no_task_is_refused_by_name(self):
        with pytest.raises(PolicyError, match="is no task, and cannot be queued: declare it"):
            enqueue(sample_tasks.nothing.func)

    def test_another_mistake_is_not_taken_for_a_key_that_is_taken(self, monkeypatch):
        def refuse(*args, **kwargs):
            raise IntegrityError("a constraint of somebody else")

        monkeypatch.setattr(queueing, "_hand_over_and_record", refuse)
        with pytest.raises(IntegrityError):
            enqueue(sample_tasks.nothing)
        with pytest.raises(IntegrityError):
            enqueue(sample_tasks.nothing, unique_key="k")


@pytest.mark.django_db
class TestKeys:
    def test_one_waits_or_runs_at_a_time(self):
        first = enqueue(sample_tasks.write_line, "a", unique_key="one")
        assert enqueue(sample_tasks.write_line, "b", unique_key="one") is None
        assert enqueue(sample_tasks.nothing, unique_key="one") is not None
        TaskRun.objects.filter(pk=first.pk).update(state="running")
        assert enqueue(sample_tasks.write_line, "b", unique_key="one") is None
        TaskRun.objects.filter(pk=first.pk).update(state="failed")
        assert enqueue(sample_tasks.write_line, "b", unique_key="one") is not None

    def test_by_all_arguments(self, unique):
        unique(True)
        assert enqueue(sample_tasks.write_line, "a", line="1")
        assert enqueue(sample_tasks.write_line, "a", line="1") is None
        assert enqueue(sample_tasks.write_line, "a", line="2")
        assert "a" not in TaskRun.objects.first().unique_key.rpartition(":")[2].strip("0123456789abcdef")

    def test_by_a_function(self, unique):
        unique(lambda path, line: path)
        assert enqueue(sample_tasks.write_line, "a", line="1")
        assert enqueue(sample_tasks.write_line, "a", line="2") is None

    def test_a_long_key_is_as_good(self):
        assert enqueue(sample_tasks.nothing, unique_key="k" * 5000)
        assert enqueue(sample_tasks.nothing, unique_key="k" * 5000) is None
        assert enqueue(sample_tasks.nothing, unique_key="k" * 5001)

    @pytest.mark.parametrize("key", ["", 7])
    def test_a_key_that_is_none_is_refused_by_name(self, unique, key):
        unique(lambda *args: key)
        with pytest.raises(PolicyError, match=r"write_line must be a text"):
            enqueue(sample_tasks.write_line, "a")

    def test_the_key_that_came_free_in_this_moment_is_taken(self, monkeypatch):
        real, calls = queueing._hand_over_and_record, []

        def lose_the_race_once(*args):
            calls.append(args)
            if len(calls) == 1:
                raise IntegrityError("background_run_unique_key")
            return real(*args)

        monkeypatch.setattr(queueing, "_hand_over_and_record", lose_the_race_once)
        assert enqueue(sample_tasks.nothing, unique_key="k") is not None


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_is_queued():
    start, found = threading.Barrier(4), []

    def queue():
        try:
            start.wait(60)
            with transaction.atomic():
                found.append(enqueue(sample_tasks.nothing, unique_key="k"))
        finally:
            connection.close()

    threads = [threading.Thread(target=queue) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run is None for run in found) == [False, True, True, True]
    assert (TaskRun.objects.count(), DBTaskResult.objects.count()) == (1, 1)


class Broker(BaseTaskBackend):
    """An engine with a store of its own, which may be away."""

    supports_defer = True
    supports_priority = True
    away = False

    def __init__(self, alias, params):
        super().__init__(alias, params)
        self.sent = []

    def enqueue(self, task, args, kwargs):
        if self.away:
            raise ConnectionError("Redis is away")
        result = TaskResult(
            task=task, id=str(uuid.uuid4()), status=TaskResultStatus.READY, enqueued_at=timezone.now(), started_at=None,
            finished_at=None, last_attempted_at=None, args=list(args), kwargs=dict(kwargs), backend=self.alias, errors=[],
            worker_ids=[],
        )  # fmt: skip
        self.sent.append(result)
        task_enqueued.send(type(self), task_result=result)
        return result


@pytest.fixture
def broker(settings, real_queue):
    settings.TASKS = {"default": {"BACKEND": f"{__name__}.Broker", "QUEUES": []}}
    return task_backends["default"]


@pytest.mark.django_db(transaction=True)
class TestWithABroker:
    def test_it_is_handed_over_after_the_commit(self, broker):
        with transaction.atomic():
            run = enqueue(sample_tasks.write_line, "path", line="x")
            assert (run.sent_at, run.result_id, broker.sent) == (None, "", [])
        run.refresh_from_db()
        assert [result.id for result in broker.sent] == [run.result_id]
        assert TaskRun.objects.count() == 1

    def test_a_rolled_back_transaction_sends_nothing(self, broker):
        with transaction.atomic():
            enqueue(sample_tasks.nothing)
            transaction.set_rollback(True)
        assert not broker.sent
        assert not TaskRun.objects.exists()

    def test_at_once_where_that_is_asked_for(self, broker):
        with transaction.atomic():
            enqueue(sample_tasks.nothing, on_commit=False)
            assert len(broker.sent) == 1

    def test_a_key_is_taken_before_anything_is_sent(self, broker):
        assert enqueue(sample_tasks.nothing, unique_key="k")
        assert enqueue(sample_tasks.nothing, unique_key="k") is None
        assert len(broker.sent) == 1

    def test_a_broker_that_is_away_breaks_nothing_and_gets_it_later(self, broker, caplog, monkeypatch):
        monkeypatch.setattr("background.queueing._refusals_said_at", float("-inf"))
        broker.away = True
        with transaction.atomic():
            run = enqueue(sample_tasks.write_line.using(priority=5), "secret path", line="x")
        run.refresh_from_db()
        assert (run.state, run.sent_at) == ("waiting", None)
        assert "ConnectionError" in caplog.text
        # Asked again and again, and said once in a while.
        assert not queueing.send(run.pk)
        assert caplog.text.count("could not be handed over") == 1
        assert "secret path" not in caplog.text
        later = timezone.now() + 2 * queueing.UNSENT_AFTER
        assert resend_unsent(later) == 0
        broker.away = False
        assert resend_unsent(timezone.now()) == 0, "its own process may still be at it"
        assert resend_unsent(later) == 1
        assert resend_unsent(later) == 0
        run.refresh_from_db()
        assert [(result.id, result.task.priority) for result in broker.sent] == [(run.result_id, 5)]

    def test_it_is_sent_once(self, broker):
        run = enqueue(sample_tasks.nothing)
        assert not send(run.pk)
        assert len(broker.sent) == 1

    def test_what_died_while_it_was_handed_over_is_sent_again(self, broker):
        run = enqueue(sample_tasks.nothing)
        long_ago = timezone.now() - 2 * queueing.UNANSWERED_AFTER
        TaskRun.objects.filter(pk=run.pk).update(result_id="", sent_at=long_ago, queued_at=long_ago)
        assert resend_unsent() == 1

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"task_path": "nowhere.at_all"}, "builtins.ModuleNotFoundError"),
            ({"task_path": "json.dumps"}, "django.core.exceptions.SuspiciousOperation"),
            ({"backend": "removed"}, "django.tasks.exceptions.InvalidTaskBackend"),
            ({"queue_name": "removed"}, "django.tasks.exceptions.InvalidTask"),
            ({"arguments": {}}, "builtins.KeyError"),
            ({"arguments": {"args": 1, "kwargs": []}}, "builtins.TypeError"),
        ],
        ids=str,
    )
    def test_what_can_never_be_sent_fails_and_does_not_stop_the_others(self, broker, changes, error):
        broker.away = True
        gone, fine = enqueue(sample_tasks.nothing), enqueue(sample_tasks.nothing)
        broker.away, broker.queues = False, {"default"}
        TaskRun.objects.filter(pk=gone.pk).update(**changes)
        resend_unsent(timezone.now() + 2 * queueing.UNSENT_AFTER)
        gone.refresh_from_db()
        fine.refresh_from_db()
        assert (gone.state, gone.error) == ("failed", error)
        assert [result.id for result in broker.sent] == [fine.result_id]

    def test_an_engine_that_keeps_no_time_gets_it_when_it_is_due(self, broker, monkeypatch):
        monkeypatch.setattr(broker, "keeps_time", False, raising=False)
        run = enqueue(sample_tasks.nothing.using(run_after=timezone.now() + HOUR))
        assert not broker.sent
        assert resend_unsent(timezone.now() + HOUR / 2) == 0
        TaskRun.objects.filter(pk=run.pk).update(run_after=timezone.now())
        assert resend_unsent() == 1
        assert broker.sent[0].task.run_after is None

    def test_one_that_keeps_time_gets_it_with_its_time(self, broker):
        run = enqueue(sample_tasks.nothing.using(run_after=timezone.now() + HOUR))
        assert [result.task.run_after for result in broker.sent] == [run.run_after]
