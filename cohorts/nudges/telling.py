"""Mails about nudges: to those who lead what is new, to organisers what nobody has answered; one a day at most to each reader.

A nudge stands in one mail to each reader, ever (`NudgeTold`). What is handled or over before the mail is written does not stand in it,
and a mail of which nothing is left is dropped before it goes.
"""

import datetime
import itertools
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.links import absolute_url
from accounts.messages import NewMessage, queue_messages, register_replies, register_still_true
from accounts.models import Message, User
from cohorts import attention
from cohorts.attention import Reason
from cohorts.message_templates import Written, contact_of, language_for, load_templates, questions_sentence, write_in_any_case
from cohorts.models import Cohort, Membership, Nudge, NudgeTold, Session, SessionRole

from .noticing import chunks, identity_of, members_of, running_sessions, standing
from .unanswered import Unanswered, unanswered

logger = logging.getLogger(__name__)

KIND, ESCALATED = "nudges", "nudges_unanswered"
#: The hours of the reader in which such mail is written: nobody is to be woken by it.
FROM_HOUR, TO_HOUR = 8, 20
#: A mail's round is the reader's day, counted from here: so there is one a day.
FIRST_DAY = datetime.date(2020, 1, 1)
#: So many lines stand in one mail; the board has all.
LINES_SHOWN = 30
#: So many mails are written in one transaction.
BATCH = 200


@dataclass
class Reader:
    """Somebody to write to on `day`, their own, with what is new for them."""

    user: User
    day: datetime.date
    nudges: list[Nudge] = field(default_factory=list)
    people: list[Unanswered] = field(default_factory=list)

    @property
    def sessions(self) -> list[Session]:
        """The latest first: its words are used."""
        memberships = [nudge.membership for nudge in self.nudges] + [person.membership for person in self.people]
        found = {membership.cohort.session_id: membership.cohort.session for membership in memberships}
        return sorted(found.values(), key=lambda session: (session.starts_on, session.pk), reverse=True)


def register_mails() -> None:
    """Have both mails checked again right before they are sent, and answers to them go to the session's address."""
    for kind, escalated in ((KIND, False), (ESCALATED, True)):
        register_still_true(kind, _checked_now(escalated=escalated))
    register_replies(KIND, _contact)


def tell(now: datetime.datetime | None = None) -> int:
    """Write to those who lead about what is new in their cohorts. Returns the number of mails.

    A fixed number of statements for each session and language, and for each batch of mails. Whoever takes no reminders reads the
    board; who comes to a cohort later is told of all that stands there.
    """
    now = now or timezone.now()
    sessions = running_sessions(now)
    nudges = list(
        Nudge.objects.open()
        .filter(membership__cohort__session__in=sessions, noticed_at__lte=now)
        .select_related("membership")
        .order_by("pk")
    )
    if not nudges:
        return 0
    by_cohort = defaultdict(list)
    for nudge in nudges:
        by_cohort[nudge.membership.cohort_id].append(nudge)
    leading = (
        Membership.objects.leading()
        .filter(cohort__in=list(by_cohort), user__is_active=True, user__reminders_by_mail=True)
        .select_related("user")
        .order_by("user_id", "pk")
    )
    told = _told(nudges, escalated=False)
    readers: dict[int, Reader] = {}
    for place in leading:
        new = [nudge for nudge in by_cohort[place.cohort_id] if (nudge.pk, place.user_id) not in told]
        if new and _is_time(place.user, now):
            reader = readers.setdefault(place.user_id, Reader(place.user, _day_of(place.user, now)))
            reader.nudges += [nudge for nudge in new if nudge.membership.user_id != place.user_id]
    due = _without_those_of_today(readers.values(), escalated=False)
    reasons = _reasons(sessions, due, now)
    found: dict[int, list[Reason]] = {}
    for reader in due:
        alive = [
            (nudge, reason)
            for nudge in reader.nudges
            if (reason := reasons.get((language_for(reader.user), *identity_of(nudge))))
        ]
        for nudge, reason in alive:
            # With its cohort and session, and the same objects for all.
            nudge.membership = reason.membership
        reader.nudges = [nudge for nudge, _reason in alive]
        # As they stand on the board: by name, of each person what presses first.
        own = [reason for _nudge, reason in alive]
        found[reader.user.pk] = sorted(own, key=lambda reason: (attention.by_name(reason.membership), reason.tone != "trouble"))

    def written(reader: Reader) -> Written:
        return write_in_any_case(KIND, reader.sessions[0], reader.user, lambda: _values(reader, found[reader.user.pk]))

    return _write(KIND, [reader for reader in due if reader.nudges], written, now, escalated=False)


def escalate(now: datetime.datetime | None = None) -> int:
    """Note about whom nobody has done anything for a week, and write to the organisers. Returns the number of mails.

    Each organiser is told once of a person, until everything that stood then is over or handled.
    """
    now = now or timezone.now()
    readers: dict[int, Reader] = {}
    told: set[tuple[int, int]] = set()
    leaders: dict[int, list[Membership]] = {}
    for session in running_sessions(now):
        members = members_of(session)
        nudges = standing(members)
        open_ones = [nudge for nudge in nudges.values() if nudge.handled_at is None]
        if not open_ones:
            continue
        people = unanswered(members, attention.gather(members, now), nudges, now)
        people = [person for person in people if person.nudges]
        if not people:
            continue
        new = [nudge.pk for person in people for nudge in person.nudges if nudge.escalated_at is None]
        Nudge.objects.filter(pk__in=new).update(escalated_at=now)
        told |= _told([nudge for person in people for nudge in person.nudges], escalated=True)
        for place in Membership.objects.leading().filter(cohort__session=session).select_related("user").order_by("pk"):
            leaders.setdefault(place.cohort_id, []).append(place)
        for role in _organisers(session):
            if _is_time(role.user, now):
                reader = readers.setdefault(role.user_id, Reader(role.user, _day_of(role.user, now)))
                reader.people += [person for person in people if person.membership.user_id != role.user_id]
    for reader in readers.values():
        reader.people = [
            person for person in reader.people if not any((nudge.pk, reader.user.pk) in told for nudge in person.nudges)
        ]
        reader.nudges = [nudge for person in reader.people for nudge in person.nudges]
        for person in reader.people:
            for nudge in person.nudges:
                nudge.membership = person.membership
    due = _without_those_of_today(readers.values(), escalated=True)

    def written(reader: Reader) -> Written:
        session = reader.sessions[0]
        return write_in_any_case(ESCALATED, session, reader.user, lambda: _values_for_organisers(reader, leaders))

    return _write(ESCALATED, due, written, now, escalated=True)


# --- who, and when


def _organisers(session: Session) -> Iterable[SessionRole]:
    roles = SessionRole.objects.filter(session=session, role=SessionRole.Role.ORGANISER)
    return roles.filter(user__is_active=True, user__reminders_by_mail=True).select_related("user").order_by("pk")


def _is_time(user: User, now: datetime.datetime) -> bool:
    return FROM_HOUR <= now.astimezone(user.zone).hour < TO_HOUR


def _day_of(user: User, now: datetime.datetime) -> datetime.date:
    return now.astimezone(user.zone).date()


def _told(nudges: Sequence[Nudge], *, escalated: bool) -> set[tuple[int, int]]:
    """Which of these nudges stood in a mail to whom."""
    found: set[tuple[int, int]] = set()
    for chunk in chunks([nudge.pk for nudge in nudges]):
        rows = NudgeTold.objects.filter(nudge__in=chunk, escalated=escalated)
        found.update(rows.values_list("nudge_id", "user_id"))
    return found


def _without_those_of_today(readers: Iterable[Reader], *, escalated: bool) -> list[Reader]:
    """Readers with something to read who had no such mail on their present day. One query."""
    waiting = [reader for reader in readers if reader.nudges]
    users, days = [reader.user.pk for reader in waiting], {reader.day for reader in waiting}
    rows = NudgeTold.objects.filter(user__in=users, day__in=days, escalated=escalated).order_by()
    had = set(rows.values_list("user_id", "day").distinct())
    return [reader for reader in waiting if (reader.user.pk, reader.day) not in had]


# --- what


def _reasons(sessions: Sequence[Session], readers: Sequence[Reader], now: datetime.datetime) -> dict[Any, Reason]:
    """What still calls for attention, by language and identity: gathered once for each session and language that somebody reads."""
    wanted: dict[tuple[int, str], set[int]] = defaultdict(set)
    cohorts = {nudge.membership.cohort_id for reader in readers for nudge in reader.nudges}
    of_session = dict(Cohort.objects.filter(pk__in=cohorts).order_by().values_list("pk", "session_id"))
    for reader in readers:
        for nudge in reader.nudges:
            wanted[of_session[nudge.membership.cohort_id], language_for(reader.user)].add(nudge.membership_id)
    known = {session.pk: session for session in sessions}
    found: dict[Any, Reason] = {}
    for (session, language), members in sorted(wanted.items()):
        rows = members_of(known[session], members)
        with translation.override(language), timezone.override(known[session].zone):
            for reason in attention.gather(rows, now):
                if reason.alarm:
                    found[language, *reason.identity] = reason
    return found


def _values(reader: Reader, reasons: Sequence[Reason]) -> dict[str, object]:
    cohorts = {reason.membership.cohort_id: reason.membership.cohort for reason in reasons}
    newest = reader.sessions[0]
    first = min((cohort for cohort in cohorts.values() if cohort.session == newest), key=lambda cohort: (cohort.name, cohort.pk))
    lines = [_line(reason, named=len(cohorts) > 1) for reason in reasons]
    return {
        "cohorts": get_text_list(sorted(cohort.name for cohort in cohorts.values()), _("and")),
        "people": _shown(lines),
        "link": absolute_url(reverse("cohort", args=[first.pk])),
        "switch_link": _switch_link(),
    }


def _line(reason: Reason, *, named: bool) -> str:
    """“Ada would like to talk. Offer them a time today.”"""
    # A title in quotes is not what the person does.
    between = ": " if reason.text.startswith("“") else " "
    sentence = f"{reason.membership.user.get_short_name()}{between}{reason.text}."
    if named:
        sentence = f"{reason.membership.cohort}: {sentence}"
    return f"{sentence} {reason.help}".strip()


def _values_for_organisers(reader: Reader, leaders: dict[int, list[Membership]]) -> dict[str, object]:
    lines, sessions = [], reader.sessions
    for person in reader.people:
        cohort = person.membership.cohort
        where = f"{cohort}, {cohort.session}" if len(sessions) > 1 else str(cohort)
        lines.append(f"{person.text}. {where}, {leaders_in_words(leaders.get(cohort.pk, ()))}.")
    return {
        "people": _shown(lines),
        "link": absolute_url(reverse("session_board", args=[sessions[0].slug])),
        "switch_link": _switch_link(),
        # Organisers are the session's contact themselves.
        "contact": settings.CONTACT_EMAIL,
        "questions_sentence": questions_sentence(settings.CONTACT_EMAIL),
    }


def leaders_in_words(leaders: Iterable[Membership]) -> str:
    """“navigator: Grace Hopper, captain: Kofi Mensah”, or that nobody leads the cohort."""
    words = []
    for place in leaders:
        text = _("navigator: %(name)s") if place.role == Membership.Role.NAVIGATOR else _("captain: %(name)s")
        words.append(text % {"name": place.user.get_full_name()})
    return ", ".join(words) or _("nobody leads it")


def _shown(lines: Sequence[str]) -> list[str]:
    more = len(lines) - LINES_SHOWN
    if more <= 0:
        return list(lines)
    rest = ngettext("And %(count)d more on the page.", "And %(count)d more on the page.", more) % {"count": more}
    return [*lines[:LINES_SHOWN], rest]


def _switch_link() -> str:
    return f"{absolute_url(reverse('me'))}#mail"


# --- writing


def _write(
    kind: str,
    readers: Sequence[Reader],
    written: Callable[[Reader], Written],
    now: datetime.datetime,
    *,
    escalated: bool,
) -> int:
    """Write a mail to each of `readers`, and that they were told. What fails for one keeps no other from theirs."""
    errors: list[Exception] = []
    done = 0
    for batch in itertools.batched(readers, BATCH):
        mails = list(_mails(kind, batch, written, errors))
        with transaction.atomic():
            done += queue_messages([mail for _reader, mail in mails])
            rows = [
                NudgeTold(nudge=nudge, user=reader.user, escalated=escalated, day=reader.day)
                for reader, _mail in mails
                for nudge in reader.nudges
            ]
            NudgeTold.objects.bulk_create(rows, ignore_conflicts=True)
            if not escalated:
                told = sorted({row.nudge_id for row in rows})
                for chunk in chunks(told):
                    Nudge.objects.filter(pk__in=chunk, told_at=None).update(told_at=now)
    if errors:
        raise ExceptionGroup("Some mails about nudges could not be written", errors)
    return done


def _mails(
    kind: str, readers: Sequence[Reader], written: Callable[[Reader], Written], errors: list[Exception]
) -> Iterator[tuple[Reader, NewMessage]]:
    load_templates(list({session.pk: session for reader in readers for session in reader.sessions}.values()))
    for reader in readers:
        try:
            mail = written(reader)
        except Exception as error:
            logger.error("The mail %s to %s could not be written: %s", kind, reader.user.pk, type(error).__name__)
            errors.append(error)
            continue
        round = round_of(reader.day)
        values = {"html": mail.html, "language": mail.language}
        yield reader, NewMessage(reader.user, kind, reader.user, mail.subject, mail.body, round, **values)


def round_of(day: datetime.date) -> int:
    """The round of the mails that are written on the reader's `day`."""
    return (day - FIRST_DAY).days


def _checked_now(*, escalated: bool) -> Callable[[Message], bool]:
    """Whether anything that stood in the mail still waits, and the reader still leads or organises there."""

    def still_true(message: Message) -> bool:
        told = NudgeTold.objects.filter(
            user=message.recipient_id, escalated=escalated, day=FIRST_DAY + datetime.timedelta(days=message.round)
        )
        return Nudge.objects.visible_to(message.recipient).open().filter(pk__in=told.values("nudge")).exists()

    return still_true


def _contact(message: Message) -> str:
    told = NudgeTold.objects.filter(user=message.recipient_id, day=FIRST_DAY + datetime.timedelta(days=message.round))
    nudge = (
        Nudge.objects.filter(pk__in=told.values("nudge")).select_related("membership__cohort__session").order_by("-pk").first()
    )
    return contact_of(nudge.membership.cohort.session) if nudge is not None else ""
