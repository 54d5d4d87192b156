"""What an item is linked with: issues that it closes, pull requests that close it, tickets of the project's tracker."""

import re
from collections.abc import Mapping, Sequence

from contributions.trackers.interface import Reference

from .entries import nodes_of

MOST = 20


def linked_of(item: Mapping, *, tickets: Sequence[Reference] = ()) -> list[dict]:
    """`{"url", "title", "number", "repository", "state"}` for each, in GitHub's order, then tickets; no address twice.

    `tickets`: what the item names of the tracker of its project. Their numbers are no issues of its own repository, though
    GitHub may take them for some.
    """
    own = (item.get("repository") or {}).get("nameWithOwner")
    numbers = {ticket.number for ticket in tickets}
    linked: dict[str, dict] = {}
    for part in ("closingIssuesReferences", "closedByPullRequestsReferences"):
        for node in nodes_of(item.get(part)):
            url = str(node.get("url") or "")
            place = str((node.get("repository") or {}).get("nameWithOwner") or "")
            is_ticket = part == "closingIssuesReferences" and place == own and node.get("number") in numbers
            if is_web_address(url) and not is_ticket and not _is_hidden(node, item):
                linked.setdefault(
                    url,
                    {
                        "url": url,
                        "title": str(node.get("title") or "")[:300],
                        "number": node.get("number"),
                        "repository": place,
                        "state": str(node.get("state") or "").lower(),
                    },
                )
    for ticket in tickets:
        linked.setdefault(
            ticket.url, {"url": ticket.url, "title": "", "number": ticket.number, "repository": ticket.repository, "state": ""}
        )
    return list(linked.values())[:MOST]


def is_web_address(url) -> bool:
    """Whether `url` can stand in a link: `javascript:` and its like never may, whoever says so."""
    return isinstance(url, str) and url.lower().startswith(("https://", "http://"))


def _is_hidden(node: Mapping, item: Mapping) -> bool:
    """Whether a linked item lies in another repository that is private: the site's token reads it, the reader perhaps not."""
    repository, own = node.get("repository") or {}, item.get("repository") or {}
    return bool(repository.get("isPrivate")) and repository.get("nameWithOwner") != own.get("nameWithOwner")


def labels_of(item: Mapping) -> list[dict]:
    """`{"name", "color"}` of each label; `color` is six hex digits without `#`."""
    return [
        {"name": str(node.get("name") or "")[:100], "color": _color(node.get("color"))}
        for node in nodes_of(item.get("labels"))
        if node.get("name")
    ]


def _color(value) -> str:
    return value.lower() if isinstance(value, str) and re.fullmatch(r"[0-9A-Fa-f]{6}", value) else ""
