"""From GitHub's answer about one issue or pull request to the values that are stored."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from contributions.trackers.interface import Reference

from .branch import Previous, checks_of, conflicting_since, is_behind
from .disclosure import disclosure_in
from .entries import Entry, entries_of
from .newcomers import first_of_author
from .plain import LARGEST_ID, parse_time, part_of, text_of, whole_of
from .references import body_of, is_web_address, labels_of, linked_of
from .reviews import first_response_after, first_response_at, ready_at, review_state
from .state import state_of
from .trailers import trailers_of
from .turn import turn_of_issue, turn_of_pull_request

__all__ = ["Incomplete", "Previous", "checks_of", "read_item"]

KINDS = {"PullRequest": "pull_request", "Issue": "issue"}
#: As many as are worth storing: the beginning and the end of a very long story.
MOST_EVENTS = 120
#: Identities cannot be cut: a longer one is none.
LONGEST_ID, LONGEST_PLACE = 100, 200


class Incomplete(ValueError):
    """GitHub's answer lacks what an item cannot be without. The text names it."""


def read_item(
    item: Mapping, *, now: datetime, previous: Previous | None = None, tickets: Sequence[Reference] = ()
) -> dict[str, Any]:
    """Values for the fields of a `WorkItem`, by name, from a PullRequest or Issue node; `now`: when it was fetched.

    `tickets`: what it names of its project's tracker. `host` and `tracked_repository` are the caller's. Whatever the answer
    holds, the values can be stored and shown. Raises `Incomplete`.
    """
    identity = _identity(item)
    entries = entries_of(item)
    state = state_of(item, entries)
    author = part_of(item, "author")
    common = {
        **identity,
        "title": text_of(item.get("title"), 500) or identity["url"],
        "author_login": text_of(author.get("login"), 100),
        "author_node_id": _id(author.get("id")),
        "state": state,
        "updated_at": parse_time(item.get("updatedAt")),
        "closed_at": parse_time(item.get("closedAt")),
        "merged_at": parse_time(item.get("mergedAt")),
        "first_response_at": first_response_at(item, entries),
        "first_response_after": first_response_after(item, entries),
        "labels": labels_of(item),
        "linked": linked_of(item, tickets=tickets),
        "events": events_of(entries, landed=state == "landed"),
        "gone": "",
        "gone_at": None,
    }
    if identity["kind"] == "pull_request":
        return common | _of_pull_request(item, entries, state, previous or Previous(), now)
    turn = turn_of_issue(item, entries, state=state)
    return common | {
        "ready_at": None, "additions": None, "deletions": None, "changed_files": None,
        "comments": whole_of(part_of(item, "comments").get("totalCount")) or 0,
        "review_state": "", "ci": "", "conflicting": False, "behind": None, "first_of_author": None, "trailers": [],
        "disclosure": "", "turn": turn.who, "turn_since": turn.since, "turn_reason": turn.reason,
    }  # fmt: skip


def _identity(item: Mapping) -> dict[str, Any]:
    """What an item cannot be without. Raises `Incomplete`."""
    if not isinstance(item, dict):
        raise Incomplete("GitHub's answer is no item.")
    url = item.get("url")
    place = part_of(item, "repository").get("nameWithOwner")
    needed = {
        "type": KINDS.get(str(item.get("__typename"))),
        "createdAt": parse_time(item.get("createdAt")),
        "id": _id(item.get("id")),
        "url": text_of(url, 500) if is_web_address(url) else "",
        "number": whole_of(item.get("number")),
        "fullDatabaseId": whole_of(item.get("fullDatabaseId"), LARGEST_ID),
        "repository": text_of(place, LONGEST_PLACE) if isinstance(place, str) and len(place) <= LONGEST_PLACE else "",
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise Incomplete(f"GitHub's answer lacks {', '.join(missing)}.")
    return {
        "kind": needed["type"],
        "database_id": needed["fullDatabaseId"],
        "node_id": needed["id"],
        "repository": needed["repository"],
        "number": needed["number"],
        "url": needed["url"],
        "created_at": needed["createdAt"],
    }


def _of_pull_request(item: Mapping, entries: Sequence[Entry], state: str, previous: Previous, now: datetime) -> dict[str, Any]:
    ci = checks_of(item)
    conflict = conflicting_since(item, entries, previous, now)
    turn = turn_of_pull_request(item, entries, state=state, ci=ci, conflicting_since=conflict)
    return {
        "ready_at": ready_at(item, entries),
        "additions": whole_of(item.get("additions")),
        "deletions": whole_of(item.get("deletions")),
        "changed_files": whole_of(item.get("changedFiles")),
        "comments": whole_of(item.get("totalCommentsCount")) or 0,
        "review_state": review_state(item, entries),
        "ci": ci,
        "conflicting": conflict is not None,
        "behind": is_behind(item, entries, previous),
        "first_of_author": first_of_author(item, state=state),
        "trailers": trailers_of(item),
        "disclosure": disclosure_in(body_of(item)),
        "turn": turn.who,
        "turn_since": turn.since,
        "turn_reason": turn.reason,
    }


def events_of(entries: Sequence[Entry], *, landed: bool) -> list[dict]:
    """`{"at", "what", "by", "human"}` of each entry, times in UTC with Z. A closing that was a landing is told as such.

    Where something was called otherwise before (a title, a base, a repository) also `from` and, if there is one, `to`; who was
    asked for a review is in `to`.
    """
    last_closed = max((at for at, entry in enumerate(entries) if entry.what == "closed"), default=None)
    events = []
    for position, entry in enumerate(entries):
        what = "landed" if landed and position == last_closed else entry.what
        event: dict[str, Any] = {"at": moment(entry.at), "what": what, "by": entry.by, "human": entry.human}
        event |= {name: value for name, value in (("from", entry.before), ("to", entry.after)) if value}
        events.append(event)
    return events if len(events) <= MOST_EVENTS else events[: MOST_EVENTS // 2] + events[-MOST_EVENTS // 2 :]


def moment(at: datetime) -> str:
    """An aware time as ISO 8601 in UTC with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _id(value: Any) -> str:
    return text_of(value, LONGEST_ID) if isinstance(value, str) and len(value) <= LONGEST_ID else ""
