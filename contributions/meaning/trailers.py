"""Commit trailers in which people say who, or what, helped. Shown as disclosed; nothing is ever guessed or judged."""

import re
from collections.abc import Mapping

from .plain import nodes_of, part_of, text_of

DISCLOSING = {
    "co-authored-by": "Co-authored-by",
    "assisted-by": "Assisted-by",
    "ai-assisted-by": "AI-assisted-by",
    "generated-by": "Generated-by",
    "co-developed-by": "Co-developed-by",
    "helped-by": "Helped-by",
}
LINE = re.compile(r"^([A-Za-z][A-Za-z-]{2,30}):[ \t]+(\S.*)$")
EMAIL = re.compile(r"\s*<[^<>]*>|\S+@\S+")
MOST = 20
LONGEST_MESSAGE = 20_000


def trailers_of(item: Mapping) -> list[str]:
    """Trailers such as `Assisted-by: Some Tool` of a pull request's commits, each once, without email addresses."""
    found: dict[str, str] = {}
    for node in nodes_of(item.get("commits")):
        for name, value in trailers_in(message_of(node)):
            value = EMAIL.sub("", value).strip()[:150]
            if not value:
                continue
            line = f"{name}: {value}"
            found.setdefault(line.lower(), line)
    return list(found.values())[:MOST]


def message_of(node: Mapping) -> str:
    """The message of a commit of a pull request."""
    return text_of(part_of(node, "commit").get("message"), LONGEST_MESSAGE)


def trailers_in(message: str) -> list[tuple[str, str]]:
    """`(name, value)` of the disclosing trailers, as they are written, with addresses: not to be shown as they are.

    They stand in the last paragraph, as git reads them; a first paragraph is the subject and holds none.
    """
    paragraphs = re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip())
    if len(paragraphs) < 2:
        return []
    found = []
    for text in paragraphs[-1].splitlines():
        line = LINE.match(text.strip())
        name = DISCLOSING.get(line[1].lower()) if line else None
        if line and name:
            found.append((name, line[2]))
    return found
