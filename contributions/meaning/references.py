"""What an item is linked with: issues that it closes, pull requests that close it, tickets of the project's tracker."""

import re
from collections.abc import Mapping

from .entries import nodes_of

# Where a project keeps its tickets elsewhere, "#12345" in a title means a ticket, never an issue on GitHub.
IN_TITLE = re.compile(r"#([0-9]{1,9})\b")
IN_TEXT = re.compile(r"\bticket[-:# ]#?([0-9]{1,9})\b", re.IGNORECASE)
MOST = 20


def linked_of(item: Mapping, *, tracker_url: str = "") -> list[dict]:
    """`{"url", "title", "number", "repository", "state"}` for each, in GitHub's order, then tickets; no address twice.

    `tracker_url`: address of the tracker of the item's repository, or empty.
    """
    linked: dict[str, dict] = {}
    for part in ("closingIssuesReferences", "closedByPullRequestsReferences"):
        for node in nodes_of(item.get(part)):
            url = str(node.get("url") or "")
            if is_web_address(url) and not _is_hidden(node, item):
                linked.setdefault(
                    url,
                    {
                        "url": url,
                        "title": str(node.get("title") or "")[:300],
                        "number": node.get("number"),
                        "repository": str((node.get("repository") or {}).get("nameWithOwner") or ""),
                        "state": str(node.get("state") or "").lower(),
                    },
                )
    for number in ticket_numbers(item) if tracker_url else ():
        url = f"{tracker_url.rstrip('/')}/ticket/{number}"
        linked.setdefault(url, {"url": url, "title": "", "number": number, "repository": "", "state": ""})
    return list(linked.values())[:MOST]


def is_web_address(url) -> bool:
    """Whether `url` can stand in a link: `javascript:` and its like never may, whoever says so."""
    return isinstance(url, str) and url.lower().startswith(("https://", "http://"))


def _is_hidden(node: Mapping, item: Mapping) -> bool:
    """Whether a linked item lies in another repository that is private: the site's token reads it, the reader perhaps not."""
    repository, own = node.get("repository") or {}, item.get("repository") or {}
    return bool(repository.get("isPrivate")) and repository.get("nameWithOwner") != own.get("nameWithOwner")


def ticket_numbers(item: Mapping) -> list[int]:
    """Tickets that a title ("Fixed #12345 -- …") or a text ("ticket-12345") names, each once, in order."""
    found = IN_TITLE.findall(str(item.get("title") or "")) + IN_TEXT.findall(str(item.get("bodyText") or item.get("body") or ""))
    return list(dict.fromkeys(int(number) for number in found if int(number)))


def labels_of(item: Mapping) -> list[dict]:
    """`{"name", "color"}` of each label; `color` is six hex digits without `#`."""
    return [
        {"name": str(node.get("name") or "")[:100], "color": _color(node.get("color"))}
        for node in nodes_of(item.get("labels"))
        if node.get("name")
    ]


def _color(value) -> str:
    return value.lower() if isinstance(value, str) and re.fullmatch(r"[0-9A-Fa-f]{6}", value) else ""
