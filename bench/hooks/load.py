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


#: Of one request whose connection is closed before an answer.
MOST_TRIES = 3


class Gone(Exception):
    """The server does not answer any more."""


@dataclass
class _Connection:
    socket: socket.socket
    began: float = 0.0
    answer: bytes = b""
    guid: str = ""
    request: bytes = b""
    resent: int = 0


@dataclass
class Load:
    """Sends requests to `port` and counts: `answered` as expected, `refused` otherwise, and the `slowest` in seconds."""

    port: int
    requests: Iterator[bytes]
    expects: int
    answered: int = 0
    refused: int = 0
    slowest: float = 0.0
    #: GUIDs of deliveries that were answered as expected, where somebody wants to know.
    guids: list[str] | None = None
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

    def burst(self, connections: int, rate: float, seconds: float) -> float:
        """So many a second for so long, whether or not those before are answered. Returns what was answered a second, until all were.

        One that finds no connection free waits for the next, and its wait counts: `slowest` is from when it was due.
        """
        free = [_Connection(self._connect()) for _ in range(connections)]
        sent, wanted, began = 0, int(rate * seconds), time.perf_counter()
        while sent < wanted or len(free) < connections:
            now = time.perf_counter()
            while free and sent < wanted and began + sent / rate <= now:
                self._send(free.pop(), due=began + sent / rate)
                sent += 1
            next_in = max(0.0, began + sent / rate - time.perf_counter()) if free and sent < wanted else 10
            if len(free) == connections:
                time.sleep(next_in)
                continue
            events = self._selector.select(next_in)
            if not events and next_in == 10:
                self._nothing()
            for key, _events in events:
                if self._receive(key.data):
                    self._selector.unregister(key.data.socket)
                    free.append(key.data)
        took = time.perf_counter() - began
        for connection in free:
            connection.socket.close()
        return sent / max(took, seconds)

    def _nothing(self) -> list:
        raise Gone("The server does not answer any more.")

    def _connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _send(self, connection: _Connection, due: float | None = None) -> None:
        connection.began, connection.answer = due or time.perf_counter(), b""
        connection.request, connection.resent = next(self.requests), 0
        if self.guids is not None:
            connection.guid = connection.request.partition(b"X-GitHub-Delivery: ")[2][:36].decode()
        try:
            connection.socket.sendall(connection.request)
        except ConnectionError:
            self._reopen(connection)
            connection.socket.sendall(connection.request)
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def _reopen(self, connection: _Connection) -> None:
        connection.socket.close()
        connection.socket = self._connect()

    def _receive(self, connection: _Connection) -> bool:
        """Whether the answer is complete. A connection that was closed is replaced: servers close them now and then."""
        try:
            part = connection.socket.recv(65536)
        except ConnectionError:
            part = b""
        if not part and not connection.answer and connection.resent < MOST_TRIES:
            # A server closes connections that have been idle, perhaps in the moment in which they are used again.
            self._selector.unregister(connection.socket)
            self._reopen(connection)
            connection.resent += 1
            connection.socket.sendall(connection.request)
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
            return False
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
            if self.guids is not None:
                self.guids.append(connection.guid)
        else:
            self.refused += 1
        if not part or names.get(b"connection") == b"close":
            self._selector.unregister(connection.socket)
            self._reopen(connection)
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        return True
