"""The story of an issue or a pull request as one list of entries in order of time, whatever connection they came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

#: Whose word can say that a pull request was landed by hand.
TRUSTED = {"COLLABORATOR", "MEMBER", "OWNER"}

REVIEWS = {"APPROVED": "approved", "CHANGES_REQUESTED": "changes_requested"}
EVENTS = {
    "ReadyForReviewEvent": "ready",
    "ConvertToDraftEvent": "draft",
    "ReviewRequestedEvent": "review_requested",
    "HeadRefForcePushedEvent": "pushed",
    "ClosedEvent": "closed",
    "ReopenedEvent": "reopened",
    "MergedEvent": "merged",
}
#: Where two things happen in the same second, the cause stands before its effect.
ORDER = (
    "opened",
    "draft",
    "pushed",
    "ready",
    "review_requested",
    "commented",
    "reviewed",
    "approved",
    "changes_requested",
    "merged",
    "landed",
    "closed",
    "reopened",
)


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `what` is a word of `WorkItem.events`; `by` is a login or empty.

    `human`: done by a person whose account still exists. `own`: done by the author of the item. `key` tells people
    apart (a node id, else the login). `trusted`: by somebody who may write to the repository. `commit`: closed by one.
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


def parse_time(value: Any) -> datetime | None:
    """A GraphQL `DateTime` as an aware datetime, or None for anything else."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def is_human(actor: Any) -> bool:
    """Whether an actor is a person: no bot, no placeholder of an import, no deleted account."""
    if not isinstance(actor, Mapping) or actor.get("__typename") != "User":
        return False
    return not str(actor.get("login") or "").endswith("[bot]")


def key_of(actor: Any) -> str:
    """What tells one account from another; empty for a deleted one."""
    return str(actor.get("id") or actor.get("login") or "") if isinstance(actor, Mapping) else ""


def nodes_of(connection: Any) -> list[Mapping]:
    """The nodes of a connection. GitHub leaves holes (null) where it could not resolve one."""
    nodes = connection.get("nodes") if isinstance(connection, Mapping) else None
    return [node for node in nodes or () if isinstance(node, Mapping)]


def entries_of(item: Mapping) -> list[Entry]:
    """Everything that happened to a fetched PullRequest or Issue, oldest first, each once.

    Of a long timeline GitHub gives the beginning and the end; what lies between is missing here as well.
    """
    opened = parse_time(item.get("createdAt"))
    if opened is None:
        return []
    latest = parse_time(item.get("updatedAt"))
    author = item.get("author")
    found: dict[Any, Entry] = {}
    for part in ("timelineItems", "recent"):
        for node in nodes_of(item.get(part)):
            entry = _entry(node, author, opened, latest)
            if entry:
                found.setdefault(node.get("id") or (entry.at, entry.what, entry.key), entry)
    for part in ("firstComments", "comments"):
        for node in nodes_of(item.get(part)):
            entry = _entry({**node, "__typename": "IssueComment"}, author, opened, latest)
            if entry:
                found.setdefault(node.get("id") or (entry.at, entry.what, entry.key), entry)
    for node in nodes_of(item.get("commits")):
        entry = _pushed(node, author, opened, latest)
        if entry:
            found.setdefault((entry.at, entry.what, entry.key), entry)
    first = _by(author, author, Entry(at=opened, what="opened"))
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


def _entry(node: Mapping, author: Any, opened: datetime, latest: datetime | None) -> Entry | None:
    kind = node.get("__typename")
    if kind == "PullRequestReview":
        at = parse_time(node.get("submittedAt"))
        what = REVIEWS.get(str(node.get("state")), "reviewed")
        if at is None or node.get("state") == "PENDING":
            return None
        entry = _by(node.get("author"), author, Entry(at=at, what=what, trusted=_trusted(node)))
        # Authors answer line by line with a review of their own: that is a comment.
        return replace(entry, what="commented") if entry.own else entry
    if kind == "IssueComment":
        at = parse_time(node.get("createdAt"))
        if at is None:
            return None
        text = str(node.get("bodyText") or node.get("body") or "")
        return _by(node.get("author"), author, Entry(at=at, what="commented", trusted=_trusted(node), text=text))
    if kind == "PullRequestCommit":
        return _pushed(node, author, opened, latest)
    if kind not in EVENTS:
        return None
    at = parse_time(node.get("createdAt"))
    if at is None:
        return None
    closer = node.get("closer")
    commit = isinstance(closer, Mapping) and closer.get("__typename") == "Commit"
    entry = _by(node.get("actor"), author, Entry(at=at, what=EVENTS[kind], commit=commit))
    return replace(entry, own=True, human=is_human(author)) if entry.what == "pushed" else entry


def _pushed(node: Mapping, author: Any, opened: datetime, latest: datetime | None) -> Entry | None:
    """A commit made after the item was opened. The clock of the one who made it may be wrong: nothing is in the future."""
    commit = node.get("commit")
    at = parse_time(commit.get("committedDate")) if isinstance(commit, Mapping) else None
    if at is None or at <= opened:
        return None
    if latest is not None and at > latest:
        at = latest
    return replace(_by(author, author, Entry(at=at, what="pushed")), own=True)


def _by(actor: Any, author: Any, entry: Entry) -> Entry:
    login = str(actor.get("login") or "") if isinstance(actor, Mapping) else ""
    key = key_of(actor)
    return replace(entry, by=login, key=key, human=is_human(actor), own=bool(key) and key == key_of(author))


def _trusted(node: Mapping) -> bool:
    return node.get("authorAssociation") in TRUSTED
