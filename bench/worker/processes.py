"""Workers of both kinds as processes, and what they cost: processor time from /proc."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")

OURS, STOCK = "ours", "stock"


def processor_seconds(pid: int) -> float:
    """Seconds of a core that a process has used, in its own code and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Workers:
    """`number` worker processes of one kind, from “ready for work” to their end. A context manager."""

    def __init__(self, kind: str, number: int, *, interval: float = 1.0) -> None:
        self.kind = kind
        self.number = number
        self.interval = interval
        self.started: list[subprocess.Popen] = []
        #: The processes that run tasks; ours have a supervisor besides.
        self.pids: list[int] = []
        self.supervisor: int | None = None

    def __enter__(self) -> "Workers":
        if self.kind == OURS:
            self._start_ours()
        else:
            self._start_stock()
        # What happens once, after the first look, is no part of what is measured.
        time.sleep(0.5)
        return self

    def _start_ours(self) -> None:
        from background.models import WorkerBeat

        WorkerBeat.objects.all().delete()
        options = ["--concurrency", str(self.number), "--interval", str(self.interval)]
        self.started = [subprocess.Popen([sys.executable, ROOT / "manage.py", "worker", *options])]
        self.supervisor = self.started[0].pid
        while len(self.pids) < self.number:
            self._check()
            time.sleep(0.1)
            self.pids = list(WorkerBeat.objects.values_list("pid", flat=True))

    def _start_stock(self) -> None:
        command = [sys.executable, ROOT / "bench/worker/stock.py", "--interval", str(self.interval)]
        self.started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(self.number)]
        for process in self.started:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise SystemExit("A stock worker did not start.")
        self.pids = [process.pid for process in self.started]

    def _check(self) -> None:
        if any(process.poll() is not None for process in self.started):
            raise SystemExit(f"A worker ({self.kind}) ended with {[process.returncode for process in self.started]}.")

    def processor_seconds(self) -> list[float]:
        """Of each worker process, until now."""
        self._check()
        return [processor_seconds(pid) for pid in self.pids]

    def __exit__(self, *error) -> None:
        for process in self.started:
            process.send_signal(signal.SIGTERM)
        for process in self.started:
            process.wait(60)
            if process.stdout:
                process.stdout.close()
