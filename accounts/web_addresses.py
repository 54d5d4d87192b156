"""Addresses that people or other servers wrote, before they become a link."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
#: What ends a sentence behind an address is not part of it.
_SENTENCE_ENDS = ".,;:!?'’”»*_"


def web_address(url: object) -> str:
    """The address, where it is a plain one of the web; else an empty text.

    Refused: other schemes (`javascript:`), no host, a name before the host (`https://github.com@evil.example`), blanks and
    control characters.
    """
    text = str(url or "").strip()
    if not text or _BLANK.search(text):
        return ""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or "\\" in text:
        return ""
    return text


def addresses_in(text: str) -> Iterator[tuple[int, str]]:
    """The addresses in running text, each with the place at which it begins and without the signs of the sentence around it."""
    for found in _ADDRESS.finditer(text):
        address = _trimmed(found[0])
        if web_address(address):
            yield found.start(), address


def _trimmed(address: str) -> str:
    """An address without the signs of the sentence around it; a bracket stays where it was opened inside."""
    open_inside = {")": address.count("(") - address.count(")"), "]": address.count("[") - address.count("]")}
    end = len(address)
    while end:
        last = address[end - 1]
        if last in open_inside and open_inside[last] < 0:
            open_inside[last] += 1
        elif last not in _SENTENCE_ENDS:
            break
        end -= 1
    return address[:end]
