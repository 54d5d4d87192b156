"""What both databases can do: copy themselves while they are written to, and be replaced."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.db import connection

from .errors import BackupError


@dataclass(frozen=True)
class Copied:
    """What was copied, all as of one moment."""

    version: str
    tables: dict[str, int]
    migrations: list[str]


class Engine(Protocol):
    """The site's database, as backups need it."""

    vendor: str
    #: Name of its part in a backup.
    part: str

    def copy_to(self, path: Path) -> Copied:
        """Write a copy as of one moment to `path`, while others go on writing."""

    def check(self, path: Path, tables: dict[str, int]) -> None:
        """Raise `BackupError` where the copy cannot be put back, as far as can be told without doing so."""

    def in_use(self) -> bool:
        """Whether another process has the database open."""

    def was_broken_off(self) -> bool:
        """Whether a restore was killed half-way: what was there before it still is."""

    def put_back(self) -> None:
        """Undo a restore that was broken off."""

    def replaced(self, path: Path, tables: dict[str, int]) -> AbstractContextManager[None]:
        """In the block, the copy is the database. Where the block raises, what was there before is again."""


def engine() -> Engine:
    """The one of this site. Raises `BackupError` for a database in memory."""
    from .postgres import PostgreSQL
    from .sqlite import SQLite

    if connection.vendor == "postgresql":
        return PostgreSQL()
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        if connection.is_in_memory_db():  # type: ignore[attr-defined]
            raise BackupError("The database is in memory, and gone with its process: there is nothing to back up.")
        return SQLite(Path(name))
    raise BackupError(f"Backups know PostgreSQL and SQLite, not {connection.display_name}.")


@contextmanager
def closed() -> Iterator[None]:
    """No connection of this process is open in the block."""
    from django.db import connections

    connections.close_all()
    try:
        yield
    finally:
        connections.close_all()
