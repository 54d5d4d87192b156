"""The tasks of the soak: each writes down what it did, in the table `soak_effects` of the site's database."""

import datetime
import random
import time

from django.db import connection

from background import Retry, enqueue, task

#: How often a task that stumbles does so, of the times that it runs.
STUMBLES = 0.4


class Stumbled(Exception):
    """On purpose."""


def note(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO soak_effects (key) VALUES (%s)", [key])


@task(atomic=True)
def short(key: str) -> None:
    note(key)


@task(atomic=True)
def long(key: str, seconds: float) -> None:
    note(key)
    time.sleep(seconds)


@task(atomic=True, priority=5)
def parent(key: str) -> None:
    """Queues another in its own transaction: both happen, or neither."""
    note(key)
    enqueue(short, f"{key}/child")


@task(atomic=True, max_attempts=30, backoff=0.3)
def stumble(key: str) -> None:
    """Fails after its work, now and then, which undoes it."""
    note(key)
    if random.random() < STUMBLES:
        raise Stumbled


@task(atomic=True)
def postpone(key: str) -> None:
    note(key)
    if random.random() < STUMBLES:
        raise Retry(after=0.5)


@task
def plain(key: str, seconds: float) -> None:
    """At least once."""
    time.sleep(seconds)
    note(key)


@task(at_most_once=True)
def once(key: str, seconds: float) -> None:
    note(key)
    time.sleep(seconds)


@task(every=datetime.timedelta(seconds=2), atomic=True)
def tick() -> None:
    note("tick")
