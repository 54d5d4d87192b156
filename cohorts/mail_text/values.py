"""What fills a placeholder, made harmless: no value can become markup, a link or a line of its own."""

import re
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from django.utils.translation import gettext as _

from accounts.plain_line import plain_line
from cohorts.message_kinds.kind import Placeholder

_ADDRESS = re.compile(r"https?://[^\s<>\"'`{}|\\^]+", re.IGNORECASE)
_MAIL_ADDRESS = re.compile(r"[^\s<>()\"',;:@\\{}?&#%]+@[^\s<>()\"',;:@\\{}?&#%]+")
#: What mail programs turn into links by themselves in plain text: names of hosts, and what stands between the parts of an address. Beside
#: a dot may stand what nobody sees, which addresses pass over.
_HOST_DOT = re.compile(r"(?<=\S)([.．。｡․﹒])(?=\S)")
_SCHEME = re.compile(r"(?<=[A-Za-z]):(?=\S)")
#: The marks for one place of a line written from right to left: harmless in a language, and nothing that a name needs.
_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c"))


class TemplateFailed(Exception):
    """A mail that cannot be written for this person. The text says why, for organisers."""


@dataclass(frozen=True, slots=True)
class Value:
    """What fills one placeholder of one mail: as plain text, as HTML, and where a link leads there or has it as a part."""

    text: str
    html: str
    #: The whole address that it is; empty where it is none.
    address: str
    trusted: bool
    #: Whole paragraphs and lists, which no paragraph goes around.
    is_blocks: bool = False

    @property
    def in_address(self) -> str:
        """As a part of another address."""
        return quote(self.text, safe="")


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole paragraphs and lists for a placeholder of the shape “blocks”: as plain text, and as HTML that cannot hurt anybody."""

    text: str
    html: str


def value_of(placeholder: Placeholder, given: object) -> Value:
    """`given` as it stands in a mail: text, a number, for `lines` several, for `blocks` a `Passage`. Raises `TemplateFailed` where it
    cannot stand there."""
    if given is None:
        raise TemplateFailed(_("Nothing is known for %(name)s.") % {"name": placeholder.written})
    if isinstance(given, Passage):
        value = Value(given.text, given.html, "", placeholder.trusted, is_blocks=True)
    elif placeholder.shape == "lines":
        lines = [_harmless(one, placeholder) for one in (given if isinstance(given, list | tuple) else str(given).splitlines())]
        lines = [line for line in lines if line]
        value = Value("\n".join(lines), "<br>\n".join(_marked(line, placeholder) for line in lines), "", placeholder.trusted)
    elif placeholder.shape in ("text", "blocks"):
        line = _harmless(given, placeholder)
        value = Value(line, _marked(line, placeholder), "", placeholder.trusted)
    else:
        value = _address(placeholder, str(given).strip())
    if not value.text and not placeholder.may_be_empty:
        raise TemplateFailed(_("%(name)s is empty for this person.") % {"name": placeholder.written})
    return value


def _address(placeholder: Placeholder, text: str) -> Value:
    if not text:
        return Value("", "", "", placeholder.trusted)
    pattern = _ADDRESS if placeholder.shape == "url" else _MAIL_ADDRESS
    if not pattern.fullmatch(text) or _line(text) != text:
        raise TemplateFailed(_("%(name)s is no address for this person.") % {"name": placeholder.written})
    address = text if placeholder.shape == "url" else f"mailto:{text}"
    return Value(text, f'<a href="{escape(address)}">{escape(text)}</a>', address, placeholder.trusted)


def _harmless(given: object, placeholder: Placeholder) -> str:
    """One line without what nobody sees; what strangers wrote also without what mail programs would make a link of."""
    line = _line(str(given))
    if placeholder.trusted:
        return line
    line = line.translate(_MARKS)
    while "//" in line:
        line = line.replace("//", "/ /")
    return _SCHEME.sub(": ", _HOST_DOT.sub(r"\1 ", line))


def _line(text: str) -> str:
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    # Half a character, which no mail can hold.
    return plain_line("".join(part for part in line if not "\ud800" <= part <= "\udfff"))


def _marked(line: str, placeholder: Placeholder) -> str:
    """As HTML; what strangers wrote keeps its direction to itself."""
    if placeholder.names_addresses and placeholder.trusted:
        return _with_mail_links(line)
    return escape(line) if placeholder.trusted or not line else f"<bdi>{escape(line)}</bdi>"


def _with_mail_links(line: str) -> str:
    parts, at = [], 0
    for found in _MAIL_ADDRESS.finditer(line):
        # The full stop behind it ends the sentence.
        address = found[0].rstrip(".!?")
        parts += [escape(line[at : found.start()]), f'<a href="{escape(f"mailto:{address}")}">{escape(address)}</a>']
        at = found.start() + len(address)
    return "".join([*parts, escape(line[at:])])
