"""What a test lets go wrong, and what comes of it."""

import datetime

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from background import enqueue
from background.models import TaskRun
from background.policy import LostWorker

from . import sample_tasks
from .sample_tasks import done, note

HOUR = datetime.timedelta(hours=1)


@pytest.fixture(params=["no database", "database"])
def everywhere(request):
    if request.param == "database":
        request.getfixturevalue("db")


@pytest.fixture(params=["in a transaction", "without one"])
def database(request):
    request.getfixturevalue("db" if request.param == "in a transaction" else "transactional_db")


class TestFail:
    def test_the_function_is_not_called_and_nothing_is_raised(self, tasks, everywhere):
        error = ConnectionError("refused")
        tasks.fail(note, error)
        note.enqueue("a")
        note.enqueue("b")
        first, second = tasks.run()
        assert (first.state, first.error, second.state, done) == ("failed", error, "succeeded", ["b"])

    def test_several_times_and_then_it_works(self, tasks, everywhere):
        tasks.fail(sample_tasks.reach, ConnectionError, times=2)
        sample_tasks.reach.enqueue()
        assert [run.state for run in tasks.run(until=HOUR)] == ["retried", "retried", "succeeded"]
        assert done == ["reached"]

    def test_only_that_task(self, tasks):
        tasks.fail(sample_tasks.plain, LookupError)
        note.enqueue("a")
        tasks.run()
        assert done == ["a"]

    @pytest.mark.parametrize("times", [0, -1, True, 1.5])
    def test_how_often(self, tasks, times):
        with pytest.raises(ValueError, match="must be a whole number"):
            tasks.fail(note, LookupError, times=times)

    def test_of_what_is_no_task(self, tasks):
        with pytest.raises(TypeError, match="is no task"):
            tasks.fail("note", LookupError)
        with pytest.raises(TypeError, match="is no task"):
            tasks.lose_worker("note")


class TestLoseWorker:
    def test_the_work_was_done_and_is_done_again(self, tasks, everywhere):
        tasks.lose_worker(note)
        note.enqueue("a")
        lost, again = tasks.run()
        assert (lost.state, again.state, done) == ("lost", "succeeded", ["a", "a"])
        assert (again.id, again.attempt, again.losses) == (lost.id, 1, 1)

    def test_before_it_began(self, tasks, everywhere):
        tasks.lose_worker(note, at="start")
        note.enqueue("a")
        assert [run.state for run in tasks.run()] == ["lost", "succeeded"]
        assert done == ["a"]
        with pytest.raises(ValueError, match="“start” or “end”"):
            tasks.lose_worker(note, at="noon")

    def test_three_times_and_then_it_fails(self, tasks, everywhere):
        tasks.lose_worker(note, times=10)
        note.enqueue("a")
        runs = tasks.run()
        assert [run.state for run in runs] == ["lost", "lost", "lost", "failed"]
        assert isinstance(runs[-1].error, LostWorker)
        assert str(runs[-1].error) == "The worker was lost 4 times while it ran this task."
        tasks.assert_nothing_enqueued()

    def test_one_that_runs_once_at_most_fails(self, tasks, everywhere):
        tasks.lose_worker(sample_tasks.pay)
        sample_tasks.pay.enqueue()
        (run,) = tasks.run()
        assert (run.state, done, type(run.error)) == ("failed", ["paid"], LostWorker)
        assert sample_tasks.pay.get_result(run.id).status == "FAILED"

    def test_an_atomic_one_leaves_no_trace(self, tasks, database):
        tasks.lose_worker(sample_tasks.write_once)
        sample_tasks.write_once.enqueue("a")
        assert [run.state for run in tasks.run(sample_tasks.write_once)] == ["lost", "succeeded"]
        assert (Group.objects.count(), done) == (1, ["committed a"])
        tasks.assert_enqueued(note, "with a", times=1)

    def test_another_leaves_what_it_wrote(self, tasks, database):
        tasks.lose_worker(sample_tasks.write)
        sample_tasks.write.enqueue("a")
        with pytest.raises(Exception, match=r"(?i)unique"):
            tasks.run()
        tasks.assert_enqueued(note, "committed a", times=1)

    def test_its_error_is_lost_with_it(self, tasks, everywhere):
        tasks.lose_worker(sample_tasks.fail)
        sample_tasks.fail.enqueue()
        assert [run.state for run in tasks.run(fail_silently=True)] == ["lost", "failed"]

    def test_it_is_recorded_as_in_production(self, tasks, database):
        tasks.lose_worker(note)
        note.enqueue("a")
        lost, again = tasks.run()
        first, second = TaskRun.objects.order_by("pk")
        assert (first, second) == (lost.record, again.record)
        assert (first.state, second.state, second.losses, second.first) == ("lost", "succeeded", 1, first)
        assert first.result_id == second.result_id

    def test_a_loss_for_good_is_recorded_too(self, tasks, database):
        tasks.lose_worker(sample_tasks.pay)
        sample_tasks.pay.enqueue()
        tasks.run()
        run = TaskRun.objects.get()
        assert (run.state, run.error) == ("failed", "background.policy.LostWorker")

    def test_the_task_can_ask(self, tasks, database):
        tasks.lose_worker(sample_tasks.look)
        sample_tasks.look.enqueue()
        tasks.run()
        assert done == [(True, False), (True, True)]


class TestRefuse:
    def test_until_the_end_of_the_block(self, tasks, everywhere):
        with tasks.refuse_enqueue(OSError("no route")), pytest.raises(OSError, match="no route"):
            note.enqueue("a")
        note.enqueue("b")
        tasks.assert_enqueued(note, times=1)

    def test_until_the_end_of_the_test(self, tasks, everywhere):
        tasks.refuse_enqueue()
        for _ in range(2):
            with pytest.raises(ConnectionError):
                enqueue(note, "a")
        tasks.assert_nothing_enqueued()

    def test_one_task_alone(self, tasks):
        tasks.refuse_enqueue(task=sample_tasks.plain)
        note.enqueue("a")
        with pytest.raises(ConnectionError):
            sample_tasks.plain.enqueue()

    def test_a_task_whose_own_queueing_is_refused_fails(self, tasks, everywhere):
        sample_tasks.queue_two.enqueue()
        with tasks.refuse_enqueue(), pytest.raises(ConnectionError):
            tasks.run()

    def test_what_comes_again_by_itself_comes(self, tasks, everywhere):
        sample_tasks.put_off.enqueue()
        with tasks.refuse_enqueue():
            tasks.run()
        assert tasks.assert_enqueued(sample_tasks.put_off).run_after > timezone.now()
