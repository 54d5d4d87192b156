"""Celery, with Redis as its broker. A message is gone once it was taken.

Celery can keep messages until their task has ended. It does so with a second list in Redis and a time after which they come
again, which long tasks outlast; and a confirmation that does not reach Redis leaves a worker that lives and takes no more
tasks. Runs are in the database, so there is nothing that this would save.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from celery import Celery
from celery.worker import WorkController, state
from django.core.signing import BadSignature
from kombu.exceptions import OperationalError

from .broker import CONNECT_TIMEOUT, QUEUE, BrokerBackend
from .message import Message, seal, unseal
from .stop import Stop

logger = logging.getLogger(__name__)

#: Celery's levels with Redis: 0 is taken first.
LEVELS = list(range(10))

#: The one task that Celery knows.
TASK = "background.run"


@cache
def app_of(url: str) -> Celery:
    """One application a process: Django makes a backend for each thread."""
    # No fixups: Celery's own for Django closes connections around each task, which cost more than the task.
    app = Celery("background", broker=url, set_as_current=False, fixups=[])
    app.conf.update(
        accept_content=["json"],
        broker_connection_max_retries=None,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "ack_emulation": False,
            # Of who sends: at once or not at all, since somebody may wait for a page.
            "max_retries": 0,
            "priority_steps": LEVELS,
            "queue_order_strategy": "priority",
            "socket_connect_timeout": CONNECT_TIMEOUT,
        },
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_publish_retry=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        # No limit, and none ahead all the same: it runs a task before it looks for the next.
        worker_prefetch_multiplier=0,
        worker_redirect_stdouts=False,
    )

    @app.task(name=TASK, shared=False)
    def run(sealed: str) -> None:
        # Whoever writes to Redis could name any task, with any arguments, and have any module imported.
        try:
            message = unseal(sealed)
        except BadSignature as error:
            # Or the key is a new one: its run is found to be missing then, and sent again.
            logger.error("A message could not be read: %s.", type(error).__name__)
        else:
            BrokerBackend.handle(message)

    return app


class CeleryBackend(BrokerBackend):
    """Celery with Redis. Priorities from -100 to 100 become ten levels. No result store: outcomes are `TaskRun`s."""

    unavailable = (OperationalError, OSError)

    @property
    def app(self) -> Celery:
        return app_of(self.url)

    def push(self, message: Message) -> None:
        run, sealed = self.app.tasks[TASK], seal(message)
        try:
            run.apply_async((sealed,), task_id=message["id"], priority=level(message["priority"]))
        except self.unavailable:
            # The connection may be from before a restart of the broker.
            run.apply_async((sealed,), task_id=message["id"], priority=level(message["priority"]))

    def size(self) -> int:
        with self._channel() as channel:
            return sum(channel.client.llen(key) for key in self._lists(channel))

    def ids(self) -> set[str]:
        with self._channel() as channel:
            waiting = [one for key in self._lists(channel) for one in channel.client.lrange(key, 0, -1)]
        found = set()
        for one in waiting:
            # What somebody else wrote there belongs to no run.
            with suppress(ValueError, KeyError, TypeError):
                found.add(str(json.loads(one)["headers"]["id"]))
        return found

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        with self.app.connection_for_read() as connection:
            yield connection.default_channel

    def _lists(self, channel: Any) -> list[str]:
        return [channel._q_for_pri(QUEUE, one) for one in LEVELS]

    def consume(self, handle: Callable[[Message], None], stop: Stop) -> None:
        BrokerBackend.handle = staticmethod(handle)
        # It tells of every message, and of every error with what the task worked on; `handle` says what there is to say.
        logging.getLogger("celery").setLevel(logging.WARNING)
        # Celery looks for the task in what is current, in whatever thread.
        self.app.set_current()
        self.app.set_default()
        # Read by Celery's loop between two tasks; its own handlers of signals belong to its command line alone.
        stop.also(lambda: setattr(state, "should_stop", 0))
        worker = WorkController(
            app=self.app,
            hostname=stop.name,
            pool="solo",
            concurrency=1,
            queues=[QUEUE],
            without_gossip=True,
            without_heartbeat=True,
            without_mingle=True,
        )
        worker.start()


def level(priority: int) -> int:
    """Celery's level for a priority of Django's: 100 is 0, which goes first, and -100 is 9."""
    return round((100 - priority) * LEVELS[-1] / 200)
