"""From GitHub's answer about one issue or pull request to the values that are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contributions.trackers.interface import Reference

from .entries import Entry, entries_of, key_of, parse_time
from .references import is_web_address, labels_of, linked_of
from .reviews import first_response_at, ready_at, review_state
from .state import state_of
from .trailers import trailers_of
from .turn import turn_of_issue, turn_of_pull_request

KINDS = {"PullRequest": "pull_request", "Issue": "issue"}
CHECKS = {"SUCCESS": "success", "FAILURE": "failure", "ERROR": "failure", "PENDING": "pending", "EXPECTED": "pending"}
#: As many as are worth storing: the beginning and the end of a very long story.
MOST_EVENTS = 120


class Incomplete(ValueError):
    """GitHub's answer lacks what an item cannot be without. The text names it."""


@dataclass(frozen=True)
class Previous:
    """What was stored before: a conflict has no event on GitHub, so its beginning is when it was first seen."""

    conflicting: bool = False
    conflicting_since: datetime | None = None
    fetched_at: datetime | None = None


def read_item(
    item: Mapping, *, now: datetime, previous: Previous | None = None, tickets: Sequence[Reference] = ()
) -> dict[str, Any]:
    """Values for the fields of a `WorkItem`, by name, from a PullRequest or Issue node; `now`: when it was fetched.

    `tickets`: what it names of its project's tracker. `host` and `tracked_repository` are the caller's. Raises `Incomplete`.
    """
    kind = KINDS.get(str(item.get("__typename")))
    created_at = parse_time(item.get("createdAt"))
    database_id = _whole(item.get("fullDatabaseId"))
    repository = _part(item, "repository").get("nameWithOwner")
    needed = {"type": kind, "createdAt": created_at, "id": item.get("id"), "url": item.get("url"), "number": item.get("number"),
              "fullDatabaseId": database_id, "repository": repository}  # fmt: skip
    if not is_web_address(needed["url"]):
        needed["url"] = None
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise Incomplete(f"GitHub's answer lacks {', '.join(missing)}.")
    entries = entries_of(item)
    state = state_of(item, entries)
    is_pull_request = kind == "pull_request"
    ci = checks_of(item) if is_pull_request else ""
    conflicting_since = _conflicting_since(item, entries, previous or Previous(), now) if is_pull_request else None
    if is_pull_request:
        turn = turn_of_pull_request(item, entries, state=state, ci=ci, conflicting_since=conflicting_since)
    else:
        turn = turn_of_issue(item, entries, state=state)
    comments = item.get("totalCommentsCount") if is_pull_request else _part(item, "comments").get("totalCount")
    return {
        "kind": kind,
        "database_id": database_id,
        "node_id": item["id"],
        "repository": repository,
        "number": item["number"],
        # PostgreSQL refuses a text that holds a NUL.
        "title": str(item.get("title") or item["url"]).replace("\0", "")[:500],
        "url": item["url"],
        "author_login": str(_part(item, "author").get("login") or ""),
        "author_node_id": key_of(item.get("author")) if _part(item, "author").get("id") else "",
        "state": state,
        "created_at": created_at,
        "updated_at": parse_time(item.get("updatedAt")),
        "closed_at": parse_time(item.get("closedAt")),
        "merged_at": parse_time(item.get("mergedAt")),
        "ready_at": ready_at(item, entries) if is_pull_request else None,
        "first_response_at": first_response_at(item, entries),
        "additions": _whole(item.get("additions")) if is_pull_request else None,
        "deletions": _whole(item.get("deletions")) if is_pull_request else None,
        "changed_files": _whole(item.get("changedFiles")) if is_pull_request else None,
        "comments": comments if isinstance(comments, int) else 0,
        "review_state": review_state(item, entries) if is_pull_request else "",
        "ci": ci,
        "conflicting": conflicting_since is not None,
        "labels": labels_of(item),
        "linked": linked_of(item, tickets=tickets),
        "trailers": trailers_of(item) if is_pull_request else [],
        "events": events_of(entries, landed=state == "landed"),
        "turn": turn.who,
        "turn_since": turn.since,
        "turn_reason": turn.reason,
        "gone": "",
    }


def checks_of(item: Mapping) -> str:
    """State of the checks of the latest commit: `success`, `failure`, `pending`, or empty where there are none."""
    return CHECKS.get(str(_part(item, "statusCheckRollup").get("state")), "")


def events_of(entries: Sequence[Entry], *, landed: bool) -> list[dict]:
    """`{"at", "what", "by", "human"}` of each entry, times in UTC with Z. A closing that was a landing is told as such."""
    last_closed = max((at for at, entry in enumerate(entries) if entry.what == "closed"), default=None)
    events = [
        {
            "at": moment(entry.at),
            "what": "landed" if landed and position == last_closed else entry.what,
            "by": entry.by,
            "human": entry.human,
        }
        for position, entry in enumerate(entries)
    ]
    return events if len(events) <= MOST_EVENTS else events[: MOST_EVENTS // 2] + events[-MOST_EVENTS // 2 :]


def moment(at: datetime) -> str:
    """An aware time of UTC as ISO 8601 with Z."""
    return at.isoformat().replace("+00:00", "Z")


def _conflicting_since(item: Mapping, entries: Sequence[Entry], previous: Previous, now: datetime) -> datetime | None:
    """When the conflict with the base branch was first seen; None without one.

    GitHub computes it late and says UNKNOWN meanwhile: then what was known holds, unless something was pushed since.
    """
    word = item.get("mergeable")
    if item.get("prState") != "OPEN":
        return None
    if word == "CONFLICTING":
        return previous.conflicting_since or now
    if word == "UNKNOWN" and previous.conflicting:
        pushed = max((entry.at for entry in entries if entry.what == "pushed"), default=None)
        if pushed is None or previous.fetched_at is None or pushed <= previous.fetched_at:
            return previous.conflicting_since or now
    return None


def _part(item: Mapping, name: str) -> Mapping:
    part = item.get(name)
    return part if isinstance(part, Mapping) else {}


def _whole(value: Any) -> int | None:
    """GitHub gives a `BigInt` as text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
