"""The servers that are measured: the site, and a project fresh from `startproject`."""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: As in docs/how-to/run-in-production.md.
PROCESSES, THREADS = 2, 4

GUNICORN = importlib.util.find_spec("gunicorn") is not None

#: Django's own server for tests and development, in threads, with connections that stay open.
THREADED = """
import sys
from importlib import import_module
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
application = import_module(sys.argv[1]).application
class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments): pass
server = ThreadedWSGIServer(("127.0.0.1", int(sys.argv[2])), Quiet)
server.set_app(application)
server.serve_forever()
"""


@dataclass(frozen=True)
class Server:
    """One that runs, with the processes that it has started."""

    port: int
    pid: int

    def seconds(self) -> float:
        """What its processes have used of processors until now."""
        used = sum(int(fields[11]) + int(fields[12]) for fields in self._processes().values())
        return used / os.sysconf("SC_CLK_TCK")

    @property
    def has_workers(self) -> bool:
        return len(self._processes()) > 1

    def kill_workers(self) -> None:
        """Kill the processes that answer, without a warning. gunicorn starts others."""
        for pid in self._processes().keys() - {self.pid}:
            os.kill(pid, signal.SIGKILL)

    def wait(self) -> None:
        """Until it answers."""
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as asked:
                asked.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                asked.settimeout(10)
                if asked.recv(100):
                    return
            time.sleep(0.1)
        raise SystemExit("The server did not come back.")

    def _processes(self) -> dict[int, list[str]]:
        """The server and its children, with the fields of `/proc/…/stat` after the name."""
        found = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if str(self.pid) in (stat.parent.name, fields[1]):
                    found[int(stat.parent.name)] = fields
        return found


@contextlib.contextmanager
def serve(module: str, folder: Path, log: Path, **environment: str) -> Iterator[Server]:
    """A server for the WSGI application of `module`, which is found in `folder`."""
    port = _free_port()
    if GUNICORN:
        options = ["--workers", str(PROCESSES), "--threads", str(THREADS), "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
        command = [sys.executable, "-m", "gunicorn", module, *options]
    else:
        command = [sys.executable, "-c", THREADED, module, str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=output)
        try:
            _wait_for(port, server, log)
            yield Server(port, server.pid)
        finally:
            server.terminate()
            server.wait(30)


@contextlib.contextmanager
def serve_stock(folder: Path) -> Iterator[Server]:
    """A project as `startproject` makes it, but for what production asks of its settings."""
    project = folder / "stock"
    project.mkdir()
    subprocess.run([sys.executable, "-m", "django", "startproject", "stock", str(project)], check=True)
    with (project / "stock" / "settings.py").open("a") as settings:
        settings.write('\nDEBUG = False\nALLOWED_HOSTS = ["localhost"]\n')
    with serve("stock.wsgi", project, folder / "stock.log", DJANGO_SETTINGS_MODULE="stock.settings") as server:
        yield server


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _wait_for(port: int, server: subprocess.Popen, log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit(f"The server did not start:\n{log.read_text()}")
