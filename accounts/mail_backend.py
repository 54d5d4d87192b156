"""Sending by SMTP, so that afterwards it is known whether the server had the whole mail.

Between the end of the content and the server's answer lies the one moment that no program can know: a connection that breaks there
may have delivered the mail. Django's backend raises the same error before it and in it; this one tells them apart.
"""

import smtplib
from collections.abc import Callable
from typing import Any

from django.core.mail.backends.smtp import EmailBackend as DjangoEmailBackend

#: Servers may scan a mail before they answer (RFC 5321 grants them ten minutes), and who hangs up too early leaves a mail unsure:
#: so many times the usual time.
ANSWER_TIMES = 4


class TooLate(Exception):
    """So much time went by since the mail was taken up that somebody else may be sending it. Nothing was handed over."""


class _KnowsItsContent(smtplib.SMTP):
    """A connection that knows whether the content of the newest mail went out, and asks before it goes."""

    handed_over = False
    #: Asked right before the content goes out; may raise.
    before_content: Callable[[], object] | None = None

    def data(self, msg):
        self.handed_over = False
        try:
            code, answer = super().data(msg)
        finally:
            self._wait_for_answers(1)
        if 200 <= code < 300:
            return 250, answer  # smtplib takes any other number for a refusal
        if not 400 <= code < 600:
            # No answer that means anything, to what the server has.
            self.close()
            raise smtplib.SMTPServerDisconnected(f"The answer makes no sense: {code}")
        return code, answer

    def send(self, s):
        # Commands are text, the content alone is bytes; its last line, which makes it whole, goes with the rest.
        if not isinstance(s, bytes):
            return super().send(s)
        if self.before_content is not None:
            try:
                self.before_content()
            except BaseException:
                # The server waits for the content by now: it would take a farewell for that, and answer nothing.
                self.close()
                raise
        self.handed_over = True
        try:
            super().send(s)
        except smtplib.SMTPServerDisconnected:
            # Not all of it was taken, so the end was not.
            self.handed_over = False
            raise
        self._wait_for_answers(ANSWER_TIMES)
        return None

    def _wait_for_answers(self, times: int) -> None:
        if self.sock is not None and isinstance(self.timeout, int | float):
            self.sock.settimeout(self.timeout * times)

    def getreply(self):
        try:
            return super().getreply()
        except smtplib.SMTPResponseException as error:
            # An endless line: it is made up by smtplib, and no answer of the server.
            raise smtplib.SMTPServerDisconnected(str(error)) from error


class _SMTP(_KnowsItsContent):
    pass


class _SMTPoverTLS(_KnowsItsContent, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoEmailBackend):
    """Django's SMTP backend, which tells `handed_over` and asks `before_content`."""

    #: What smtplib's connection is here.
    connection: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before_content: Callable[[], object] | None = None

    @property
    def connection_class(self):
        return _SMTPoverTLS if self.use_ssl else _SMTP

    @property
    def handed_over(self) -> bool:
        """Whether the server had all of the newest mail when its sending ended."""
        return self.connection is not None and self.connection.handed_over

    def open(self):
        is_new = super().open()
        if self.connection is not None:
            self.connection.before_content = self._ask
        return is_new

    def _ask(self) -> None:
        if self.before_content is not None:
            self.before_content()

    def send_messages(self, email_messages):
        if self.connection is not None:
            self.connection.handed_over = False
        return super().send_messages(email_messages)
