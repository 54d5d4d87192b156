"""Requests as each process counts them, added up over all processes of this machine.

A process writes what it has counted to a file of its own now and then, and holds a lock as long as it lives. Whoever asks reads all of
them; the figures of those that ended are added to one that stays, so that no count ever falls.
"""

import atexit
import contextlib
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows: a process tells its own figures alone.
    fcntl = None  # type: ignore[assignment]

from django.conf import settings

logger = logging.getLogger(__name__)

#: Upper ends of the classes of durations, in seconds.
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
#: So often, in seconds, a process writes down what it counted.
WRITE_EVERY = 2.0
#: An address may fit some hundreds of routes; what is beyond is an attack on the memory.
MOST_ROUTES = 2_000

ENDED = "ended.json"

#: Requests by “method route status”; by route: as many as there are buckets and one more, and the seconds altogether.
Counts = dict[str, Any]


def nothing() -> Counts:
    return {"requests": {}, "durations": {}, "seconds": {}}


def add(total: Counts, more: Counts) -> Counts:
    """`total`, with `more` added to it."""
    for key, number in more.get("requests", {}).items():
        total["requests"][key] = total["requests"].get(key, 0) + number
    for route, numbers in more.get("durations", {}).items():
        known = total["durations"].get(route, [0] * (len(BUCKETS) + 1))
        if len(numbers) == len(known):
            total["durations"][route] = [a + b for a, b in zip(known, numbers, strict=True)]
    for route, seconds in more.get("seconds", {}).items():
        total["seconds"][route] = total["seconds"].get(route, 0.0) + seconds
    return total


class Counting:
    """What this process has counted. `folder` gives where the processes of this machine meet; None: nowhere, each tells its own."""

    _lock: threading.Lock
    _counts: Counts
    #: Its file, and the descriptor of its lock, from the first time that it wrote.
    _own: Path | None
    _held: int | None
    _written_at: float
    _complained: bool

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._reset()
        os.register_at_fork(after_in_child=self._begin_anew)
        atexit.register(self.write)

    @property
    def folder(self) -> Path | None:
        if self._folder is not None:
            return self._folder
        return Path(settings.METRICS_FOLDER) if settings.configured and settings.METRICS_TOKEN and fcntl else None

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one. Costs some microseconds, and each few seconds one small file."""
        key = f"{method} {route} {status}"
        place = next((number for number, end in enumerate(BUCKETS) if seconds <= end), len(BUCKETS))
        with self._lock:
            if route not in self._counts["durations"] and len(self._counts["durations"]) >= MOST_ROUTES:
                return
            self._counts["requests"][key] = self._counts["requests"].get(key, 0) + 1
            self._counts["durations"].setdefault(route, [0] * (len(BUCKETS) + 1))[place] += 1
            self._counts["seconds"][route] = self._counts["seconds"].get(route, 0.0) + seconds
            due = time.monotonic() - self._written_at > WRITE_EVERY
        if due:
            self.write()

    def write(self) -> None:
        """Write down what was counted so far, for the other processes."""
        folder = self.folder
        if folder is None or not self._counts["requests"]:
            return
        try:
            with self._lock:
                self._written_at = time.monotonic()
                if self._own is None:
                    self._own = self._claim(folder)
                _put(self._own, self._counts)
        except OSError as error:
            if self._own is None or not self._own.exists():
                # The next time it begins anew: somebody may have cleared the folder away. (A second file would count all of it twice.)
                self._let_go()
            if not self._complained:
                logger.warning("Figures cannot be written to %s (%s): each process tells its own.", folder, error.strerror)
            self._complained = True

    def altogether(self) -> Counts:
        """Of all processes, those that have ended included."""
        folder = self.folder
        self.write()
        if folder is not None and folder.is_dir():
            try:
                with self._lock, _alone(folder):
                    total = self._added_up(folder)
                    # Where it could not write its own, or has counted nothing yet, those of the others count all the same.
                    return total if self._own is not None else add(total, self._counts)
            except OSError as error:
                logger.warning("Figures of other processes cannot be read in %s (%s).", folder, error.strerror)
        return add(nothing(), self._counts)

    def _added_up(self, folder: Path) -> Counts:
        total = _get(folder / ENDED)
        alive = []
        for path in sorted(folder.glob("*.counts.json")):
            if path == self._own or _is_alive(path):
                alive.append(path)
                continue
            # Kept first: a crash in between counts a little twice, in place of losing all of it.
            _put(folder / ENDED, add(total, _get(path)))
            path.unlink(missing_ok=True)
            _lock_of(path).unlink(missing_ok=True)
        for path in alive:
            add(total, _get(path))
        return total

    def _claim(self, folder: Path) -> Path:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = folder / f"{os.getpid()}-{secrets.token_hex(4)}.counts.json"
        with _alone(folder):
            self._held = os.open(_lock_of(own), os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._held, fcntl.LOCK_EX)
        return own

    def _let_go(self) -> None:
        if self._held is not None:
            os.close(self._held)
        self._own = self._held = None

    def _begin_anew(self) -> None:
        """In a process that was forked: what is counted and locked belongs to the one before."""
        self._let_go()
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._counts = nothing()
        self._own = self._held = None
        self._written_at = time.monotonic()
        self._complained = False


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name.replace(".counts.json", ".lock"))


def _is_alive(path: Path) -> bool:
    """Whether the process that writes this file holds its lock still."""
    try:
        with _lock_of(path).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _get(path: Path) -> Counts:
    try:
        given = json.loads(path.read_text())
    except (OSError, ValueError):
        return nothing()
    return add(nothing(), given) if isinstance(given, dict) else nothing()


def _put(path: Path, counts: Counts) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(counts))
    new.replace(path)


counted = Counting()
