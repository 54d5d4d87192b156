"""Where answers to the mails of a session go: to the address for questions that stands in them."""

from typing import Any

from accounts.messages import register_about, register_replies
from accounts.models import Message

from .message_kinds import KINDS, organisers
from .message_templates import contact_of
from .models import Announcement, Application, Meeting, Membership, Session, Volunteer


def register() -> None:
    """Have whoever presses “Reply” reach the organisers. They are that address themselves, so mails to them lead to the site's."""
    for kind in KINDS.values():
        if kind not in organisers.KINDS:
            register_replies(kind.message_kind, _contact)
    register_about("cohorts.application", lambda: Application.objects.select_related("session"))
    register_about("cohorts.volunteer", lambda: Volunteer.objects.select_related("session"))
    register_about("cohorts.meeting", lambda: Meeting.objects.select_related("session", "cohort"))


def _contact(message: Message) -> str:
    about: Any = message.about
    match about:
        case Session():
            return contact_of(about)
        case Announcement() | Application() | Meeting() | Volunteer():
            return contact_of(about.session)
        case Membership():
            return contact_of(about.cohort.session)
    return ""
