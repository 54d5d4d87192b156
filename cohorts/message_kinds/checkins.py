"""What people are told about their check-ins."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .placeholders import CLOSING, COMMON, GREETING, link

SWITCH_LINK = Placeholder(
    "switch_link", _("Page on which mail about replies is switched off"), "https://cohorts.example.org/me/#mail", shape="url"
)

REPLY = MessageKind(
    key="checkin_reply",
    label=_("Reply to a check-in"),
    purpose=_("For members, and for people who replied before. Sent some minutes after a reply; several at once are one mail."),
    category="replies",
    subject=_("{news} ({session})"),
    paragraphs=(
        GREETING,
        _("{who} replied to {whose}:"),
        "{replies}",
        _("[Read it and answer]({link})"),
        _("Would you rather read replies on the site alone?\n[Switch this mail off]({switch_link})"),
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        link(_("Page of the check-in, with the replies"), "/progress/1/check-in/3/#replies"),
        Placeholder("news", _("What there is to read, and of which week"), _("A reply to your check-in of week 3")),
        Placeholder("who", _("Who replied"), _("Rosa Lindqvist"), trusted=False),
        Placeholder("whose", _("Which check-in it is"), _("your check-in of week 3"), trusted=False),
        Placeholder("week", _("Number of the week"), "3"),
        Placeholder(
            "replies", _("The replies in short, a line each"), _("Rosa Lindqvist: Try it with one test alone first."),
            trusted=False, shape="lines",
        ),
        SWITCH_LINK,
    ),
    required=("link", "switch_link"),
)  # fmt: skip

KINDS = (REPLY,)
