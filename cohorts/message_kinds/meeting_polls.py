"""Asking people at which of several times they can meet, and once more where they did not say."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .meetings import ENDING, LENGTH, MEETING, REQUIRED, SWITCH_LINK, WITH
from .placeholders import COMMON, GREETING, link

TIMES = Placeholder(
    "times",
    _("The times that are proposed, a line each, in the reader's zone"),
    _("Tuesday 24 November 2026, 14:00 (Rome)\nThursday 26 November 2026, 14:00 (Rome)"),
    shape="lines",
)
WHO = Placeholder("who", _("Who looks for a time"), _("Ada Example"), trusted=False)
POLL_LINK = link(_("Page on which people say when they can"), "/meetings/1/times/")
PLACEHOLDERS = (*COMMON, WHO, MEETING, WITH, LENGTH, TIMES, POLL_LINK, SWITCH_LINK)
SAY = _("[Say when you can]({link})")

POLL = MessageKind(
    key="meeting_poll",
    label=_("Meeting: when people can"),
    purpose=_("For those with whom a time is being found. Sent once, when times are proposed."),
    category="meetings",
    subject=_("When can you? {meeting}, {with}"),
    paragraphs=(
        GREETING,
        _("{who} would like to meet, and looks for a time that suits: {meeting}, {with}, {length}."),
        _("These times are proposed, on your clock:"),
        "{times}",
        SAY,
        _("It takes a minute. When the time is settled, you get an invitation."),
        *ENDING,
    ),
    placeholders=PLACEHOLDERS,
    required=REQUIRED,
)

REMINDER = MessageKind(
    key="reminder_meeting_poll",
    label=_("Reminder: when people can"),
    purpose=_("For those who were asked when they can meet, and have not said so. Sent once."),
    category="meetings",
    subject=_("When can you? {meeting} still has no time"),
    paragraphs=(
        GREETING,
        _("We are still looking for a time to meet, and have no answer from you: {meeting}, {with}, {length}."),
        _("These times are proposed, on your clock:"),
        "{times}",
        SAY,
        _("If none of them suits you, say that: it helps as much."),
        *ENDING,
    ),
    placeholders=PLACEHOLDERS,
    required=REQUIRED,
)

KINDS = (POLL, REMINDER)
