"""A migrated database to copy: migrations run once for all processes of a test run, and again only when they may have changed.

Migrating takes some seconds of computing, and every process of a run, and many tests of workers, need a database of their own.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.postgres_server import PostgresServer

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".pytest_cache" / "migrated"
#: What decides how a migrated database looks: migrations, names of models (they are permissions), and the packages' own.
PARTS = ("*/migrations/*.py", "*/models.py", "*/models/*.py", "*/apps.py", "config/settings.py", "uv.lock")
#: Files that nobody used for longer go, in seconds.
FORGOTTEN_AFTER = 24 * 60 * 60


def fingerprint() -> str:
    """A name for the state of the migrations: another one where any of `PARTS` has changed."""
    found = hashlib.sha256(sys.version.encode())
    for pattern in PARTS:
        for path in sorted(ROOT.glob(pattern)):
            found.update(str(path.relative_to(ROOT)).encode())
            found.update(path.read_bytes())
    return found.hexdigest()[:20]


def migrate(url: str) -> None:
    """Migrate the database at `url` in a process of its own, with nothing of the environment that could change it."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "migrate", "--run-syncdb", "-v0"],
        env=keep | {"DEBUG": "1", "DATABASE_URL": url, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def sqlite_file() -> Path:
    """A migrated SQLite file, to be copied and never opened."""
    path = KEPT / f"{fingerprint()}.sqlite3"
    with _one_at_a_time():
        if not path.exists():
            for old in KEPT.glob("*.sqlite3*"):
                if old.stat().st_atime < time.time() - FORGOTTEN_AFTER:
                    old.unlink(missing_ok=True)
            new = KEPT / f"new-{os.getpid()}.sqlite3"
            migrate(f"sqlite:///{new}")
            new.rename(path)
        os.utime(path)
    return path


def postgres_copy(server: str, name: str) -> None:
    """Make `name` a migrated database on the PostgreSQL server at `server` (an address without a database); one of that name goes."""
    import psycopg

    template = f"cohorts_migrated_{fingerprint()}"
    with _one_at_a_time(), psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone() is None:
            new = f"cohorts_migrating_{os.getpid()}"
            admin.execute(f'DROP DATABASE IF EXISTS "{new}" WITH (FORCE)')
            admin.execute(f'CREATE DATABASE "{new}"')
            migrate(f"{server}/{new}")
            admin.execute(f'ALTER DATABASE "{new}" RENAME TO "{template}"')
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def postgres_server() -> PostgresServer:
    """A server of PostgreSQL for one test alone, with a migrated database `cohorts`: migrating it anew would take ten seconds each time."""
    files = KEPT / f"{fingerprint()}-postgresql"
    with _one_at_a_time():
        if not files.exists():
            for old in KEPT.glob("*-postgresql*"):
                shutil.rmtree(old, ignore_errors=True)
            server = PostgresServer.create()
            try:
                migrate(server.url)
                server.stop()
                new = KEPT / f"new-{os.getpid()}-postgresql"
                shutil.copytree(server.data, new)
                new.rename(files)
            finally:
                server.remove()
    return PostgresServer.create(files)


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Processes of a run wait for each other here: the first one migrates, the others copy."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
