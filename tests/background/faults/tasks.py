"""Tasks whose effect is a row in the table `effects` of the site's database, and tasks that behave badly."""

import contextlib
import datetime
import sys
import time
from pathlib import Path

from django.db import connection

from background import task


def note(name: str) -> None:
    """The effect of a task: each call is a row."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effects (name) VALUES (%s)", [name])


def wait(path: str, seconds: float) -> None:
    """Say by a file that the task is at work, and be so for `seconds`, or until there is a file `PATH.go-on`."""
    with Path(path).open("a") as file:
        file.write("begins\n")
    until = time.monotonic() + seconds
    while time.monotonic() < until and not Path(f"{path}.go-on").exists():
        time.sleep(0.02)


@task
def effect(name: str) -> None:
    note(name)


@task(atomic=True)
def atomic_effect(name: str, path: str, seconds: float) -> None:
    note(name)
    wait(path, seconds)


@task(atomic=True)
def atomic_effect_behind_a_receiver(name: str, path: str) -> None:
    note(name)


@task
def plain_effect(name: str, path: str, seconds: float) -> None:
    note(name)
    wait(path, seconds)


@task
def effect_at_the_end(name: str, path: str, seconds: float) -> None:
    wait(path, seconds)
    note(name)


@task
def no_database(path: str, seconds: float) -> None:
    wait(path, seconds)


@task(at_most_once=True)
def at_most_once(name: str, path: str, seconds: float) -> None:
    plain_effect.func(name, path, seconds)


@task(time_limit=1)
def too_slow(name: str) -> None:
    time.sleep(60)
    note(name)


@task(time_limit=1)
def too_slow_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")


@task(time_limit=1, atomic=True)
def too_slow_in_the_database_and_atomic(name: str) -> None:
    note(name)
    too_slow_in_the_database.func()


@task(time_limit=1, atomic=True)
def too_slow_and_atomic(name: str) -> None:
    note(name)
    time.sleep(60)


@task(time_limit=1)
async def too_slow_and_async() -> None:
    import asyncio

    await asyncio.sleep(60)


@task(time_limit=1)
def stubborn() -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        with contextlib.suppress(BaseException):
            time.sleep(1)


@task
def answer_with_a_set() -> set:
    return {1}


@task
def answer_with_nan() -> float:
    return float("nan")


@task
def answer_with_a_zero_byte() -> str:
    return "a\x00b"


@task(atomic=True)
def answer_with_half_a_character() -> str:
    return "half \ud800"


@task
def fail_with_an_odd_text() -> None:
    raise ValueError("zero \x00 and half \ud800 of ada@example.org")


@task(atomic=True)
def leave(name: str) -> None:
    note(name)
    sys.exit(3)


@task
def interrupt() -> None:
    raise KeyboardInterrupt


@task
def with_broken_receivers(name: str) -> None:
    note(name)


@task
def with_a_receiver_that_exits(name: str) -> None:
    note(name)


@task(every=datetime.timedelta(seconds=1))
def tick() -> None:
    note("tick")


@task
def many_effects(name: str, count: int) -> None:
    for _row in range(count):
        note(name + "." * 60)


@task(atomic=True)
def atomic_many_effects(name: str, count: int) -> None:
    for _row in range(count):
        note(name)
