"""Invitations to meetings, with what calendars read beside them. Each says where such mail is switched off."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .placeholders import CLOSING, COMMON, GREETING, link

SWITCH_LINK = Placeholder(
    "switch_link",
    _("Page on which mail about meetings is switched off"),
    "https://cohorts.example.org/me/#mail",
    shape="url",
)
SWITCH = _("Would you rather have no mail about meetings?\n[Switch it off]({switch_link})")
ENDING = (SWITCH, *CLOSING)
REQUIRED = ("link", "switch_link")

MEETING = Placeholder("meeting", _("Title of the meeting, or its kind"), _("Stand-up"))
WITH = Placeholder("with", _("The cohort, or the session, or with whom"), _("Cohort Venus"))
WHEN = Placeholder(
    "when",
    _("When it begins, in the reader's zone and in UTC"),
    _("Tuesday 24 November 2026, 14:00 (Rome), 24 November, 13:00 UTC"),
)
LENGTH = Placeholder("length", _("How long it takes"), _("60 minutes"))
WHERE = Placeholder("where", _("“You meet here:”; empty without a link"), _("You meet here:"), may_be_empty=True)
JOIN_LINK = Placeholder(
    "join_link", _("Where people meet; empty without a link"), "https://meet.example.org/venus", may_be_empty=True, shape="url"
)
BECAUSE = Placeholder(
    "because",
    _("Why, in the words of who called it off; may be empty"),
    _("Two of us are ill. We meet next week."),
    trusted=False,
    may_be_empty=True,
)
MEETING_LINK = link(_("Page of the meeting"), "/meetings/1/")
PLACEHOLDERS = (*COMMON, MEETING, WITH, WHEN, LENGTH, WHERE, JOIN_LINK, MEETING_LINK, SWITCH_LINK)
IN_YOUR_CALENDAR = _("The entry for your calendar comes with this mail.")

INVITATION = MessageKind(
    key="meeting_invitation",
    label=_("Meeting: invitation"),
    purpose=_("For everybody who is expected at a meeting. Sent when it is made, or when its time is found."),
    category="meetings",
    subject=_("Invitation: {meeting}, {when}"),
    paragraphs=(
        GREETING,
        _("You are expected at a meeting: {meeting}, {with}."),
        "**{when}**\n{length}",
        "{where}\n{join_link}",
        _("On its page you say whether you come, and read the agenda."),
        _("[The meeting]({link})"),
        IN_YOUR_CALENDAR,
        *ENDING,
    ),
    placeholders=PLACEHOLDERS,
    required=(*REQUIRED, "when"),
)

CHANGED = MessageKind(
    key="meeting_changed",
    label=_("Meeting: changed"),
    purpose=_("For those who know of a meeting, when its time, its place or its title changes."),
    category="meetings",
    subject=_("Changed: {meeting}, {when}"),
    paragraphs=(
        GREETING,
        _("Something about a meeting has changed. This is how it stands now: {meeting}, {with}."),
        "**{when}**\n{length}",
        "{where}\n{join_link}",
        _("Can you still come? Say so on its page."),
        _("[The meeting]({link})"),
        _("The entry that comes with this mail replaces the one in your calendar."),
        *ENDING,
    ),
    placeholders=PLACEHOLDERS,
    required=(*REQUIRED, "when"),
)

CANCELLED = MessageKind(
    key="meeting_cancelled",
    label=_("Meeting: called off"),
    purpose=_("For those who know of a meeting, when it is called off, or when they are not expected any more."),
    category="meetings",
    subject=_("Called off: {meeting}, {when}"),
    paragraphs=(
        GREETING,
        "{news}",
        "**{meeting}, {with}**\n{when}",
        "{because}",
        _("The entry in your calendar goes, too."),
        _("[Your meetings]({link})"),
        *ENDING,
    ),
    placeholders=(
        *COMMON,
        Placeholder("news", _("What happened, in a sentence"), _("This meeting does not take place.")),
        MEETING,
        WITH,
        WHEN,
        BECAUSE,
        link(_("Page with the meetings"), "/cohorts/1/meetings/"),
        SWITCH_LINK,
    ),
    required=(*REQUIRED, "when"),
)

SERIES = MessageKind(
    key="meeting_series",
    label=_("Meetings: several at once"),
    purpose=_(
        "For everybody who is expected at meetings that were made, moved or called off together, such as a stand-up each week: one mail"
        " for all."
    ),
    category="meetings",
    subject=_("{what}: {meeting}, {number_of_meetings}"),
    paragraphs=(
        GREETING,
        "**{meeting}, {with}**",
        "{news}",
        "{dates}",
        "{because}",
        "{where}\n{join_link}",
        _("Each has a page with its agenda, on which you say whether you come."),
        _("[Your meetings]({link})"),
        _("The file that comes with this mail brings them all into your calendar."),
        *ENDING,
    ),
    placeholders=(
        *COMMON,
        Placeholder("what", _("What happened, in a word"), _("Invitation")),
        Placeholder("news", _("What happened, in a sentence"), _("You are expected at these meetings:")),
        MEETING,
        WITH,
        Placeholder("number_of_meetings", _("How many there are"), _("6 meetings")),
        Placeholder(
            "dates",
            _("When each of them begins, a line each, in the reader's zone"),
            _("Tuesday 24 November 2026, 14:00 (Rome)"),
            shape="lines",
        ),
        BECAUSE,
        WHERE,
        JOIN_LINK,
        link(_("Page with the meetings"), "/cohorts/1/meetings/"),
        SWITCH_LINK,
    ),
    required=(*REQUIRED, "dates"),
)

KINDS = (INVITATION, CHANGED, CANCELLED, SERIES)
