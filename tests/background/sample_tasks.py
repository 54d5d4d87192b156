"""Tasks that the tests of the worker run, in this process or in a real one."""

import os
import signal
import sys
import time
from pathlib import Path

from django.db import transaction
from django.tasks import task

import background


@task
def write_line(path: str, line: str) -> str:
    with Path(path).open("a") as file:
        file.write(f"{line}\n")
    return line


@task(queue_name="elsewhere")
def write_slowly(path: str, seconds: float) -> None:
    """Between its two lines it waits `seconds`, or until there is a file `PATH.go-on`."""
    write_line.func(path, "begins")
    until = time.monotonic() + seconds
    while time.monotonic() < until and not Path(f"{path}.go-on").exists():
        time.sleep(0.02)
    write_line.func(path, "ends")


@task
def die_the_first_time(path: str) -> None:
    """Kills the worker process under itself, as the kernel does when memory runs out; the second time it succeeds."""
    first = not Path(path).exists()
    write_line.func(path, str(os.getpid()))
    if first:
        os.kill(os.getpid(), signal.SIGKILL)


@task
def fail(text: str) -> None:
    raise ValueError(text)


@task
def leave() -> None:
    sys.exit(3)


@task
def answer_with_a_set() -> set:
    return {1}


@task
def answer_with_a_zero_byte() -> str:
    return "a\x00b"


@task(takes_context=True)
def tell_attempt(context) -> int:
    return context.attempt


@task
def nothing() -> None:
    pass


@background.task(atomic=True)
def follow_its_commit_badly() -> str:
    """What is to follow the commit raises."""
    transaction.on_commit(lambda: 1 / 0)
    return "done"
