"""A database that real worker processes and the test share, and the processes themselves."""

import contextlib
import gc
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections
from django_tasks_db.models import DBTaskResult, get_date_max

from background.models import WorkerBeat
from tests.migrated import postgres_copy, sqlite_file

MANAGE = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py")]
ALIAS = "shared"


@pytest.fixture(autouse=True)
def leave_no_half_open_connections(request):
    """Let go of connections that were refused while a database was locked, full or away.

    Django does not close one whose first statement fails, and Python would complain about it in whatever test comes later.
    """
    yield
    if request.node.get_closest_marker("real_process") or request.node.path.name == "test_trouble.py":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        # Looking through everything that the run has imported would take longer than most tests: what is there now stays.
        gc.freeze()


def wait_until(condition, seconds: float = 120, what: str = "it"):
    """The first true value of `condition`, asked for again and again; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)
    pytest.fail(f"Waited {seconds} s for {what}.")


def environment(url: str) -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return keep | {"DEBUG": "1", "DATABASE_URL": url, "PYTHONWARNINGS": "ignore"}


def manage(url: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([*MANAGE, *arguments], env=environment(url), capture_output=True, text=True, timeout=300, check=False)


@dataclass
class Shared:
    """A migrated database of its own, with the alias `shared` in this process and `url` for others."""

    url: str
    folder: Path
    workers: list[subprocess.Popen] = field(default_factory=list)
    #: More variables for the processes: their settings, which engine runs the tasks, and where its broker is.
    variables: dict[str, str] = field(default_factory=dict)

    def rows(self):
        return DBTaskResult.objects.using(ALIAS)

    def beats(self):
        return WorkerBeat.objects.using(ALIAS)

    def queue(self, task, *args, queue_name=None) -> DBTaskResult:
        return self.rows().create(
            args_kwargs={"args": list(args), "kwargs": {}},
            task_path=task.module_path,
            queue_name=queue_name or task.queue_name,
            backend_name="default",
            run_after=get_date_max(),
        )

    def status(self, row: DBTaskResult) -> str:
        return self.rows().values_list("status", flat=True).get(pk=row.pk)

    def start_worker(self, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen:
        """Start `manage.py worker` with these arguments; `before` stands in front of the command."""
        log = (self.folder / f"worker-{len(self.workers)}.log").open("w")
        command = [*before, *MANAGE, "worker", "--interval", "0.1", *arguments]
        process = subprocess.Popen(command, env=environment(self.url) | self.variables, stderr=log, stdout=log)
        log.close()
        self.workers.append(process)
        return process

    def log(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("worker-*.log")))

    def end(self) -> None:
        # Shown where the test failed.
        print(self.log()[-20_000:])  # noqa: T201
        for process in self.workers:
            process.send_signal(signal.SIGTERM)
        for process in self.workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()


@pytest.fixture(scope="session")
def migrated_sqlite() -> Path:
    return sqlite_file()


def _postgres_server() -> str:
    """The address of the server of the test run, without a database."""
    return os.environ["DATABASE_URL"].rpartition("/")[0]


@contextlib.contextmanager
def _alias(name: str, **changes):
    connections.settings[ALIAS] = {**connections.settings["default"], **changes, "NAME": name}
    try:
        yield
    finally:
        with contextlib.suppress(AttributeError):
            connections[ALIAS].close()
            del connections[ALIAS]
        del connections.settings[ALIAS]


@pytest.fixture
def shared(request, tmp_path, django_db_blocker):
    """On the database of the test run: a file where that is SQLite, else a database of its own on the same server."""
    if connection.vendor == "sqlite":
        path = tmp_path / "db.sqlite3"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        database = Shared(f"sqlite:///{path}", tmp_path)
        with django_db_blocker.unblock(), _alias(str(path)):
            yield database
            database.end()
        return
    import psycopg

    server, name = _postgres_server(), f"cohorts_shared_{os.getpid()}"
    postgres_copy(server, name)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        database = Shared(f"{server}/{name}", tmp_path)
        with django_db_blocker.unblock(), _alias(name):
            yield database
            database.end()
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(autouse=True)
def real_queue(database_backend):
    """The worker and what belongs to it are tested here, so that tasks wait in the database."""
