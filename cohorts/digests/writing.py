"""A digest as a mail: the lines of every section for one person, in the person's language and zone, as text and as HTML."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.links import absolute_url
from accounts.models import User
from accounts.plain_line import plain_line
from cohorts.mail_text.values import Passage
from cohorts.message_templates import Written, write_in_any_case

from .lines import Heading, Line, Reader, Role
from .look import Look
from .sections import Saying, sections

KIND = "digest"
#: So many lines stand under one heading; the page has all.
LINES_SHOWN = 10
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass
class Group:
    """The lines under one heading."""

    title: str
    lines: list[Line] = field(default_factory=list)


@dataclass
class Part:
    """What somebody reads in one role. `title` is empty where there is one part alone."""

    title: str
    groups: list[Group]


def sayings_of(look: Look) -> list[Saying]:
    """Every section, having read what it needs."""
    return [section(look) for section in sections()]


def write_digest(look: Look, user: User, sayings: Sequence[Saying], *, organises: bool) -> Written | None:
    """The mail to `user`; None where there is nothing to say. No query, where templates of the session are loaded.

    In the language in which `look` was made.
    """
    readers = look.readers_for(user, organises=organises)
    with timezone.override(user.zone):
        parts = parts_of(readers, sayings)
    if not parts:
        return None
    week = look.week
    values = {
        "week": week.number if week is not None else look.session.weeks,
        "digest": passage_of_parts(parts),
        "link": absolute_url(readers[0].page),
        "switch_link": f"{settings.SITE_URL}{reverse('me')}#mail",
    }
    return write_in_any_case(KIND, look.session, user, lambda: values)


def parts_of(readers: Iterable[Reader], sayings: Sequence[Saying]) -> list[Part]:
    """What is said in each role; nothing where all of it is too little for a mail. What stands in one part is not said again below."""
    found: list[tuple[Reader, list[Line]]] = []
    seen: set[tuple[str, str]] = set()
    for reader in readers:
        lines = []
        for saying in sayings:
            for line in saying(reader):
                # The same week leads to the page of each role.
                key = plain_line(line.title), "" if line.heading == Heading.NEXT else line.url
                if key in seen or (reader.rests and line.asks):
                    continue
                seen.add(key)
                lines.append(line)
        if lines:
            found.append((reader, lines))
    if not any(_is_worth_it(reader, line) for reader, lines in found for line in lines):
        return []
    several = len(found) > 1
    return [Part(_title_of(reader) if several else "", _groups(reader, lines)) for reader, lines in found]


def _is_worth_it(reader: Reader, line: Line) -> bool:
    """Whether a line alone is worth a mail. Who rests is written to about what others said and did alone, not about what is next."""
    return not line.weak and (not reader.rests or line.heading == Heading.CHANGED)


def _groups(reader: Reader, lines: Sequence[Line]) -> list[Group]:
    groups = []
    for heading in Heading:
        own = [line for line in lines if line.heading == heading]
        shown = own[:LINES_SHOWN]
        if left := len(own) - len(shown):
            more = ngettext("and %(number)s more, on the site", "and %(number)s more, on the site", left) % {"number": left}
            shown.append(Line(heading, more, url=reader.page))
        if shown:
            groups.append(Group(str(heading.label), [_whole(line) for line in shown]))
    return groups


def _whole(line: Line) -> Line:
    """With its whole address, and without what nobody sees in what people wrote."""
    url = absolute_url(line.url) if line.url.startswith("/") else line.url
    return replace(line, title=plain_line(line.title), text=plain_line(line.text), url=url)


def _title_of(reader: Reader) -> str:
    if reader.role == Role.ORGANISER:
        return _("For you as an organiser")
    cohorts = ", ".join(dict.fromkeys(str(place.cohort) for place in reader.places))
    if reader.role == Role.MEMBER:
        return _("For you as a member of %(cohort)s") % {"cohort": cohorts}
    return _("For you who lead %(cohorts)s") % {"cohorts": cohorts}


def passage_of_parts(parts: Sequence[Part]) -> Passage:
    context = {"parts": parts}
    lines = render_to_string("emails/digest.txt", context).strip().splitlines()
    text = _EMPTY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in lines))
    return Passage(text, render_to_string("emails/digest.html", context).strip())
