"""What an item is linked with: issues that it closes, pull requests that close it, tickets of the project's tracker."""

import re
from collections.abc import Mapping, Sequence

from contributions.trackers.interface import Reference

from .plain import LARGEST, nodes_of, part_of, text_of, whole_of

MOST = 20
LONGEST_URL = 500
LONGEST_BODY = 100_000
#: Templates explain themselves in comments, which nobody sees. One that is never closed hides all that follows.
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def body_of(item: Mapping) -> str:
    """The description of an item as people see it: without the comments of a template."""
    text = text_of(item.get("bodyText"), LONGEST_BODY) or text_of(item.get("body"), LONGEST_BODY)
    return COMMENT.sub("", text)


def linked_of(item: Mapping, *, tickets: Sequence[Reference] = ()) -> list[dict]:
    """`{"url", "title", "number", "repository", "state"}` for each, in GitHub's order, then tickets; no address twice.

    `tickets`: what the item names of the tracker of its project. Their numbers are no issues of its own repository, though
    GitHub may take them for some.
    """
    own = part_of(item, "repository").get("nameWithOwner")
    numbers = {ticket.number for ticket in tickets}
    linked: dict[str, dict] = {}
    for part in ("closingIssuesReferences", "closedByPullRequestsReferences"):
        for node in nodes_of(item.get(part)):
            url = text_of(node.get("url"), LONGEST_URL)
            place = text_of(part_of(node, "repository").get("nameWithOwner"), 200)
            number = whole_of(node.get("number"), LARGEST)
            is_ticket = part == "closingIssuesReferences" and place == own and number in numbers
            if is_web_address(url) and not is_ticket and not _is_hidden(node, item):
                linked.setdefault(
                    url,
                    {
                        "url": url,
                        "title": text_of(node.get("title"), 300),
                        "number": number,
                        "repository": place,
                        "state": text_of(node.get("state"), 20).lower(),
                    },
                )
    for ticket in tickets:
        linked.setdefault(
            ticket.url, {"url": ticket.url, "title": "", "number": ticket.number, "repository": ticket.repository, "state": ""}
        )
    return list(linked.values())[:MOST]


def is_web_address(url) -> bool:
    """Whether `url` can stand in a link: `javascript:` and its like never may, whoever says so."""
    return isinstance(url, str) and len(url) <= LONGEST_URL and url.lower().startswith(("https://", "http://"))


def _is_hidden(node: Mapping, item: Mapping) -> bool:
    """Whether a linked item lies in another repository that is private: the site's token reads it, the reader perhaps not."""
    repository, own = part_of(node, "repository"), part_of(item, "repository")
    return bool(repository.get("isPrivate")) and repository.get("nameWithOwner") != own.get("nameWithOwner")


def labels_of(item: Mapping) -> list[dict]:
    """`{"name", "color"}` of each label; `color` is six hex digits without `#`."""
    return [
        {"name": name, "color": _color(node.get("color"))}
        for node in nodes_of(item.get("labels"))
        if (name := text_of(node.get("name"), 100))
    ]


def _color(value) -> str:
    return value.lower() if isinstance(value, str) and re.fullmatch(r"[0-9A-Fa-f]{6}", value) else ""
