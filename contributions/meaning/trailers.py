"""Commit trailers in which people say who, or what, helped. Shown as disclosed; nothing is ever guessed or judged."""

import re
from collections.abc import Mapping

from .entries import nodes_of

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


def trailers_of(item: Mapping) -> list[str]:
    """Trailers such as `Assisted-by: Some Tool` of a pull request's commits, each once, without email addresses."""
    found: dict[str, str] = {}
    for node in nodes_of(item.get("commits")):
        commit = node.get("commit")
        for name, value in _trailers(str(commit.get("message") or "")) if isinstance(commit, Mapping) else ():
            line = f"{name}: {value}"
            found.setdefault(line.lower(), line)
    return list(found.values())[:MOST]


def _trailers(message: str) -> list[tuple[str, str]]:
    """Those of the last paragraph, as git reads them; a first paragraph is the subject and holds none."""
    paragraphs = re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip())
    if len(paragraphs) < 2:
        return []
    found = []
    for text in paragraphs[-1].splitlines():
        line = LINE.match(text.strip())
        name = DISCLOSING.get(line[1].lower()) if line else None
        if line and name:
            value = EMAIL.sub("", line[2]).strip()[:150]
            if value:
                found.append((name, value))
    return found
