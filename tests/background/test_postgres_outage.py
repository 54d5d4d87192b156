"""The database goes away under a worker, as in a restart or a failover, and comes back."""

import pytest
from django.db import connections

from tests.migrated import postgres_server

from . import sample_tasks
from .conftest import ALIAS, Shared, _alias, wait_until

pytestmark = [pytest.mark.real_process]


@pytest.fixture
def server():
    server = postgres_server()
    yield server
    server.stop()
    server.remove()


@pytest.fixture
def shared_postgres(server, tmp_path, django_db_blocker):
    shared = Shared(server.url, tmp_path)
    changes = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": server.port, "USER": "postgres"}
    with django_db_blocker.unblock(), _alias("cohorts", **changes, OPTIONS={}, CONN_MAX_AGE=0):
        yield shared
        shared.end()


def test_a_worker_outlives_its_database(server, shared_postgres):
    shared, path = shared_postgres, shared_postgres.folder / "lines"
    worker = shared.start_worker()
    # A task of this time is running while the database goes and comes back: its outcome is written afterwards.
    running = shared.queue(sample_tasks.write_slowly, str(path), 3)
    wait_until(lambda: path.exists(), what="the task to begin")
    connections[ALIAS].close()

    server.stop()
    wait_until(lambda: "not available" in shared.log() or "No sign of life" in shared.log(), what="the worker to notice")
    wait_until(lambda: "ends" in path.read_text(), what="the task to end without a database")
    server.start()

    wait_until(lambda: shared.status(running) == "SUCCESSFUL", what="the outcome to be written")
    later = shared.queue(sample_tasks.write_line, str(path), "later")
    wait_until(lambda: shared.status(later) == "SUCCESSFUL", what="a later task")
    assert worker.poll() is None
    assert path.read_text().split() == ["begins", "ends", "later"], "nothing ran twice"
    assert len(shared.rows().get(pk=running.pk).worker_ids) == 1
