"""Messages that one background task sends together, over one connection. It may be killed at any moment and is simply begun again.

Everything that a batch knows stands in its messages: who was told, who waits, of whom nobody knows. So carrying on is the same as
beginning, and two workers at once share the messages between them.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from background.masking import mask

from .bounces import troubled_addresses
from .mail_faults import Fault, fault_of
from .mail_kinds import about_rows
from .mails import MailLine
from .models import Message
from .sending import MAX_ATTEMPTS, attempt_to_send, claim_read, due_messages, give_up_on_stale

logger = logging.getLogger(__name__)

State = Message.State

#: Messages that are read at a time, with their people and what they are about, and for how many seconds what was read counts as the
#: present state of things: it is read anew then.
CHUNK = 25
FRESH_FOR = 2.0
#: So many mails in a row that met a server which is away, or refuses this site, are enough to know that the next would as well.
ENOUGH_FAULTS = 3
#: So many refused addresses in a row are hardly the fault of the addresses.
ENOUGH_REFUSALS = 10

_ways_on: dict[str, Callable[[int], object]] = {}


@dataclass(frozen=True)
class BatchResult:
    """How the messages of a batch stand, all of them, whoever sent them. `away` is why sending stopped early, or empty."""

    sent: int = 0
    dropped: int = 0
    failed: int = 0
    #: Not over yet: waiting for their next try, or being sent by somebody.
    waiting: int = 0
    unsure: int = 0
    cancelled: int = 0
    away: str = ""

    @property
    def total(self) -> int:
        return self.sent + self.dropped + self.failed + self.waiting + self.unsure + self.cancelled


def register_batch(prefix: str, carry_on: Callable[[int], object]) -> None:
    """Say how batches named `prefix-NUMBER` are carried on: `carry_on(NUMBER)` queues the task that calls `send_batch`, and answers
    None where one waits or runs already. Called for batches with messages that are due and that nobody sends."""
    _ways_on[prefix] = carry_on


def carry_on_batch(batch: str) -> bool | None:
    """Have a batch carried on by its app. Returns whether a task was queued; None where nobody has registered for it."""
    prefix, _dash, number = batch.rpartition("-")
    carry_on = _ways_on.get(prefix)
    if carry_on is None or not number.isdigit():
        return None
    return carry_on(int(number)) is not None


def batch_result(batch: str, *, away: str = "") -> BatchResult:
    """How the messages of a batch stand. One query."""
    counts = dict(Message.objects.filter(batch=batch).order_by().values_list("state").annotate(Count("pk")))
    return BatchResult(
        sent=counts.get(State.SENT, 0),
        dropped=counts.get(State.DROPPED, 0),
        failed=counts.get(State.FAILED, 0),
        waiting=counts.get(State.QUEUED, 0) + counts.get(State.SENDING, 0),
        unsure=counts.get(State.UNSURE, 0),
        cancelled=counts.get(State.CANCELLED, 0),
        away=away,
    )


def send_batch(batch: str, *, told: Callable[[int, int], None] | None = None) -> BatchResult:
    """Send all messages of `batch` that are due, each once, over one connection that is kept. Returns how the batch stands then.

    `told(done, total)` hears after each message how many of the batch are over. What fails for one message keeps no other from going
    out. Where the mail server is away or refuses everybody it stops early, and those that are left wait for their next try. Messages
    that a dead worker left behind in the middle become unsure. Not inside a transaction: each message is written for itself.
    """
    give_up_on_stale(batch=batch)
    before = batch_result(batch)
    progress = _Progress(told, before.total - before.waiting, before.total)
    progress.tell()
    with MailLine() as line:
        away = _send_due(Message.objects.filter(batch=batch), line, progress)
    return batch_result(batch, away=mask(away))


class _Progress:
    def __init__(self, told: Callable[[int, int], None] | None, done: int, total: int) -> None:
        self.told, self.done, self.total = told, done, total

    def tell(self, *, is_over: bool = False) -> None:
        self.done += is_over
        if self.told is not None:
            self.told(min(self.done, self.total), self.total)


def _send_due(messages: QuerySet[Message], line: MailLine, progress: _Progress) -> str:
    """Send what is due, in the order of its numbers. Returns why it stopped early, or an empty text."""
    # What is put off on the way is not due again in this run: each number is passed once.
    after, now = 0, timezone.now()
    row = _InARow()
    while chunk := list(_chunk(messages.filter(due_messages(now), pk__gt=after))):
        read_at = time.monotonic()
        troubled = troubled_addresses(message.address for message in chunk)
        for message in chunk:
            try:
                line.open()
            except Exception as error:
                return _put_off(messages, fault_of(error, handed_over=False))
            if time.monotonic() - read_at > FRESH_FOR and message is not chunk[0]:
                break
            after = message.pk
            if not claim_read(message):
                progress.tell(is_over=True)  # dropped, or in the hands of somebody else
                continue
            attempt = attempt_to_send(message, line, look_for_trouble=message.address.lower() in troubled)
            progress.tell(is_over=attempt.state != State.QUEUED)
            if attempt.fault is not None:
                logger.warning("Message %s of %s was not sent: %s", message.pk, message.batch, attempt.fault.trouble)
            if row.is_enough(attempt.fault) and attempt.fault is not None:
                return _put_off(messages, attempt.fault)
    return ""


def _chunk(due: QuerySet[Message]) -> QuerySet[Message]:
    return due.select_related("recipient").prefetch_related(GenericPrefetch("about", about_rows())).order_by("pk")[:CHUNK]


class _InARow:
    """Counts what went wrong since the last mail that went out."""

    def __init__(self) -> None:
        self.faults = self.refusals = 0

    def is_enough(self, fault: Fault | None) -> bool:
        if fault is None:
            self.faults = self.refusals = 0
            return False
        self.faults = self.faults + 1 if fault.of_server else 0
        self.refusals = self.refusals + 1 if fault.of_address else 0
        return self.faults >= ENOUGH_FAULTS or self.refusals >= ENOUGH_REFUSALS


def _put_off(messages: QuerySet[Message], fault: Fault) -> str:
    """Count a try for all that are due, since none of them would fare better, and note why. Returns the reason."""
    logger.error("Sending stopped early: %s", fault.trouble)
    now = timezone.now()
    due = messages.filter(due_messages(now))
    told = {"error": mask(fault.reason)[:500], "trouble": Message.Trouble.SERVER, "tried_at": now}
    last = Q(attempts__gte=MAX_ATTEMPTS - 1)
    due.filter(last, secret=True).update(body="", html="")
    due.filter(last).update(state=State.FAILED, attempts=F("attempts") + 1, **told)
    due.exclude(last).update(attempts=F("attempts") + 1, **told)
    return fault.reason
