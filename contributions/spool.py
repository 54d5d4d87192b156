"""Deliveries on disk until the database has them: GitHub gets its answer after one short write, however busy or away the database is.

Each process writes to a file of its own, which it holds locked, and a thread of it stores what is there. A file that nobody
holds is of a process that ended: whoever finds it stores what is in it. So a process that is killed after its answer loses
nothing. A line is stored once more where a process ends between storing and deleting its file; the GUID makes that harmless.
"""

import contextlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: there deliveries go straight to the database.
    fcntl = None  # type: ignore[assignment]

from django.db import DataError, IntegrityError, close_old_connections, connections

from .payloads import Delivery

logger = logging.getLogger(__name__)

#: Deliveries stored in one transaction.
AT_ONCE = 200
#: The first is stored at once, and then what came in the meantime, so often.
PAUSE = 0.3
#: More than this in one pause is a flood: answering comes first, and storing waits for its end, but for no longer than this.
FLOOD, LONGEST_PAUSE = 150, 10.0
#: While the database is away it is asked again after so many seconds, twice as many each time.
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
#: So often, in seconds, it is looked what other processes have left behind.
LOOK_AROUND = 60.0
#: What a process may keep that is not stored: some 250,000 deliveries.
LARGEST = 64 * 1024 * 1024

NAME = "*.deliveries"


class SpoolFull(OSError):
    """The database was away for so long that no more is kept."""


class Spool:
    """`put` returns once the delivery is in a file, and raises `OSError` where it cannot be. `store` has to take any twice."""

    _thread: threading.Thread | None
    _file: int | None
    _unstored: int
    _came: int

    def __init__(self, folder: Path, store: Callable[[Sequence[Delivery]], None]) -> None:
        self.folder = folder
        self._store = store
        self._reset()
        os.register_at_fork(after_in_child=self._begin_anew)

    @staticmethod
    def is_possible() -> bool:
        """Whether this system has locks that end with their process."""
        return fcntl is not None

    def put(self, delivery: Delivery) -> None:
        line = delivery.to_line()
        with self._lock:
            if self._file is None:
                self._file = self._create()
            if self._unstored + len(line) > LARGEST:
                raise SpoolFull("Too many deliveries wait to be stored.")
            if os.write(self._file, line) != len(line):
                # The disk is full: what follows half a line would be lost with it.
                self._retire()
                raise OSError("The delivery was not written as a whole.")
            self._unstored += len(line)
            self._came += 1
        if not self._wake.is_set():
            self._wake.set()

    @property
    def has_begun(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def drain(self) -> int:
        """Store all that is here, of this process and of those that ended. Returns how many; raises what `store` raises.

        A file that cannot be read, or not be deleted, stands before no other: what it is raises `OSError` at the end.
        """
        with self._draining:
            with self._lock:
                self._retire()
                unstored = self._unstored
            stored, broken = 0, None
            for path in sorted(self.folder.glob(NAME)):
                try:
                    stored += self._take(path)
                except OSError as error:
                    logger.error("Deliveries on disk in %s cannot be taken (%s). Whose file is it?", path, type(error).__name__)
                    broken = error
            with self._lock:
                self._unstored -= unstored
                # A new file takes what came meanwhile; what is left of others is not counted.
                self._unstored = max(self._unstored, 0)
            if broken is not None:
                raise broken
            return stored

    def begin(self) -> None:
        """Store from now on what comes, in a thread of this process. Does nothing while there is one."""
        with self._lock:
            if self.has_begun:
                return
            # What another process left behind.
            self._wake.set()
            thread = threading.Thread(target=self._run, name="webhook deliveries", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                # No more threads for now. What is on disk is safe, and the next request tries again.
                logger.error("Deliveries wait on disk: nothing can store them now (%s).", error)
                return
            self._thread = thread

    def _begin_anew(self) -> None:
        """In a process that was forked: the file, the locks and the thread belong to the one before."""
        if self._file is not None:
            # A copy that stays open would hold the lock after the other process has ended.
            os.close(self._file)
        self._reset()

    def _reset(self) -> None:
        self._lock, self._draining, self._wake = threading.Lock(), threading.Lock(), threading.Event()
        self._thread = self._file = None
        self._unstored = self._came = 0

    def _create(self) -> int:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{time.time_ns():020}-{os.getpid()}-{secrets.token_hex(4)}"
        hidden = self.folder / f".{name}"
        file = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            # Locked before others can see it: they would take it for one that was left behind.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            hidden.rename(self.folder / f"{name}{NAME[1:]}")
        except OSError:
            os.close(file)
            hidden.unlink(missing_ok=True)
            raise
        return file

    def _retire(self) -> None:
        """Write no more to the file of now, and let go of it: the next delivery begins another."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _take(self, path: Path) -> int:
        """Store what is in a file that nobody holds, and delete it."""
        with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_nlink == 0:
                # Another has just stored it.
                return 0
            stored = 0
            try:
                for batch in _batches(file):
                    stored += self._store_batch(batch)
            except BaseException:
                # It may stay here for hours: so it survives the machine as well.
                os.fsync(file.fileno())
                raise
            path.unlink()
            return stored
        return 0

    def _store_batch(self, batch: list[Delivery]) -> int:
        try:
            self._store(batch)
        except (DataError, IntegrityError, ValueError, TypeError, OverflowError):
            # One of them is what the database, or the code of today, refuses. It would stand before all others for ever.
            if len(batch) == 1:
                logger.error("The delivery %s cannot be stored, and is left out.", batch[0].guid)
                return 0
            return sum(self._store_batch([delivery]) for delivery in batch)
        return len(batch)

    def _run(self) -> None:
        wait = FIRST_WAIT
        while True:
            came = self._wake.wait(LOOK_AROUND)
            self._wake.clear()
            try:
                if not came:
                    # Nothing has come for a while. Others may have ended, and no connection is kept for nothing.
                    connections.close_all()
                close_old_connections()
                self.drain()
            except Exception as error:
                # What the database's driver raises has no personal data in its type.
                logger.error("Deliveries wait on disk: they were not all stored (%s). It is tried again.", type(error).__name__)
                time.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
                self._wake.set()
            else:
                wait = FIRST_WAIT
                self._ebb()

    def _ebb(self) -> None:
        """Return after a pause, or after the end of a flood."""
        until = time.monotonic() + LONGEST_PAUSE
        while True:
            self._came = 0
            time.sleep(PAUSE)
            if self._came < FLOOD or time.monotonic() > until:
                return


def _batches(file: BinaryIO) -> Iterator[list[Delivery]]:
    batch: list[Delivery] = []
    for line in file:
        try:
            batch.append(Delivery.from_line(line))
        except (ValueError, TypeError):
            # Half a line: its process was ended before it answered, so GitHub does not take it for delivered.
            logger.warning("A delivery on disk was broken off, and is left out.")
            continue
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
