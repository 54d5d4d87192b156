"""Digests as rows of the outbox: written once for each person, session and Monday, and sent together."""

import datetime
import itertools
import logging
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation

from accounts.messages import BatchResult, NewMessage, queue_messages, register_batch, register_still_true, send_batch
from accounts.models import Message, User
from background import enqueue
from cohorts.message_templates import language_for, load_templates
from cohorts.models import Membership, Session, SessionRole, access

from .due import due_at, is_anybodys_time, is_due, is_told, monday_of, monday_of_round, round_of, sessions_told
from .look import Look
from .writing import KIND, sayings_of, write_digest

logger = logging.getLogger(__name__)

BATCH = "digest"
#: So many are written with one statement.
CHUNK = 200
#: What waited for a mail server until then is old news.
OLD_AFTER = datetime.timedelta(days=4)
FIRST_ZONE, LAST_ZONE = datetime.timezone(datetime.timedelta(hours=14)), datetime.timezone(datetime.timedelta(hours=-12))


def write_due_digests(now: datetime.datetime | None = None, *, after: datetime.datetime | None = None) -> int:
    """Write the digest of everybody whose Monday morning has come, and have them sent. Returns how many.

    `after`: mornings up to this instant were looked at already (who had nothing to read then is not asked again); None: all of the last
    days. Nobody gets two of a session and a Monday in any case. The number of statements depends on the sessions and languages,
    and on every 200 mails, not on the people. What fails for one person or session keeps no other from theirs: it is logged by
    number, and raised at the end as an `ExceptionGroup`.
    """
    now = now or timezone.now()
    if not is_anybodys_time(now):
        return 0
    written = 0
    errors: list[Exception] = []
    for session in sessions_told(now, {_monday_in(zone, now) for zone in (FIRST_ZONE, LAST_ZONE)}):
        try:
            written += _write(session, now, after, errors)
        except Exception as error:
            logger.error("The digests of session %s could not be written: %s", session.pk, type(error).__name__)
            errors.append(error)
    if errors:
        raise ExceptionGroup("Some digests could not be written", errors)
    return written


def _monday_in(zone: datetime.tzinfo, now: datetime.datetime) -> datetime.date:
    today = now.astimezone(zone).date()
    return today - datetime.timedelta(days=today.weekday())


def _write(session: Session, now: datetime.datetime, after: datetime.datetime | None, errors: list[Exception]) -> int:
    due = [user for user in _candidates(session) if is_due(user, now, after=after) and is_told(session, monday_of(now, user))]
    if not due:
        return 0
    # Everybody whose morning lies in the last days has the same Monday behind them.
    monday = monday_of(now, due[0])
    told = set(_rows(session, monday).filter(recipient__in=due).values_list("recipient_id", flat=True))
    due = [user for user in due if user.pk not in told]
    organisers = set(_organisers(session).values_list("user_id", flat=True))
    load_templates([session])
    by_language: dict[str, list[User]] = {}
    for user in due:
        by_language.setdefault(language_for(user), []).append(user)
    written = 0
    for language, users in sorted(by_language.items()):
        found = _messages(Look(session, monday, now), users, organisers, language, errors)
        for chunk in itertools.batched(found, CHUNK):
            written += queue_messages(chunk)
    if written:
        transaction.on_commit(lambda: send_later(round_of(monday)), robust=True)
    return written


def _messages(
    look: Look, users: Iterable[User], organisers: set[int], language: str, errors: list[Exception]
) -> Iterator[NewMessage]:
    # What sources of attention say is made when they are asked: in the language of the mail, and with days of the session's zone.
    with translation.override(language), timezone.override(look.session.zone):
        sayings = sayings_of(look)
    for user in users:
        try:
            with translation.override(language):
                written = write_digest(look, user, sayings, organises=user.pk in organisers)
        except Exception as error:
            logger.error(
                "The digest of session %s for %s could not be written: %s", look.session.pk, user.pk, type(error).__name__
            )
            errors.append(error)
            continue
        if written is not None:
            number = round_of(look.monday)
            yield NewMessage(
                user, KIND, look.session, written.subject, written.body, number,
                html=written.html, language=written.language, batch=f"{BATCH}-{number}",
            )  # fmt: skip


def _candidates(session: Session) -> list[User]:
    """Who could read a digest of `session`: people with a place now and organisers, who take such mail. One query."""
    places = Membership.objects.filter(cohort__session=session, state__in=access.PRESENT).values("user_id")
    found = User.objects.filter(Q(pk__in=places) | Q(pk__in=_organisers(session).values("user_id")))
    return list(found.filter(is_active=True, digest_by_mail=True).order_by("pk"))


def _organisers(session: Session):
    return SessionRole.objects.filter(session=session, role=SessionRole.Role.ORGANISER)


def _rows(session: Session, monday: datetime.date):
    kind = ContentType.objects.get_for_model(Session)
    return Message.objects.filter(kind=KIND, about_type=kind, about_id=session.pk, round=round_of(monday))


# --- sending


def send_later(number: int):
    """Queue the task that sends the digests of a Monday. Returns its run; None where one waits or runs already."""
    from cohorts.tasks import send_digests_task

    return enqueue(send_digests_task, number)


def send_digests(number: int, *, told=None) -> BatchResult:
    """Send what is due of the digests of one Monday, over one connection."""
    return send_batch(f"{BATCH}-{number}", told=told)


def _still_true(message: Message) -> bool:
    """The session goes on, the reader has a part in it still, and the week is not old."""
    session: Any = message.about
    user, monday = message.recipient, monday_of_round(message.round)
    if user is None or not is_told(session, monday) or timezone.now() >= due_at(monday, user) + OLD_AFTER:
        return False
    places = Membership.objects.present().filter(cohort__session=session, user=user)
    return places.exists() or _organisers(session).filter(user=user).exists()


def register() -> None:
    """The sections of this app, and how digests are checked again and carried on."""
    from . import ahead, changes, matters
    from .sections import register_section

    for section in (
        changes.words_to_me,
        changes.check_ins,
        changes.who_came,
        changes.places_changed,
        matters.who_could_use_a_word,
        matters.who_waits,
        ahead.this_week,
        ahead.meetings,
        ahead.turns,
        ahead.announcements,
    ):
        register_section(section)
    register_still_true(KIND, _still_true)
    register_batch(BATCH, send_later)
