"""`manage.py worker` as a process manager meets it: real processes, real signals, a real database."""

import contextlib
import os
import signal
import sqlite3
import time

import pytest
from django.db import connection

from . import sample_tasks
from .conftest import manage, wait_until

pytestmark = pytest.mark.real_process


def finished(shared, row):
    return shared.status(row) in {"SUCCESSFUL", "FAILED"}


def test_tasks_of_all_queues_run_and_a_signal_lets_the_running_one_finish(shared):
    path = shared.folder / "lines"
    first = shared.queue(sample_tasks.write_line, str(path), "hello")
    slow = shared.queue(sample_tasks.write_slowly, str(path), 60)
    worker = shared.start_worker()
    wait_until(lambda: shared.status(slow) == "RUNNING" and "begins" in path.read_text(), what="the slow task")
    waiting = shared.queue(sample_tasks.write_line, str(path), "too late")

    worker.send_signal(signal.SIGTERM)
    wait_until(lambda: "Stopping" in shared.log(), what="the signal to be heard")
    (shared.folder / "lines.go-on").touch()

    assert worker.wait(120) == 0
    assert path.read_text().split() == ["hello", "begins", "ends"]
    assert [shared.status(row) for row in (first, slow, waiting)] == ["SUCCESSFUL", "SUCCESSFUL", "READY"]
    assert not shared.beats().exists(), "a worker that ended in good order does not count as alive"


def test_ctrl_c_ends_every_process(shared):
    worker = shared.start_worker("--concurrency", "2")
    pids = wait_until(lambda: shared.beats().count() == 2 and list(shared.beats().values_list("pid", flat=True)))

    worker.send_signal(signal.SIGINT)

    assert worker.wait(120) == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_killed_worker_is_replaced_and_its_task_runs_again(shared):
    path = shared.folder / "pids"
    row = shared.queue(sample_tasks.die_the_first_time, str(path))
    shared.start_worker()
    wait_until(path.exists, what="the first run")
    began = time.monotonic()

    wait_until(lambda: finished(shared, row), what="the second run")

    assert time.monotonic() - began < 90
    row = shared.rows().get(pk=row.pk)
    first, second = path.read_text().split()
    assert first != second
    assert row.status == "SUCCESSFUL"
    assert len(row.worker_ids) == 2
    assert "killed by SIGKILL" in shared.log()


def test_processes_whose_supervisor_is_killed_end_by_themselves(shared):
    worker = shared.start_worker("--concurrency", "2")
    wait_until(lambda: shared.beats().count() == 2, what="two workers")

    worker.kill()
    worker.wait()

    wait_until(lambda: not shared.beats().exists(), what="the orphans to end")


def test_health_follows_the_worker(shared):
    assert '"alive": 0' in manage(shared.url, "health").stdout
    assert manage(shared.url, "health").returncode == 1

    shared.start_worker()
    wait_until(lambda: shared.beats().exists(), what="a worker")

    done = manage(shared.url, "health")
    assert (done.returncode, done.stdout[:16]) == (0, '{"status": "ok",')


def test_an_idle_worker_is_not_in_the_way_of_somebody_who_writes(shared):
    if connection.vendor != "sqlite":
        pytest.skip("Only SQLite has one lock for all who write.")
    shared.start_worker()
    wait_until(lambda: shared.beats().exists(), what="a worker")
    with contextlib.closing(sqlite3.connect(shared.url.removeprefix("sqlite:///"), isolation_level=None, timeout=60)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        time.sleep(1.5)
        writer.execute("COMMIT")
    assert "not available" not in shared.log()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--concurrency", "0"], "--concurrency"),
        (["--concurrency", "many"], "--concurrency"),
        (["--interval", "0"], "--interval"),
    ],
)
def test_a_wrong_argument_is_one_line_and_an_exit_code(tmp_path, arguments, reason):
    done = manage(f"sqlite:///{tmp_path}/db.sqlite3", "worker", *arguments)
    assert done.returncode != 0
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
