"""How announcements go out: to each person on the chosen morning where they live, once.

A worker that was down catches up for `LATE` after somebody's morning; what is later still is read on the page of the cohort alone, so
that nobody gets old news. Who joins a cohort after their morning reads it there as well. Who rests gets it: it asks for nothing.
"""

import datetime
import itertools
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.links import absolute_url
from accounts.messages import (
    BatchResult,
    NewMessage,
    queue_messages,
    register_about,
    register_batch,
    register_still_true,
    send_batch,
)
from accounts.models import Message, User
from background import enqueue

from .announcements import KIND, last_morning
from .mail_text.passages import passage_of
from .message_templates import Written, load_templates, write_in_any_case
from .models import Announcement, Membership, access

logger = logging.getLogger(__name__)

State, Audience = Announcement.State, Announcement.Audience

#: So long after somebody's morning an announcement is still sent.
LATE = datetime.timedelta(days=3)
#: So long after that it may still wait for a mail server that is away.
WAITS_AT_MOST = datetime.timedelta(days=1)
#: Zones are at most so far from UTC.
FARTHEST_ZONE = datetime.timedelta(hours=14)
#: So many are written with one statement.
CHUNK = 200
BATCH = "announcement"


@dataclass(frozen=True)
class Recipient:
    """Somebody for whom an announcement is, with their place and the instant of their morning. None: it has no day yet."""

    user: User
    membership: Membership
    due_at: datetime.datetime | None

    @property
    def wants_mail(self) -> bool:
        return self.user.announcements_by_mail

    @property
    def joined_later(self) -> bool:
        return self.due_at is not None and self.membership.joined_at > self.due_at

    def is_due(self, now: datetime.datetime) -> bool:
        """Whether the mail goes out now."""
        return self.due_at is not None and self.due_at <= now < self.due_at + LATE and self.wants_mail and not self.joined_later


def audience_of(announcement: Announcement):
    """The places of those for whom it is: who belongs to a cohort now, with an open account. Who leads two cohorts has two."""
    found = Membership.objects.present().filter(cohort__session=announcement.session_id, user__is_active=True)
    if announcement.audience == Audience.MEMBERS:
        return found.members()
    if announcement.audience == Audience.LEADERS:
        return found.filter(role__in=access.LEADING)
    return found


def recipients_of(announcement: Announcement) -> list[Recipient]:
    """For whom it is, each person once: whose morning comes first stands first. One query."""
    places: dict[int, Membership] = {}
    for membership in audience_of(announcement).select_related("user").order_by("joined_at", "pk"):
        places.setdefault(membership.user_id, membership)
    found = [Recipient(place.user, place, due_at(announcement, place.user)) for place in places.values()]
    first = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return sorted(found, key=lambda one: (one.due_at or first, one.user.get_full_name().casefold(), one.user.pk))


def due_at(announcement: Announcement, user: User) -> datetime.datetime | None:
    """The chosen time of the chosen day where `user` lives. A time that clocks leave out on that day comes an hour later."""
    if announcement.send_on is None:
        return None
    local = datetime.datetime.combine(announcement.send_on, announcement.send_time, tzinfo=user.zone)
    return local.astimezone(datetime.UTC)


def write_announcement(announcement: Announcement, person: User, *, place: Membership | None = None) -> Written:
    """The mail as `person` gets it. `place` is theirs in the session; without one the link leads to the site."""
    page = f"{reverse('cohort', args=[place.cohort_id])}#announcements" if place is not None else "/"
    values = {
        "subject": announcement.subject,
        "announcement": passage_of(announcement.body),
        "link": absolute_url(page),
        "switch_link": f"{settings.SITE_URL}{reverse('me')}#mail",
    }
    return write_in_any_case(KIND, announcement.session, person, lambda: values)


def announce_due(now: datetime.datetime | None = None) -> int:
    """Write the mails of all announcements whose morning has come for somebody, and have them sent. Returns how many.

    Running it twice writes nothing twice. What fails for one announcement keeps no other from going out: it is logged by number and raised
    at the end as an `ExceptionGroup`, so that the next run, or a retry, writes what is missing.
    """
    now = now or timezone.now()
    under_way = Announcement.objects.filter(
        state__in=[State.SCHEDULED, State.SENDING], send_on__lte=(now + FARTHEST_ZONE).date()
    ).order_by("send_on", "pk")
    written = 0
    errors: list[Exception] = []
    for pk in list(under_way.values_list("pk", flat=True)):
        try:
            written += _announce(pk, now, errors)
        except Exception as error:
            logger.error("Announcement %s could not go out: %s", pk, type(error).__name__)
            errors.append(error)
    if errors:
        raise ExceptionGroup("Some announcements could not be written", errors)
    return written


def _announce(pk: int, now: datetime.datetime, errors: list[Exception]) -> int:
    with transaction.atomic():
        row = Announcement.objects.select_for_update(of=("self",)).select_related("session").get(pk=pk)
        if row.state not in (State.SCHEDULED, State.SENDING):
            return 0
        if row.session.archived_at is not None:
            Announcement.objects.filter(pk=pk).update(state=State.CANCELLED, updated_at=now)
            return 0
        recipients = recipients_of(row)
        told = set(messages_of(row).values_list("recipient_id", flat=True))
        due = [one for one in recipients if one.user.pk not in told and one.is_due(now)]
        failed = len(errors)
        written = sum(queue_messages(list(_messages(row, chunk, errors))) for chunk in itertools.batched(due, CHUNK))
        # Nobody is forgotten whose mail could not be written: it stays under way.
        over = last_morning(row) <= now and len(errors) == failed
        if over:
            row.state, row.finished_at = State.SENT, now
        elif any(one.due_at is not None and one.due_at <= now for one in recipients):
            row.state = State.SENDING
        Announcement.objects.filter(pk=pk).update(state=row.state, finished_at=row.finished_at)
        if written:
            transaction.on_commit(lambda: send_later(pk), robust=True)
    return written


def _messages(announcement: Announcement, due: Iterable[Recipient], errors: list[Exception]) -> Iterator[NewMessage]:
    load_templates([announcement.session])
    for one in due:
        try:
            written = write_announcement(announcement, one.user, place=one.membership)
        except Exception as error:
            logger.error("Announcement %s could not be written for %s: %s", announcement.pk, one.user.pk, type(error).__name__)
            errors.append(error)
            continue
        yield NewMessage(
            one.user,
            KIND,
            announcement,
            written.subject,
            written.body,
            html=written.html,
            language=written.language,
            batch=batch_of(announcement),
        )


def messages_of(announcement: Announcement):
    """The mails that were written for it."""
    return Message.objects.filter(
        kind=KIND, about_type=ContentType.objects.get_for_model(Announcement), about_id=announcement.pk
    ).order_by("pk")


def batch_of(announcement: Announcement) -> str:
    return f"{BATCH}-{announcement.pk}"


def send_later(pk: int):
    """Queue the task that sends what is written of an announcement. Returns its run; None where one waits or runs already."""
    from .tasks import send_announcement_task

    return enqueue(send_announcement_task, pk)


def send_announcement(pk: int, *, told=None) -> BatchResult:
    """Send what is due of an announcement's mails, over one connection."""
    return send_batch(f"{BATCH}-{pk}", told=told)


def _still_true(message: Message) -> bool:
    """It was not called off, is for this person still, and is not old news."""
    announcement: Any = message.about
    if announcement.state not in Announcement.OUT or announcement.session.archived_at is not None:
        return False
    if message.recipient is None or not audience_of(announcement).filter(user=message.recipient).exists():
        return False
    due = due_at(announcement, message.recipient)
    return due is not None and timezone.now() < due + LATE + WAITS_AT_MOST


def register() -> None:
    """Have mails checked again right before they go out, and carried on where they wait."""
    register_still_true(KIND, _still_true)
    register_batch(BATCH, send_later)
    register_about("cohorts.announcement", lambda: Announcement.objects.select_related("session"))
