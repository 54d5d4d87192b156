"""Meetings as entries of calendars: what a feed shows of them, and what goes with a mail. The words are the same in both."""

import email.utils
from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.icalendar import Event, Person
from accounts.links import absolute_url
from accounts.models import User

from .message_templates import contact_of
from .models import Meeting, MeetingPerson, Session

#: What somebody said, in the words of calendars.
ANSWERS = {
    "": "NEEDS-ACTION",
    MeetingPerson.Answer.YES: "ACCEPTED",
    MeetingPerson.Answer.MAYBE: "TENTATIVE",
    MeetingPerson.Answer.NO: "DECLINED",
}


def event_of(meeting: Meeting, *, attendee: User | None = None, answer: str = "", called_off: bool = False) -> Event:
    """A meeting that has a time, as an entry. Needs `session` and `cohort` loaded.

    `attendee` is the one who reads it: nobody else is named, since addresses are nobody else's. `called_off`: for somebody who is not
    expected any more.
    """
    if meeting.starts_at is None or meeting.ends_at is None:
        raise ValueError("A meeting without a time is no entry of a calendar.")
    page = absolute_url(reverse("meeting", args=[meeting.pk]))
    lines = [_("You meet here: %(link)s") % {"link": meeting.link}] if meeting.link else []
    lines.append(_("Agenda, notes, and whether you come: %(link)s") % {"link": page})
    cancelled = called_off or meeting.state == Meeting.State.CANCELLED
    return Event(
        uid=str(meeting.uid),
        starts=meeting.starts_at,
        ends=meeting.ends_at,
        summary=f"{meeting} ({whose(meeting)})",
        description="\n".join(lines),
        location=meeting.link,
        url=page,
        sequence=meeting.sequence,
        cancelled=cancelled,
        organizer=organizer_of(meeting.session),
        attendees=(Person(attendee.email, attendee.get_full_name(), ANSWERS[answer]),) if attendee is not None else (),
    )


def events_of(meetings: Iterable[Meeting]) -> list[Event]:
    """Entries for a feed, where nobody is named."""
    return [event_of(meeting) for meeting in meetings]


def whose(meeting: Meeting) -> str:
    """Whose meeting it is: the cohort's, or everybody's in the session."""
    return str(meeting.cohort) if meeting.cohort is not None else meeting.session.name


def organizer_of(session: Session) -> Person:
    """Who invites to the meetings of a session: its address for questions, never somebody's own."""
    address = contact_of(session) or email.utils.parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return Person(address, session.name)
