"""SQLite: a file that is copied page by page while others write to it, and changes places with its copy."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from django.db import connections

from .engines import Copied
from .errors import BackupError

#: How long a lock of somebody else is waited for, in seconds.
PATIENCE = 60


class SQLite:
    vendor = "sqlite"
    part = "database.sqlite3"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.aside = path.with_name(path.name + ".before-restore")

    def copy_to(self, path: Path) -> Copied:
        """All pages in one step: in WAL mode nobody who writes waits for that, and no write makes it begin anew."""
        if not self.path.exists():
            raise BackupError(f"There is no database at {self.path}. Is DATABASE_URL right?")
        with _faults("copied"), _opened(self.path) as source, _opened(path) as target:
            path.chmod(0o600)
            source.backup(target, pages=-1)
            # One file, and nothing left in it of what was deleted.
            target.execute("PRAGMA journal_mode=DELETE")
            target.execute("VACUUM")
            _check_whole(target)
            return Copied(sqlite3.sqlite_version, _counts(target), _migrations(target))

    def check(self, path: Path, tables: dict[str, int]) -> None:
        with _faults("read"), _opened(path) as copy:
            _check_whole(copy)
            if (found := _counts(copy)) != tables:
                raise BackupError(
                    f"The database in this backup has {sum(found.values())} rows, and should have {sum(tables.values())}."
                )

    def in_use(self) -> bool:
        if not self.path.exists() or not self.path.stat().st_size:
            return False
        with _opened(self.path, patience=0.5) as database:
            try:
                # Possible only where nobody else has it open. Whoever opens it next switches it back.
                (mode,) = database.execute("PRAGMA journal_mode=DELETE").fetchone()
            except sqlite3.OperationalError:
                return True
            return bool(mode != "delete")

    def was_broken_off(self) -> bool:
        return self.aside.exists()

    def put_back(self) -> None:
        self._forget_side_files()
        os.replace(self.aside, self.path)

    @contextlib.contextmanager
    def replaced(self, path: Path, tables: dict[str, int]) -> Iterator[None]:
        connections.close_all()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(self.path.name + ".restoring")
        try:
            # A copy first: the backup may have been unpacked on another disk, and only a rename is done at once.
            with _opened(path) as source, _opened(new) as target:
                new.chmod(0o600)
                source.backup(target)
            if self.path.exists():
                mode = self.path.stat().st_mode & 0o777
                os.replace(self.path, self.aside)
                new.chmod(mode)
            else:
                # Empty is SQLite's word for a database without tables.
                self.aside.touch(mode=0o600)
            self._forget_side_files()
            os.replace(new, self.path)
            try:
                self.check(self.path, tables)
                yield
            except BaseException:
                connections.close_all()
                self.put_back()
                raise
            connections.close_all()
            self.aside.unlink()
        finally:
            new.unlink(missing_ok=True)

    def _forget_side_files(self) -> None:
        """Those of a database that has left its place would be taken for the next one's."""
        for suffix in ("-wal", "-shm", "-journal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(path: Path, patience: float = PATIENCE) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(path, timeout=patience, isolation_level=None)
    try:
        yield database
    finally:
        database.close()


@contextlib.contextmanager
def _faults(done: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"The database could not be {done}: {error}.") from error


def _check_whole(database: sqlite3.Connection) -> None:
    found = [line for (line,) in database.execute("PRAGMA integrity_check(5)")]
    if found != ["ok"]:
        raise BackupError(f"SQLite finds faults in the database: {'; '.join(found)[:300]}. Take an earlier backup.")


def _counts(database: sqlite3.Connection) -> dict[str, int]:
    names = database.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    ).fetchall()
    found = {}
    for (name,) in names:
        quoted = name.replace('"', '""')
        # A name of the schema, quoted; SQL has no placeholder for names.
        (found[name],) = database.execute(f'SELECT COUNT(*) FROM "{quoted}"').fetchone()  # noqa: S608
    return found


def _migrations(database: sqlite3.Connection) -> list[str]:
    try:
        rows = database.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    except sqlite3.OperationalError as error:
        raise BackupError("The database has no tables yet: run “manage.py migrate” first.") from error
    return [f"{app}.{name}" for app, name in rows]
