"""The same promises, whichever engine runs the tasks: real workers, a real Redis, and every engine in turn."""

import datetime
import signal
import time

import pytest
from django.db import transaction
from django.utils import timezone

from background import enqueue
from background.models import Schedule, TaskRun

from . import sample_tasks as tasks

pytestmark = pytest.mark.real_process


def test_what_an_engine_promises(world, subtests):
    """Everything is queued at once and looked at when it is through, so that the waiting is done once."""
    world.pause_schedules()
    Schedule.objects.filter(name="background.tasks.forget_old_tasks").update(enabled=True, next_run_at=timezone.now())
    soon = timezone.now() + datetime.timedelta(seconds=3)
    world.shared.start_worker("--concurrency", "2")

    enqueue(tasks.leave_a_mark_and_die_the_first_time, world.path("mark"), "mark")
    enqueue(tasks.die_and_stay_dead, world.path("dead"))
    written = enqueue(tasks.write_line, world.path("line"), "hello")
    with transaction.atomic():
        enqueue(tasks.write_line, world.path("never"), "never")
        transaction.set_rollback(True)
    with transaction.atomic():
        first = enqueue(tasks.write_line.using(run_after=soon), world.path("later"), "later", unique_key="one")
        second = enqueue(tasks.write_line, world.path("later"), "too many", unique_key="one")
    tasks.write_line.enqueue(world.path("plain"), "by Django's own")
    enqueue(tasks.write_later, world.path("async"), "async")
    enqueue(tasks.fail_with_a_secret)
    enqueue(tasks.fail_twice, world.path("twice"))
    enqueue(tasks.tell_attempt, world.path("attempts"))
    enqueue(tasks.put_itself_off, world.path("off"))
    enqueue(tasks.count_to, 500)
    enqueue(tasks.leave)
    enqueue(tasks.answer_with_a_set)
    enqueue(tasks.take_too_long)

    with subtests.test("the outcome is recorded"):
        world.wait_for(lambda: TaskRun.objects.get(pk=written.pk).state == "succeeded", "the first task")
        run = TaskRun.objects.get(pk=written.pk)
        assert world.lines("line") == ["hello"]
        assert run.started_at <= run.finished_at
        assert run.worker_id
    with subtests.test("a task that is queued by Django's own enqueue is recorded too"):
        run = world.wait_for(lambda: world.runs(tasks.write_line).filter(arguments__args__0=world.path("plain")).first(), "it")
        world.wait_for(lambda: world.lines("plain"), "the plain task")
        assert world.backend().get_result(run.result_id).task.module_path == tasks.write_line.module_path
    with subtests.test("an async function runs"):
        world.wait_until_ended(tasks.write_later)
        assert world.lines("async") == ["async"]
    with subtests.test("a failure is recorded without what is personal"):
        world.wait_until_ended(tasks.fail_with_a_secret)
        run = world.runs(tasks.fail_with_a_secret).get()
        assert (run.state, run.error) == ("failed", "builtins.ValueError")
        assert "No mail could be sent" in run.message
        assert "fail_with_a_secret" in run.traceback
        assert tasks.SECRET not in run.message + run.traceback + world.shared.log()
    with subtests.test("a task is tried again"):
        world.wait_for(lambda: "succeeded" in world.states(tasks.fail_twice), "the third attempt")
        assert world.states(tasks.fail_twice) == ["retried", "retried", "succeeded"]
        assert list(world.runs(tasks.fail_twice).values_list("attempt", flat=True)) == [1, 2, 3]
        assert world.runs(tasks.fail_twice).exclude(first=None).values_list("first").distinct().count() == 1
    with subtests.test("a task can ask which attempt it is"):
        world.wait_for(lambda: "succeeded" in world.states(tasks.tell_attempt), "the second attempt")
        # django-tasks-db counts the workers of one row, and each attempt has a row of its own.
        assert world.lines("attempts") == (["1", "2"] if world.has_broker else ["1", "1"])
    with subtests.test("a task that puts itself off comes again, without having failed"):
        world.wait_for(lambda: "succeeded" in world.states(tasks.put_itself_off), "its second time")
        assert world.states(tasks.put_itself_off) == ["postponed", "succeeded"]
        assert set(world.runs(tasks.put_itself_off).values_list("attempt", flat=True)) == {1}
        one, two = map(float, world.lines("off"))
        assert two - one >= 2
    with subtests.test("what is for later runs then, and its key keeps others away"):
        world.wait_for(lambda: TaskRun.objects.get(pk=first.pk).state == "succeeded", "the later task")
        assert second is None
        assert TaskRun.objects.get(pk=first.pk).started_at >= soon
        assert world.lines("later") == ["later"]
        queued_late = enqueue(tasks.write_line, world.path("later"), "again", unique_key="one")
        assert queued_late is not None, "the key is free when the run has ended"
    with subtests.test("what a rolled back transaction queued never was"):
        assert not world.runs(tasks.write_line).filter(arguments__args__1="never").exists()
        assert world.lines("never") == []
    with subtests.test("progress is told"):
        world.wait_until_ended(tasks.count_to)
        run = world.runs(tasks.count_to).get()
        assert (run.done, run.total, run.note) == (500, 500, "rows")
    with subtests.test("an exit asked for by a task fails the task alone"):
        world.wait_until_ended(tasks.leave)
        assert world.runs(tasks.leave).get().error == "builtins.SystemExit"
    with subtests.test("an answer that is not JSON fails the task"):
        world.wait_until_ended(tasks.answer_with_a_set)
        assert world.runs(tasks.answer_with_a_set).get().error == "builtins.TypeError"
    with subtests.test("a time limit ends the task and not the worker"):
        world.wait_until_ended(tasks.take_too_long)
        run = world.runs(tasks.take_too_long).get()
        assert (run.state, run.error) == ("failed", "background.policy.TimeLimitExceeded")
        assert run.duration < datetime.timedelta(seconds=30)
    with subtests.test("of two workers one starts what is scheduled"):
        world.wait_for(lambda: world.runs().filter(task_path="background.tasks.forget_old_tasks").exists(), "the schedule")
        assert world.runs().filter(task_path="background.tasks.forget_old_tasks").count() == 1
    with subtests.test("a task whose worker was killed runs again, and its effect on the database is there once"):
        began = world.runs(tasks.leave_a_mark_and_die_the_first_time).first().started_at
        world.wait_for(lambda: "succeeded" in world.states(tasks.leave_a_mark_and_die_the_first_time), "its second time")
        assert world.states(tasks.leave_a_mark_and_die_the_first_time) == ["lost", "succeeded"]
        done = world.runs(tasks.leave_a_mark_and_die_the_first_time).last()
        assert (done.attempt, done.losses) == (1, 1)
        assert done.started_at - began < datetime.timedelta(seconds=90)
        assert Schedule.objects.filter(name="mark").count() == 1
        assert len(set(world.lines("mark"))) == 2
    with subtests.test("unless it may run only once"):
        world.wait_until_ended(tasks.die_and_stay_dead)
        run = world.runs(tasks.die_and_stay_dead).get()
        assert (run.state, run.error) == ("failed", "background.policy.LostWorker")
        assert len(world.lines("dead")) == 1
    with subtests.test("nothing is left"):
        world.wait_for(lambda: not TaskRun.objects.open().exists(), "the rest")


def test_what_is_urgent_goes_first_and_a_signal_lets_the_running_task_finish(world):
    world.pause_schedules()
    priorities = [0, -100, 100, 50, -50]
    for priority in priorities:
        enqueue(tasks.write_line.using(priority=priority), world.path("order"), str(priority))
    worker = world.shared.start_worker()
    world.wait_for(lambda: len(world.lines("order")) == len(priorities), "five tasks")
    assert world.lines("order") == ["100", "50", "0", "-50", "-100"]

    slow = enqueue(tasks.write_slowly, world.path("slow"), 60)
    world.wait_for(lambda: world.lines("slow"), "the slow task")
    waiting = enqueue(tasks.write_line, world.path("too-late"), "too late")
    worker.send_signal(signal.SIGTERM)
    world.wait_for(lambda: "Stopping" in world.shared.log(), "the signal to be heard")
    (world.folder / "slow.go-on").touch()

    assert worker.wait(120) == 0
    assert world.lines("slow") == ["begins", "ends"]
    assert [TaskRun.objects.get(pk=run.pk).state for run in (slow, waiting)] == ["succeeded", "waiting"]
    assert not world.shared.beats().exists(), "a worker that ended in good order does not count as alive"


def test_a_broker_that_is_away_costs_time_and_no_task(broker_world):
    world = broker_world
    world.pause_schedules()
    world.shared.start_worker()
    enqueue(tasks.write_line, world.path("before"), "before")
    world.wait_for(lambda: world.lines("before"), "the first task")

    world.redis.stop()
    began = time.monotonic()
    run = enqueue(tasks.write_line, world.path("during"), "during")
    plain = tasks.write_line.enqueue(world.path("plain"), "plain")
    assert time.monotonic() - began < 20, "a page does not wait for a broker that is away"
    run.refresh_from_db()
    assert (run.state, run.sent_at) == ("waiting", None)
    assert world.backend().get_result(plain.id).status == "READY"

    world.redis.start()
    world.wait_for(lambda: world.lines("during") and world.lines("plain"), "what was queued meanwhile")
    assert world.shared.workers[0].poll() is None
    assert "Traceback" not in world.shared.log()
    world.wait_for(lambda: not TaskRun.objects.open().exists(), "the records")
    assert len(world.lines("during") + world.lines("plain")) == 2
