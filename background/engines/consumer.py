"""One worker process of an engine with a broker: its consumer in the main thread, and beside it all that every worker does."""

import logging
import os
import threading
import time

from django.db import close_old_connections, connections
from django.utils.crypto import get_random_string
from django.utils.module_loading import autodiscover_modules

from background.beat import Heart, beat
from background.lost import Watch
from background.models import WorkerBeat
from background.queueing import resend_unsent
from background.schedules import create_missing_rows, run_due
from background.trouble import DATABASE_ERRORS, in_words, is_unready

from .broker import BrokerBackend
from .handling import Handler
from .losses import put_back_lost_runs
from .moving import take_over_rows
from .stop import Stop

logger = logging.getLogger(__name__)

#: Seconds between two looks at the schedules and at what waits to be sent; at lost workers; and into the broker.
DUTIES_EVERY, LOSSES_EVERY, BROKER_EVERY = 1.0, 3.0, 20.0


class Consumer:
    """Works until a signal comes, or the process that started this one is gone."""

    def __init__(self, backend: BrokerBackend, *, parent_pid: int | None = None) -> None:
        self.worker_id = f"{os.getpid()}-{get_random_string(12)}"
        self.stop = Stop(self.worker_id, parent_pid)
        self.backend = backend

    def configure_signals(self) -> None:
        self.stop.listen()

    def run(self) -> None:
        heart = Heart(self.worker_id)
        duties = Duties(self.backend, self.stop)
        try:
            self._prepare()
            if not self.stop.is_set():
                heart.start()
                duties.start()
                logger.info("Worker %s takes tasks.", self.worker_id)
                self.backend.consume(Handler(self.worker_id, self.stop, heart), self.stop)
        finally:
            self.stop.set()
            for thread in (heart, duties):
                if thread.is_alive():
                    thread.stop()
            self._say_goodbye()
            connections.close_all()
        logger.info("Worker %s has stopped.", self.worker_id)

    def _prepare(self) -> None:
        """The beat stands before the first task: one whose worker has no beat counts as lost."""
        autodiscover_modules("tasks")
        while not self.stop.is_set():
            try:
                beat(self.worker_id)
                create_missing_rows()
            except DATABASE_ERRORS as error:
                if not is_unready(error):
                    raise
                connections.close_all()
                self.stop.wait_for(f"The database is not available: {in_words(error)}", error)
            else:
                self.stop.failures = 0
                return

    def _say_goodbye(self) -> None:
        try:
            WorkerBeat.objects.filter(worker_id=self.worker_id).delete()
        except DATABASE_ERRORS as error:
            logger.warning("The sign of life could not be taken back: %s", type(error).__name__)


class Duties(threading.Thread):
    """What no broker does: starts what is scheduled, sends what waits in the database, and finds what was lost."""

    def __init__(self, backend: BrokerBackend, stop: Stop) -> None:
        super().__init__(name="duties", daemon=True)
        self.backend = backend
        self.asked = stop
        self.ended = threading.Event()
        self.watch = Watch()
        self.losses_at = self.broker_at = 0.0

    def run(self) -> None:
        try:
            while not self.ended.wait(DUTIES_EVERY):
                # Notices the end of the supervisor too: the consumer's loop may be the engine's own.
                if not self.asked.is_set():
                    self.once()
        finally:
            connections.close_all()

    def once(self) -> None:
        now = time.monotonic()
        try:
            close_old_connections()
            run_due()
            resend_unsent()
            if now - self.losses_at >= LOSSES_EVERY:
                self.losses_at = now
                put_back_lost_runs(self.watch, self.backend.alias)
            if now - self.broker_at >= BROKER_EVERY:
                self.broker_at = now
                take_over_rows(self.backend.alias)
                self.backend.resend_missing()
        except DATABASE_ERRORS as error:
            logger.warning("A worker's duties wait for the database: %s (%s).", in_words(error), type(error).__name__)
            connections.close_all()
        except self.backend.unavailable as error:
            logger.warning("The broker is not available: %s.", type(error).__name__)
        # The thread must go on: without it nothing that waits in the database is sent.
        except Exception:
            logger.exception("A worker's duties failed.")

    def stop(self) -> None:
        self.ended.set()
        self.join(timeout=10)
