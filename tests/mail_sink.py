"""A real SMTP server on this machine that keeps what it gets, and fails wherever a test tells it to.

    with MailSink() as sink:
        sink.on("RCPT", "550 5.1.1 No such user", to="x@example.org")
        sink.on("dot", "drop", times=1)
        …
    assert sink.recipients() == […]

`python -m tests.mail_sink` serves in a process of its own, for benchmarks: it prints its address, ends with its standard input, and
prints then how many mails it got, and for how many people.
"""

import asyncio
import contextlib
import email
import email.policy
import select
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP

#: Longer than any test waits.
FOREVER = 3600.0


@dataclass(frozen=True)
class Mail:
    """One mail as it was handed over: the addresses of the envelope, and all of its bytes."""

    to: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)

    def part(self, kind: str) -> str:
        """The text of the part `plain` or `html`."""
        part = self.message.get_body((kind,))
        assert part is not None, f"no {kind} part"
        return part.get_content()


@dataclass
class Rule:
    """What happens at a step: `drop` the connection, `stall`, or an answer of its own (“450 Later”)."""

    action: str
    #: Only for this recipient.
    to: str = ""
    #: How often; None: each time.
    times: int | None = None
    #: The first ones pass.
    after: int = 0
    then: Callable[[], object] | None = None

    def applies(self, to: str) -> bool:
        if (self.to and self.to.lower() not in to.lower()) or self.times == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class MailSink:
    """The server, in a thread with a loop of its own. `timeout` is what clients are told to wait, in seconds: long, for machines that
    are slow. Those in the process of the test do not wait so long for a server that stalls: see `notice_stalls`."""

    timeout: float = 30
    mails: list[Mail] = field(default_factory=list)
    connections: int = 0
    rules: dict[str, list[Rule]] = field(default_factory=dict)
    port: int = 0
    #: The addresses of the clients that will never get another answer.
    stalled: set[tuple[str, int]] = field(default_factory=set)

    def on(
        self,
        step: str,
        action: str = "",
        *,
        to: str = "",
        times: int | None = None,
        after: int = 0,
        then: Callable[[], object] | None = None,
    ) -> None:
        """From now on do `action` at `step`: connect, EHLO, MAIL, RCPT, DATA (before the content) or dot (behind it: the mail is kept
        already, except where the action is an answer that refuses it). `then` is called before, in the server's thread."""
        self.rules.setdefault(step, []).append(Rule(action, to, times, after, then))

    def well_again(self) -> None:
        """No more faults."""
        self.rules.clear()

    @property
    def mailer(self) -> dict:
        """The entry of Django's `MAILERS`."""
        options = {"host": "127.0.0.1", "port": self.port, "timeout": self.timeout}
        return {"BACKEND": "accounts.mail_backend.EmailBackend", "OPTIONS": options}

    @property
    def url(self) -> str:
        """The value of EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}?timeout={max(round(self.timeout), 1)}"

    def recipients(self) -> list[str]:
        """Who got mail, in that order; whoever got two stands there twice."""
        return [mail.to for mail in self.mails]

    def twice(self) -> list[str]:
        """Who got more than one mail."""
        return [to for to, times in Counter(self.recipients()).items() if times > 1]

    def rule_for(self, step: str, to: str) -> Rule | None:
        return next((rule for rule in self.rules.get(step, ()) if rule.applies(to)), None)

    def start(self) -> "MailSink":
        self._protocols: list[_Protocol] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(60), "The mail sink did not begin."
        return self

    def stop(self) -> None:
        """Be away: connections are cut, new ones refused. What it got stays; `start` begins anew on the same port."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(60)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(self._protocol, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for protocol in self._protocols:
            if protocol.transport is not None:
                protocol.transport.abort()
        # `asyncio.run` cancels what stalls.

    def _protocol(self) -> "_Protocol":
        self.connections += 1
        protocol = _Protocol(_Handler(), loop=self._loop, hostname="sink.example.org")
        protocol.sink = self
        self._protocols.append(protocol)
        return protocol

    def __enter__(self) -> "MailSink":
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()


class _Handler:
    async def handle_DATA(self, server, session, envelope):
        to = ",".join(envelope.rcpt_tos)
        rule = server.sink.rule_for("dot", to)
        if rule is None or not rule.action[:1].isdigit():
            server.sink.mails.append(Mail(to, bytes(envelope.content)))
        return await server.obey(rule) or "250 OK"


class _Protocol(SMTP):
    sink: MailSink

    async def obey(self, rule: Rule | None) -> str | None:
        """Do what the rule says. Returns the answer that it wants."""
        if rule is None:
            return None
        if rule.then is not None:
            rule.then()
        if rule.action == "drop":
            assert self.transport is not None
            self.transport.abort()
            await asyncio.sleep(FOREVER)  # cancelled when the connection is gone
        if rule.action == "stall":
            assert self.transport is not None
            self.sink.stalled.add(self.transport.get_extra_info("peername"))
            await asyncio.sleep(FOREVER)
        return rule.action or None

    async def step(self, name: str, to: str, go_on) -> None:
        answer = await self.obey(self.sink.rule_for(name, to))
        if answer:
            await self.push(answer)
        else:
            await go_on()

    async def _handle_client(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self.step("connect", "", super()._handle_client)

    async def smtp_EHLO(self, hostname):
        await self.step("EHLO", "", lambda: super(_Protocol, self).smtp_EHLO(hostname))

    async def smtp_MAIL(self, arg):
        await self.step("MAIL", "", lambda: super(_Protocol, self).smtp_MAIL(arg))

    async def smtp_RCPT(self, arg):
        await self.step("RCPT", arg or "", lambda: super(_Protocol, self).smtp_RCPT(arg))

    async def smtp_DATA(self, arg):
        to = ",".join(self.envelope.rcpt_tos) if self.envelope else ""
        await self.step("DATA", to, lambda: super(_Protocol, self).smtp_DATA(arg))


def notice_stalls(sink: MailSink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients of this process run into their time limit as soon as the server stalls, and never before: no time has to be
    set that is short for whoever waits for it and long for a machine that is busy."""
    read = socket.SocketIO.readinto

    def readinto(self, buffer):
        client = self._sock
        until = time.monotonic() + (client.gettimeout() or FOREVER)
        while not select.select([client], [], [], 0.02)[0] and time.monotonic() < until:
            if client.getsockname() in sink.stalled:
                client.settimeout(0.01)
                break
        return read(self, buffer)

    monkeypatch.setattr(socket.SocketIO, "readinto", readinto)


@pytest.fixture
def mail_sink(settings, monkeypatch):
    """A real mail server, to which the site sends while the test runs."""
    with MailSink() as sink:
        settings.MAILERS = {"default": sink.mailer}
        notice_stalls(sink, monkeypatch)
        yield sink


if __name__ == "__main__":
    with MailSink() as running:
        sys.stdout.write(f"{running.url}\n")
        sys.stdout.flush()
        sys.stdin.read()
    sys.stdout.write(f"{len(running.mails)} mails for {len(set(running.recipients()))} people\n")
