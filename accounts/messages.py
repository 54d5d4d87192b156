"""Mail to people: each is a row before it is a mail, is written once, and is sent once by a background task.

`queue_message` is what every app calls. Nothing is sent while a person waits for a page. How mail goes out stands in `sending` (one
message), `batches` (many together) and `waiting_mail` (the schedule); what people do about it in `settling`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction
from django.utils.translation import get_language

from .batches import BatchResult, batch_result, register_batch, send_batch
from .mail_html import html_of
from .mail_kinds import (
    Attachment,
    kind_label,
    register_about,
    register_attachment,
    register_kind,
    register_replies,
    register_still_true,
)
from .models import Message, User
from .sending import (
    MAX_ATTEMPTS,
    SENDING_LIMIT,
    WAITS,
    NotSentYet,
    PermanentError,
    UnsureError,
    send_after_commit,
    send_message,
    wait_after,
)
from .settling import advice, cancel_message, retry_message, settle_message
from .waiting_mail import send_waiting_messages

__all__ = [
    "MAX_ATTEMPTS",
    "SENDING_LIMIT",
    "WAITS",
    "Attachment",
    "BatchResult",
    "NewMessage",
    "NotSentYet",
    "PermanentError",
    "UnsureError",
    "advice",
    "batch_result",
    "cancel_message",
    "html_of",
    "kind_label",
    "queue_message",
    "queue_messages",
    "register_about",
    "register_attachment",
    "register_batch",
    "register_kind",
    "register_replies",
    "register_still_true",
    "retry_message",
    "send_after_commit",
    "send_batch",
    "send_message",
    "send_waiting_messages",
    "settle_message",
    "wait_after",
]


def queue_message(
    recipient: User | None,
    *,
    kind: str,
    about: models.Model | None = None,
    subject: str,
    body: str,
    round: int = 1,
    secret: bool = False,
    address: str | None = None,
    html: str = "",
    language: str = "",
    batch: str = "",
    reply_to: str = "",
) -> Message | None:
    """Write a message down and have it sent after the commit.

    `kind` names what it is (at most 60 characters), `about` the object it is about, `round` a deliberate repeat. A person gets
    one message of a kind about a thing and round: for a repeat nothing is written and the answer is None. Without `about`
    every call is a message of its own. `secret` is for codes and links that log in: the text is removed once it is sent.
    `address` replaces the recipient's own address; it is required where there is no recipient. `html` is the text as HTML, cleaned;
    without it, it is made from the text. `language` is that of the text (default: the active one). A message of a `batch` gets no task
    of its own: whoever queues the task that sends the batch sends it. `reply_to` is where answers go, other than to the session or the site.

    Raises `ValueError` where there is nobody to send to.
    """
    to = address or (recipient.email if recipient else "")
    if not to:
        raise ValueError("A message needs a recipient or an address.")
    fields = {
        "address": to,
        "subject": _one_line(subject),
        "body": body,
        "html": html,
        "language": language or get_language() or "",
        "batch": batch,
        "secret": secret,
        "reply_to": reply_to,
    }
    if about is None:
        message = Message.objects.create(recipient=recipient, kind=kind, round=round, **fields)
    else:
        if recipient is None:
            raise ValueError("A message about something needs a recipient: it is sent once to each person.")
        message, created = Message.objects.get_or_create(
            recipient=recipient,
            kind=kind,
            about_type=ContentType.objects.get_for_model(about),
            about_id=about.pk,
            round=round,
            defaults=fields,
        )
        if not created:
            return None
    if not batch:
        send_after_commit(message.pk)
    return message


@dataclass(frozen=True)
class NewMessage:
    """A message about something, ready to be queued: the same parts as those of `queue_message`."""

    recipient: User
    kind: str
    about: models.Model
    subject: str
    body: str
    round: int = 1
    #: The text as HTML; empty: made from the text as it is sent.
    html: str = ""
    language: str = ""
    #: Messages that one background task sends together have its name; others get a task each.
    batch: str = ""


def queue_messages(messages: Sequence[NewMessage]) -> int:
    """As `queue_message` for many at once, in one statement. Returns how many were written.

    Leave out those who have theirs already before you call it: they cost a round of single statements here.
    """
    rows = [
        Message(
            recipient=one.recipient,
            address=one.recipient.email,
            kind=one.kind,
            about_type=ContentType.objects.get_for_model(one.about),
            about_id=one.about.pk,
            round=one.round,
            subject=_one_line(one.subject),
            body=one.body,
            html=one.html,
            language=one.language or get_language() or "",
            batch=one.batch,
        )
        for one in messages
    ]
    try:
        with transaction.atomic():
            for message in Message.objects.bulk_create(rows):
                if not message.batch:
                    send_after_commit(message.pk)
    except IntegrityError:
        # Some were written meanwhile, by somebody else who does the same.
        return sum(
            queue_message(
                one.recipient,
                kind=one.kind,
                about=one.about,
                subject=one.subject,
                body=one.body,
                round=one.round,
                html=one.html,
                language=one.language,
                batch=one.batch,
            )
            is not None
            for one in messages
        )
    return len(rows)


def _one_line(subject: str) -> str:
    """A line break in a subject would be a header of its own."""
    return " ".join(subject.split())[:300]
