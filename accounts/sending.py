"""Sending one message, once: claimed, checked, handed over, and what became of it written down.

A message is claimed by compare-and-set and finished by whoever claimed it. In between no transaction is open. Who stops in between
leaves a message that is "being sent"; `waiting_mail` finds it later and calls it unsure, since nobody knows how far it came.
"""

import datetime
import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.tasks import TaskResult
from django.utils import timezone

from background import enqueue
from background.masking import mask

from .bounces import clear_trouble, note_trouble
from .mail_backend import TooLate
from .mail_faults import Fault, Outcome, fault_of
from .mail_kinds import is_still_true
from .mails import MailLine, mail_of
from .models import AddressTrouble, Message

logger = logging.getLogger(__name__)

State = Message.State

#: How long to wait after each failed try. When they are used up, the message has failed.
WAITS = [datetime.timedelta(minutes=minutes) for minutes in (1, 5, 30, 120)]
MAX_ATTEMPTS = len(WAITS) + 1
#: Nothing is handed over later than this after it was claimed: a worker that stood still for so long may have been given up.
HAND_OVER_LIMIT = datetime.timedelta(minutes=5)
#: A message that is “being sent” for longer belonged to a worker that died. Between the two lies the time for the mail's content and
#: the server's answer, so that nobody sends a message again that a slow worker may still hand over.
SENDING_LIMIT = datetime.timedelta(minutes=10)


class PermanentError(Exception):
    """The mail cannot be delivered however often it is tried. The text says why."""


class UnsureError(Exception):
    """The mail was handed over and the answer never came: it may have arrived. It is not sent again by itself."""


class NotSentYet(Exception):
    """The mail server could not be reached, or put us off. The message waits for its next try."""


@dataclass(frozen=True)
class Attempt:
    """What one try came to: the state of the message afterwards, and why it is not sent."""

    state: str
    fault: Fault | None = None
    error: BaseException | None = None


def due_messages(now: datetime.datetime | None = None) -> Q:
    """Of the waiting messages those whose next try has come."""
    now = now or timezone.now()
    due = Q(attempts=0)
    for attempts, wait in enumerate(WAITS, start=1):
        due |= Q(attempts=attempts, tried_at__lte=now - wait)
    return Q(state=State.QUEUED) & due


def send_after_commit(message_id: int) -> None:
    """Queue the task that sends this one message, once what is written now is saved."""
    from .tasks import send_message_task

    # Robust: a queue that is down must not fail a request whose data is saved; `send_waiting_messages` comes by.
    transaction.on_commit(lambda: enqueue(send_message_task, message_id), robust=True)


def send_message(message_id: int) -> None:
    """Send a waiting message, once. Does nothing where it was sent, is being sent, or is gone; one that failed stays so.

    After a transient failure the message waits, and `NotSentYet` is raised so that the task comes again; `MAX_ATTEMPTS` tries
    in all, then it has failed. A permanent failure, one of which nobody knows whether the mail arrived (`UnsureError`), and an error
    that nobody foresaw are final and raised, so that the operator sees them.
    """
    message = claim(message_id)
    if message is None:
        # The operator runs the task again, and must not read that it went well.
        state = Message.objects.filter(pk=message_id).values_list("state", flat=True).first()
        if state == State.UNSURE:
            raise UnsureError(
                "Nobody knows whether this message arrived. Say so on the page of messages, or send it again there."
            )
        if state == State.FAILED:
            raise PermanentError("This message has failed before. “Send again” on the page of messages sends it anew.")
        return
    with MailLine() as line:
        attempt = attempt_to_send(message, line)
    if attempt.fault is None or attempt.error is None:
        return
    if attempt.state == State.QUEUED:
        logger.warning("Message %s could not be sent, try %s of %s", message.pk, message.attempts, MAX_ATTEMPTS)
        raise NotSentYet(attempt.fault.reason) from attempt.error
    logger.error("Message %s could not be sent: %s", message.pk, attempt.fault.trouble)
    if attempt.state == State.UNSURE:
        raise UnsureError(attempt.fault.reason) from attempt.error
    if attempt.fault.outcome == Outcome.WAIT or attempt.fault.trouble == Message.Trouble.SITE:
        raise attempt.error
    raise PermanentError(attempt.fault.reason) from attempt.error


def wait_after(error: BaseException, result: TaskResult) -> float | None:
    """Seconds until a message that could not be sent is tried again, by the number of tries that its row has had."""
    attempts = Message.objects.filter(pk=result.args[0], state=State.QUEUED).values_list("attempts", flat=True).first()
    return WAITS[min(attempts, len(WAITS)) - 1].total_seconds() if attempts else None


def claim(message_id: int) -> Message | None:
    """Turn a waiting message into one that is being sent, by compare-and-set. None where it is not waiting, or not true any more."""
    message = Message.objects.select_related("recipient").filter(pk=message_id, state=State.QUEUED).first()
    return message if message is not None and claim_read(message) else None


def claim_read(message: Message) -> bool:
    """As `claim`, for a message that was read a moment ago with its recipient. Returns whether it is ours to send now."""
    waiting = Message.objects.filter(pk=message.pk, state=State.QUEUED, attempts=message.attempts)
    if not is_still_true(message):
        waiting.update(**_ending(message, State.DROPPED))
        return False
    now = timezone.now()
    if not waiting.update(state=State.SENDING, attempts=message.attempts + 1, tried_at=now):
        return False
    message.state, message.attempts, message.tried_at = State.SENDING, message.attempts + 1, now
    return True


def attempt_to_send(message: Message, line: MailLine, *, look_for_trouble: bool = True) -> Attempt:
    """Hand a claimed message over, and write down what became of it. Never raises for what the mail server does.

    `look_for_trouble` is False where the caller knows that nothing is noted about the address.
    """
    try:
        if message.recipient is not None and not message.recipient.is_active:
            raise _ClosedAccount("The account is closed.")
        line.send(mail_of(message), before_content=lambda: _check_time(message))
    except Exception as error:
        fault = _closed(error) if isinstance(error, _ClosedAccount) else fault_of(error, handed_over=line.handed_over)
        state = _write_fault(message, fault)
        # A refusal of one address leaves the connection well; after anything else nobody knows in which state it is.
        if not fault.of_address and fault.trouble != Message.Trouble.CLOSED:
            line.close()
        return Attempt(state, fault, error)
    except BaseException:
        # Told to stop in the middle of it: the time of the task is over, or somebody ends the worker.
        interrupted = Outcome.WAIT if line.handed_over is False else Outcome.UNSURE
        _write_fault(message, Fault(interrupted, Message.Trouble.SERVER, "The worker was stopped while it was sending."))
        line.close()
        raise
    _write_sent(message)
    if look_for_trouble:
        clear_trouble(message.address)
    return Attempt(State.SENT)


class _ClosedAccount(Exception):
    pass


def _closed(error: BaseException) -> Fault:
    return Fault(Outcome.FAIL, Message.Trouble.CLOSED, str(error))


def _check_time(message: Message) -> None:
    """Refuse to hand over what was claimed long ago: this worker may have been given up meanwhile, and the message sent by another."""
    if message.tried_at is None or not timezone.now() - message.tried_at < HAND_OVER_LIMIT:
        raise TooLate("The worker stood still, or the mail server kept it waiting, for too long.")


def _write_fault(message: Message, fault: Fault) -> str:
    """Write down why a claimed message was not sent. Returns its state then."""
    state: str = {Outcome.UNSURE: State.UNSURE, Outcome.FAIL: State.FAILED, Outcome.WAIT: State.QUEUED}[fault.outcome]
    if state == State.QUEUED and message.attempts >= MAX_ATTEMPTS:
        state = State.FAILED
    # Whoever found it stale meanwhile called it unsure; we know better. Once somebody has settled that, it is not ours any more.
    mine = Message.objects.filter(pk=message.pk, attempts=message.attempts, tried_at=message.tried_at)
    mine.filter(state__in=[State.SENDING, State.UNSURE]).update(**_ending(message, state, fault))
    if fault.of_address:
        note_trouble(message.address, AddressTrouble.Reason.REFUSED, fault.reason)
    return state


def _write_sent(message: Message) -> None:
    """Write down that it arrived at the mail server. That is true whatever was thought of it meanwhile, and must not be forgotten:
    only who is sending it again at this moment writes that down later."""
    ending = _ending(message, State.SENT)
    if Message.objects.filter(pk=message.pk, state=State.SENDING, tried_at=message.tried_at).update(**ending):
        return
    another = Q(state=State.SENDING) & ~Q(attempts=message.attempts, tried_at=message.tried_at)
    found = Message.objects.filter(pk=message.pk).exclude(another).exclude(state=State.SENT)
    found.update(**ending)


def _ending(message: Message, state: str, fault: Fault | None = None) -> dict[str, Any]:
    # Mail servers quote addresses and whoever logs in there, and organisers read this.
    changes: dict[str, Any] = {
        "state": state,
        "error": mask(fault.reason)[:500] if fault else "",
        "trouble": fault.trouble if fault else "",
    }
    if state == State.SENT:
        changes["sent_at"] = timezone.now()
    if message.secret and state != State.QUEUED:
        changes["body"] = changes["html"] = ""
    return changes


def give_up_on_stale(now: datetime.datetime | None = None, *, batch: str = "") -> list[Message]:
    """Call unsure what has been “being sent” for so long that its worker must be dead. Returns these messages.

    What was being sent when its worker died may have arrived, so it is not sent again by itself. With `batch`: only those of it.
    """
    now = now or timezone.now()
    stale = Message.objects.filter(state=State.SENDING, tried_at__lt=now - SENDING_LIMIT)
    if batch:
        stale = stale.filter(batch=batch)
    fault = Fault(Outcome.UNSURE, Message.Trouble.SERVER, "The worker stopped while sending. It may have arrived.")
    given_up = []
    for message in stale.order_by("pk"):
        mine = Message.objects.filter(pk=message.pk, state=State.SENDING, tried_at=message.tried_at)
        if mine.update(**_ending(message, State.UNSURE, fault)):
            logger.error("Message %s is unsure: its worker stopped while sending", message.pk)
            given_up.append(message)
    return given_up
