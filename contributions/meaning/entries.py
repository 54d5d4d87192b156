"""The story of an issue or a pull request as one list of entries in order of time, whatever connection they came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
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
    if not isinstance(actor, dict) or actor.get("__typename") != "User":
        return False
    return not str(actor.get("login") or "").endswith("[bot]")


def key_of(actor: Any) -> str:
    """What tells one account from another; empty for a deleted one."""
    if not isinstance(actor, dict):
        return ""
    return text_of(actor.get("id"), LONGEST_NAME) or text_of(actor.get("login"), LONGEST_NAME)


def entries_of(item: Mapping) -> list[Entry]:
    """Everything that happened to a fetched PullRequest or Issue, oldest first, each once.

    Of a long timeline GitHub gives the beginning and the end; what lies between is missing here as well.
    """
    opened = parse_time(item.get("createdAt"))
    if opened is None:
        return []
    author = item.get("author")
    reading = _Reading(author, key_of(author), opened, parse_time(item.get("updatedAt")), _dismissed(item))
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
    first = reading.by(author, opened, "opened")
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
    author_key: str
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
            return self.by(node.get("author"), at, "commented", trusted=_trusted(node), text=text)
        return self.event(node, kind, at) if kind in EVENTS else None

    def review(self, node: Mapping) -> Entry | None:
        at = parse_time(node.get("submittedAt"))
        state = node.get("state")
        if at is None or state == "PENDING":
            return None
        author = node.get("author")
        if self.is_own(key_of(author)):
            # Authors answer line by line with a review of their own: that is a comment.
            return self.by(author, at, "commented", trusted=_trusted(node))
        said = self.dismissed.get(text_of(node.get("id"), LONGEST_NAME)) if state == "DISMISSED" else None
        what = said or REVIEWS.get(str(state), "reviewed")
        return self.by(author, at, what, trusted=_trusted(node), withdrawn=state == "DISMISSED" and said is None)

    def event(self, node: Mapping, kind: str, at: datetime) -> Entry:
        more: dict[str, Any] = {}
        before = after = None
        if kind == "RenamedTitleEvent":
            before, after = node.get("previousTitle"), node.get("currentTitle")
        elif kind == "BaseRefChangedEvent":
            before, after = node.get("previousRefName"), node.get("currentRefName")
        elif kind == "TransferredEvent":
            place = part_of(node, "fromRepository")
            # Where it came from may be private, and its name is nobody's business then.
            before = "" if place.get("isPrivate") else place.get("nameWithOwner")
        elif kind == "ReviewRequestedEvent":
            after = part_of(node, "requestedReviewer").get("login")
        elif kind == "ReviewDismissedEvent":
            more["about"] = key_of(part_of(node, "review").get("author"))
        elif kind == "ClosedEvent":
            more["commit"] = part_of(node, "closer").get("__typename") == "Commit"
        elif kind == "HeadRefForcePushedEvent" and not key_of(node.get("actor")):
            more["own"] = True
        for name, value in (("before", before), ("after", after)):
            if value:
                more[name] = text_of(value, LONGEST_NAME)
        return self.by(node.get("actor"), at, EVENTS[kind], **more)

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
        return self.by({"__typename": "User", **made_by} if made_by.get("login") else self.author, at, "pushed", own=True)

    def by(self, actor: Any, at: datetime, what: str, **more: Any) -> Entry:
        """An entry of what `actor` did; `more`: further fields of it."""
        login = text_of(actor.get("login"), LONGEST_LOGIN) if isinstance(actor, dict) else ""
        key = key_of(actor)
        more.setdefault("own", self.is_own(key))
        return Entry(at=at, what=what, by=login, key=key, human=is_human(actor), **more)

    def is_own(self, key: str) -> bool:
        return bool(key) and key == self.author_key


def _trusted(node: Mapping) -> bool:
    return str(node.get("authorAssociation")) in TRUSTED
