"""Paragraphs, lists and the like of a mail. One in which nothing is left for a person vanishes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .inlines import BREAK, Forms, Inline, Slot, Values, fill_all

_SPACES = re.compile(r" {2,}")


class Block(Protocol):
    def fill(self, values: Values) -> Forms: ...


def fill_blocks(blocks: Sequence[Block], values: Values, *, between: str = "\n\n") -> Forms:
    """All `blocks` that are not empty."""
    texts: list[str] = []
    htmls: list[str] = []
    for block in blocks:
        text, html = block.fill(values)
        if text:
            texts.append(text)
            htmls.append(html)
    return between.join(texts), "\n".join(htmls)


def _lines(parts: Sequence[Inline], values: Values) -> Forms:
    """The lines of `parts` without empty ones: a placeholder that is empty leaves no gap."""
    text, html = fill_all(parts, values)
    texts = [line for line in (_SPACES.sub(" ", line).strip() for line in text.split("\n")) if line]
    htmls = [line for line in (line.strip() for line in html.split(BREAK)) if line]
    return "\n".join(texts), BREAK.join(htmls)


@dataclass(frozen=True)
class Paragraph:
    """Text; `tag` is `p`, or `h2` and below for a heading, or empty for an item of a list that holds no more than a line."""

    parts: Sequence[Inline]
    tag: str = "p"

    def fill(self, values: Values) -> Forms:
        match self.parts:
            case [Slot(name)] if values[name].is_blocks:
                return values[name].text, values[name].html
        text, html = _lines(self.parts, values)
        return text, f"<{self.tag}>{html}</{self.tag}>" if self.tag else html


@dataclass(frozen=True)
class Listing:
    """A list. `start`: the number of the first item; None where they have none."""

    items: Sequence[Sequence[Block]]
    start: int | None

    def fill(self, values: Values) -> Forms:
        texts: list[str] = []
        htmls: list[str] = []
        for item in self.items:
            text, html = fill_blocks(item, values, between="\n")
            if not text:
                continue
            sign = "- " if self.start is None else f"{self.start + len(texts)}. "
            texts.append(sign + text.replace("\n", "\n" + " " * len(sign)))
            htmls.append(f"<li>{html}</li>")
        if not texts:
            return "", ""
        tag = "ul" if self.start is None else "ol"
        opening = f'<ol start="{self.start}">' if self.start is not None and self.start != 1 else f"<{tag}>"
        return "\n".join(texts), f"{opening}\n{'\n'.join(htmls)}\n</{tag}>"


@dataclass(frozen=True)
class Quote:
    blocks: Sequence[Block]

    def fill(self, values: Values) -> Forms:
        text, html = fill_blocks(self.blocks, values)
        quoted = "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
        return (quoted, f"<blockquote>\n{html}\n</blockquote>") if text else ("", "")


@dataclass(frozen=True)
class Code:
    """Lines that stay as they were typed."""

    parts: Sequence[Inline]

    def fill(self, values: Values) -> Forms:
        text, html = fill_all(self.parts, values)
        text = text.rstrip("\n")
        return (text, f"<pre><code>{html}</code></pre>") if text.strip() else ("", "")


class Rule:
    def fill(self, values: Values) -> Forms:
        return "-" * 20, "<hr>"
