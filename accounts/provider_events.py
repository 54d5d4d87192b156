"""What a mail provider tells of a mail afterwards: delivered, put off, came back, marked as unwanted.

`record_event` takes the events of django-anymail, which speak one language for all providers. Told twice, or in the wrong order,
they come to the same.
"""

import datetime
import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from .bounces import OVER_WHEN_DELIVERED, clear_trouble, note_trouble
from .mail_marks import MARK, mark_in, message_of
from .models import AddressTrouble, Message
from .unsubscribing import stop_what_is_not_needed

logger = logging.getLogger(__name__)

Fate, Reason = Message.Fate, AddressTrouble.Reason

#: By the event's type. What is not here (opened, clicked, queued …) is nothing that anybody here looks at.
_FATES = {
    "delivered": Fate.DELIVERED,
    "deferred": Fate.DEFERRED,
    "bounced": Fate.BOUNCED,
    "rejected": Fate.BOUNCED,
    "failed": Fate.BOUNCED,
    "complained": Fate.COMPLAINED,
}
#: What a fate may take the place of, whenever it was told. Nothing takes the place of a complaint.
_REPLACES = {
    Fate.DEFERRED: ["", Fate.DEFERRED],
    Fate.DELIVERED: ["", Fate.DEFERRED, Fate.DELIVERED, Fate.BOUNCED],
    Fate.BOUNCED: ["", Fate.DEFERRED, Fate.DELIVERED, Fate.BOUNCED],
    Fate.COMPLAINED: ["", Fate.DEFERRED, Fate.DELIVERED, Fate.BOUNCED],
}
#: Reasons of a refusal that speak of the address. The others are the provider's rules, or the text.
_OF_THE_ADDRESS = {"bounced", "invalid", "timed_out"}


@dataclass(frozen=True)
class Told:
    """An event, read: of which message, what became of it, when."""

    message: Message
    kind: str
    reason: str
    at: datetime.datetime
    said: str


def record_event(event: Any) -> bool:
    """Write down what became of a message. Returns whether anything changed; an event about no message of ours changes nothing."""
    told = _read(event)
    if told is None:
        return False
    if told.kind == "unsubscribed":
        return _stop(told)
    fate = _FATES.get(told.kind)
    if fate is None:
        return False
    if fate == Fate.BOUNCED and told.reason in ("spam", "unsubscribed"):
        # The provider holds the mail back because of what the person said before.
        _stop(told)
    with transaction.atomic():
        if not _write(told, fate):
            return False
        _consequences(told, fate)
    return True


def _read(event: Any) -> Told | None:
    kind = str(event.event_type or "")
    if kind not in _FATES and kind != "unsubscribed":
        return None
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    mark = mark_in(metadata.get(MARK)) or mark_in(event.message_id)
    message = message_of(mark) if mark else None
    if message is None:
        logger.info("A mail provider told of a mail that is not ours: %s", kind)
        return None
    if event.recipient and str(event.recipient).strip().lower() != message.address.lower():
        # Since then it was sent to another address.
        return None
    now = timezone.now()
    at = event.timestamp if isinstance(event.timestamp, datetime.datetime) and timezone.is_aware(event.timestamp) else now
    said = str(event.mta_response or event.description or "")
    return Told(message, kind, str(event.reject_reason or ""), min(at, now), said)


def _write(told: Told, fate: str) -> bool:
    """Keep the fate where it is news: later than what was told before, or at the same moment and worse."""
    newer = Q(fate_at=None) | Q(fate_at__lt=told.at) | (Q(fate_at=told.at) & ~Q(fate=fate))
    if fate == Fate.COMPLAINED:
        newer = ~Q(fate=fate)
    rows = Message.objects.filter(newer, pk=told.message.pk, fate__in=_REPLACES[Fate(fate)])
    return bool(rows.update(fate=fate, fate_at=told.at))


def _consequences(told: Told, fate: str) -> None:
    message = told.message
    # Whoever tells of its fate had it: what was unsure is known now.
    Message.objects.filter(pk=message.pk, state=Message.State.UNSURE).update(
        state=Message.State.SENT, sent_at=Coalesce(F("tried_at"), told.at), error="", trouble="", settled_at=timezone.now()
    )
    if fate == Fate.DELIVERED:
        clear_trouble(message.address, reasons=OVER_WHEN_DELIVERED, told_at=told.at)
    elif fate == Fate.COMPLAINED:
        note_trouble(message.address, Reason.COMPLAINED, told.said, at=told.at)
        _stop(told)
    elif fate == Fate.BOUNCED and (told.kind == "bounced" or told.reason in _OF_THE_ADDRESS):
        note_trouble(message.address, Reason.BOUNCED, told.said, at=told.at)


def _stop(told: Told) -> bool:
    if told.message.recipient_id is None:
        return False
    return stop_what_is_not_needed([told.message.recipient_id])
