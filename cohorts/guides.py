"""The guides of the help: one for each part that people have, written in `docs/guides/` and read from there.

A file is Markdown: a title (`# …`), a line that says whom it is for, then sections (`## …`). `it/member.md` is the Italian one of
`member.md`; where there is none, people read the English one.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.text import slugify

from accounts.markdown import render_markdown

from .models import Application, Membership, SessionRole, Volunteer

FOLDER = Path(settings.BASE_DIR) / "docs" / "guides"
#: In the order in which people come to need them.
SLUGS = ("applicant", "reviewer", "volunteer", "member", "navigator", "captain", "organiser", "storyteller")


@dataclass(frozen=True)
class Section:
    title: str
    anchor: str
    html: SafeString


@dataclass(frozen=True)
class Guide:
    slug: str
    language: str
    title: str
    summary: str
    html: SafeString
    sections: tuple[Section, ...]


def guide(slug: str, language: str) -> Guide | None:
    """The guide of that name in a language (“pt-br”, “pt” or, last, English); None where there is none of that name."""
    if slug not in SLUGS:
        return None
    for tongue in (language, language.partition("-")[0], "en"):
        path = FOLDER / f"{slug}.md" if tongue == "en" else FOLDER / tongue / f"{slug}.md"
        if path.is_file():
            return _read(path, path.stat().st_mtime_ns, slug, tongue)
    return None


def guides(language: str) -> list[Guide]:
    """All guides, in their order."""
    return [found for slug in SLUGS if (found := guide(slug, language)) is not None]


def slugs_for(user) -> set[str]:
    """The guides that are about what `user` does here, or has done. Four queries."""
    if not user.is_authenticated:
        return set()
    places = set(Membership.objects.visible_to(user).filter(user=user).values_list("role", flat=True).distinct())
    roles = set(SessionRole.objects.filter(user=user).values_list("role", flat=True).distinct())
    found = places | roles
    if found & {"navigator", "organiser"}:
        found.add("reviewer")
    if Application.objects.filter(applicant=user).exists():
        found.add("applicant")
    if Volunteer.objects.visible_to(user).filter(user=user).exists():
        found.add("volunteer")
    return found & set(SLUGS)


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int, slug: str, language: str) -> Guide:
    """A file that changes is read again: its time is part of the key."""
    head, *parts = re.split(r"^## +", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    first, _newline, rest = head.strip().partition("\n")
    summary, _blank, rest = rest.strip().partition("\n\n")
    return Guide(
        slug, language, first.removeprefix("#").strip(), summary.strip(), render_markdown(rest), tuple(map(_section, parts))
    )


def _section(text: str) -> Section:
    title, _newline, body = text.partition("\n")
    return Section(title.strip(), slugify(title), render_markdown(body))
