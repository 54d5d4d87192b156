"""Markdown with `{placeholders}` into blocks, once for each text: what is left to do for a person is to fill them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from accounts.web_addresses import addresses_in

from .blocks import Block, Code, Listing, Paragraph, Quote, Rule
from .inlines import Break, Inline, Link, Literal, Marked, Slot

#: A brace for itself is typed twice.
BRACES = re.compile(r"\{\{|\}\}|\{(?P<name>[a-z][a-z0-9_]*)\}")


def _placeholder(state: StateInline, silent: bool) -> bool:
    match = BRACES.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        if match["name"]:
            state.push("placeholder", "", 0).content = match["name"]
        else:
            state.pending += match[0][0]
    state.pos = match.end()
    return True


def parser(*, strict: bool = False) -> MarkdownIt:
    """CommonMark without what surprises people who write a mail: an indented line is no code, and dashes below a line make it no
    heading. `strict` finds raw HTML and pictures as well, to refuse them."""
    made = MarkdownIt("commonmark", {"html": strict}).disable(["code", "lheading"])
    if not strict:
        made.disable("image")
    made.inline.ruler.before("escape", "placeholder", _placeholder)
    # Targets are looked at by `checks`, with the placeholders still in them.
    made.normalizeLink = lambda url: url  # type: ignore[method-assign]
    made.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
    made.validateLink = lambda url: True  # type: ignore[method-assign]
    return made


_parser = parser()


@dataclass(frozen=True)
class Letter:
    """A subject and a text, read and ready to be filled; `names` are the placeholders in them."""

    subject: Sequence[str | Slot]
    blocks: Sequence[Block]
    names: frozenset[str]


def split(text: str) -> list[str | Slot]:
    """Words and placeholders of a text that is no Markdown."""
    found: list[str | Slot] = []
    at = 0
    for match in BRACES.finditer(text):
        words = text[at : match.start()] + ("" if match["name"] else match[0][0])
        if words:
            found.append(words)
        if match["name"]:
            found.append(Slot(match["name"]))
        at = match.end()
    return [*found, text[at:]] if text[at:] else found


@lru_cache(maxsize=512)
def read(subject: str, body: str) -> Letter:
    """Subject and text, read. The same text is read once, however many people get it."""
    tokens = _parser.parse(body)
    names = {part.name for part in split(subject) if isinstance(part, Slot)}
    for token in tokens:
        names |= names_in(token)
    return Letter(split(subject), list(_blocks(iter(tokens), None)), frozenset(names))


def names_in(token: Token) -> set[str]:
    """The placeholders in a token and those below it."""
    if token.type == "placeholder":
        return {token.content}
    names = set()
    if token.type in ("code_inline", "fence"):
        names |= {part.name for part in split(token.content) if isinstance(part, Slot)}
    if token.type == "link_open":
        names |= {part.name for part in split(str(token.attrs["href"])) if isinstance(part, Slot)}
    for child in token.children or []:
        names |= names_in(child)
    return names


def _blocks(tokens: Iterator[Token], closing: str | None) -> Iterator[Block]:
    """The blocks up to the token `closing`."""
    tag = "p"
    for token in tokens:
        if token.type == closing:
            return
        match token.type:
            case "paragraph_open":
                # In a list whose items are lines, the paragraphs are not shown as such.
                tag = "" if token.hidden else "p"
            case "heading_open":
                tag = f"h{min(int(token.tag[1]) + 1, 6)}"
            case "inline":
                yield Paragraph(list(_linked(_inlines(token.children or []))), tag)
            case "bullet_list_open" | "ordered_list_open":
                ordered = token.type == "ordered_list_open"
                items = list(_items(tokens, token.type.replace("open", "close")))
                yield Listing(items, int(token.attrs.get("start", 1)) if ordered else None)
            case "blockquote_open":
                yield Quote(list(_blocks(tokens, "blockquote_close")))
            case "fence":
                yield Code([Literal(part) if isinstance(part, str) else part for part in split(token.content)])
            case "hr":
                yield Rule()


def _items(tokens: Iterator[Token], closing: str) -> Iterator[list[Block]]:
    for token in tokens:
        if token.type == closing:
            return
        if token.type == "list_item_open":
            yield list(_blocks(tokens, "list_item_close"))


def _inlines(tokens: Sequence[Token]) -> list[Inline]:
    """The parts of a line."""
    found: list[Inline] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.nesting == 1:
            end = _closing(tokens, at)
            inner = tokens[at + 1 : end]
            if token.type == "link_open":
                ends = end + 1 == len(tokens) or tokens[end + 1].type in ("softbreak", "hardbreak")
                found.append(Link(_label(token, inner), split(str(token.attrs["href"])), ends))
            else:
                found.append(Marked(token.tag, _inlines(inner)))
            at = end + 1
            continue
        match token.type:
            case "placeholder":
                found.append(Slot(token.content))
            case "softbreak" | "hardbreak":
                found.append(Break())
            case "code_inline":
                found.append(Marked("code", [Literal(part) if isinstance(part, str) else part for part in split(token.content)]))
            case _:
                found.append(Literal(token.content))
        at += 1
    return found


def _closing(tokens: Sequence[Token], at: int) -> int:
    """Where what opens at `at` closes."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += tokens[place].nesting
        if depth == 0:
            return place
    raise ValueError("A Markdown token does not close.")


def _label(token: Token, inner: Sequence[Token]) -> list[Inline]:
    if token.markup == "autolink":
        # The address was typed between angle brackets, and its placeholders are still words.
        return [Literal(part) if isinstance(part, str) else part for part in split(str(token.attrs["href"]))]
    return _inlines(inner)


def _linked(parts: list[Inline]) -> Iterator[Inline]:
    """As `parts`, with addresses that were typed into the words as links; one that goes on in a placeholder stays words."""
    for place, part in enumerate(parts):
        if not isinstance(part, Literal):
            yield part
            continue
        goes_on = place + 1 < len(parts) and isinstance(parts[place + 1], Slot)
        at = 0
        for start, address in addresses_in(part.text):
            end = start + len(address)
            if goes_on and not re.search(r"\s", part.text[end:]):
                break
            if start > at:
                yield Literal(part.text[at:start])
            yield Link([Literal(address)], [address], False)
            at = end
        if part.text[at:]:
            yield Literal(part.text[at:])
