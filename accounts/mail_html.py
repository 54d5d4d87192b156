"""The HTML part of a mail: the text that was written, in one calm layout."""

import re
from typing import Protocol

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info

from .web_addresses import addresses_in

_BULLET = re.compile(r"[-*•][ \t]+(?=\S)")
_NUMBER = re.compile(r"(\d{1,3})[.)][ \t]+(?=\S)")
_RULE = re.compile(r"-{2,}|_{3,}|={3,}")


class Mail(Protocol):
    """Anything that is a mail or becomes one: a message, and what is about to be written as one."""

    @property
    def subject(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def language(self) -> str: ...


def html_of(message: Mail) -> str:
    """The whole HTML document of `message`: its own HTML where it has some, else made from its text."""
    language = message.language or settings.LANGUAGE_CODE
    try:
        direction = "rtl" if get_language_info(language)["bidi"] else "ltr"
    except KeyError:
        direction = "auto"
    content = mark_safe(message.html) if message.html else html_from_text(message.body)  # noqa: S308 (who writes a message's HTML has cleaned it)
    return render_to_string(
        "emails/layout.html",
        {
            "subject": message.subject,
            "content": content,
            "language": language,
            "direction": direction,
            "site_name": settings.SITE_NAME,
            "site_url": settings.SITE_URL,
        },
    )


def html_from_text(text: str) -> SafeString:
    """Plain text as HTML: paragraphs, lists and links to pages of the web; everything else is shown as it was typed."""
    parts: list[str] = []
    for paragraph in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip("\n")):
        parts.extend(_blocks([line.strip() for line in paragraph.split("\n") if line.strip()]))
    return mark_safe("\n".join(parts))  # noqa: S308 (each part is escaped)


def _blocks(lines: list[str]) -> list[str]:
    """The lines of a paragraph: text, and lists where some begin as such."""
    blocks: list[str] = []
    at = 0
    while at < len(lines):
        begin, kind = at, _kind_of(lines[at])
        while at < len(lines) and _kind_of(lines[at]) == kind:
            at += 1
        blocks.append(_block(kind, lines[begin:at]))
    return blocks


def _kind_of(line: str) -> str:
    if _RULE.fullmatch(line):
        return "rule"
    if _BULLET.match(line):
        return "bullets"
    return "numbers" if _NUMBER.match(line) else "text"


def _block(kind: str, lines: list[str]) -> str:
    if kind == "rule":
        return "<hr>"
    if kind == "text":
        return f"<p>{'<br>\n'.join(_linked(line) for line in lines)}</p>"
    if kind == "bullets":
        items = "\n".join(f"<li>{_linked(_BULLET.sub('', line, count=1))}</li>" for line in lines)
        return f"<ul>\n{items}\n</ul>"
    # A number alone is kept as it was typed: “2026. That was a year.” is no list that begins at 2026.
    first = _NUMBER.match(lines[0])
    items = "\n".join(f"<li>{_linked(_NUMBER.sub('', line, count=1))}</li>" for line in lines)
    if len(lines) < 2 or first is None or first[1] != "1":
        return f"<p>{'<br>\n'.join(_linked(line) for line in lines)}</p>"
    return f"<ol>\n{items}\n</ol>"


def _linked(line: str) -> str:
    parts, at = [], 0
    for start, address in addresses_in(line):
        parts += [escape(line[at:start]), f'<a href="{escape(address)}">{escape(address)}</a>']
        at = start + len(address)
    parts.append(escape(line[at:]))
    return "".join(parts)
