"""Whom the commits of a pull request name: co-authors in trailers, by GitHub's own addresses, and authors of commits.

Private addresses of mail are compared with nothing: they are nobody's business, and prove nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .entries import key_of
from .plain import LARGEST_ID, nodes_of, part_of, text_of, whole_of
from .trailers import message_of, trailers_in

#: Trailers that name a person who wrote a part of it.
AUTHORING = {"Co-authored-by", "Co-developed-by"}
LOGIN = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})"
MOST = 30


@dataclass(frozen=True)
class Named:
    """A GitHub account by what is known of it: its node id, GitHub's number, or only its login in lower case."""

    node_id: str = ""
    database_id: int | None = None
    login: str = ""


def named_in(item: Mapping, *, host: str) -> list[Named]:
    """The accounts that a pull request's commits name beside its author, each once; `host` is GitHub's, as in `github.com`.

    `Co-authored-by: A <12345+login@users.noreply.github.com>` names number 12345 whatever the login is by now; an address of
    the older form `login@users.noreply.github.com` names the login. Any other address names nobody.
    """
    if item.get("__typename") != "PullRequest":
        return []
    found: dict[Named, None] = {}
    for part in ("commits", "timelineItems", "recent"):
        for node in nodes_of(item.get(part)):
            made_by = part_of(part_of(part_of(node, "commit"), "author"), "user")
            if node_id := text_of(made_by.get("id"), 100):
                found.setdefault(Named(node_id=node_id))
            for name, value in trailers_in(message_of(node)):
                named = _from_address(value, host) if name in AUTHORING else None
                if named:
                    found.setdefault(named)
    author = part_of(item, "author")
    own_login = text_of(author.get("login"), 100).lower()
    others = [each for each in found if each.node_id != key_of(author) or not each.node_id]
    return [each for each in others if not each.login or each.login != own_login][:MOST]


def _from_address(value: str, host: str) -> Named | None:
    found = re.search(
        rf"(?:^|[<\s])(?:([0-9]{{1,18}})\+)?({LOGIN})@users\.noreply\.{re.escape(host)}>?\s*$", value, re.IGNORECASE
    )
    if found is None:
        return None
    number = whole_of(found[1], LARGEST_ID)
    return Named(database_id=number) if number else Named(login=found[2].lower())
