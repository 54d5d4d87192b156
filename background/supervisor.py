"""Several worker processes as one: started, watched, replaced when they die, and ended together."""

import logging
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from types import FrameType

logger = logging.getLogger(__name__)

#: A process that lived shorter than this (seconds) is replaced after a pause that doubles, up to the longest.
SETTLED_AFTER, FIRST_PAUSE, LONGEST_PAUSE = 10.0, 0.5, 30.0

#: A second signal sooner than this is the same one, told twice (by the terminal and by a process manager).
SAME_SIGNAL = 1.0

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Slot:
    """The place of one process, which may be filled by several, one after the other."""

    def __init__(self, number: int, command: Sequence[str], clock: Callable[[], float]) -> None:
        self.number = number
        self.command = list(command)
        self.clock = clock
        self.process: subprocess.Popen | None = None
        self.pause = FIRST_PAUSE
        self.started_at = 0.0
        self.start_again_at = 0.0

    def start_if_due(self) -> None:
        if self.process is None and self.clock() >= self.start_again_at:
            self.started_at = self.clock()
            # A session of its own: Ctrl-C reaches this process alone, which passes it on once.
            self.process = subprocess.Popen(self.command, start_new_session=True)

    def check(self) -> None:
        """Notice a process that ended, and decide when the next begins."""
        if self.process is None or self.process.poll() is None:
            return
        lived = self.clock() - self.started_at
        self.pause = FIRST_PAUSE if lived >= SETTLED_AFTER else min(LONGEST_PAUSE, self.pause * 2)
        self.start_again_at = self.clock() + self.pause
        logger.error(
            "Worker process %s ended (%s). A new one starts in %.1f s.", self.number, ending(self.process.returncode), self.pause
        )
        self.process = None


class Supervisor:
    """Keeps `concurrency` processes of `command` alive until SIGTERM, SIGINT or SIGHUP, which it passes on as SIGTERM.

    A second signal does not wait for tasks that run: their processes are killed, and other workers run them again.
    """

    def __init__(self, command: Sequence[str], concurrency: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.slots = [Slot(number, command, clock) for number in range(1, concurrency + 1)]
        self.told_at: float | None = None
        self.impatient = False

    def run(self) -> int:
        """Blocks. Returns the exit code: 0 where every process ended in good order, else 1."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        while self.told_at is None:
            for slot in self.slots:
                slot.check()
                slot.start_if_due()
            time.sleep(0.1)
        return self._end()

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        if self.told_at is None:
            self.told_at = self.clock()
        elif self.clock() - self.told_at > SAME_SIGNAL:
            self.impatient = True

    def _end(self) -> int:
        processes = [slot.process for slot in self.slots if slot.process is not None]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        logger.info("Stopping: tasks that run are finished first.")
        while any(process.poll() is None for process in processes):
            if self.impatient:
                logger.warning("Stopping at once: tasks that run are cut short, and run again later.")
                for process in processes:
                    process.kill()
            time.sleep(0.05)
        # One that was still starting has no handler yet, and nothing to finish.
        return int(any(process.returncode not in (0, -signal.SIGTERM) for process in processes))


def ending(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
