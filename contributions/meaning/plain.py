"""Values of answers as they can be stored: nothing too long, too large, of another kind, or that a database refuses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from accounts.plain_line import without_turning

#: The largest number that a field of the database holds, small and large.
LARGEST = 2**31 - 1
LARGEST_ID = 2**63 - 1
#: Dates outside are somebody's broken clock; no page could show them in every time zone.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def text_of(value: Any, longest: int) -> str:
    """A text without what databases refuse (NUL, half a character) and what turns the page around it, cut at `longest`.

    Empty for what is no text.
    """
    if not isinstance(value, str):
        return ""
    value = value[:longest]
    if value.isascii() and "\0" not in value:
        return value
    return without_turning(value.replace("\0", "").encode("utf-8", "replace").decode())


def parse_time(value: Any) -> datetime | None:
    """A GraphQL `DateTime` as a datetime in UTC; None for anything else and for what no calendar page could show."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return None
        moment = moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if EARLIEST <= moment < LATEST else None


def whole_of(value: Any, largest: int = LARGEST) -> int | None:
    """A whole number from 0, also where GitHub gives it as text (`BigInt`); None for what is none or cannot be stored."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= largest else None


def part_of(item: Any, name: str) -> Mapping:
    """The object under this name; an empty one where there is none."""
    part = item.get(name) if isinstance(item, dict) else None
    return part if isinstance(part, dict) else {}


def nodes_of(connection: Any) -> list[Mapping]:
    """The nodes of a connection. GitHub leaves holes (null) where it could not resolve one."""
    nodes = connection.get("nodes") if isinstance(connection, dict) else None
    return [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
