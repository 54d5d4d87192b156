"""Celery, with Redis as its broker. A message is taken from the queue for good when its task has ended."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from celery import Celery
from celery.worker import WorkController, state
from kombu.exceptions import OperationalError

from .broker import CONNECT_TIMEOUT, QUEUE, BrokerBackend
from .message import Message
from .stop import Stop

logger = logging.getLogger(__name__)

#: Celery's levels with Redis: 0 is taken first.
LEVELS = list(range(10))

#: Seconds after which a message that was taken and not finished comes again. It starts nothing while its run runs.
COMES_AGAIN = 600


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
            "priority_steps": LEVELS,
            "queue_order_strategy": "priority",
            "socket_connect_timeout": CONNECT_TIMEOUT,
            "visibility_timeout": COMES_AGAIN,
        },
        task_acks_late=True,
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_publish_retry=False,
        task_reject_on_worker_lost=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_redirect_stdouts=False,
    )

    @app.task(name=TASK, shared=False)
    def run(message: Message) -> None:
        BrokerBackend.handle(message)

    return app


class CeleryBackend(BrokerBackend):
    """Celery with Redis. Priorities from -100 to 100 become ten levels. No result store: outcomes are `TaskRun`s."""

    unavailable = (OperationalError, OSError)

    @property
    def app(self) -> Celery:
        return app_of(self.url)

    def push(self, message: Message) -> None:
        self.app.tasks[TASK].apply_async((message,), task_id=message["id"], priority=level(message["priority"]))

    def size(self) -> int:
        with self._channel() as channel:
            lists = sum(channel.client.llen(key) for key in self._lists(channel))
            return lists + channel.client.hlen(channel.unacked_key)

    def ids(self) -> set[str]:
        with self._channel() as channel:
            waiting = [one for key in self._lists(channel) for one in channel.client.lrange(key, 0, -1)]
            taken = [json.loads(one)[0] for one in channel.client.hvals(channel.unacked_key)]
        return {one["headers"]["id"] for one in [*map(json.loads, waiting), *taken]}

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
