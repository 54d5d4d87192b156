"""What is queued is kept: after JSON, and only where nothing rolled it back."""

# ruff: noqa: PT012  (blocks that are rolled back)

import threading
import uuid

import pytest
from django.db import connection, transaction
from django.tasks import TaskResultStatus, task_backends
from django.tasks.exceptions import InvalidTask, TaskResultDoesNotExist
from django.tasks.signals import task_enqueued
from django.utils import timezone

from background import enqueue
from background.models import TaskRun
from background.testing import TestBackend

from . import sample_tasks
from .sample_tasks import done, note


class TestWithoutADatabase:
    def test_it_is_kept_and_nobody_complains(self, tasks, caplog):
        result = note.enqueue("hello")
        (run,) = tasks.enqueued()
        assert (run.path, run.args, run.kwargs, run.state) == (note.module_path, ["hello"], {}, "waiting")
        assert (result.status, result.args, run.record) == (TaskResultStatus.READY, ["hello"], None)
        assert (done, caplog.records) == ([], [])

    def test_it_runs(self, tasks, caplog):
        note.enqueue("hello")
        (run,) = tasks.run()
        assert (run.state, run.value, run.record, done) == ("succeeded", "hello", None, ["hello"])
        assert not [record for record in caplog.records if record.levelname != "INFO"]

    def test_the_packages_own_enqueue_gives_a_run_that_is_not_stored(self, tasks):
        run = enqueue(note, "hello")
        assert (run.pk, run.state, run.arguments) == (None, "waiting", {"args": ["hello"], "kwargs": {}})
        assert run.result_id == tasks.assert_enqueued(note, "hello").id

    def test_tasks_that_ask_for_their_record_have_none(self, tasks):
        sample_tasks.look.enqueue()
        tasks.lose_worker(sample_tasks.look)
        tasks.run()
        assert done == [(False, False), (False, True)]

    def test_schedules_say_what_they_need(self, tasks):
        with pytest.raises(AssertionError, match="mark the test with django_db"):
            tasks.run_schedules()


class TestArguments:
    def test_they_are_what_json_gives_back(self, tasks):
        given = {1: ("a", "b")}
        note.enqueue(given)
        given[1] = "changed since"
        tasks.run()
        assert done == [{"1": ["a", "b"]}]

    def test_a_task_that_changes_its_arguments_changes_its_own_alone(self, tasks):
        note.enqueue(["a"])
        tasks.fail(note, LookupError)
        (run,) = tasks.run()
        run.as_result().args[0].append("b")
        assert run.args == [["a"]]

    @pytest.mark.parametrize("value", [object(), {1, 2}, timezone.now(), uuid.uuid4(), b"\xff", [object()]])
    def test_what_is_not_json_is_refused_by_name(self, tasks, value):
        with pytest.raises(TypeError, match=r"sample_tasks\.note cannot be queued: its argument 1 is of type"):
            note.enqueue(value)
        with pytest.raises(TypeError, match="its argument “what” is of type"):
            note.enqueue(what=value)
        tasks.assert_nothing_enqueued()

    def test_numbers_that_json_does_not_have(self, tasks):
        with pytest.raises(TypeError, match=r"sample_tasks\.note cannot be queued: its argument 1 is of type float"):
            note.enqueue(float("nan"))

    def test_arguments_that_the_function_does_not_take(self, tasks):
        with pytest.raises(TypeError, match=r"note cannot run with what it was queued with: missing a required argument: 'what'"):
            note.enqueue()
        with pytest.raises(TypeError, match="unexpected keyword argument 'silent'"):
            note.enqueue("a", silent=True)
        sample_tasks.tell.enqueue(what="fits, beside the context")


class TestRollbacks:
    """By hand, under whatever transaction the test has."""

    @pytest.fixture(params=["in a transaction", "without one"], autouse=True)
    def database(self, request):
        request.getfixturevalue("db" if request.param == "in a transaction" else "transactional_db")

    def queued(self, tasks):
        return [run.args[0] for run in tasks.enqueued()]

    def test_what_is_committed_stays(self, tasks):
        note.enqueue("outside")
        with transaction.atomic():
            note.enqueue("inside")
            with transaction.atomic(), transaction.atomic():
                note.enqueue("deep inside")
        assert self.queued(tasks) == ["outside", "inside", "deep inside"]
        assert TaskRun.objects.count() == 3

    def test_what_is_rolled_back_never_was(self, tasks):
        with pytest.raises(LookupError), transaction.atomic():
            result = note.enqueue("inside")
            with transaction.atomic():
                note.enqueue("deep inside")
            raise LookupError
        assert self.queued(tasks) == []
        assert TaskRun.objects.count() == 0
        with pytest.raises(TaskResultDoesNotExist):
            note.get_result(result.id)

    def test_a_savepoint_takes_what_was_queued_since(self, tasks):
        with transaction.atomic():
            note.enqueue("before")
            with pytest.raises(LookupError), transaction.atomic():
                with transaction.atomic():
                    note.enqueue("in a savepoint that was released")
                raise LookupError
            with pytest.raises(LookupError), transaction.atomic():
                raise LookupError
            note.enqueue("after")
        assert self.queued(tasks) == ["before", "after"]

    def test_a_block_without_a_savepoint_takes_what_is_around_it(self, tasks):
        note.enqueue("outside")
        with transaction.atomic():
            note.enqueue("around it")
            with pytest.raises(LookupError), transaction.atomic(savepoint=False):
                note.enqueue("in it")
                raise LookupError
        assert self.queued(tasks) == ["outside"]

    def test_a_rollback_by_hand(self, tasks):
        with transaction.atomic():
            note.enqueue("inside")
            transaction.set_rollback(True)
        assert self.queued(tasks) == []

    def test_a_run_is_still_there_while_its_transaction_is(self, tasks):
        with transaction.atomic():
            note.enqueue("inside")
            assert self.queued(tasks) == ["inside"]

    def test_no_function_waits_for_the_commit_on_its_behalf(self, tasks, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True) as callbacks, transaction.atomic():
            transaction.on_commit(lambda: note.enqueue("after the commit"))
            note.enqueue("in it")
        assert len(callbacks) == (1 if connection.in_atomic_block else 0)
        assert self.queued(tasks) == ["in it", "after the commit"]


@pytest.mark.django_db(transaction=True)
class TestThreads:
    def in_thread(self, function):
        def work():
            try:
                function()
            finally:
                connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    def test_what_another_thread_queued_is_seen_once_it_is_committed(self, tasks):
        seen = []

        def work():
            with transaction.atomic():
                note.enqueue("elsewhere")
                check = threading.Thread(target=lambda: seen.append(len(tasks.enqueued())))
                check.start()
                check.join()

        self.in_thread(work)
        assert seen == [0]
        assert tasks.assert_enqueued(note).args == ["elsewhere"]

    def test_a_connection_that_is_closed_in_a_transaction_takes_it_along(self, tasks):
        def work():
            with transaction.atomic():
                note.enqueue("elsewhere")
                connection.close()

        self.in_thread(work)
        tasks.assert_nothing_enqueued()


class TestRecords:
    pytestmark = pytest.mark.django_db

    def test_both_ways_of_queueing_are_recorded(self, tasks):
        sample_tasks.plain.enqueue(1)
        run = enqueue(sample_tasks.once, 2)
        first, second = tasks.enqueued()
        assert (first.record.state, first.record.arguments, first.record.queue_name) == (
            "waiting",
            {"args": [1], "kwargs": {}},
            "mail",
        )
        assert (second.record, second.record.about) == (run, "group 2")

    def test_a_key_keeps_a_second_out(self, tasks):
        assert enqueue(sample_tasks.once, 2)
        assert enqueue(sample_tasks.once, 2) is None
        tasks.assert_enqueued(sample_tasks.once, 2, times=1)
        tasks.run()
        assert enqueue(sample_tasks.once, 2)

    def test_what_an_operator_discards_is_not_run(self, tasks):
        from background.actions import discard, retry

        run = discard(enqueue(note, "a"))
        (ended,) = tasks.run()
        assert (ended.state, done) == ("discarded", [])
        retry(run)
        tasks.run()
        assert done == ["a"]

    def test_a_run_whose_record_was_deleted_gets_another(self, tasks):
        note.enqueue("a")
        TaskRun.objects.all().delete()
        (run,) = tasks.run()
        assert run.record.state == "succeeded"


class TestBackendItself:
    def test_it_is_the_one_of_the_settings(self):
        backend = task_backends["default"]
        assert isinstance(backend, TestBackend)
        assert backend.supports_defer
        assert backend.supports_priority
        assert backend.supports_async_task
        assert backend.supports_get_result
        assert backend.shares_transaction

    def test_it_replaces_whatever_the_settings_say(self, settings, request):
        settings.TASKS = {
            "default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend", "QUEUES": ["default", "mail"]},
            "other": {"BACKEND": "django_tasks_db.DatabaseBackend", "OPTIONS": {"x": 1}},
        }
        tasks = request.getfixturevalue("tasks")
        sample_tasks.plain.enqueue()
        note.using(backend="other").enqueue("b")
        assert [run.task.backend for run in tasks.enqueued()] == ["default", "other"]
        with pytest.raises(InvalidTask, match="Queue 'nowhere'"):
            note.using(queue_name="nowhere")
        tasks.stop()
        assert not isinstance(task_backends["default"], TestBackend)

    def test_a_backend_that_is_not_there_is_an_error_as_ever(self, settings, request):
        settings.TASKS = {"default": {"BACKEND": "nowhere.Backend"}}
        with pytest.raises(ImportError):
            request.getfixturevalue("tasks")

    def test_results_can_be_fetched_and_refreshed(self, tasks):
        result = note.enqueue("a")
        assert note.get_result(result.id).status == "READY"
        tasks.run()
        result.refresh()
        assert (result.status, result.return_value, result.attempts) == ("SUCCESSFUL", "a", 1)
        failed = sample_tasks.fail.enqueue()
        tasks.run(fail_silently=True)
        failed.refresh()
        assert (failed.status, failed.errors[0].exception_class) == ("FAILED", LookupError)
        with pytest.raises(TaskResultDoesNotExist):
            note.get_result("nothing")

    def test_receivers_hear_of_it(self, tasks):
        heard = []

        def hear(task_result, **kwargs):
            heard.append(task_result.id)

        task_enqueued.connect(hear)
        try:
            assert [note.enqueue("a").id] == heard
        finally:
            task_enqueued.disconnect(hear)

    @pytest.mark.own_loop
    def test_coroutines_queue_and_are_run(self, tasks):
        import asyncio

        async def work():
            await sample_tasks.note_later.aenqueue("a")
            return await tasks.arun()

        (run,) = asyncio.run(work())
        assert (run.state, done) == ("succeeded", ["a"])

    def test_the_queue_is_empty_after_a_test(self, tasks):
        tasks.assert_nothing_enqueued()
        assert tasks.runs == []
