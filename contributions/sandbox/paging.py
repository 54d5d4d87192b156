"""Node ids in GitHub's style, and pages of connections."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

#: What GitHub's ids of accounts and events begin with.
PREFIXES = {
    "User": "U",
    "Bot": "BOT",
    "Mannequin": "M",
    "Organization": "O",
    "BaseRefChangedEvent": "BRCE",
    "ClosedEvent": "CE",
    "ConvertedToDiscussionEvent": "CTDIE",
    "ConvertToDraftEvent": "CTDE",
    "HeadRefForcePushedEvent": "HRFPE",
    "IssueComment": "IC",
    "LockedEvent": "LOE",
    "MergedEvent": "ME",
    "PullRequestCommit": "PURC",
    "PullRequestReview": "PRR",
    "ReadyForReviewEvent": "RFRE",
    "RenamedTitleEvent": "RTE",
    "ReopenedEvent": "REE",
    "ReviewDismissedEvent": "RDE",
    "ReviewRequestedEvent": "RRE",
    "TransferredEvent": "TE",
    "UnlockedEvent": "UNLOE",
}


def node_id(prefix: str, *numbers: int) -> str:
    """GitHub's new global ids: a short type, then the database ids as MessagePack in base64."""
    packed = bytes([0x91 + len(numbers), 0]) + b"".join(b"\xce" + number.to_bytes(4) for number in numbers)
    return f"{prefix}_{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


@dataclass(frozen=True)
class PageInfo:
    start_cursor: str | None
    end_cursor: str | None
    has_next_page: bool
    has_previous_page: bool


@dataclass(frozen=True)
class Page:
    """A connection: one page of nodes."""

    nodes: Sequence[Any]
    total_count: int
    page_info: PageInfo


def page(
    everything: Sequence[Any],
    *,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    key: Callable[[Any], str] | None = None,
) -> Page:
    """The asked part of `everything`.

    A cursor is a position, unless `key` names each node by a string. Then a cursor holds the name of the node it points
    to, so that pages stay right while others are added; `everything` must be in ascending or descending order of it.
    """
    start, end = 0, len(everything)
    if after is not None:
        pointer = _decode(after)
        start = _position_after(everything, pointer, key) if key else int(pointer) + 1 if pointer.isdigit() else _bad(after)
    if first is not None:
        end = min(end, start + first)
    if last is not None:
        start = max(start, end - last)
    nodes = everything[start:end]
    return Page(
        nodes,
        len(everything),
        PageInfo(
            start_cursor=_encode(key(nodes[0]) if key else str(start)) if nodes else None,
            end_cursor=_encode(key(nodes[-1]) if key else str(end - 1)) if nodes else None,
            has_next_page=end < len(everything),
            has_previous_page=start > 0,
        ),
    )


def _position_after(everything: Sequence[Any], pointer: str, key: Callable[[Any], str]) -> int:
    if not everything:
        return 0
    ascending = key(everything[0]) <= key(everything[-1])
    for position, node in enumerate(everything):
        name = key(node)
        if (name > pointer) if ascending else (name < pointer):
            return position
    return len(everything)


def _encode(pointer: str) -> str:
    return base64.b64encode(f"cursor:v2:{pointer}".encode()).decode()


def _decode(cursor: str) -> str:
    try:
        text = base64.b64decode(cursor, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        _bad(cursor)
    if not text.startswith("cursor:v2:"):
        _bad(cursor)
    return text.removeprefix("cursor:v2:")


def _bad(cursor: str) -> Any:
    raise GraphQLError(f"`{cursor}` does not appear to be a valid cursor.", extensions={"type": "INVALID_CURSOR_ARGUMENTS"})
