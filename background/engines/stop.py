"""When an engine's consumer has to end, and how it waits meanwhile."""

import logging
import os
import random
import signal
import time
from collections.abc import Callable
from types import FrameType

logger = logging.getLogger(__name__)

#: Seconds to wait before a database or a broker that is away is asked again: doubling, and never all workers at once.
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 15.0


class Stop:
    """Set by a signal, or by the end of the process that started this one. No lock: signal handlers set it."""

    def __init__(self, name: str, parent_pid: int | None = None) -> None:
        self.name = name
        self.parent_pid = parent_pid
        self.asked = False
        self.failures = 0
        self._callbacks: list[Callable[[], object]] = []

    def listen(self) -> None:
        """Take the signals over. What runs is finished: nothing is raised into it."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)

    def also(self, callback: Callable[[], object]) -> None:
        """Call this too when the time has come, from a signal handler: it may only set something."""
        self._callbacks.append(callback)
        if self.asked:
            callback()

    def set(self) -> None:
        self.asked = True
        for callback in self._callbacks:
            callback()

    def is_set(self) -> bool:
        if not self.asked and self.parent_pid is not None and os.getppid() != self.parent_pid:
            self.set()
        return self.asked

    def pause(self, seconds: float) -> None:
        """Sleep, but not through a signal."""
        until = time.monotonic() + seconds
        while not self.is_set() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def wait_for(self, what: str, error: BaseException) -> None:
        """Say what is wrong, and wait: longer each time, until `failures` is 0 again."""
        self.failures += 1
        longest = min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** min(self.failures, 10))
        seconds = random.uniform(longest / 2, longest)  # noqa: S311 (spreads workers, guards nothing)
        logger.warning("%s (%s). Next try in %.1f s.", what, type(error).__name__, seconds)
        self.pause(seconds)

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        self.set()
