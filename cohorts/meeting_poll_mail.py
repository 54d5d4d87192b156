"""Mail about times that are proposed: the question, once to each person, and one reminder to those who did not answer."""

import datetime
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.links import absolute_url
from accounts.messages import NewMessage, queue_messages, register_still_true
from accounts.models import Message
from accounts.templatetags.interface import full_time
from background import enqueue

from .due_reminders import Due
from .meeting_events import whose
from .meeting_people import people_of_all
from .message_kinds import meeting_polls as kinds
from .message_templates import load_templates, write_in_any_case
from .models import Meeting, MeetingSlot, Membership, SlotAnswer

POLL, REMINDER = kinds.POLL.key, kinds.REMINDER.key
BATCH = 200

#: Who was asked gets so long to answer before the reminder; less where the first time is near.
SETTLED, SETTLED_NEAR = datetime.timedelta(days=2), datetime.timedelta(hours=12)
NEAR = datetime.timedelta(days=2)


def register() -> None:
    """Have the question checked again right before it is sent, as reminders are."""
    register_still_true(POLL, lambda message: still_true(message, timezone.now()))


def ask_when(meeting: Meeting) -> None:
    """Have everybody who is expected at `meeting` asked by mail, once. Call it in the transaction that proposes times."""
    from .tasks import ask_when_task

    enqueue(ask_when_task, meeting.pk)


def write_questions(meeting_id: int, now: datetime.datetime | None = None) -> int:
    """Ask those who are expected, were not asked yet and have not answered. Returns how many. For a task: twice writes nothing twice."""
    now = now or timezone.now()
    written = 0
    for batch in itertools.batched(_due(_open_polls(now).filter(pk=meeting_id), POLL, now), BATCH):
        load_templates([due.session for due in batch])
        written += queue_messages([_message(due) for due in batch])
    return written


def due_polls(now: datetime.datetime) -> Iterator[Due]:
    """Those who were asked when they can, and have answered nothing for two days, or for some hours where the first time is near.

    Not those who rest.
    """
    asked = Q(created_at__lte=now - SETTLED)
    near = Q(created_at__lte=now - SETTLED_NEAR, slots__starts_at__range=(now, now + NEAR))
    polls = Meeting.objects.filter(asked | near).values("pk")
    yield from _due(_open_polls(now).filter(pk__in=polls), REMINDER, now, resting=False)


def still_true(message: Message, now: datetime.datetime) -> bool:
    """Whether times are still asked for, of this person, and not answered."""
    meeting = _open_polls(now).filter(pk=message.about_id).first()
    if meeting is None or SlotAnswer.objects.filter(slot__meeting=meeting, user=message.recipient_id).exists():
        return False
    return message.recipient_id in {person.pk for person in people_of_all([meeting])[meeting.pk]}


def values_of(due: Due) -> dict[str, object]:
    """What the placeholders stand for, in the active language and zone."""
    meeting: Any = due.about
    times = [full_time(timezone.localtime(slot.starts_at)) for slot in meeting.coming]
    return {
        "who": meeting.made_by.get_full_name() if meeting.made_by is not None else _("Somebody"),
        "meeting": str(meeting),
        "with": whose(meeting),
        "length": ngettext("%(number)s minute", "%(number)s minutes", meeting.minutes) % {"number": meeting.minutes},
        "times": times,
    }


def _open_polls(now: datetime.datetime):
    """Meetings whose time is being found and of whose proposed times one at least is still to come; `coming` are these."""
    ahead = MeetingSlot.objects.filter(starts_at__gt=now).order_by("starts_at")
    polls = Meeting.objects.filter(
        state=Meeting.State.POLLING, session__archived_at=None, pk__in=ahead.order_by().values("meeting")
    )
    return (
        polls.select_related("session", "cohort", "made_by")
        .prefetch_related(Prefetch("slots", ahead, to_attr="coming"))
        .order_by("pk")
    )


def _due(polls, kind: str, now: datetime.datetime, *, resting: bool = True) -> Iterator[Due]:
    meetings = list(polls)
    if not meetings:
        return
    keys = [meeting.pk for meeting in meetings]
    expected = people_of_all(meetings)
    done = set(SlotAnswer.objects.filter(slot__meeting__in=keys).values_list("slot__meeting", "user"))
    about = ContentType.objects.get_for_model(Meeting)
    written = Message.objects.filter(kind=kind, about_type=about, about_id__in=keys).values_list("about_id", "recipient")
    done |= {(pk, person) for pk, person in written if pk is not None and person is not None}
    at_rest = set() if resting else _resting(meetings)
    for meeting in meetings:
        for person in expected[meeting.pk]:
            if person.meetings_by_mail and (meeting.pk, person.pk) not in done and (meeting.session_id, person.pk) not in at_rest:
                yield Due(
                    recipient=person,
                    about=meeting,
                    session=meeting.session,
                    link=absolute_url(reverse("meeting_times", args=[meeting.pk])),
                )


def _resting(meetings: Sequence[Meeting]) -> set[tuple[int, int]]:
    """Who rests in which session."""
    rows = Membership.objects.filter(
        state=Membership.State.RESTING, cohort__session__in={meeting.session_id for meeting in meetings}
    )
    return set(rows.order_by().values_list("cohort__session_id", "user_id"))


def _message(due: Due) -> NewMessage:
    """The question, in the language and with times in the zone of its reader. Raises `TemplateFailed`."""
    values = lambda: {"link": due.link, "switch_link": f"{absolute_url(reverse('me'))}#mail", **values_of(due)}  # noqa: E731
    written = write_in_any_case(POLL, due.session, due.recipient, values)
    return NewMessage(due.recipient, POLL, due.about, written.subject, written.body, html=written.html, language=written.language)
