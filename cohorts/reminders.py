"""Mails that remind people, once for each period: what is due says `due_reminders`; here they are written and queued."""

import datetime
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.links import absolute_url
from accounts.messages import NewMessage, queue_messages, register_still_true
from accounts.models import Message

from . import due_reminders, meeting_poll_mail, training
from .application_mail import written_time
from .due_reminders import Due
from .feedback import reminding as feedback_reminding
from .message_templates import Written, load_templates, write_in_any_case

logger = logging.getLogger(__name__)

#: So many are written with one statement.
BATCH = 200


@dataclass(frozen=True)
class Reminder:
    """A kind of reminder: how those that are due are found, and whether one that was written is still true."""

    kind: str
    due: Callable[[datetime.datetime], Iterator[Due]]
    still_true: Callable[[Message, datetime.datetime], bool]


REMINDERS = [
    Reminder(due_reminders.DRAFT, due_reminders.due_drafts, due_reminders.draft_still_true),
    Reminder(due_reminders.OFFER, due_reminders.due_offers, due_reminders.offer_still_true),
    Reminder(due_reminders.CHECKIN, due_reminders.due_checkins, due_reminders.checkin_still_true),
    Reminder(feedback_reminding.KIND, feedback_reminding.due_feedback, feedback_reminding.still_true),
    Reminder(due_reminders.REVIEWS, due_reminders.due_reviews, due_reminders.reviews_still_true),
    Reminder(meeting_poll_mail.REMINDER, meeting_poll_mail.due_polls, meeting_poll_mail.still_true),
    Reminder(training.REMINDER, training.due_training, training.training_still_true),
]


def register() -> None:
    """Have each reminder checked again right before it is sent."""
    for reminder in REMINDERS:
        register_still_true(reminder.kind, _checked_now(reminder))


def _checked_now(reminder: Reminder) -> Callable[[Message], bool]:
    return lambda message: reminder.still_true(message, timezone.now())


def write_due_reminders(now: datetime.datetime | None = None) -> int:
    """Write every reminder that is due and not written yet, and have it sent. Returns how many.

    Running it twice writes nothing twice. What fails for one person or one kind of reminder keeps no others from theirs: it is
    logged by number, and raised at the end as an `ExceptionGroup`, so that the next run, or a retry, writes what is missing.
    """
    now = now or timezone.now()
    errors: list[Exception] = []
    written = sum(_write(reminder, now, errors) for reminder in REMINDERS)
    if errors:
        raise ExceptionGroup("Some reminders could not be written", errors)
    return written


def _write(reminder: Reminder, now: datetime.datetime, errors: list[Exception]) -> int:
    written = 0
    try:
        for batch in itertools.batched(reminder.due(now), BATCH):
            written += queue_messages(list(_messages(reminder.kind, batch, errors)))
    except Exception as error:
        logger.error("Reminders of the kind %s could not be written: %s", reminder.kind, type(error).__name__)
        errors.append(error)
    return written


def _messages(kind: str, batch: Iterable[Due], errors: list[Exception]) -> Iterator[NewMessage]:
    rows = list(batch)
    load_templates([due.session for due in rows])
    for due in rows:
        try:
            written = _written(kind, due)
        except Exception as error:
            logger.error("The reminder %s about %s could not be written: %s", kind, due.about.pk, type(error).__name__)
            errors.append(error)
        else:
            yield NewMessage(
                due.recipient,
                kind,
                due.about,
                written.subject,
                written.body,
                due.round,
                html=written.html,
                language=written.language,
            )


def _written(kind: str, due: Due) -> Written:
    """The mail, in the language and with times in the zone of its reader. Raises `TemplateFailed`."""
    return write_in_any_case(kind, due.session, due.recipient, lambda: _values(kind, due))


def _values(kind: str, due: Due) -> dict[str, object]:
    values: dict[str, object] = {
        "link": due.link,
        "switch_link": f"{absolute_url(reverse('me'))}#mail",
        **due.context,
        **{name: written_time(moment) for name, moment in due.moments.items()},
    }
    if kind == meeting_poll_mail.REMINDER:
        values |= meeting_poll_mail.values_of(due)
    if kind == training.REMINDER:
        values["due_day"] = date_format(due.context["due_day"], "l j F Y")
    if kind == due_reminders.REVIEWS:
        closes, hear_by = values.setdefault("closes", ""), due.session.hear_by
        values["closes_sentence"] = _("You can write reviews until %(closes)s.") % {"closes": closes} if closes else ""
        values["hear_by_sentence"] = ""
        if hear_by is not None:
            values["hear_by_sentence"] = _(
                "Applicants are to hear from us by %(day)s, and before that the organisers need time to decide."
            ) % {"day": date_format(hear_by, "l j F Y")}
    return values
