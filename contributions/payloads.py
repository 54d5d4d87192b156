"""What is taken from a webhook delivery: which item, or whose items, it is about. Nothing in it is taken for granted."""

import json
import time
from typing import Any, NamedTuple

from contributions.trackers.interface import LARGEST_NUMBER

#: An event about a whole repository, or a commit that many branches hold, asks for no more items than this.
MOST_ITEMS = 50
#: Repositories that one event names.
MOST_PLACES = 100

PULL_REQUEST_EVENTS = {"pull_request", "pull_request_review"}
ITEM_EVENTS = {"issues", "issue_comment", *PULL_REQUEST_EVENTS}
CHECK_EVENTS = {"check_suite", "status"}
#: About all items of a repository, an organisation, or of what a GitHub App was given or loses.
PLACE_EVENTS = {"repository", "organization", "installation", "installation_repositories"}
EVENTS = {*ITEM_EVENTS, *CHECK_EVENTS, *PLACE_EVENTS, "ping"}

#: An organisation tells of its people as well, which changes nothing here.
ORGANISATION_ACTIONS = {"renamed", "deleted"}


class Delivery(NamedTuple):
    """A delivery whose signature was right, as far as it matters here.

    `node_id` of the issue or pull request; `numbers` of items in `repository`, since GitHub has two forms of node ids.
    `places`: repositories all of whose items are meant, and owners (with a slash at the end) of repositories. `sender`: the
    node id of who did it. `at`: when it came, in seconds since 1970.
    """

    guid: str
    event: str
    node_id: str = ""
    repository: str = ""
    numbers: tuple[int, ...] = ()
    places: tuple[str, ...] = ()
    sender: str = ""
    at: float | None = None

    @property
    def is_about_items(self) -> bool:
        """Whether it names its items; else all of a repository, or some of it, may be meant."""
        return self.event in ITEM_EVENTS or bool(self.numbers)

    def to_line(self) -> bytes:
        """One line of JSON, which `from_line` reads."""
        return b"%b\n" % json.dumps([*self[:-1], self.at or time.time()]).encode()

    @classmethod
    def from_line(cls, line: bytes) -> "Delivery":
        """Raises `ValueError` or `TypeError` for what `to_line` has not written."""
        guid, event, node_id, repository, numbers, places, sender, at = json.loads(line)
        return cls(guid, event, node_id, repository, tuple(numbers), tuple(places), sender, float(at))


def read_delivery(guid: str, event: str, payload: dict[str, Any]) -> Delivery:
    """What a payload, of any shape, says about items."""
    repository = _text(payload, "repository", "full_name")
    if event in ITEM_EVENTS:
        part = "pull_request" if event in PULL_REQUEST_EVENTS else "issue"
        # A comment on a pull request comes with an `issue` of its number.
        return Delivery(guid, event, _text(payload, part, "node_id")[:200], repository, _numbers([payload.get(part)]))
    if event in CHECK_EVENTS:
        suite = payload.get("check_suite") if event == "check_suite" else None
        pulls = suite.get("pull_requests") if isinstance(suite, dict) else None
        return Delivery(guid, event, "", repository, _numbers(pulls), (), _text(payload, "sender", "node_id"))
    return Delivery(guid, event, "", repository, (), tuple(dict.fromkeys(_places(event, repository, payload)))[:MOST_PLACES])


def _numbers(items: Any) -> tuple[int, ...]:
    found = [item.get("number") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return tuple(number for number in found if type(number) is int and 0 < number <= LARGEST_NUMBER)[:MOST_ITEMS]


def _places(event: str, repository: str, payload: dict[str, Any]) -> list[str]:
    if event == "repository" and repository:
        # What it was called before it was renamed, or given to somebody else.
        owner, _slash, name = repository.partition("/")
        before = _text(payload, "changes", "repository", "name", "from")
        owners = [_text(payload, "changes", "owner", "from", kind, "login") for kind in ("user", "organization")]
        return [repository, *[f"{owner}/{before}"] * bool(before), *(f"{each}/{name}" for each in owners if each)]
    if event == "organization" and payload.get("action") in ORGANISATION_ACTIONS:
        logins = _text(payload, "organization", "login"), _text(payload, "changes", "login", "from")
        return [f"{login}/" for login in logins if login]
    if event == "installation":
        owner = _text(payload, "installation", "account", "login")
        return _names(payload.get("repositories")) or [f"{owner}/"] * bool(owner)
    if event == "installation_repositories":
        return _names(payload.get("repositories_added")) + _names(payload.get("repositories_removed"))
    return []


def _names(repositories: Any) -> list[str]:
    rows = [each for each in repositories if isinstance(each, dict)] if isinstance(repositories, list) else []
    return [name for each in rows if (name := _text(each, "full_name"))]


def _text(payload: dict[str, Any], *path: str) -> str:
    value: Any = payload
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    # What no database takes (NUL, halves of characters) is in no name that we know either.
    return value[:300] if isinstance(value, str) and value.isascii() and value.isprintable() else ""
