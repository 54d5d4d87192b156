"""What a database says that cannot do its work: told apart from a statement that is wrong, and put into words that help."""

import sqlite3

from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, ProgrammingError

#: Everything that Django raises for a driver.
DATABASE_ERRORS = (DatabaseError, InterfaceError)

_READ_ONLY = (
    "it is read-only. Let it be written to: SQLite's file, those beside it (-wal, -shm) and their folder; "
    "PostgreSQL's “default_transaction_read_only”"
)
_FULL = "its disk is full. Make room there"
_UNREADABLE = "its disk cannot be read or written. Look at the machine's own log"
_CLOSED = "its file cannot be opened. Look whether its folder exists, and who may write there"
_LOCKED = "somebody else has held its lock for a long time. Look for what writes in one long transaction"
_UNMIGRATED = "its tables are not there. Run “manage.py migrate”"
_CROWDED = "it takes no more connections, or has no memory left. Start fewer processes, or allow it more"
_AWAY = "it does not answer"

_SQLITE = {
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _UNREADABLE,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
}
_POSTGRESQL = {"25006": _READ_ONLY, "53100": _FULL, "58030": _UNREADABLE, "55P03": _LOCKED, "42P01": _UNMIGRATED}


def is_unavailable(error: BaseException | None) -> bool:
    """Whether a statement of our own failed because of the database, and will do once that is well again."""
    return (isinstance(error, OperationalError | InterfaceError) and not _is_too_large(error)) or is_unwritable(error)


def is_unready(error: BaseException | None) -> bool:
    """The same, and where the migrations have not run yet."""
    return is_unavailable(error) or isinstance(error, ProgrammingError)


def is_unwritable(error: BaseException | None) -> bool:
    """Whether the database can write nothing at all: it is read-only, or its disk is full. No fault of who asked it to."""
    return isinstance(error, OperationalError | InternalError) and _cause(error) in {_READ_ONLY, _FULL, _UNREADABLE}


def in_words(error: BaseException) -> str:
    """What is wrong with the database, and what to do: the rest of a sentence that begins “The database is not available: ”."""
    return _cause(error) or _AWAY


def _is_too_large(error: BaseException) -> bool:
    """Beyond what PostgreSQL can hold, today and tomorrow, though psycopg calls it by the same class as an outage."""
    return (getattr(error.__cause__, "sqlstate", None) or "").startswith("54")


def _cause(error: BaseException) -> str:
    driver = error.__cause__
    code = getattr(driver, "sqlite_errorcode", None)
    if code is not None:
        if code == sqlite3.SQLITE_ERROR and "no such table" in str(error):
            return _UNMIGRATED
        # The lowest byte is the kind, the others say more.
        return _SQLITE.get(code & 0xFF, "")
    state = getattr(driver, "sqlstate", None) or ""
    return _POSTGRESQL.get(state) or (_CROWDED if state.startswith("53") else "")
