"""Whom an announcement reaches, and what became of it for each: by mail, or on the page of the cohort."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Message, User

from .announcing import LATE, Recipient, messages_of, recipients_of
from .models import Announcement


class Way(models.TextChoices):
    """How it reaches somebody. The order is that of the page."""

    TROUBLE = "trouble", _("Could not be sent")
    WAITS = "waits", _("Gets it by mail")
    ON_ITS_WAY = "on_its_way", _("Being sent")
    TOLD = "told", _("Told by mail")
    OFF = "off", _("Reads it on the site: has switched such mail off")
    LATER = "later", _("Reads it on the site: joined later")
    LATE = "late", _("Reads it on the site: it was too late for a mail")
    GONE = "gone", _("Was told by mail, and is not among those whom it is for any more")


@dataclass(frozen=True)
class Told:
    """One person. `message` is their mail, once it is written; `due_at` their morning."""

    user: User
    way: Way
    due_at: datetime.datetime | None = None
    message: Message | None = None


def told_of(announcement: Announcement, now: datetime.datetime) -> list[Told]:
    """Everybody whom it is for, or who got it: what needs a look comes first, then by morning and name. Two queries."""
    messages = {message.recipient_id: message for message in messages_of(announcement).select_related("recipient")}
    rows = [_told(one, messages.pop(one.user.pk, None), now) for one in recipients_of(announcement)]
    rows += [Told(message.recipient, Way.GONE, None, message) for message in messages.values() if message.recipient]
    order = list(Way)
    return sorted(rows, key=lambda row: order.index(row.way))


def counts_of(rows: Sequence[Told]) -> list[tuple[Way, int]]:
    """How many of each, where there are any."""
    return [(way, number) for way in Way if (number := sum(row.way == way for row in rows))]


def _told(one: Recipient, message: Message | None, now: datetime.datetime) -> Told:
    return Told(one.user, _way(one, message, now), one.due_at, message)


def _way(one: Recipient, message: Message | None, now: datetime.datetime) -> Way:
    if message is not None:
        return _WAYS.get(Message.State(message.state), Way.TROUBLE)
    if not one.wants_mail:
        return Way.OFF
    if one.joined_later:
        return Way.LATER
    return Way.LATE if one.due_at is not None and now >= one.due_at + LATE else Way.WAITS


_WAYS = {
    Message.State.QUEUED: Way.ON_ITS_WAY,
    Message.State.SENDING: Way.ON_ITS_WAY,
    Message.State.SENT: Way.TOLD,
    # Called off, or switched off at the last moment.
    Message.State.DROPPED: Way.OFF,
    Message.State.CANCELLED: Way.OFF,
}
