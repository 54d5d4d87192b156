"""Running what is queued, as a worker would."""

import datetime
import logging

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.tasks.signals import task_finished, task_started
from django.utils import timezone

from background.models import TaskRun
from background.policy import TimeLimitExceeded
from background.testing import EndlessTasks

from . import sample_tasks
from .sample_tasks import done, note, plain


def names():
    return sorted(Group.objects.values_list("name", flat=True))


@pytest.fixture(params=["in a transaction", "without one"])
def database(request):
    request.getfixturevalue("db" if request.param == "in a transaction" else "transactional_db")


@pytest.fixture(params=["no database", "database"])
def everywhere(request):
    if request.param == "database":
        request.getfixturevalue("db")


class TestOrder:
    def test_priority_then_what_could_have_run_for_longest(self, tasks, everywhere):
        hour = datetime.timedelta(hours=1)
        start = timezone.now()
        tasks.travel_to(start)
        note.using(run_after=start + hour).enqueue("due since an hour")
        note.enqueue("first")
        note.enqueue("second")
        plain.enqueue(10)
        note.using(priority=-1).enqueue("last")
        note.using(run_after=start + 5 * hour).enqueue("not yet")
        tasks.advance(hours=2)
        note.enqueue("new")
        tasks.run()
        assert done == [10, "first", "second", "due since an hour", "new", "last"]
        assert [run.args for run in tasks.enqueued()] == [["not yet"]]

    def test_what_they_queue_is_run_in_its_turn(self, tasks, everywhere):
        sample_tasks.queue_two.enqueue()
        note.enqueue("waits already")
        runs = tasks.run()
        assert done == ["two", "before", "waits already", "behind"]
        assert [run.state for run in runs] == ["succeeded"] * 4
        assert tasks.runs == runs

    def test_one_task_alone(self, tasks, everywhere):
        note.enqueue("a")
        plain.enqueue(1)
        assert [run.path for run in tasks.run(note)] == [note.module_path]
        tasks.assert_enqueued(plain)

    def test_nothing_waits(self, tasks):
        assert tasks.run() == []

    def test_tasks_without_an_end(self, tasks, everywhere):
        sample_tasks.queue_itself.enqueue()
        with pytest.raises(EndlessTasks, match=r"20 tasks have run, and .*queue_itself\(\) is still queued. The last were:"):
            tasks.run(limit=20)
        assert len(tasks.runs) == 20


class TestErrors:
    def test_what_a_task_raises_is_recorded_and_raised(self, tasks, database):
        sample_tasks.fail.enqueue("of ada@example.org")
        note.enqueue("after it")
        with pytest.raises(LookupError) as raised:
            tasks.run()
        assert raised.value.__notes__ == [
            "Raised by the task tests.background.testing.sample_tasks.fail('of ada@example.org')  [failed]."
        ]
        (run,) = tasks.runs
        assert (run.state, run.error) == ("failed", raised.value)
        assert (run.record.state, run.record.error, run.record.message) == ("failed", "builtins.LookupError", "of •••")
        tasks.run()
        assert done == ["after it"]

    def test_or_only_recorded(self, tasks, everywhere):
        sample_tasks.fail.enqueue()
        note.enqueue("after it")
        failed, _after = tasks.run(fail_silently=True)
        assert (failed.state, str(failed.error), done) == ("failed", "no such thing", ["after it"])

    def test_also_one_that_is_tried_again(self, tasks, everywhere):
        sample_tasks.try_three_times.enqueue()
        with pytest.raises(LookupError):
            tasks.run()
        assert tasks.assert_enqueued(sample_tasks.try_three_times).attempt == 2

    def test_a_value_that_is_not_json(self, tasks, everywhere):
        answer_with_a_set.enqueue()
        with pytest.raises(TypeError, match="set"):
            tasks.run()

    def test_a_time_limit(self, tasks, everywhere):
        sample_tasks.take_too_long.enqueue()
        with pytest.raises(TimeLimitExceeded):
            tasks.run()

    def test_an_exit_fails_the_task(self, tasks, everywhere):
        leave.enqueue()
        with pytest.raises(SystemExit):
            tasks.run()
        assert tasks.runs[0].state == "failed"

    def test_a_person_who_stops_the_tests_stops_them(self, tasks):
        interrupt.enqueue()
        with pytest.raises(KeyboardInterrupt):
            tasks.run(fail_silently=True)
        assert tasks.runs == []

    def test_a_receiver_that_raises_changes_nothing(self, tasks, everywhere, caplog):
        def broken(**kwargs):
            raise RuntimeError("a broken receiver")

        task_started.connect(broken)
        task_finished.connect(broken)
        try:
            note.enqueue("a")
            (run,) = tasks.run()
        finally:
            task_started.disconnect(broken)
            task_finished.disconnect(broken)
        assert run.state == "succeeded"
        assert [record.name for record in caplog.records if record.levelno >= logging.ERROR] == ["django.dispatch"] * 2


@sample_tasks.task
def answer_with_a_set():
    return {1}


@sample_tasks.task
def leave():
    raise SystemExit(3)


@sample_tasks.task
def interrupt():
    raise KeyboardInterrupt


class TestTransactions:
    """What a task writes is what it would have written without the test's own transaction."""

    pytestmark = pytest.mark.usefixtures("database")

    def test_what_waits_for_the_commit_comes_after_the_task(self, tasks):
        sample_tasks.write.enqueue("a")
        assert [run.path.rpartition(".")[2] for run in tasks.run()] == ["write", "note"]
        assert (names(), done) == (["a"], ["committed a"])
        assert connection.run_on_commit == []

    def test_a_task_that_fails_keeps_what_it_wrote(self, tasks):
        sample_tasks.write_and_fail.enqueue("a")
        tasks.run(fail_silently=True)
        assert names() == ["a"]

    def test_an_atomic_one_does_not(self, tasks):
        sample_tasks.write_once.enqueue("a", then_fail=True)
        with pytest.raises(LookupError):
            tasks.run()
        assert (names(), done) == ([], [])
        tasks.assert_not_enqueued(note)

    def test_an_atomic_one_that_succeeds(self, tasks):
        sample_tasks.write_once.enqueue("a")
        tasks.run()
        assert (names(), done) == (["a"], ["committed a", "with a"])

    def test_a_durable_block_is_allowed_in_a_task(self, tasks):
        sample_tasks.durable.enqueue("a")
        tasks.run()
        assert names() == ["a"]

    def test_an_error_of_the_database_does_not_end_the_test(self, tasks):
        sample_tasks.write_twice.enqueue("a")
        with pytest.raises(IntegrityError):
            tasks.run()
        assert tasks.runs[0].record.state == "failed"

    def test_run_within_a_transaction_of_the_test(self, tasks):
        with transaction.atomic():
            sample_tasks.write.enqueue("a")
            tasks.run()
            assert done == []
            transaction.set_rollback(True)
        assert names() == []

    def test_a_function_that_waited_for_the_commit_and_raises(self, tasks):
        divide_after_the_commit.enqueue()
        with pytest.raises(ZeroDivisionError):
            tasks.run()
        assert (tasks.runs[0].state, names()) == ("failed", ["a"])

    def test_the_same_after_an_atomic_task_which_is_done_by_then(self, tasks):
        divide_after_the_commit_of_it_all.enqueue()
        with pytest.raises(ZeroDivisionError):
            tasks.run()
        assert (tasks.runs[0].state, names()) == ("succeeded", ["a"])

    def test_what_a_task_raises_after_an_error_that_it_caught(self, tasks):
        sample_tasks.ask_and_raise.enqueue()
        with pytest.raises(LookupError, match="of its own"):
            tasks.run()


@sample_tasks.task
def divide_after_the_commit():
    Group.objects.create(name="a")
    transaction.on_commit(lambda: 1 / 0)


@sample_tasks.task(atomic=True)
def divide_after_the_commit_of_it_all():
    divide_after_the_commit.func()


@pytest.mark.django_db
@pytest.mark.parametrize("task", [sample_tasks.write_twice, sample_tasks.ask])
def test_a_task_that_goes_on_after_an_error_of_the_database_is_told_what_to_do(tasks, task):
    if task == sample_tasks.ask and connection.vendor == "sqlite":
        pytest.skip("SQLite goes on after an error in a transaction.")
    task.enqueue(*(["a"] if task == sample_tasks.write_twice else []), carry_on=True)
    with pytest.raises(AssertionError, match=r"Put `with transaction.atomic\(\):` around what may fail"):
        tasks.run()
    assert tasks.runs[0].record.state == "failed"


@pytest.mark.django_db(transaction=True)
def test_which_is_no_error_without_the_tests_transaction(tasks):
    sample_tasks.write_twice.enqueue("a", carry_on=True)
    tasks.run()
    assert names() == ["a"]


class TestWhatATaskKnows:
    def test_its_attempt_and_its_arguments(self, tasks, everywhere):
        sample_tasks.tell.enqueue("a")
        tasks.fail(sample_tasks.tell, LookupError)
        tasks.run()
        sample_tasks.tell.enqueue("b")
        tasks.run()
        assert done == [(1, ["b"], "b")]

    @pytest.mark.django_db
    def test_its_record_and_its_progress(self, tasks):
        sample_tasks.look.enqueue()
        (run,) = tasks.run()
        assert done == [(True, False)]
        assert (run.record.done, run.record.total, run.record.note) == (1, 2, "half")

    def test_a_task_that_queues_by_the_packages_own_function(self, tasks, everywhere):
        sample_tasks.queue_by_record.enqueue()
        tasks.run()
        assert done == ["by record"]


@pytest.mark.django_db
def test_a_run_is_recorded_from_its_start_to_its_end(tasks):
    moment = datetime.datetime(2030, 5, 1, 12, tzinfo=datetime.UTC)
    tasks.travel_to(moment)
    note.enqueue("a")
    tasks.advance(minutes=1)
    (run,) = tasks.run()
    row = TaskRun.objects.get()
    assert row == run.record
    assert (row.queued_at, row.started_at, row.finished_at) == (moment, run.started_at, run.finished_at)
    assert (row.state, row.worker_id, row.result_id) == ("succeeded", "test-worker", run.id)
