"""A message as a mail, and the connection over which mails go out."""

import contextlib
import email.policy
import email.utils
from collections.abc import Callable
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.encoding import punycode

from .mail_html import html_of
from .mail_kinds import TRANSACTIONAL, attachment_of, category_of, replies_to
from .models import Message
from .unsubscribing import link_for


class _AsItIs(UnstructuredHeader):
    """A header that is never folded: Python writes an address that is longer than a line as an encoded word, which no mail program
    takes for an address."""

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]  # the registry adds a header's name


_headers = HeaderRegistry()
_headers.map_to_type("list-unsubscribe", _AsItIs)  # type: ignore[arg-type]  # as the registry wants it, a class without the common base


class Mail(EmailMultiAlternatives):
    """A mail whose link to unsubscribe arrives as it is."""

    def message(self, *, policy: Any = email.policy.default):
        return super().message(policy=policy.clone(header_factory=_headers))


def mail_of(message: Message) -> EmailMultiAlternatives:
    """The mail as it goes out: text and HTML, and the headers that mail programs and providers act by."""
    mail = Mail(
        subject=message.subject,
        body=message.body,
        from_email=_sender(),
        to=[message.address],
        reply_to=_answers(message),
        headers={**_id_of(message), **_ways_out(message)},
    )
    mail.attach_alternative(html_of(message), "text/html")
    attachment = attachment_of(message)
    if attachment is not None:
        # Twice, since some programs read the one and some the other; the last alternative is the one that they prefer.
        if attachment.alternative:
            mail.attach_alternative(attachment.content.decode(), attachment.alternative)
        mail.attach(attachment.filename, attachment.content, attachment.content_type)
    return mail


def _sender() -> str:
    """Who writes: the site by its name where the settings give an address alone, since inboxes show names."""
    name, address = email.utils.parseaddr(settings.DEFAULT_FROM_EMAIL)
    user, at, domain = address.rpartition("@")
    return settings.DEFAULT_FROM_EMAIL if name or not at else str(Address(settings.SITE_NAME, user, domain))


def _answers(message: Message) -> list[str]:
    """Where answers go. An address that no header can hold as it is must not keep the mail from going out."""
    user, _at, domain = replies_to(message).rpartition("@")
    try:
        return [f"{user}@{punycode(domain)}"] if user and user.isascii() else []
    except UnicodeError:
        return []


def _id_of(message: Message) -> dict[str, str]:
    # The same id at every try: should a mail arrive twice after a broken connection, mail programs show it once.
    domain = punycode(email.utils.parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]) or "localhost"
    return {
        "Message-ID": f"<message-{message.pk}-{message.created_at:%Y%m%d%H%M%S}@{domain}>",
        # No out-of-office answers to what a machine wrote.
        "Auto-Submitted": "auto-generated",
    }


def _ways_out(message: Message) -> dict[str, str]:
    """For mail that people can do without: one click in the mail program ends it (RFC 8058)."""
    category = category_of(message.kind)
    if category == TRANSACTIONAL or message.recipient is None:
        return {}
    return {
        "List-Unsubscribe": f"<{link_for(message.recipient, category)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


class NothingSent(OSError):
    """The backend took the mail and did not send it."""


class MailLine:
    """A connection to the mail server that is kept from one mail to the next, and opened again when it broke.

    Works with any backend. Use it as a context manager, so that it is closed.
    """

    def __init__(self) -> None:
        self.backend: BaseEmailBackend | None = None

    def __enter__(self) -> "MailLine":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def open(self) -> BaseEmailBackend:
        """Connect, where there is no connection. Raises what the backend raises; then nothing was handed over."""
        if self.backend is None:
            backend = mailers.default
            try:
                backend.open()
            except BaseException:
                _end(backend)
                raise
            self.backend = backend
        return self.backend

    def send(self, mail: EmailMultiAlternatives, *, before_content: Callable[[], object]) -> None:
        """Hand `mail` over. `before_content` is asked at the last moment at which nothing was handed over; it may raise.

        Raises what the backend raises, or `NothingSent`; `handed_over` then says what the server had.
        """
        backend = self.open()
        if hasattr(backend, "before_content"):
            backend.before_content = before_content
        else:
            before_content()
        if backend.send_messages([mail]) == 0:
            raise NothingSent("The mail backend says that it sent nothing.")

    @property
    def handed_over(self) -> bool | None:
        """Whether the server had all of the newest mail. None: this backend does not know."""
        return False if self.backend is None else getattr(self.backend, "handed_over", None)

    def close(self) -> None:
        """End the connection. What goes wrong with that is no fault of the mails that went out before."""
        backend, self.backend = self.backend, None
        if backend is not None:
            _end(backend)


def _end(backend: BaseEmailBackend) -> None:
    with contextlib.suppress(Exception):
        backend.close()
