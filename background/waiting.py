"""How a worker waits for work without asking all the time: PostgreSQL tells it, and SQLite shows that something was written."""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    import psycopg

logger = logging.getLogger(__name__)

CHANNEL = "background_tasks"

#: Seconds between two looks at a SQLite file's version: a look costs some microseconds, and takes no lock.
LOOK_EVERY = 0.1

#: Seconds at a time for which PostgreSQL is listened to, so that a signal is noticed.
LISTEN_FOR = 0.5

#: Seconds until a listening that failed is tried again. The worker asks meanwhile.
LISTEN_AGAIN_AFTER = 10.0


def wake_workers() -> None:
    """Tell PostgreSQL's listeners, once the transaction around it is committed, that a task waits. Nothing on others."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


class Asking:
    """Waits its time: for databases that tell nothing."""

    def before_look(self) -> None:
        """To be called before each look for tasks: what comes after it ends the next wait."""

    def wait(self, seconds: float, go_on: Callable[[], bool]) -> None:
        """Return when a task may be there, after `seconds` at the latest, or soon after `go_on` says no."""
        until = time.monotonic() + seconds
        while go_on() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_EVERY))

    def close(self) -> None:
        """Give back what it holds."""


class Watching(Asking):
    """On SQLite: the file's version changes with each commit of another connection. Reading it takes no lock."""

    def __init__(self) -> None:
        self.version: int | None = None

    def before_look(self) -> None:
        self.version = self._read()

    def wait(self, seconds: float, go_on: Callable[[], bool]) -> None:
        until = time.monotonic() + seconds
        while go_on() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_EVERY))
            if self._read() != self.version:
                return

    def _read(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA data_version")
            return cursor.fetchone()[0]


class Listening(Asking):
    """On PostgreSQL: LISTEN on a connection of its own. Where that is refused (a pooler between), it asks like the others."""

    def __init__(self) -> None:
        self.listener: psycopg.Connection | None = None
        self.again_at = 0.0

    def wait(self, seconds: float, go_on: Callable[[], bool]) -> None:
        import psycopg

        until = time.monotonic() + seconds
        try:
            if self.listener is None:
                if time.monotonic() < self.again_at:
                    super().wait(seconds, go_on)
                    return
                # What was queued before the listening began has told nobody: look again at once.
                self._listen()
                return
            while go_on() and (left := until - time.monotonic()) > 0:
                for _ in self.listener.notifies(timeout=min(left, LISTEN_FOR), stop_after=1):
                    return
        except psycopg.Error as error:
            logger.warning("PostgreSQL cannot be listened to (%s). The worker asks in between.", type(error).__name__)
            self.again_at = time.monotonic() + LISTEN_AGAIN_AFTER
            self.close()

    def _listen(self) -> None:
        import psycopg

        parameters = connection.get_connection_params()
        for ours in ("cursor_factory", "context", "prepare_threshold"):
            parameters.pop(ours, None)
        self.listener = psycopg.connect(**parameters, autocommit=True)
        self.listener.execute(f"LISTEN {CHANNEL}")

    def close(self) -> None:
        if self.listener is not None:
            self.listener.close()
            self.listener = None


def bell() -> Asking:
    """What suits the site's database."""
    if connection.vendor == "postgresql" and not _can_listen():
        return Asking()
    return {"postgresql": Listening, "sqlite": Watching}.get(connection.vendor, Asking)()


def _can_listen() -> bool:
    """Psycopg 2 and the first of psycopg 3 tell of notifications in other ways."""
    from django.db.backends.postgresql.base import psycopg_version
    from django.db.backends.postgresql.psycopg_any import is_psycopg3

    return is_psycopg3 and psycopg_version() >= (3, 2)
