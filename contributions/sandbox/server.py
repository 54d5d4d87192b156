"""The sandbox behind a local port."""

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from .messages import NoReply, Request
from .sandbox import Sandbox
from .world import World


class Server:
    """A running sandbox. `url` is its `GITHUB_URL`, `api_url` its `GITHUB_API_URL`."""

    def __init__(self, sandbox: Sandbox, host: str, port: int, hold: float) -> None:
        self.sandbox = sandbox
        self._http = _HTTPServer((host, port), _Handler)
        self._http.sandbox, self._http.hold = sandbox, hold
        self.host, self.port = host, self._http.server_address[1]
        self.url = f"http://{host}:{self.port}"
        self.api_url = f"{self.url}/api/v3"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="sandbox-github", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def serve(world: World | Sandbox, host: str = "127.0.0.1", port: int = 0, *, hold: float = 30.0, **options: Any) -> Server:
    """Serve a world in threads of this process, on a free port by default, with the options of `Sandbox`.

    The world's addresses become those of the server. `hold`: for how many seconds a request that times out is held.
    """
    sandbox = world if isinstance(world, Sandbox) else Sandbox(world, **options)
    server = Server(sandbox, host, port, hold)
    sandbox.world.web_url = server.url
    return server


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    # More than 5 may knock at the same time.
    request_queue_size = 64
    sandbox: Sandbox
    hold: float

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news; everything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _HTTPServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: `Sandbox.log` holds the requests."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        host = self.headers.get("host", "")
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            reply = self.server.sandbox.handle(Request(self.command, f"http://{host}{self.path}", headers, body))
        except NoReply as error:
            if error.is_timeout:
                time.sleep(self.server.hold)
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value.replace("\r", "").replace("\n", ""))
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if reply.is_cut_off else reply.body)
        self.close_connection = self.close_connection or reply.is_cut_off
