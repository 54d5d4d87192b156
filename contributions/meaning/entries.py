"""The story of an issue or a pull request as one list of entries in order of time, whatever connection they came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .plain import nodes_of, parse_time, part_of, text_of

__all__ = ["PUSHES", "Entry", "entries_of", "is_human", "key_of", "nodes_of", "parse_time"]

#: Whose word can say that a pull request was landed by hand.
TRUSTED = {"COLLABORATOR", "MEMBER", "OWNER"}

REVIEWS = {"APPROVED": "approved", "CHANGES_REQUESTED": "changes_requested"}
EVENTS = {
    "ReadyForReviewEvent": "ready",
    "ConvertToDraftEvent": "draft",
    "ReviewRequestedEvent": "review_requested",
    "ReviewDismissedEvent": "dismissed",
    "HeadRefForcePushedEvent": "force_pushed",
    "BaseRefChangedEvent": "base_changed",
    "RenamedTitleEvent": "renamed",
    "TransferredEvent": "transferred",
    "LockedEvent": "locked",
    "UnlockedEvent": "unlocked",
    "ConvertedToDiscussionEvent": "became_discussion",
    "ClosedEvent": "closed",
    "ReopenedEvent": "reopened",
    "MergedEvent": "merged",
}
#: New commits on the branch, whether added to it or put in its place.
PUSHES = ("pushed", "force_pushed")
#: Where two things happen in the same second, the cause stands before its effect.
ORDER = (
    "opened",
    "transferred",
    "renamed",
    "base_changed",
    "draft",
    "force_pushed",
    "pushed",
    "ready",
    "review_requested",
    "commented",
    "reviewed",
    "approved",
    "changes_requested",
    "dismissed",
    "merged",
    "landed",
    "closed",
    "reopened",
    "became_discussion",
    "locked",
    "unlocked",
)
LONGEST_LOGIN, LONGEST_NAME, LONGEST_COMMENT = 100, 200, 20_000


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `what` is a word of `WorkItem.events`; `by` is a login or empty.

    `human`: done by a person whose account still exists. `own`: done by the author of the item. `key` tells people
    apart (a node id, else the login). `trusted`: by somebody who may write to the repository. `commit`: closed by one.
    `before` and `after`: what a title, a base or a repository was called; `after` also who was asked for a review. `about`: whose review was dismissed, by `key`.
    `withdrawn`: a review that was dismissed, nobody knows when; it was an answer, and is no opinion any more.
    """

    at: datetime
    what: str
    by: str = ""
    key: str = ""
    human: bool = False
    own: bool = False
    trusted: bool = False
    text: str = ""
    commit: bool = False
    before: str = ""
    after: str = ""
    about: str = ""
    withdrawn: bool = False


def is_human(actor: Any) -> bool:
    """Whether an actor is a person: no bot, no placeholder of an import, no deleted account."""
    if not isinstance(actor, Mapping) or actor.get("__typename") != "User":
        return False
    return not str(actor.get("login") or "").endswith("[bot]")


def key_of(actor: Any) -> str:
    """What tells one account from another; empty for a deleted one."""
    if not isinstance(actor, Mapping):
        return ""
    return text_of(actor.get("id"), LONGEST_NAME) or text_of(actor.get("login"), LONGEST_NAME)


def entries_of(item: Mapping) -> list[Entry]:
    """Everything that happened to a fetched PullRequest or Issue, oldest first, each once.

    Of a long timeline GitHub gives the beginning and the end; what lies between is missing here as well.
    """
    opened = parse_time(item.get("createdAt"))
    if opened is None:
        return []
    reading = _Reading(item.get("author"), opened, parse_time(item.get("updatedAt")), _dismissed(item))
    found: dict[Any, Entry] = {}

    def add(node: Mapping, entry: Entry | None) -> None:
        if entry:
            found.setdefault(text_of(node.get("id"), LONGEST_NAME) or (entry.at, entry.what, entry.key), entry)

    for part in ("timelineItems", "recent"):
        for node in nodes_of(item.get(part)):
            add(node, reading.entry(node))
    for part in ("firstComments", "comments"):
        for node in nodes_of(item.get(part)):
            add(node, reading.entry({**node, "__typename": "IssueComment"}))
    for node in nodes_of(item.get("commits")):
        entry = reading.pushed(node)
        if entry:
            found.setdefault((entry.at, entry.what, entry.key), entry)
    first = _by(reading.author, reading.author, Entry(at=opened, what="opened"))
    return sorted([first, *_distinct(found.values())], key=lambda entry: (entry.at, ORDER.index(entry.what)))


def _distinct(entries: Iterable[Entry]) -> list[Entry]:
    """Leave out what is told twice.

    A commit comes from the timeline and from the list of commits, once with and once without an id. Merging closes as well.
    """
    entries = list(entries)
    merged = {entry.at for entry in entries if entry.what == "merged"}
    seen: set = set()
    kept = []
    for entry in entries:
        if entry.what == "closed" and entry.at in merged:
            continue
        if entry.what == "pushed":
            if entry.at in seen:
                continue
            seen.add(entry.at)
        kept.append(entry)
    return kept


def _dismissed(item: Mapping) -> dict[str, str]:
    """What reviews said that were dismissed since, by their ids: GitHub itself only says DISMISSED of them."""
    said = {}
    for part in ("timelineItems", "recent"):
        for node in nodes_of(item.get(part)):
            if node.get("__typename") == "ReviewDismissedEvent":
                id = text_of(part_of(node, "review").get("id"), LONGEST_NAME)
                said[id] = REVIEWS.get(str(node.get("previousReviewState")), "reviewed")
    said.pop("", None)
    return said


@dataclass(frozen=True)
class _Reading:
    """Turns nodes into entries. `dismissed`: what reviews said that were dismissed since, by their ids."""

    author: Any
    opened: datetime
    latest: datetime | None
    dismissed: Mapping[str, str]

    def entry(self, node: Mapping) -> Entry | None:
        kind = node.get("__typename")
        if kind == "PullRequestReview":
            return self.review(node)
        if kind == "PullRequestCommit":
            return self.pushed(node)
        at = parse_time(node.get("createdAt"))
        if at is None or not isinstance(kind, str):
            return None
        if kind == "IssueComment":
            text = text_of(node.get("bodyText"), LONGEST_COMMENT) or text_of(node.get("body"), LONGEST_COMMENT)
            entry = Entry(at=at, what="commented", trusted=_trusted(node), text=text)
            return _by(node.get("author"), self.author, entry)
        return self.event(node, kind, at) if kind in EVENTS else None

    def review(self, node: Mapping) -> Entry | None:
        at = parse_time(node.get("submittedAt"))
        state = node.get("state")
        if at is None or state == "PENDING":
            return None
        said = self.dismissed.get(text_of(node.get("id"), LONGEST_NAME)) if state == "DISMISSED" else None
        what = said or REVIEWS.get(str(state), "reviewed")
        entry = Entry(at=at, what=what, trusted=_trusted(node), withdrawn=state == "DISMISSED" and said is None)
        entry = _by(node.get("author"), self.author, entry)
        # Authors answer line by line with a review of their own: that is a comment.
        return replace(entry, what="commented", withdrawn=False) if entry.own else entry

    def event(self, node: Mapping, kind: str, at: datetime) -> Entry:
        entry = Entry(at=at, what=EVENTS[kind], commit=part_of(node, "closer").get("__typename") == "Commit")
        if kind == "RenamedTitleEvent":
            entry = _from_to(entry, node.get("previousTitle"), node.get("currentTitle"))
        elif kind == "BaseRefChangedEvent":
            entry = _from_to(entry, node.get("previousRefName"), node.get("currentRefName"))
        elif kind == "TransferredEvent":
            place = part_of(node, "fromRepository")
            # Where it came from may be private, and its name is nobody's business then.
            entry = _from_to(entry, "" if place.get("isPrivate") else place.get("nameWithOwner"), "")
        elif kind == "ReviewRequestedEvent":
            entry = _from_to(entry, "", part_of(node, "requestedReviewer").get("login"))
        elif kind == "ReviewDismissedEvent":
            entry = replace(entry, about=key_of(part_of(node, "review").get("author")))
        entry = _by(node.get("actor"), self.author, entry)
        if entry.what == "force_pushed" and not entry.key:
            return replace(entry, own=True)
        return entry

    def pushed(self, node: Mapping) -> Entry | None:
        """A commit made after the item was opened. The clock of the one who made it may be wrong: nothing is in the future.

        Whoever made it, it is work on the item, and so counts as its author's.
        """
        commit = part_of(node, "commit")
        at = parse_time(commit.get("committedDate"))
        if at is None or at <= self.opened:
            return None
        if self.latest is not None and at > self.latest:
            at = self.latest
        made_by = part_of(part_of(commit, "author"), "user")
        actor = {"__typename": "User", **made_by} if made_by.get("login") else self.author
        return replace(_by(actor, self.author, Entry(at=at, what="pushed")), own=True)


def _from_to(entry: Entry, before: Any, after: Any) -> Entry:
    return replace(entry, before=text_of(before, LONGEST_NAME), after=text_of(after, LONGEST_NAME))


def _by(actor: Any, author: Any, entry: Entry) -> Entry:
    login = text_of(actor.get("login"), LONGEST_LOGIN) if isinstance(actor, Mapping) else ""
    key = key_of(actor)
    return replace(entry, by=login, key=key, human=is_human(actor), own=bool(key) and key == key_of(author))


def _trusted(node: Mapping) -> bool:
    return str(node.get("authorAssociation")) in TRUSTED
