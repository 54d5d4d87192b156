"""Which files the site takes, and under which names it keeps them. Pure: bytes and names in, a judgement out.

A kind is believed only where the ending of the name and the content both say so; what the browser says it is counts for nothing.
Left out on purpose: SVG and HTML (programs in a page's clothes) and office documents (macros, and parts fetched from elsewhere).
"""

import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MEGABYTE = 1024 * 1024
#: In megabytes: where a question says nothing, and whatever it says.
USUAL_SIZE, LARGEST_SIZE = 5, 10

#: Characters of a stored name, and its bytes: most file systems end at 255 of these.
LONGEST_NAME, MOST_BYTES_IN_NAME = 120, 240

#: Kept, although they cannot be seen: without them words of Persian or of Indian languages fall apart.
_JOINERS = "\u200c\u200d"
#: No name on Windows may hold them.
_RESERVED_CHARACTERS = dict.fromkeys(map(ord, '<>:"|?*'), "-")
#: Devices on Windows, with whatever ending.
_RESERVED_NAMES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}

#: How a page begins that browsers take for one: an honest text does not.
_MARKUP = (b"<!doctype", b"<html", b"<head", b"<body", b"<script", b"<iframe", b"<svg", b"<style", b"<?xml", b"<?php", b"#!")


@dataclass(frozen=True)
class FileKind:
    """A kind of file: how it is served, the ending that its name gets, and its word for people."""

    content_type: str
    ending: str
    word: str


PDF = FileKind("application/pdf", ".pdf", "PDF")
PNG = FileKind("image/png", ".png", "PNG")
JPEG = FileKind("image/jpeg", ".jpg", "JPEG")
TEXT = FileKind("text/plain", ".txt", "TXT")
MARKDOWN = FileKind("text/markdown", ".md", "Markdown")

KINDS = {".pdf": PDF, ".png": PNG, ".jpg": JPEG, ".jpeg": JPEG, ".txt": TEXT, ".md": MARKDOWN, ".markdown": MARKDOWN}
BY_CONTENT_TYPE = {kind.content_type: kind for kind in KINDS.values()}
#: For the `accept` of a file's field: a help while choosing, not a rule.
ACCEPT = ",".join(KINDS)


def allowed_kinds() -> str:
    """The kinds in words, for help and errors."""
    return _("PDF, PNG, JPEG, plain text or Markdown")


def largest_megabytes(asked: Decimal | None) -> Decimal:
    """The most megabytes that a file may have where its question says `asked`, or nothing."""
    return min(Decimal(USUAL_SIZE) if asked is None else asked, Decimal(LARGEST_SIZE))


def largest_size(asked: Decimal | None) -> int:
    """The same in bytes."""
    return int(largest_megabytes(asked) * MEGABYTE)


def word_of(content_type: str) -> str:
    """The word for people of a stored kind; empty for one that the site no longer knows."""
    kind = BY_CONTENT_TYPE.get(content_type)
    return kind.word if kind else ""


def kind_of(name: str, content: bytes) -> FileKind:
    """The kind of a file by the ending of its `name` and by all of its `content`.

    Raises `ValidationError` for an empty one, for one of another kind, and for one that is not what its name says.
    """
    if not content:
        raise ValidationError(_("This file is empty. Choose another one."), code="empty")
    kind = KINDS.get(_ending(name))
    if kind is None:
        raise ValidationError(
            _("Files of this kind are not taken. Save it as PDF and add that, or choose one of these: %(kinds)s."),
            code="kind",
            params={"kinds": allowed_kinds()},
        )
    if kind in (TEXT, MARKDOWN):
        _check_text(content)
    elif not _LOOKS_LIKE[kind](content):
        raise ValidationError(
            _(
                "The name of this file ends with “%(ending)s”, but there is something else in it. Open it, save it anew, then add that."
            ),
            code="disguised",
            params={"ending": _ending(name)},
        )
    return kind


def _is_png(content: bytes) -> bool:
    return content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR"


_LOOKS_LIKE = {
    PDF: lambda content: content.startswith(b"%PDF-"),
    PNG: _is_png,
    JPEG: lambda content: content.startswith(b"\xff\xd8\xff"),
}


def _check_text(content: bytes) -> None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as no_text:
        raise ValidationError(
            _("This file is not plain text in UTF-8. Open it, save it as text in UTF-8, then add that."), code="encoding"
        ) from no_text
    if not text.strip():
        raise ValidationError(_("This file is empty. Choose another one."), code="empty")
    if any(ord(character) < 32 and character not in "\t\n\r\f" for character in text):
        raise ValidationError(
            _("The name of this file says plain text, but there is something else in it. Add it as PDF."), code="disguised"
        )
    if text.lstrip()[:20].encode().lower().startswith(_MARKUP):
        raise ValidationError(
            _("This file is a web page or a program, not plain text. Save it as PDF, then add that."), code="disguised"
        )


def _ending(name: str) -> str:
    return PurePosixPath(_visible(name)).suffix.lower()


def _visible(name: str) -> str:
    """The last part of a path of any system, without controls and without marks that make a name read otherwise than it is."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    seen = (
        " " if unicodedata.category(character) in ("Zs", "Zl", "Zp") else character
        for character in last
        if character in _JOINERS or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    return " ".join("".join(seen).split()).rstrip(". ")


def clean_name(name: str, kind: FileKind) -> str:
    """A name under which `name` can be kept, shown and saved on any system; its ending is that of `kind`."""
    stem = PurePosixPath(_visible(name)).stem.translate(_RESERVED_CHARACTERS).strip(". -_" + _JOINERS)
    if stem.split(".")[0].strip().lower() in _RESERVED_NAMES:
        stem = " ".join([_("file"), stem])
    stem = stem[: LONGEST_NAME - len(kind.ending)]
    while len(stem.encode()) > MOST_BYTES_IN_NAME:
        stem = stem[:-1]
    return (stem.rstrip(". ") or str(_("file"))) + kind.ending
