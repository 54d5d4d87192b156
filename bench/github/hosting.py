"""A world in a process of its own, behind a local port.

uv run python -m bench.github.hosting MEMBERS REPOSITORIES
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .worlds import Size, build_world, whole_seconds

#: More than GitHub grants: a world of 10,000 is synced several times in an hour.
POINTS_AN_HOUR = 1_000_000
ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def hosted(size: Size) -> Iterator[str]:
    """Serve a world of this size; gives its address. It ends with the block."""
    command = [sys.executable, "-m", "bench.github.hosting", str(size.members), str(size.repositories)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            if not address:
                raise SystemExit("The sandbox could not be started.")
            yield address
        finally:
            process.terminate()


def main() -> None:
    """Print the address, and serve until the other side hangs up."""
    from contributions.sandbox import Sandbox, serve

    members, repositories = map(int, sys.argv[1:])
    world = build_world(Size(members, repositories), whole_seconds())
    with serve(Sandbox(world, points_an_hour=POINTS_AN_HOUR)) as server:
        print(server.url, flush=True)
        waiting = threading.Thread(target=sys.stdin.read, daemon=True)
        waiting.start()
        waiting.join()


if __name__ == "__main__":
    main()
