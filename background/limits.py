"""Time limits: a task that runs for too long is interrupted."""

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator

from django.db import connections

from .current import Work
from .policy import TimeLimitExceeded


def can_interrupt() -> bool:
    """Whether a function that runs in this thread can be interrupted: by Unix's alarm, in the main thread alone."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def limited(work: Work, seconds: float | None) -> Iterator[None]:
    """Raise `TimeLimitExceeded` in the block once `seconds` are over. The block may be interrupted anywhere.

    A function that swallows it goes on until the worker's heart, which sees `work.deadline`, ends the process.
    """
    if seconds is None:
        yield
        return
    work.deadline = time.monotonic() + seconds
    if not can_interrupt():
        try:
            yield
        finally:
            work.deadline = None
        return
    armed = True

    def ring(signum, frame) -> None:
        # The alarm may have been on its way when the block ended.
        if armed:
            raise _exceeded(seconds)

    began, before = time.monotonic(), signal.signal(signal.SIGALRM, ring)
    # Of the task around this one, where an immediate backend runs it.
    left, _interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except TimeLimitExceeded:
        armed = False
        _begin_anew_with_databases()
        raise
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        work.deadline = None
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left - (time.monotonic() - began)))


@contextlib.asynccontextmanager
async def limited_async(work: Work, seconds: float | None) -> AsyncIterator[None]:
    """The same for a function written with `async def`: interrupted where it awaits something."""
    if seconds is None:
        yield
        return
    work.deadline = time.monotonic() + seconds
    timer = asyncio.timeout(seconds)
    try:
        async with timer:
            yield
    except TimeoutError as error:
        if timer.expired():
            raise _exceeded(seconds) from error
        raise
    finally:
        work.deadline = None


def _begin_anew_with_databases() -> None:
    """The alarm may have cut a conversation with a database in two: the next begins with a new connection.

    One inside a transaction belongs to whoever began that, whose end closes it where it is broken.
    """
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            continue
        if connection.vendor == "postgresql" and connection.connection is not None:
            # Closing alone would let the server go on with a statement that nobody waits for any more.
            import psycopg

            with contextlib.suppress(psycopg.Error):
                if hasattr(connection.connection, "cancel_safe"):
                    connection.connection.cancel_safe(timeout=2)
                else:
                    connection.connection.cancel()
        connection.close()


def _exceeded(seconds: float) -> TimeLimitExceeded:
    return TimeLimitExceeded(f"The task ran for longer than its limit of {seconds:g} seconds.")
