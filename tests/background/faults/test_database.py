"""The database goes away under the workers, is locked, full or read-only, and comes back."""

import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from django.db import connection, connections

from tests.background.conftest import ALIAS, Shared, _alias, wait_until
from tests.migrated import postgres_server

from . import tasks
from .conftest import World

pytestmark = pytest.mark.real_process


@pytest.fixture
def only_on_sqlite():
    if connection.vendor != "sqlite":
        pytest.skip("This is about SQLite's file.")


@pytest.fixture
def only_on_postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("This is about PostgreSQL.")


@pytest.fixture
def server(only_on_postgresql):
    server = postgres_server()
    yield server
    server.stop()
    server.remove()


@pytest.fixture
def world_on(server, tmp_path, django_db_blocker):
    """On a server of its own, which may be stopped."""
    shared = Shared(server.url, tmp_path)
    changes = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": server.port, "USER": "postgres"}
    with django_db_blocker.unblock(), _alias("cohorts", **changes, OPTIONS={}, CONN_MAX_AGE=0):
        yield World(shared)
        shared.end()


def begun(path: str, times: int) -> bool:
    return Path(path).exists() and Path(path).read_text().count("begins") >= times


def test_postgresql_is_away_for_ten_seconds(server, world_on):
    world, path = world_on, world_on.path("begun")
    world.start(5)
    pids = world.pids()
    # Two at work without the database, and two with it; one worker is idle.
    rows = {
        "outcome written late": world.queue(tasks.no_database, path, 60),
        "atomic": world.queue(tasks.atomic_effect, "atomic", path, 60),
        "plain": world.queue(tasks.plain_effect, "plain", path, 60),
        "at the end": world.queue(tasks.effect_at_the_end, "at the end", path, 60),
    }
    wait_until(lambda: begun(path, 4), what="four tasks at work")
    connections[ALIAS].close()

    server.stop()
    time.sleep(3)
    Path(f"{path}.go-on").touch()
    time.sleep(7)
    server.start()

    world.wait_for(*rows.values())
    later = world.queue(tasks.effect, "later")
    world.wait_for(later)
    assert {world.shared.status(row) for row in rows.values()} == {"SUCCESSFUL"}
    assert world.states(rows["outcome written late"]) == ["succeeded"]
    assert world.states(rows["plain"]) == ["succeeded"]
    assert world.states(rows["atomic"]) == ["lost", "succeeded"]
    assert world.effects() == {"atomic": 1, "plain": 1, "at the end": 1, "later": 1}
    assert world.agree()
    wait_until(lambda: world.pids() == pids, what="signs of life of the same five processes")
    assert "it does not answer" in world.shared.log()


def test_postgresql_is_read_only_for_a_while(server, world_on):
    import psycopg

    world = world_on
    world.start()
    pids = world.pids()
    with psycopg.connect(server.url.replace("postgres://", "postgresql://"), autocommit=True) as admin:
        row = world.queue(tasks.effect, "once it is writable")
        world.wait_for(row)
        admin.execute("ALTER DATABASE cohorts SET default_transaction_read_only = on")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        # Our own connection is older than the change.
        admin.execute(
            f"INSERT INTO {world.shared.rows().model._meta.db_table} (id, status, enqueued_at, args_kwargs, priority, task_path, worker_ids,"
            " queue_name, backend_name, run_after, exception_class_path, traceback) VALUES (gen_random_uuid(), 'READY', now(),"
            """ '{"args": ["written later"], "kwargs": {}}', 0, %s, '[]', 'default', 'default', '9999-01-01T00:00:00Z', '', '')""",
            [tasks.effect.module_path],
        )
        wait_until(lambda: "it is read-only" in world.shared.log(), what="a word about it")
        assert "default_transaction_read_only" in world.shared.log()
        time.sleep(3)
        admin.execute("ALTER DATABASE cohorts SET default_transaction_read_only = off")
    connections[ALIAS].close()
    wait_until(lambda: world.effects()["written later"] == 1, what="the task that waited")
    assert world.pids() == pids
    assert "Traceback" not in world.shared.log()


def test_the_disk_of_postgresql_is_full_for_a_while(server, world_on, small_disk):
    import psycopg

    shutil.chown(small_disk, "nobody")
    with psycopg.connect(
        server.url.replace("postgres://", "postgresql://").replace("/cohorts", "/postgres"), autocommit=True
    ) as admin:
        admin.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    world = world_on
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("ALTER TABLE effects SET TABLESPACE small")
    world.start()
    first = world.queue(tasks.effect, "first")
    world.wait_for(first)
    filling = small_disk / "filling"
    with contextlib.suppress(OSError), filling.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    rows = [world.queue(tasks.many_effects, "many", 2000), world.queue(tasks.atomic_many_effects, "atomic", 2000)]
    wait_until(lambda: "its disk is full" in world.shared.log(), what="a word about it")
    time.sleep(2)
    filling.unlink()
    world.wait_for(*rows)
    assert [world.states(row)[-1] for row in rows] == ["succeeded", "succeeded"]
    assert world.effects()["atomic"] == 2000
    assert world.agree()


def test_sqlite_is_locked_for_thirty_seconds(world, only_on_sqlite):
    path = world.path("begun")
    world.start(2)
    pids = world.pids()
    running = world.queue(tasks.no_database, path, 4)
    claimed = world.queue(tasks.atomic_effect_behind_a_receiver, "atomic", path)
    wait_until(lambda: Path(path).exists() and begun(path, 1), what="a task at work")
    wait_until(lambda: world.shared.status(claimed) == "RUNNING", what="a task that is claimed and has not begun")

    with contextlib.closing(sqlite3.connect(world.shared.url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout = 5000")
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO effects (name) VALUES ('of the other')")
        time.sleep(30)
        assert world.effects() == {}, "reading goes on"
        other.execute("COMMIT")

    later = world.queue(tasks.effect, "later")
    world.wait_for(running, claimed, later)
    assert world.effects() == {"of the other": 1, "atomic": 1, "later": 1}
    assert [world.states(row) for row in (running, claimed, later)] == [["succeeded"]] * 3, "none was taken for lost"
    assert world.pids() == pids
    assert "somebody else has held its lock" in world.shared.log()
    assert "Traceback" not in world.shared.log()


@pytest.fixture
def small_disk():
    """A disk of a few megabytes, where this machine lets us have one. Not in pytest's folder, which is root's alone."""
    if os.geteuid() != 0:
        pytest.skip("Only root may mount a disk.")
    folder = Path(tempfile.mkdtemp(prefix="cohorts-disk-", dir="/tmp"))
    command = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0755", "tmpfs", folder]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("This container lets nobody mount a disk.")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
    folder.rmdir()


@pytest.fixture
def world_on_a_small_disk(small_disk, migrated_sqlite, tmp_path, django_db_blocker, only_on_sqlite):
    path = small_disk / "db.sqlite3"
    # Without the room that migrations leave in a file: what is written must need more of the disk.
    with contextlib.closing(sqlite3.connect(migrated_sqlite)) as migrated:
        migrated.execute("VACUUM INTO ?", [str(path)])
    shared = Shared(f"sqlite:///{path}", tmp_path)
    with django_db_blocker.unblock(), _alias(str(path)):
        yield World(shared)
        shared.end()
        connections[ALIAS].close()


def test_the_disk_of_sqlite_is_full_for_a_while(world_on_a_small_disk, small_disk):
    world = world_on_a_small_disk
    world.start()
    pids = world.pids()
    first = world.queue(tasks.effect, "first")
    world.wait_for(first)
    rows = [world.queue(tasks.many_effects, "many", 2000), world.queue(tasks.atomic_many_effects, "atomic", 2000)]
    filling = small_disk / "filling"
    with contextlib.suppress(OSError), filling.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)

    wait_until(lambda: "its disk is full. Make room there" in world.shared.log(), what="a word about it")
    time.sleep(3)
    filling.unlink()

    world.wait_for(*rows)
    assert [world.states(row)[-1] for row in rows] == ["succeeded", "succeeded"]
    assert world.effects()["atomic"] == 2000
    assert world.pids() == pids
    assert world.agree()


def test_the_file_of_sqlite_is_read_only_for_a_while(world, only_on_sqlite):
    path = Path(world.shared.url.removeprefix("sqlite:///"))
    row = world.queue(tasks.effect, "once it is writable")
    connections[ALIAS].close()

    def allow(rights: int) -> None:
        # SQLite gives the files beside it the rights that it has itself.
        for file in path.parent.glob(f"{path.name}*"):
            file.chmod(rights)

    allow(stat.S_IRUSR)
    # Root writes wherever it wants, unless it gives that right away.
    before = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override") if os.geteuid() == 0 else ()
    if before and shutil.which("setpriv") is None:
        pytest.skip("Root can read and write everything here.")

    worker = world.shared.start_worker(before=before)
    wait_until(lambda: "it is read-only. Let it be written to" in world.shared.log(), what="a word about it")
    time.sleep(2)
    allow(stat.S_IRUSR | stat.S_IWUSR)

    world.wait_for(row)
    assert world.states(row) == ["succeeded"]
    assert worker.poll() is None
    assert "Traceback" not in world.shared.log()
