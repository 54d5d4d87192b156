"""Mail to people: each is a row before it is a mail, is written once, and is sent once by a background task.

`queue_message` is what every app calls. Nothing here is done while a person waits for a page.
"""

import datetime
import email.utils
import logging
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.mail import EmailMessage, InvalidMailer, MailerDoesNotExist
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.tasks import TaskResult
from django.utils import timezone

from background import enqueue
from background.masking import mask

from .models import Message, User

logger = logging.getLogger(__name__)

#: How long to wait after each failed try. When they are used up, the message has failed.
WAITS = [datetime.timedelta(minutes=minutes) for minutes in (1, 5, 30, 120)]
MAX_ATTEMPTS = len(WAITS) + 1
#: A message that is "being sent" for longer belonged to a worker that died.
SENDING_LIMIT = datetime.timedelta(minutes=15)
#: A new message whose task has not come by then is sent by the schedule: the queue lost it.
TASK_LIMIT = datetime.timedelta(minutes=2)

_still_true: dict[str, Callable[[Message], bool]] = {}


class PermanentError(Exception):
    """The mail cannot be delivered however often it is tried. The text says why."""


class NotSentYet(Exception):
    """The mail server could not be reached, or put us off. The message waits for its next try."""


def register_still_true(kind: str, function: Callable[[Message], bool]) -> None:
    """Ask `function(message)` right before a message of `kind` is sent; where it answers False, the message is dropped."""
    _still_true[kind] = function


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
) -> Message | None:
    """Write a message down and have it sent after the commit.

    `kind` names what it is (at most 60 characters), `about` the object it is about, `round` a deliberate repeat. A person gets
    one message of a kind about a thing and round: for a repeat nothing is written and the answer is None. Without `about`
    every call is a message of its own. `secret` is for codes and links that log in: the text is removed once it is sent.
    `address` replaces the recipient's own address; it is required where there is no recipient.

    Raises `ValueError` where there is nobody to send to.
    """
    to = address or (recipient.email if recipient else "")
    if not to:
        raise ValueError("A message needs a recipient or an address.")
    fields = {"address": to, "subject": _one_line(subject), "body": body, "html": html, "language": language, "secret": secret}
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
    _enqueue_after_commit(message.pk)
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
            language=one.language,
            batch=one.batch,
        )
        for one in messages
    ]
    try:
        with transaction.atomic():
            for message in Message.objects.bulk_create(rows):
                if not message.batch:
                    _enqueue_after_commit(message.pk)
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
            )
            is not None
            for one in messages
        )
    return len(rows)


def _one_line(subject: str) -> str:
    """A line break in a subject would be a header of its own."""
    return " ".join(subject.split())[:300]


def _enqueue_after_commit(message_id: int) -> None:
    from .tasks import send_message_task

    # Robust: a queue that is down must not fail a request whose data is saved; `send_waiting_messages` comes by.
    transaction.on_commit(lambda: enqueue(send_message_task, message_id), robust=True)


def send_message(message_id: int) -> None:
    """Send a waiting message, once. Does nothing where it was sent, is being sent, or is gone; one that failed stays so.

    After a transient failure the message waits, and `NotSentYet` is raised so that the task comes again; `MAX_ATTEMPTS` tries
    in all, then it has failed. A permanent failure, and an error that nobody foresaw, make it failed at once and are raised,
    so that the operator sees them.
    """
    message = _claim(message_id)
    if message is None:
        if Message.objects.filter(pk=message_id, state=Message.State.FAILED).exists():
            # The operator runs the task again, and must not read that it went well.
            raise PermanentError("This message has failed before. “Try to send again” on the page of messages sends it anew.")
        return
    try:
        _deliver(message)
    except PermanentError as error:
        _finish(message, Message.State.FAILED, error=str(error))
        raise
    except (OSError, smtplib.SMTPException) as error:
        reason = f"{type(error).__name__}: {error}"
        if message.attempts < MAX_ATTEMPTS:
            logger.warning("Message %s could not be sent, try %s of %s", message.pk, message.attempts, MAX_ATTEMPTS)
            _finish(message, Message.State.QUEUED, error=reason)
            raise NotSentYet(reason) from error
        logger.error("Message %s could not be sent in %s tries", message.pk, MAX_ATTEMPTS)
        _finish(message, Message.State.FAILED, error=reason)
        raise
    except Exception as error:
        _finish(message, Message.State.FAILED, error=f"{type(error).__name__}: {error}")
        raise
    else:
        _finish(message, Message.State.SENT)


def wait_after(error: BaseException, result: TaskResult) -> float | None:
    """Seconds until a message that could not be sent is tried again, by the number of tries that its row has had."""
    attempts = Message.objects.filter(pk=result.args[0], state=Message.State.QUEUED).values_list("attempts", flat=True).first()
    return WAITS[min(attempts, len(WAITS)) - 1].total_seconds() if attempts else None


def send_waiting_messages() -> int:
    """Queue a task for each message that is due and has none any more, and give up those of a worker that died. Returns how many.

    For a schedule. What was "being sent" when its worker died may have arrived, so it is not sent again.
    """
    from .tasks import send_message_task

    now = timezone.now()
    for message in Message.objects.filter(state=Message.State.SENDING, tried_at__lt=now - SENDING_LIMIT):
        logger.error("Message %s was given up: its worker stopped while sending", message.pk)
        _finish(message, Message.State.FAILED, error="The worker stopped while sending. It may have arrived.")
    due = Q(attempts=0, created_at__lt=now - TASK_LIMIT)
    for attempts, wait in enumerate(WAITS, start=1):
        due |= Q(attempts=attempts, tried_at__lt=now - wait)
    waiting = list(Message.objects.filter(due, state=Message.State.QUEUED).order_by("created_at").values_list("pk", flat=True))
    # Where a task waits or runs already, there is no second one.
    return sum(enqueue(send_message_task, message_id) is not None for message_id in waiting)


def retry_message(message: Message) -> bool:
    """Try a failed message again from the start, where its text is still there. Returns whether it is waiting now."""
    found = Message.objects.filter(pk=message.pk, state=Message.State.FAILED).exclude(body="")
    if not found.update(state=Message.State.QUEUED, attempts=0, error="", tried_at=None):
        return False
    _enqueue_after_commit(message.pk)
    return True


def _claim(message_id: int) -> Message | None:
    """Turn a waiting message into one that is being sent, by compare-and-set. None where it is not waiting or not true."""
    with transaction.atomic():
        message = (
            Message.objects.select_for_update(of=("self",))
            .select_related("recipient")
            .filter(pk=message_id, state=Message.State.QUEUED)
            .first()
        )
        if message is None:
            return None
        if not _is_still_true(message):
            _finish(message, Message.State.DROPPED)
            return None
        claimed = Message.objects.filter(pk=message.pk, state=Message.State.QUEUED).update(
            state=Message.State.SENDING, attempts=message.attempts + 1, tried_at=timezone.now()
        )
        message.attempts += 1
        return message if claimed else None


def _is_still_true(message: Message) -> bool:
    if message.about_id is not None and message.about is None:
        return False  # what it was about is gone
    check = _still_true.get(message.kind)
    return check is None or check(message)


def _finish(message: Message, state: str, error: str = "") -> None:
    # Mail servers quote addresses and whoever logs in there, and organisers read this.
    changes: dict[str, Any] = {"state": state, "error": mask(error)[:500]}
    if state == Message.State.SENT:
        changes["sent_at"] = timezone.now()
    if message.secret and state != Message.State.QUEUED:
        changes["body"] = changes["html"] = ""
    Message.objects.filter(pk=message.pk).update(**changes)


def _deliver(message: Message) -> None:
    """Hand the mail over. Raises `PermanentError`, or what the mail server's connection raised."""
    if message.recipient is not None and not message.recipient.is_active:
        raise PermanentError("The account is closed.")
    # The same id at every try: should a mail arrive twice after a broken connection, mail programs show it once.
    domain = email.utils.parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    mail = EmailMessage(
        subject=message.subject,
        body=message.body,
        to=[message.address],
        headers={
            "Message-ID": f"<message-{message.pk}-{message.created_at:%Y%m%d%H%M%S}@{domain}>",
            # No out-of-office answers to what a machine wrote.
            "Auto-Submitted": "auto-generated",
        },
    )
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        if all(500 <= code < 600 for code in codes):
            raise PermanentError("The mail server says that this address does not exist or takes no mail.") from error
        raise
    except smtplib.SMTPAuthenticationError:
        raise  # the operator can put the password right while the message waits
    except smtplib.SMTPResponseException as error:
        if 500 <= error.smtp_code < 600:
            text = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
            raise PermanentError(f"The mail server refused it: {error.smtp_code} {text}") from error
        raise
    except (smtplib.SMTPNotSupportedError, ValueError, UnicodeError) as error:
        # Django raises ValueError for an address or header that cannot be one.
        raise PermanentError(f"It cannot be written as a mail: {error}") from error
    except (InvalidMailer, MailerDoesNotExist) as error:
        raise smtplib.SMTPException(f"The mail setting EMAIL_URL does not work: {error}") from error
