"""Requests over connections that stay open, as fast as they are answered: one process, one thread, little of the machine."""

import hashlib
import hmac
import itertools
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


def page(path: str) -> Iterator[bytes]:
    """The same GET for ever."""
    return itertools.repeat(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n\r\n".encode())


def deliveries(path: str, bodies: list[tuple[str, bytes]], secret: str) -> Iterator[bytes]:
    """Signed deliveries, each with a GUID of its own, of these events and bodies in turn."""
    requests = []
    for event, body in bodies:
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"
            "User-Agent: GitHub-Hookshot/044aadd\r\nAccept: */*\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-GitHub-Event: {event}\r\nX-GitHub-Hook-ID: 292430182\r\n"
            f"X-Hub-Signature-256: sha256={signature}\r\nX-GitHub-Delivery: "
        )
        requests.append((head.encode(), b"\r\n\r\n" + body))
    for number, (head, rest) in enumerate(itertools.cycle(requests)):
        yield b"%sbe7c4000-0000-0000-0000-%012x%s" % (head, number, rest)


@dataclass
class _Connection:
    socket: socket.socket
    began: float = 0.0
    answer: bytes = b""


@dataclass
class Load:
    """Sends requests to `port` and counts: `answered` as expected, `refused` otherwise, and the `slowest` in seconds."""

    port: int
    requests: Iterator[bytes]
    expects: int
    answered: int = 0
    refused: int = 0
    slowest: float = 0.0
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self, connections: int, seconds: float) -> float:
        """For so long, and until all are answered. Returns answers as expected a second."""
        before, began = self.answered, time.perf_counter()
        running = connections
        for _ in range(connections):
            self._send(_Connection(self._connect()))
        end = began + seconds
        while running:
            for key, _events in self._selector.select(10) or self._nothing():
                connection = key.data
                if not self._receive(connection):
                    continue
                self._selector.unregister(connection.socket)
                if time.perf_counter() < end:
                    self._send(connection)
                else:
                    connection.socket.close()
                    running -= 1
        return (self.answered - before) / (time.perf_counter() - began)

    def _nothing(self) -> list:
        raise SystemExit("The server does not answer any more.")

    def _connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _send(self, connection: _Connection) -> None:
        connection.began, connection.answer = time.perf_counter(), b""
        connection.socket.sendall(next(self.requests))
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def _receive(self, connection: _Connection) -> bool:
        """Whether the answer is complete. A connection that was closed is replaced: servers close them now and then."""
        part = connection.socket.recv(65536)
        connection.answer += part
        head, found, body = connection.answer.partition(b"\r\n\r\n")
        if part and not found:
            return False
        names = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:]) if found else {}
        if part and len(body) < int(names.get(b"content-length", 0)):
            return False
        self.slowest = max(self.slowest, time.perf_counter() - connection.began)
        if head[9:12] == str(self.expects).encode():
            self.answered += 1
        else:
            self.refused += 1
        if not part or names.get(b"connection") == b"close":
            self._selector.unregister(connection.socket)
            connection.socket.close()
            connection.socket = self._connect()
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        return True
