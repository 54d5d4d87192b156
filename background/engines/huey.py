"""huey: its queue is one sorted set in Redis, by priority. A message is gone once it was taken."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

from django.conf import settings
from huey import Huey
from huey.serializer import SignedSerializer
from huey.storage import PriorityRedisStorage
from redis import ConnectionPool, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from .broker import CONNECT_TIMEOUT, QUEUE, SOCKET_TIMEOUT, BrokerBackend
from .message import Message
from .stop import Stop

logger = logging.getLogger(__name__)


@cache
def huey_of(url: str) -> Huey:
    """One huey a process: Django makes a backend for each thread. Its `run` is the one task that it knows."""
    pool = ConnectionPool.from_url(
        url,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=SOCKET_TIMEOUT,
        # Once more, at once: the connection may be from before a restart of Redis. Longer waits are for the worker.
        retry=Retry(NoBackoff(), 1),
    )
    # Messages are pickles: without the signature, whoever writes to Redis could run code here.
    serializer = SignedSerializer(secret=settings.SECRET_KEY, salt="background.engines.huey")
    huey = Huey(QUEUE, results=False, serializer=serializer, storage_class=PriorityRedisStorage, connection_pool=pool)

    @huey.task(name="run")
    def run(message: Message) -> None:
        BrokerBackend.handle(message)

    huey.run = run
    return huey


class HueyBackend(BrokerBackend):
    """huey with Redis. Priorities from -100 to 100 are kept exactly."""

    unavailable = (RedisError,)

    @property
    def huey(self) -> Huey:
        return huey_of(self.url)

    def push(self, message: Message) -> None:
        self.huey.enqueue(self.huey.run.s(message, id=message["id"], priority=message["priority"]))

    def size(self) -> int:
        return self.huey.storage.queue_size()

    def ids(self) -> set[str]:
        found = set()
        for data in self.huey.storage.enqueued_items():
            # What this site's key has not signed belongs to no run.
            with suppress(Exception):
                found.add(self.huey.deserialize_task(data).id)
        return found

    def consume(self, handle: Callable[[Message], None], stop: Stop) -> None:
        BrokerBackend.handle = staticmethod(handle)
        # It tells of every message; `handle` says what there is to say.
        logging.getLogger("huey").setLevel(logging.WARNING)
        while not stop.is_set():
            try:
                task = self.huey.dequeue()
            except RedisError as error:
                stop.wait_for("Redis is not available", error)
                continue
            # Signed with another key, or by another version: its run is found to be missing, and sent again.
            except Exception as error:
                logger.error("A message could not be read: %s.", type(error).__name__)
                continue
            stop.failures = 0
            if task is not None:
                self._execute(task)

    def _execute(self, task: Any) -> None:
        try:
            self.huey.execute(task)
        # huey asks Redis for revoked tasks before and after; what the task itself raises, `handle` has recorded.
        except RedisError as error:
            logger.warning("Redis went away around a task: %s.", type(error).__name__)
