"""Tasks that the tests of the engines run in real worker processes."""

import os
import signal
import sys
import time
from pathlib import Path

from django.db import transaction

from background import Backoff, Retry, progress, task
from background.models import Schedule

SECRET = "ada.lovelace@example.org"


@task
def write_line(path: str, line: str) -> str:
    with Path(path).open("a") as file:
        file.write(f"{line}\n")
    return line


@task
async def write_later(path: str, line: str) -> None:
    write_line.func(path, line)


@task(queue_name="elsewhere")
def write_slowly(path: str, seconds: float) -> None:
    """Between its two lines it waits `seconds`, or until there is a file `PATH.go-on`."""
    write_line.func(path, "begins")
    until = time.monotonic() + seconds
    while time.monotonic() < until and not Path(f"{path}.go-on").exists():
        time.sleep(0.02)
    write_line.func(path, "ends")


@task
def fail_with_a_secret() -> None:
    raise ValueError(f"No mail could be sent to {SECRET}.")


@task(max_attempts=3, backoff=Backoff(first=0.3, longest=1))
def fail_twice(path: str) -> None:
    write_line.func(path, "attempt")
    if len(Path(path).read_text().splitlines()) < 3:
        raise ConnectionError("Not yet.")


@task(takes_context=True, max_attempts=2, backoff=Backoff(first=0.3, longest=1))
def tell_attempt(context, path: str) -> None:
    write_line.func(path, str(context.attempt))
    if len(Path(path).read_text().splitlines()) < 2:
        raise ConnectionError("Not yet.")


@task
def put_itself_off(path: str) -> None:
    first = not Path(path).exists()
    write_line.func(path, str(time.time()))
    if first:
        raise Retry(after=2, reason="The limit is reached.")


@task
def count_to(number: int) -> None:
    for done in range(1, number + 1):
        progress(done, number, "rows")


@task
def leave() -> None:
    sys.exit(3)


@task
def answer_with_a_set() -> set:
    return {1}


@task(time_limit=1)
def take_too_long() -> None:
    time.sleep(30)


@task(atomic=True)
def leave_a_mark_and_die_the_first_time(path: str, name: str) -> None:
    """Writes to the database and kills its worker, as the kernel does when memory runs out; the second time it succeeds."""
    first = not Path(path).exists()
    write_line.func(path, str(os.getpid()))
    Schedule.objects.create(name=name, next_run_at="2100-01-01T00:00:00Z")
    if first:
        os.kill(os.getpid(), signal.SIGKILL)


@task(at_most_once=True)
def die_and_stay_dead(path: str) -> None:
    write_line.func(path, str(os.getpid()))
    os.kill(os.getpid(), signal.SIGKILL)


@task(atomic=True)
def follow_its_commit_badly(name: str) -> None:
    """What is to follow the commit raises."""
    Schedule.objects.create(name=name, next_run_at="2100-01-01T00:00:00Z")
    transaction.on_commit(lambda: 1 / 0)


@task
def begin_a_transaction(name: str) -> None:
    """And never end it."""
    transaction.atomic().__enter__()
    Schedule.objects.create(name=name, next_run_at="2100-01-01T00:00:00Z")
