"""Addresses that people or other servers wrote, before they become a link."""

import re
from urllib.parse import urlsplit

_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")


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
