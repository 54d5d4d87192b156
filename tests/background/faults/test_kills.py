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
    plain = world.queue(tasks.plain_effect, "plain", path, 3)
    once = world.queue(tasks.at_most_once, "once", path, 3)
    world.start(3)
    wait_until(lambda: Path(path).exists() and Path(path).read_text().count("begins") == 2, what="two tasks at work")
    # On SQLite nobody else writes while this one is at work, so it comes last.
    atomic = world.queue(tasks.atomic_effect, "atomic", path, 1)
    wait_until(lambda: Path(path).read_text().count("begins") == 3, what="all three at work")

    world.kill(world.pids())

    began = time.monotonic()
    world.wait_for(plain, atomic, once)
    assert time.monotonic() - began < 30
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
    row = world.queue(tasks.atomic_effect, "late", path, 3)
    worker = world.start()
    wait_until(lambda: Path(path).exists(), what="the task to begin")

    worker.send_signal(signal.SIGTERM)
    time.sleep(1.3)
    assert worker.poll() is None, "the first signal lets it finish"
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(5) == 1
    assert "Stopping at once" in world.shared.log()
    assert (world.shared.status(row), world.effects()["late"]) == ("RUNNING", 0)
    world.shared.start_worker()
    world.wait_for(row)
    assert (world.states(row), world.effects()["late"]) == (["lost", "succeeded"], 1)


def test_a_signal_lets_an_atomic_task_finish(world):
    path = world.path("begun")
    row = world.queue(tasks.atomic_effect, "done", path, 2)
    worker = world.start()
    wait_until(lambda: Path(path).exists(), what="the task to begin")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert (world.states(row), world.effects()["done"]) == (["succeeded"], 1)
    assert not world.pids()


def test_each_tick_of_a_schedule_runs_once_with_two_workers(world):
    from background.models import Schedule
    from tests.background.conftest import ALIAS

    world.start(2)
    schedule = Schedule.objects.using(ALIAS).filter(name=tasks.tick.module_path)
    schedule.update(enabled=True)
    time.sleep(6)
    schedule.update(enabled=False)
    wait_until(lambda: not world.runs().open().exists(), what="the last tick")
    ticks = world.runs().filter(task_path=tasks.tick.module_path)
    assert world.effects()["tick"] == ticks.count()
    # The first comes at once, and then one a second at most; less on a machine that is busy.
    assert 3 <= ticks.count() <= 8
    starts = list(ticks.values_list("queued_at", flat=True))
    assert len({start.replace(microsecond=0) for start in starts}) >= len(starts) - 1
    assert set(ticks.values_list("state", flat=True)) == {"succeeded"}
