"""A worker's sign of life, from a thread of its own so that a long task does not silence it."""

import datetime
import logging
import os
import socket
import threading

from django.db import DatabaseError, InterfaceError, close_old_connections, connections
from django.utils import timezone

from .lost import Watch, put_back_lost_tasks
from .models import WorkerBeat

logger = logging.getLogger(__name__)

#: Seconds between two beats.
BEAT_EVERY = 3.0

#: Beats this old belong to workers that were killed; they are of no more use.
FORGET_AFTER_HOURS = 24


class Heart(threading.Thread):
    """Writes the beat of one worker every few seconds, and looks after the tasks of workers that stopped theirs.

    Has a database connection of its own, as every thread. Whatever the database does, the next beat is tried in time.
    """

    def __init__(self, worker_id: str, *, interval: float = BEAT_EVERY, watch: Watch | None = None) -> None:
        super().__init__(name="beat", daemon=True)
        self.worker_id = worker_id
        self.interval = interval
        self.watch = watch or Watch()
        self.stopping = threading.Event()

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.beat_once()
                self.stopping.wait(self.interval)
        finally:
            connections.close_all()

    def beat_once(self) -> None:
        try:
            close_old_connections()
            beat(self.worker_id)
            put_back_lost_tasks(self.watch)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("No sign of life could be written: %s", type(error).__name__)
            connections.close_all()
        # The thread must go on: without beats, others would take the task that runs here for lost.
        except Exception:
            logger.exception("Looking after lost tasks failed.")

    def stop(self) -> None:
        """End the thread and take the beat away, so that nobody counts this worker as alive."""
        self.stopping.set()
        self.join(timeout=self.interval + 5)


def beat(worker_id: str) -> None:
    """Say that the worker lives; forget workers of yesterday."""
    now = timezone.now()
    if WorkerBeat.objects.filter(worker_id=worker_id).update(seen_at=now):
        return
    WorkerBeat.objects.update_or_create(
        worker_id=worker_id, defaults={"host": socket.gethostname()[:120], "pid": os.getpid(), "seen_at": now}
    )
    WorkerBeat.objects.filter(seen_at__lt=now - datetime.timedelta(hours=FORGET_AFTER_HOURS)).delete()
