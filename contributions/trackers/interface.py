"""What a kind of tracker has to know: its links, how texts refer to it, and how its answers are read."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple
from urllib.parse import SplitResult, urlsplit

from accounts.plain_line import without_turning

#: As long as the fields of `WorkItem` that hold it.
LONGEST_TITLE = 500
LONGEST_WORD = 60
#: The largest number that `WorkItem.number` can hold.
LARGEST_NUMBER = 2**31 - 1


class TrackerAt(NamedTuple):
    """A tracker of a project: its kind, as in `cohorts.models.Tracker.Kind`, and its address."""

    kind: str
    url: str


@dataclass(frozen=True)
class Place:
    """One issue, ticket or pull request of a tracker. `kind` as in `WorkItem.Kind`; `url` in its one canonical form.

    `repository` is the project's path on a forge, and empty on a tracker that has only tickets.
    """

    kind: str
    number: int
    url: str
    repository: str = ""


@dataclass(frozen=True)
class Reference:
    """That a text names something of a tracker."""

    number: int
    url: str
    repository: str = ""


@dataclass(frozen=True)
class Snapshot:
    """What a tracker says of one thing: fields of `WorkItem`, by their names.

    Times are aware; None where the tracker does not tell. `turn_since` is None where only the site can know, by having
    looked before. `flags` are codes of `contributions.flags`. `moved_to` is where it lies now, where that is another place.
    What `ONCE_KNOWN` names stays as it was where this time it was not told.
    """

    ONCE_KNOWN: ClassVar = ("ready_at", "first_response_at", "first_response_after")

    title: str
    state: str
    stage: str = ""
    resolution: str = ""
    flags: list[str] = field(default_factory=list)
    author_login: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    comments: int = 0
    ci: str = ""
    conflicting: bool = False
    labels: list[dict] = field(default_factory=list)
    events: list[dict] = field(default_factory=list)
    turn: str = ""
    turn_reason: str = ""
    turn_since: datetime | None = None
    review_state: str = ""
    ready_at: datetime | None = None
    first_response_at: datetime | None = None
    first_response_after: timedelta | None = None
    moved_to: Place | None = None


class Request(NamedTuple):
    """A GET, below an address of the settings. `headers` may hold a secret of the operator's."""

    address: str
    headers: Mapping[str, str] = MappingProxyType({})


class BrokenLink(ValueError):
    """A link leads to the tracker, and to nothing that can be tracked there."""


class Unreadable(ValueError):
    """An answer is JSON, and does not say what it must. The text names what is missing."""


class Tracker(ABC):
    """One kind of tracker. `base` is the address of one of them, without a slash at its end."""

    kind: str
    #: What people call it: “Open on …”.
    name: str

    @abstractmethod
    def examples(self, base: str) -> list[str]:
        """Links that are understood."""

    @abstractmethod
    def parse(self, base: str, parts: SplitResult) -> Place | None:
        """What a link leads to; None for one that is not this tracker's. Raises `BrokenLink`."""

    @abstractmethod
    def references(self, base: str, title: str, text: str) -> list[Reference]:
        """What the title and the text of a pull request or an issue name, in order; the same may come twice."""

    @abstractmethod
    def address(self, place: Place) -> str | None:
        """Where the data of a place are read, below an address of the settings; None where the operator has set up none."""

    def further(self, place: Place, data: dict[str, Any]) -> dict[str, Request]:
        """What is to be asked besides, once `data` are there; by names of its own. For most trackers nothing is."""
        return {}

    @abstractmethod
    def read(self, place: Place, data: dict[str, Any], more: Mapping[str, Any]) -> Snapshot:
        """What the answers say. `more` has those to `further`: JSON of any shape, None where it was not told. Raises `Unreadable`."""


def is_below(base: str, parts: SplitResult) -> bool:
    """Whether a link leads to `base` or below; the host is compared without regard to case."""
    root = urlsplit(base)
    return parts.netloc.lower() == root.netloc.lower() and f"{parts.path}/".startswith(f"{root.path.rstrip('/')}/")


def number_in(text: str) -> int | None:
    """A number from 1 that can be stored, or None."""
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        return None
    return int(text) if 0 < int(text) <= LARGEST_NUMBER else None


def text_of(value: Any, longest: int = LONGEST_WORD) -> str:
    """A text of an answer that can be stored: on one line, without what databases refuse and what turns the page around it.

    Empty for what is no text.
    """
    if not isinstance(value, str):
        return ""
    whole = without_turning(value.replace("\0", "").encode("utf-8", "replace").decode())
    return " ".join(whole.split())[:longest]
