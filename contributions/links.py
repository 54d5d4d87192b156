"""Reading the links that people paste. A pasted address is taken apart here and never fetched."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from accounts.github import github_host

from .trackers import TRACKERS, TrackerAt
from .trackers.interface import BrokenLink

#: As long as `WorkItem.url` and `WorkItem.host` may be.
LONGEST_LINK = 500
LONGEST_HOST = 120
#: The largest number that `WorkItem.number` can hold.
LARGEST_NUMBER = 2**31 - 1

OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9_])){0,38}(?:_[A-Za-z0-9]+)?")
NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")
ITEM_KINDS = {"pull": "pull_request", "pulls": "pull_request", "issues": "issue", "issue": "issue"}
CANONICAL_PART = {"pull_request": "pull", "issue": "issues"}
CONTROL = re.compile(r"[\x00-\x20\x7f\\<>\"]")
#: Characters that nobody sees, or that turn what is around them: Unicode's categories of them.
UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}

_is_address = URLValidator(schemes=["http", "https"])


class LinkError(ValueError):
    """A link that cannot be tracked. Its text says, for people, which links are understood."""


@dataclass(frozen=True)
class Link:
    """A link in its one canonical form.

    `kind` is `pull_request`, `issue`, `ticket` or `other`, as in `WorkItem.Kind`. `repository` is `owner/name` for
    GitHub, the project's path on another forge, else empty; `number` is None for other work. GitHub redirects between an issue and a pull request of the
    same number, so the kind of a GitHub link is what its address says, until it is fetched.
    """

    host: str
    kind: str
    repository: str
    number: int | None
    url: str
    #: The kind of tracker that it belongs to; empty for GitHub and other work.
    tracker: str = ""

    @property
    def is_github(self) -> bool:
        return not self.tracker and self.kind in CANONICAL_PART


def github_address(repository: str, kind: str, number: int) -> str:
    """Canonical address of an issue or a pull request of the GitHub that is set up."""
    return f"{settings.GITHUB_URL.rstrip('/')}/{repository}/{CANONICAL_PART[kind]}/{number}"


def parse_link(text: str, *, trackers: Iterable[TrackerAt] = ()) -> Link:
    """The canonical link in what somebody pasted. `trackers`: those whose tickets are understood. Raises `LinkError`."""
    trackers = [TrackerAt(at.kind, at.url.rstrip("/")) for at in trackers if at.kind in TRACKERS]
    text = text.strip().strip("<>")
    if not text:
        raise LinkError(_("Paste a link.") + " " + understood(trackers))
    text = _with_scheme(text, trackers)
    if len(text) > LONGEST_LINK:
        raise LinkError(_("This link is longer than %(most)s characters.") % {"most": LONGEST_LINK} + " " + understood(trackers))
    parts = _split(text, trackers)
    if _host(parts) in (github_host(), f"www.{github_host()}"):
        link = _github_link(parts, trackers)
        if link:
            return link
    for at in trackers:
        link = _of_tracker(parts, at, trackers)
        if link:
            return link
    return Link(host=_host(parts), kind="other", repository="", number=None, url=parts.geturl())


def understood(trackers: Iterable[TrackerAt] = ()) -> str:
    """A sentence that says which links are understood."""
    github = settings.GITHUB_URL.rstrip("/")
    examples = [f"{github}/owner/name/pull/123", f"{github}/owner/name/issues/123"]
    for at in dict.fromkeys(trackers):
        examples += TRACKERS[at.kind].examples(at.url.rstrip("/")) if at.kind in TRACKERS else []
    return _("Links that are understood: %(examples)s, and any other https link together with a title.") % {
        "examples": ", ".join(examples)
    }


def _with_scheme(text: str, trackers: list[TrackerAt]) -> str:
    """People copy `github.com/…` without the beginning; only hosts that we know get it added."""
    if "://" in text[:10]:
        return text
    ours = [settings.GITHUB_URL.rstrip("/"), *(at.url for at in trackers)]
    for address in ours:
        scheme, _separator, rest = address.partition("://")
        if text.lower().removeprefix("www.").startswith(f"{rest.lower()}/"):
            return f"{scheme}://{text}"
    return text


def _split(text: str, trackers: list[TrackerAt]) -> SplitResult:
    refused = LinkError(_("This is not a link that we can use.") + " " + understood(trackers))
    if CONTROL.search(text) or any(unicodedata.category(part) in UNSEEN for part in text):
        raise refused
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise refused from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or len(parts.netloc) > LONGEST_HOST:
        raise refused
    if not parts.netloc.isascii():
        # A name in other letters may look like another one: people see it as computers read it, “xn--…”.
        try:
            name = str(parts.hostname).encode("idna").decode()
        except UnicodeError:
            raise refused from None
        parts = parts._replace(netloc=name if port is None else f"{name}:{port}")
        if len(parts.netloc) > LONGEST_HOST or len(parts.geturl()) > LONGEST_LINK:
            raise refused
    if (parts.scheme, port) in (("http", 80), ("https", 443)):
        parts = parts._replace(netloc=str(parts.hostname))
    if _host(parts) != github_host():
        try:
            _is_address(parts.geturl())
        except ValidationError:
            raise refused from None
    return parts


def _host(parts: SplitResult) -> str:
    return parts.netloc.lower()


def _github_link(parts: SplitResult, trackers: list[TrackerAt]) -> Link | None:
    """An issue or a pull request; None for other pages of GitHub. Raises `LinkError` for a broken link to one."""
    path = [part for part in parts.path.split("/") if part]
    if len(path) < 3 or path[2].lower() not in ITEM_KINDS:
        return None
    kind = ITEM_KINDS[path[2].lower()]
    number = path[3] if len(path) > 3 else ""
    whole = number.isascii() and number.isdigit() and 0 < len(number) < 11 and 0 < int(number) <= LARGEST_NUMBER
    if not whole or not OWNER.fullmatch(path[0]) or not NAME.fullmatch(path[1]):
        raise LinkError(_("This link to GitHub names no issue and no pull request.") + " " + understood(trackers))
    repository = f"{path[0]}/{path[1]}"
    return Link(github_host(), kind, repository, int(number), github_address(repository, kind, int(number)))


def _of_tracker(parts: SplitResult, at: TrackerAt, trackers: list[TrackerAt]) -> Link | None:
    """What lies in one tracker, or None. Raises `LinkError` for a broken link to a ticket."""
    try:
        place = TRACKERS[at.kind].parse(at.url, parts)
    except BrokenLink:
        raise LinkError(_("This link to the tracker names no ticket.") + " " + understood(trackers)) from None
    if place is None:
        return None
    return Link(_host(parts), place.kind, place.repository, place.number, place.url, at.kind)
