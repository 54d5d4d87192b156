"""Parts of a line of a mail. Each knows itself as plain text and as HTML, given the values of one person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

from django.utils.translation import gettext as _

from .values import TemplateFailed, Value

Values = Mapping[str, Value]
#: The two forms of a part: plain text, HTML.
Forms = tuple[str, str]
#: A line's end inside a paragraph, in HTML. No value can hold it: values are escaped, and have one line each.
BREAK = "<br>\n"


class Inline(Protocol):
    def fill(self, values: Values) -> Forms: ...


def fill_all(parts: Iterable[Inline], values: Values) -> Forms:
    texts: list[str] = []
    htmls: list[str] = []
    for part in parts:
        text, html = part.fill(values)
        texts.append(text)
        htmls.append(html)
    return "".join(texts), "".join(htmls)


class Literal:
    """Words as they were typed."""

    def __init__(self, text: str) -> None:
        self.text, self.forms = text, (text, escape(text))

    def fill(self, values: Values) -> Forms:
        return self.forms


@dataclass(frozen=True)
class Slot:
    """A placeholder."""

    name: str

    def fill(self, values: Values) -> Forms:
        value = values[self.name]
        return value.text, value.html


class Break:
    """The end of a line inside a paragraph."""

    def fill(self, values: Values) -> Forms:
        return "\n", BREAK


@dataclass(frozen=True)
class Marked:
    """Words that stand out: `em`, `strong`, `code`. Plain text says nothing of it."""

    tag: str
    parts: Sequence[Inline]

    def fill(self, values: Values) -> Forms:
        text, html = fill_all(self.parts, values)
        return text, f"<{self.tag}>{html}</{self.tag}>" if text else ""


@dataclass(frozen=True)
class Link:
    """A link. `ends_line`: nothing comes after it; then plain text has the address after a colon, else in brackets."""

    parts: Sequence[Inline]
    #: Words and placeholders (`Slot`) that the address is made of.
    target: Sequence[str | Slot]
    ends_line: bool

    def fill(self, values: Values) -> Forms:
        text, html = fill_all(self.parts, values)
        address = self._address(values)
        if not address:
            return text, html
        shown = address.removeprefix("mailto:")
        label = text.strip()
        # A link inside a link is none: a placeholder that is an address itself stands as words here.
        words = escape(label or shown) if not label or "<a " in html else html
        opened = f'<a href="{escape(address)}">{words}</a>'
        if not label or label == shown:
            return shown, opened
        beside = f"{label.rstrip(':')}: {shown}" if self.ends_line else f"{label} ({shown})"
        return beside, opened

    def _address(self, values: Values) -> str:
        made = []
        for at, part in enumerate(self.target):
            if isinstance(part, str):
                made.append(part)
                continue
            value = values[part.name]
            if not value.trusted:
                raise TemplateFailed(_("{%(name)s} cannot be part of the target of a link.") % {"name": part.name})
            if not value.text:
                return ""
            if at == 0 and not value.address:
                raise TemplateFailed(_("A link cannot begin with {%(name)s}.") % {"name": part.name})
            whole = value.address if at == 0 else value.text if made == ["mailto:"] and value.address else value.in_address
            made.append(whole)
        return "".join(made)
