"""Kinds of work beside issues, pull requests and tickets: the icon of each, and which one a link probably leads to."""

import re
from urllib.parse import urlsplit

from .models import WorkItem

OtherKind = WorkItem.OtherKind

#: Names of `accounts.templatetags.interface.ICONS`. The word stands beside the icon, always.
ICONS: dict[str, str] = {
    OtherKind.REVIEW: "review",
    OtherKind.TRIAGE: "triage",
    OtherKind.TALK: "talk",
    OtherKind.POST: "post",
    OtherKind.TRANSLATION: "translation",
    OtherKind.HELP: "help",
    OtherKind.ELSE: "link",
}

#: What a link probably leads to: host (with everything below it, or any where empty), pattern of the path, kind. The first
#: that fits is proposed; whoever adds the link may choose another.
GUESSES: tuple[tuple[str, str, OtherKind], ...] = (
    ("youtube.com", "", OtherKind.TALK),
    ("youtu.be", "", OtherKind.TALK),
    ("vimeo.com", "", OtherKind.TALK),
    ("media.ccc.de", "", OtherKind.TALK),
    ("pretalx.com", "", OtherKind.TALK),
    ("speakerdeck.com", "", OtherKind.TALK),
    ("slideshare.net", "", OtherKind.TALK),
    ("meetup.com", "", OtherKind.TALK),
    ("forum.djangoproject.com", "", OtherKind.HELP),
    ("discuss.python.org", "", OtherKind.HELP),
    ("stackoverflow.com", "", OtherKind.HELP),
    ("stackexchange.com", "", OtherKind.HELP),
    ("discord.com", "", OtherKind.HELP),
    ("reddit.com", "", OtherKind.HELP),
    ("transifex.com", "", OtherKind.TRANSLATION),
    ("weblate.org", "", OtherKind.TRANSLATION),
    ("crowdin.com", "", OtherKind.TRANSLATION),
    ("pontoon.mozilla.org", "", OtherKind.TRANSLATION),
    ("github.com", r"^/[^/]+/[^/]+/discussions/", OtherKind.HELP),
    ("dev.to", "", OtherKind.POST),
    ("medium.com", "", OtherKind.POST),
    ("hashnode.dev", "", OtherKind.POST),
    ("substack.com", "", OtherKind.POST),
    ("wordpress.com", "", OtherKind.POST),
    ("", r"/(blogs?|posts?|articles?|til)(/|$)", OtherKind.POST),
    ("", r"/(talks?|slides|videos?|speakers?|presentations?)(/|$)", OtherKind.TALK),
    ("", r"/(translations?|translate|l10n|i18n)(/|$)", OtherKind.TRANSLATION),
    ("", r"^/t/[^/]+/\d+", OtherKind.HELP),
)


def icon_of(kind: str) -> str:
    """The icon of a kind of other work; of one that nobody chose, that of a link."""
    return ICONS.get(kind, "link")


def guess_kind(url: str) -> str:
    """What a link probably leads to, by its host and path alone: nothing is fetched. Empty where nothing tells."""
    parts = urlsplit(url)
    host, path = (parts.hostname or "").lower(), parts.path.lower()
    for wanted, pattern, kind in GUESSES:
        if wanted and host != wanted and not host.endswith(f".{wanted}"):
            continue
        if not pattern or re.search(pattern, path):
            return kind
    return OtherKind.POST if host.startswith(("blog.", "blogs.")) else ""
