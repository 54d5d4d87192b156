"""Around what organisers announce: a greeting, where it can be read again, and where such mail is switched off."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .placeholders import CLOSING, COMMON, GREETING, link

SWITCH_LINK = Placeholder(
    "switch_link",
    _("Page on which announcements by mail are switched off"),
    "https://cohorts.example.org/me/#mail",
    shape="url",
)

ANNOUNCEMENT = MessageKind(
    key="announcement",
    label=_("Announcement"),
    purpose=_("Around each announcement, for those whom it is for. Sent once, on the morning that organisers chose."),
    category="announcements",
    subject="{subject}",
    paragraphs=(
        GREETING,
        "{announcement}",
        "---",
        _("[Read it on the site]({link})"),
        _(
            "This is an announcement of {session}. Would you rather not have them by mail?\n[Switch announcements off]({switch_link})"
        ),
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        Placeholder("subject", _("Subject of the announcement"), _("Week 3: reviews")),
        Placeholder(
            "announcement",
            _("Text of the announcement"),
            _("This week is about reviews.\n\n- Read one of somebody else.\n- Ask for one early."),
            shape="blocks",
        ),
        link(_("Page on which it can be read again"), "/cohorts/1/#announcements"),
        SWITCH_LINK,
    ),
    required=("announcement", "switch_link"),
)

KINDS = (ANNOUNCEMENT,)
