"""A first sync, and one more, each in a process that does nothing else: its time and its memory are those of the sync.

uv run python -m bench.github.alone prepare|sync FOLDER ADDRESS MEMBERS REPOSITORIES
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace

from .hosting import ROOT
from .worlds import Size, make_session, set_up, whole_seconds


@dataclass(frozen=True)
class Alone:
    """One first sync. `cpu`: seconds of this process alone, which does not count the sandbox's.

    `memory`: the peak, in MB, also over a second sync, which knows everything from the start.
    """

    items: int
    requests: int
    points: int
    cpu: float
    seconds: float
    memory: float


def sync_alone(size: Size, address: str) -> Alone:
    """Sync a new session from nothing with the world at `address`, and then once more for the memory that this takes."""
    with tempfile.TemporaryDirectory() as folder:
        _run("prepare", folder, address, size)
        first = Alone(**json.loads(_run("sync", folder, address, size)))
        second = Alone(**json.loads(_run("sync", folder, address, size)))
        return replace(first, memory=max(first.memory, second.memory))


def _run(what: str, folder: str, address: str, size: Size) -> str:
    command = [sys.executable, "-m", "bench.github.alone", what, folder, address, str(size.members), str(size.repositories)]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    what, folder, address = sys.argv[1:4]
    size = Size(int(sys.argv[4]), int(sys.argv[5]))
    # Making the database takes more memory than the sync.
    set_up(folder, migrate=what == "prepare", GITHUB_URL=address, GITHUB_API_URL=f"{address}/api/v3")
    if what == "prepare":
        make_session(size, whole_seconds())
        return
    from cohorts.models import Session
    from contributions.models import SyncRun
    from contributions.sync import request_sync, run_sync

    session = Session.objects.get()
    began, worked = time.perf_counter(), time.process_time()
    run = run_sync(request_sync(session, trigger=SyncRun.Trigger.COMMAND, queue=False))
    if run.state != SyncRun.State.DONE:
        raise SystemExit(f"The sync ended as {run.state}: {run.errors}")
    print(json.dumps({
        "items": run.created, "requests": run.requests, "points": run.points, "cpu": time.process_time() - worked,
        "seconds": time.perf_counter() - began, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
