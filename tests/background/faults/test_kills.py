"""The kernel kills a worker in the middle of a task; a process manager ends it."""

import signal
import time
from pathlib import Path

import pytest

from tests.background.conftest import wait_until

from . import tasks

pytestmark = pytest.mark.real_process


def test_a_killed_workers_tasks_keep_what_they_promise(world):
    path = world.path("begun")
    plain = world.queue(tasks.plain_effect, "plain", path, 60)
    once = world.queue(tasks.at_most_once, "once", path, 60)
    world.start(3)
    wait_until(lambda: Path(path).exists() and Path(path).read_text().count("begins") == 2, what="two tasks at work")
    # On SQLite nobody else writes while this one is at work, so it comes last.
    atomic = world.queue(tasks.atomic_effect, "atomic", path, 60)
    wait_until(lambda: Path(path).read_text().count("begins") == 3, what="all three at work")

    world.kill(world.pids())
    Path(f"{path}.go-on").touch()

    began = time.monotonic()
    world.wait_for(plain, atomic, once)
    assert time.monotonic() - began < 90
    assert world.states(plain) == ["lost", "succeeded"]
    assert world.states(atomic) == ["lost", "succeeded"]
    assert world.states(once) == ["failed"]
    effects = world.effects()
    assert effects["atomic"] == 1, "exactly once, because it is one transaction"
    assert effects["plain"] == 2, "at least once: both runs did their work"
    assert effects["once"] == 1
    assert world.runs(once).get().error == "background.policy.LostWorker"
    assert world.agree()


def test_a_second_signal_does_not_wait_and_nothing_is_lost(world):
    path = world.path("begun")
    row = world.queue(tasks.atomic_effect, "late", path, 60)
    worker = world.start()
    wait_until(lambda: Path(path).exists(), what="the task to begin")

    worker.send_signal(signal.SIGTERM)
    wait_until(lambda: "Stopping" in world.shared.log(), what="the signal to be heard")
    # A second one sooner would be taken for the same.
    time.sleep(1.3)
    assert worker.poll() is None, "the first signal lets it finish"
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(120) == 1
    assert "Stopping at once" in world.shared.log()
    assert (world.shared.status(row), world.effects()["late"]) == ("RUNNING", 0)
    Path(f"{path}.go-on").touch()
    world.shared.start_worker()
    world.wait_for(row)
    assert (world.states(row), world.effects()["late"]) == (["lost", "succeeded"], 1)


def test_a_signal_lets_an_atomic_task_finish(world):
    path = world.path("begun")
    row = world.queue(tasks.atomic_effect, "done", path, 60)
    worker = world.start()
    wait_until(lambda: Path(path).exists(), what="the task to begin")
    worker.send_signal(signal.SIGTERM)
    wait_until(lambda: "Stopping" in world.shared.log(), what="the signal to be heard")
    Path(f"{path}.go-on").touch()
    assert worker.wait(120) == 0
    assert (world.states(row), world.effects()["done"]) == (["succeeded"], 1)
    assert not world.pids()


def test_each_tick_of_a_schedule_runs_once_with_two_workers(world):
    from background.models import Schedule
    from tests.background.conftest import ALIAS

    world.start(2)
    schedule = Schedule.objects.using(ALIAS).filter(name=tasks.tick.module_path)
    ticks = world.runs().filter(task_path=tasks.tick.module_path)
    began = time.monotonic()
    schedule.update(enabled=True)
    wait_until(lambda: ticks.count() >= 6, what="six ticks")
    schedule.update(enabled=False)
    wait_until(lambda: not world.runs().open().exists(), what="the last tick")
    assert world.effects()["tick"] == ticks.count()
    # The first comes at once, and then one a second at most: were each worker to start its own, there would be twice as many.
    assert ticks.count() <= time.monotonic() - began + 2
    assert set(ticks.values_list("state", flat=True)) == {"succeeded"}
