"""Around the weekly digest, whose lines the site writes for each person."""

from django.utils.translation import gettext_lazy as _

from .kind import MessageKind, Placeholder
from .placeholders import CLOSING, COMMON, GREETING, link

SWITCH_LINK = Placeholder(
    "switch_link", _("Page on which the digest is switched off"), "https://cohorts.example.org/me/#mail", shape="url"
)

DIGEST = MessageKind(
    key="digest",
    label=_("Weekly digest"),
    purpose=_(
        "For members, those who lead and organisers, on Monday mornings while the weeks run. Who has nothing to read there gets none."
    ),
    category="digest",
    subject=_("{session}, week {week}: what changed and what is next"),
    paragraphs=(
        GREETING,
        "{digest}",
        "---",
        _("[{session} on the site]({link})"),
        _("You get this once a week. Would you rather have none?\n[Switch the digest off]({switch_link})"),
        *CLOSING,
    ),
    placeholders=(
        *COMMON,
        Placeholder("week", _("Number of the week"), "3"),
        Placeholder(
            "digest",
            _("What changed, who waits for whom, and what is next"),
            _(
                "## What changed\n\n- [Fix the docs build](https://cohorts.example.org/work/1/): merged\n\n"
                "## What is next\n\n- [Stand-up](https://cohorts.example.org/meetings/1/): Tuesday 24 November 2026, 18:00 (Rome)"
            ),
            shape="blocks",
        ),
        link(_("The page that the person works on"), "/progress/1/"),
        SWITCH_LINK,
    ),
    required=("digest", "switch_link"),
)

KINDS = (DIGEST,)
