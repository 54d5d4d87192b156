"""Our worker against the stock `manage.py db_worker`, on the same database and in the same run.

    uv run python bench/tasks.py [--database sqlite|postgresql|all] [--quick]

Prints a table for each database and exits with 1 if a bound is missed. Every bound is a share of what the stock worker
does in the same minutes, or of a core: the rounds of both alternate, and the medians are compared. Ours writes its records
(`TaskRun`); the stock worker runs without them. PostgreSQL is a server of its own that does not wait for the disk
(`fsync=off`), which favours the stock worker: it commits twice a task, ours once.
"""

import argparse
import contextlib
import datetime
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

DATABASES = ("postgresql", "sqlite")


@contextlib.contextmanager
def database(kind: str) -> Iterator[str]:
    """The address of an empty database of this kind."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.sqlite3"
        return
    from tests.postgres_server import PostgresServer

    server = PostgresServer.create()
    try:
        yield server.url
    finally:
        server.stop()
        server.remove()


def set_up(url: str, **environment: str) -> None:
    """Set Django up as in production with a migrated database; child processes inherit it. Schedules are there, none is due.

    `environment`: further variables.
    """
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "DATABASE_", "TASKS_", "DEBUG"))]:
        del os.environ[name]
    os.environ |= {
        "SECRET_KEY": secrets.token_urlsafe(60), "ALLOWED_HOSTS": "localhost", "DATABASE_URL": url, "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "config.settings", **environment,
    }  # fmt: skip
    import django
    from django.core.management import call_command
    from django.utils import timezone
    from django.utils.module_loading import autodiscover_modules

    django.setup()
    call_command("migrate", verbosity=0)
    from background.schedules import create_missing_rows

    autodiscover_modules("tasks")
    create_missing_rows(timezone.now() + datetime.timedelta(days=365))


def copy_full() -> None:
    """Give the database a copy with a hundred thousand rows, under an alias of its own."""
    from django.db import connection, connections

    from bench.worker.statements import FULL, add_many

    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        copy = f"{name}-{FULL}"
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connections.close_all()
        shutil.copy(name, copy)
    else:
        import psycopg

        copy = f"{name}_{FULL}"
        connections.close_all()
        with psycopg.connect(f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/postgres", autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
    connections.settings[FULL] = {**connections.settings["default"], "NAME": copy}
    add_many(FULL)


def measure(quick: bool, only: list[str]) -> list:
    """All figures of the database that is set up."""
    from bench.worker import measures, statements
    from bench.worker.measures import empty

    parts = {
        "claims": lambda: statements.measure_claims(40 if quick else 200),
        "looks": lambda: statements.measure_looks(50 if quick else 300),
        "enqueue": lambda: statements.measure_enqueue(100 if quick else 500),
        "throughput": lambda: measures.measure_throughput(3 if quick else 7, 300 if quick else 1000),
        "latency": lambda: measures.measure_delays(1 if quick else 3, 15 if quick else 20),
        "idle": lambda: measures.measure_idle(20 if quick else 30),
    }
    figures = []
    for name, part in parts.items():
        if only and name not in only:
            continue
        print(f"Measuring: {name} …", file=sys.stderr)
        empty()
        if name == "claims":
            copy_full()
        figures += part()
    return figures


def run_one(kind: str, quick: bool, only: list[str]) -> int:
    from bench.worker.figures import table

    with database(kind) as url:
        set_up(url)
        from django.db import connections

        figures = measure(quick, only)
        connections.close_all()
    print(table(kind, figures), flush=True)
    return 0 if all(figure.met for figure in figures) else 1


def main() -> int:
    import subprocess

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--database", choices=[*DATABASES, "all"], default="all")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, fewer tasks")
    parser.add_argument(
        "--only", action="append", default=[], metavar="PART", help="claims, looks, enqueue, throughput, latency or idle"
    )
    arguments = parser.parse_args()
    if arguments.database != "all":
        return run_one(arguments.database, arguments.quick, arguments.only)
    # One process each: a process has one set of settings.
    rest = [*(["--quick"] if arguments.quick else []), *(word for part in arguments.only for word in ("--only", part))]
    codes = [subprocess.run([sys.executable, __file__, "--database", kind, *rest], check=False).returncode for kind in DATABASES]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
