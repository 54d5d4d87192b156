"""Telling people of meetings: invitations, changes and cancellations.

Whoever makes, changes or calls off a meeting calls `tell_of`, in the same transaction. A task then compares who is expected with what each
of them was told (`MeetingNotice`), and writes what is missing: nobody is told twice of one state of a meeting, and meetings of a series
that were made, moved or called off together are one mail. What goes with the mails is in `meeting_attachments`.
"""

import datetime
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.links import absolute_url
from accounts.messages import NewMessage, queue_messages
from accounts.models import Message, User
from accounts.templatetags.interface import full_time
from background import enqueue

from .application_mail import written_time
from .meeting_events import whose
from .meeting_people import people_of_all
from .message_kinds import meetings as kinds
from .message_templates import Written, load_templates, write_in_any_case
from .models import Meeting, MeetingNotice

logger = logging.getLogger(__name__)

INVITATION, CHANGED, CANCELLED, SERIES = (kind.key for kind in kinds.KINDS)
#: People whose mail has one of these states have read it, as far as anybody knows.
TOLD = (Message.State.SENDING, Message.State.SENT, Message.State.UNSURE)
#: So many messages are written with one statement.
BATCH = 200


def tell_of(meeting: Meeting, *, gone: Iterable[Any] = ()) -> None:
    """Have everybody told how `meeting` stands: those who are expected, and, once it is called off, those who know of it.

    Call it after writing the change and raising `sequence`, once for each meeting that changed. `gone` are people who are not asked any
    more. Nothing is written while the time is being found, about what is over, and to people who want no such mail.
    """
    from .tasks import write_meeting_mail_task

    enqueue(write_meeting_mail_task, meeting.pk, sorted({person.pk for person in gone}))


def tell_of_cancelling(meeting: Meeting) -> None:
    """Have those who know of `meeting` told that it is called off. Call it after writing that, and raising `sequence`."""
    tell_of(meeting)


def write_meeting_mail(meeting_id: int, gone: Collection[int] = (), *, now: datetime.datetime | None = None) -> int:
    """Write what people have to be told of a meeting, and of the others of its series. Returns how many messages that are. For a task.

    Raises `ExceptionGroup` where it failed for some; everybody else has theirs.
    """
    series = Meeting.objects.filter(pk=meeting_id).values_list("series", flat=True).first()
    rows = Meeting.objects.filter(series=series) if series is not None else Meeting.objects.filter(pk=meeting_id)
    return _write(rows, {meeting_id: set(gone)}, now)


def write_missing_meeting_mail(now: datetime.datetime | None = None) -> int:
    """Tell those who came after everybody else was told: who joined later, or whose place was published later. Returns how many messages.

    About meetings alone of which somebody was told by mail. Running it twice writes nothing twice.
    """
    now = now or timezone.now()
    told = MeetingNotice.objects.filter(meeting__starts_at__gt=now).order_by()
    meetings = Meeting.objects.confirmed().filter(pk__in=told.values("meeting"), session__archived_at=None)
    written = 0
    errors: list[Exception] = []
    # One session at a time: the locks of a transaction are few, and what fails in one keeps no other from its turn.
    for session in meetings.order_by("session_id").values_list("session_id", flat=True).distinct():
        try:
            written += _write(meetings.filter(session=session), {}, now)
        except Exception as error:
            logger.error("The missing mails about meetings of session %s could not be written: %s", session, type(error).__name__)
            errors.append(error)
    if errors:
        raise ExceptionGroup("Some mails about meetings could not be written", errors)
    return written


@dataclass(frozen=True)
class _News:
    """What one person is to be told of meetings: one, or several of a series."""

    person: User
    kind: str
    meetings: tuple[Meeting, ...]

    @property
    def message_kind(self) -> str:
        return SERIES if len(self.meetings) > 1 else self.kind


def _write(rows, gone: Mapping[int, Collection[int]], now: datetime.datetime | None) -> int:
    now = now or timezone.now()
    errors: list[Exception] = []
    with transaction.atomic():
        # The lock makes two tasks about one meeting wait for each other: the second finds everything written.
        locked = rows.select_for_update(of=("self",)).select_related("session", "cohort").order_by("pk")
        meetings = [one for one in locked if _can_be_told(one, now)]
        if not meetings:
            return 0
        notices = _notices(meetings)
        news = _news(meetings, notices, gone)
        written = _queue(news, notices, errors)
    if errors:
        raise ExceptionGroup("Some mails about meetings could not be written", errors)
    return written


def _can_be_told(meeting: Meeting, now: datetime.datetime) -> bool:
    settled = meeting.state != Meeting.State.POLLING and meeting.ends_at is not None
    return settled and meeting.ends_at > now and meeting.session.archived_at is None  # type: ignore[operator]


def _notices(meetings: Sequence[Meeting]) -> dict[tuple[int, int], MeetingNotice]:
    """What people were told, by meeting and person."""
    found = MeetingNotice.objects.filter(meeting__in=meetings).select_related("message", "user")
    # Thousands of mails are looked at for their state alone.
    found = found.defer("message__body", "message__html")
    return {(notice.meeting_id, notice.user_id): notice for notice in found}


def _knows(notice: MeetingNotice | None) -> bool:
    if notice is None or notice.called_off:
        return False
    return notice.knew or (notice.message is not None and notice.message.state in TOLD)


def _news(meetings, notices, gone) -> list[_News]:
    """Who is to be told what, in the order of people and times."""
    confirmed = [one for one in meetings if one.state == Meeting.State.CONFIRMED]
    expected = people_of_all(confirmed)
    stale = _stale_series(notices, meetings)
    found: dict[tuple[int, str, object], list[tuple[User, Meeting]]] = defaultdict(list)
    for meeting in sorted(meetings, key=lambda one: (one.starts_at, one.pk)):
        for person, kind in _of_one(meeting, expected.get(meeting.pk, []), notices, gone.get(meeting.pk, ()), stale):
            if person.is_active and person.meetings_by_mail:
                found[person.pk, kind, meeting.series or meeting.pk].append((person, meeting))
    return [_News(rows[0][0], kind, tuple(one for _person, one in rows)) for (_pk, kind, _series), rows in found.items()]


def _stale_series(notices, meetings) -> set[int]:
    """Mails about several meetings that wait to be sent and are not true any more: they will be dropped, so all that they told is told anew."""
    by_pk = {one.pk: one for one in meetings}
    return {
        notice.message_id
        for notice in notices.values()
        if notice.message is not None
        and notice.message.kind == SERIES
        and notice.message.state == Message.State.QUEUED
        and not notice.holds_for(by_pk[notice.meeting_id])
    }


def _of_one(meeting: Meeting, expected: Sequence[User], notices, gone: Collection[int], stale: set[int]):
    if meeting.state == Meeting.State.CANCELLED:
        leaving = [notice for (pk, _user), notice in notices.items() if pk == meeting.pk]
    else:
        here = {person.pk for person in expected}
        leaving = [notices[meeting.pk, pk] for pk in gone if pk not in here and (meeting.pk, pk) in notices]
        for person in expected:
            notice = notices.get((meeting.pk, person.pk))
            if notice is not None and notice.holds_for(meeting) and not notice.called_off and notice.message_id not in stale:
                continue
            yield person, CHANGED if _knows(notice) else INVITATION
    for notice in leaving:
        if _knows(notice):
            yield notice.user, CANCELLED


def _queue(news: Sequence[_News], notices, errors: list[Exception]) -> int:
    about = ContentType.objects.get_for_model(Meeting)
    ids = {one.meetings[0].pk for one in news}
    # A person who is asked again after being let go is told in a round of its own.
    used = {
        (kind, pk): last
        for kind, pk, last in Message.objects.filter(
            about_type=about, about_id__in=ids, kind__in=[INVITATION, CHANGED, CANCELLED, SERIES]
        )
        .order_by()
        .values_list("kind", "about_id")
        .annotate(Max("round"))
    }
    load_templates([one.meetings[0].session for one in news])
    ready: list[tuple[_News, NewMessage]] = []
    for one in news:
        first = one.meetings[0]
        try:
            written = _written(one)
        except Exception as error:
            logger.error(
                "The mail %s about meeting %s could not be written: %s", one.message_kind, first.pk, type(error).__name__
            )
            errors.append(error)
            continue
        round = max(used.get((one.message_kind, first.pk), 0), first.sequence) + 1
        ready.append(
            (
                one,
                NewMessage(
                    one.person, one.message_kind, first, written.subject, written.body, round,
                    html=written.html, language=written.language,
                ),
            )
        )  # fmt: skip
    for start in range(0, len(ready), BATCH):
        queue_messages([message for _one, message in ready[start : start + BATCH]])
    _note(ready, notices, about)
    return len(ready)


def _note(ready, notices, about) -> None:
    """Write down who was told what, and with which message."""
    rows = Message.objects.filter(about_type=about, about_id__in={message.about.pk for _one, message in ready}).order_by("pk")
    messages = {
        (row.recipient_id, row.kind, row.about_id, row.round): row.pk
        for row in rows.only("recipient", "kind", "about_id", "round")
    }
    told = []
    for one, message in ready:
        pk = messages[one.person.pk, message.kind, message.about.pk, message.round]
        for meeting in one.meetings:
            before = notices.get((meeting.pk, one.person.pk))
            told.append(
                MeetingNotice(
                    meeting=meeting, user=one.person, message_id=pk, sequence=meeting.sequence, called_off=one.kind == CANCELLED,
                    knew=_knows(before),
                )
            )  # fmt: skip
    MeetingNotice.objects.bulk_create(
        told,
        update_conflicts=True,
        unique_fields=["meeting", "user"],
        update_fields=["message", "sequence", "called_off", "knew"],
        batch_size=BATCH,
    )


# --- words


def _written(news: _News) -> Written:
    session = news.meetings[0].session
    return write_in_any_case(news.message_kind, session, news.person, lambda: _values(news))


def _values(news: _News) -> dict[str, object]:
    """What the placeholders stand for, in the language and the zone of the reader."""
    first = news.meetings[0]
    values: dict[str, object] = {
        "meeting": str(first),
        "with": whose(first),
        "where": _("You meet here:") if first.link else "",
        "join_link": first.link,
        "switch_link": f"{absolute_url(reverse('me'))}#mail",
    }
    if news.message_kind == SERIES:
        return values | _values_of_many(news)
    page = reverse("meeting", args=[first.pk])
    values |= {
        "when": written_time(first.starts_at),
        "length": ngettext("%(number)s minute", "%(number)s minutes", first.minutes) % {"number": first.minutes},
        "link": absolute_url(page),
    }
    if news.kind == CANCELLED:
        is_off = first.state == Meeting.State.CANCELLED
        values |= {
            "news": _("This meeting does not take place.") if is_off else _("You are not expected at this meeting any more."),
            "because": first.cancelled_because if is_off else "",
            "link": absolute_url(_list_page(first)),
        }
    return values


def _values_of_many(news: _News) -> dict[str, object]:
    number = ngettext("%(number)s meeting", "%(number)s meetings", len(news.meetings)) % {"number": len(news.meetings)}
    what, sentence = {
        INVITATION: (_("Invitation"), _("You are expected at these meetings:")),
        CHANGED: (_("Changed"), _("These meetings have changed. This is when they are now:")),
        CANCELLED: (_("Called off"), _("These meetings do not take place:")),
    }[news.kind]
    first = news.meetings[0]
    off = news.kind == CANCELLED
    values: dict[str, object] = {
        "what": what,
        "news": sentence,
        "number_of_meetings": number,
        "dates": [full_time(timezone.localtime(one.starts_at)) for one in news.meetings],
        "because": first.cancelled_because if off and first.state == Meeting.State.CANCELLED else "",
        "link": absolute_url(_list_page(first)),
    }
    return values | ({"where": "", "join_link": ""} if off else {})


def _list_page(meeting: Meeting) -> str:
    return reverse("meetings", args=[meeting.cohort_id]) if meeting.cohort_id else reverse("my_meetings")
