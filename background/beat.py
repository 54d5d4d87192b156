"""A worker's sign of life, from a thread of its own so that a long task does not silence it."""

import datetime
import logging
import os
import socket
import threading
import time

from django.db import close_old_connections, connections
from django.utils import timezone

from .current import Work
from .lost import Watch, put_back_lost_tasks
from .models import WorkerBeat
from .policy import TimeLimitExceeded
from .trouble import DATABASE_ERRORS, in_words

logger = logging.getLogger(__name__)

#: Seconds between two beats.
BEAT_EVERY = 3.0

#: Beats this old belong to workers that were killed; they are of no more use.
FORGET_AFTER_HOURS = 24

#: Seconds after its time limit that a task may still hold on, which took no notice. Then its process ends.
PATIENCE = 5.0

#: The exit code of a process that ended itself because of that.
EXIT_STUCK = 70

_this_worker = ""


def this_worker() -> str:
    """The id of the worker that this process is; empty where it is none."""
    return _this_worker


class Heart(threading.Thread):
    """Writes the beat of one worker every few seconds, and looks after the tasks of workers that stopped theirs.

    Has a database connection of its own, as every thread. Whatever the database does, the next beat is tried in time.
    """

    def __init__(self, worker_id: str, *, interval: float = BEAT_EVERY, watch: Watch | None = None) -> None:
        super().__init__(name="beat", daemon=True)
        self.worker_id = worker_id
        self.interval = interval
        self.watch = watch or Watch()
        #: What the worker's main thread is at; set and taken away by it.
        self.work: Work | None = None
        self.stopping = threading.Event()

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.beat_once()
                self.end_what_is_stuck()
                self.stopping.wait(self.interval)
        finally:
            connections.close_all()

    def beat_once(self) -> None:
        try:
            close_old_connections()
            beat(self.worker_id)
            put_back_lost_tasks(self.watch)
        except DATABASE_ERRORS as error:
            logger.warning("No sign of life could be written: %s (%s).", in_words(error), type(error).__name__)
            connections.close_all()
        # The thread must go on: without beats, others would take the task that runs here for lost.
        except Exception:
            logger.exception("Looking after lost tasks failed.")

    def end_what_is_stuck(self) -> None:
        """End this process where its task runs on beyond its time limit: it swallowed the interruption, or waits in a library.

        The task is marked first. Where even that is not possible, it counts as lost, and runs again.
        """
        work = self.work
        deadline = work.deadline if work is not None else None
        if work is None or deadline is None or time.monotonic() < deadline + PATIENCE:
            return
        logger.critical("Task %s (%s) takes no notice of its time limit; its worker ends.", work.task_path, work.result_id)
        try:
            if work.give_up is not None:
                work.give_up(TimeLimitExceeded("The task ran for longer than its time limit, and took no notice of it."))
        # Nothing may stand in the way of the end.
        except Exception as error:
            logger.error("It could not be marked (%s): it runs again.", type(error).__name__)
        finally:
            self.exit(EXIT_STUCK)

    @staticmethod
    def exit(code: int) -> None:
        logging.shutdown()
        os._exit(code)

    def stop(self) -> None:
        """End the thread and take the beat away, so that nobody counts this worker as alive."""
        self.stopping.set()
        self.join(timeout=self.interval + 5)


def beat(worker_id: str) -> None:
    """Say that the worker lives, and that this process is it; forget workers of yesterday."""
    global _this_worker
    _this_worker = worker_id
    now = timezone.now()
    if WorkerBeat.objects.filter(worker_id=worker_id).update(seen_at=now):
        return
    WorkerBeat.objects.update_or_create(
        worker_id=worker_id, defaults={"host": socket.gethostname()[:120], "pid": os.getpid(), "seen_at": now}
    )
    WorkerBeat.objects.filter(seen_at__lt=now - datetime.timedelta(hours=FORGET_AFTER_HOURS)).delete()
