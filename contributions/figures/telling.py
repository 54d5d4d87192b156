"""The figures as Markdown, to be copied: what happened in one week, or in the whole session.

It is made to be published, so it says what everybody may read, and names only people who agreed to be named. A link to a pull
request names its author too: work of people who did not agree is counted and never listed.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contributions.models import WorkItem

from .counting import Cell, Line, belongs, ended_in
from .facts import Facts, Work
from .weeks import AFTER, BEFORE, Slot, Weeks
from .words import FEW, other_list, waits_sentence

#: A list of more than so many pieces of work is not read; the rest is counted.
MOST_LISTED = 60

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&#{}])")
#: Line breaks and other controls, and characters that turn the direction of a text around.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


@dataclass(frozen=True)
class Told:
    """A piece of work that may be named, with the names of everybody whose work it is."""

    work: Work
    names: tuple[str, ...]
    project: str

    @property
    def other_kind(self) -> str:
        return str(WorkItem.OtherKind(self.work.other_kind or WorkItem.OtherKind.ELSE).label)


@dataclass(frozen=True)
class Story:
    """What may be listed. `reviewers`: names of people who gave reviews, in the order of the alphabet."""

    merged: list[Told]
    first: list[Told]
    other: list[Told]
    reviewers: list[str]

    @property
    def is_empty(self) -> bool:
        return not (self.merged or self.first or self.other or self.reviewers)


def story_of(facts: Facts, weeks: Weeks, slot: Slot | None = None) -> Story:
    """What happened in `slot`, or in the whole session, by people who agreed to be named."""
    agreed = facts.agreed

    def is_here(found: Slot | None) -> bool:
        return found == slot if slot else found not in (None, BEFORE, AFTER)

    def pick(chosen: Callable[[Work], bool], when: Callable[[Work], object]) -> list[Told]:
        works = [work for work in mine if chosen(work)]
        return [_told(work, facts) for work in sorted(works, key=lambda work: (when(work), work.pk))]

    mine = [
        work
        for work in facts.works
        if work.title and work.told_by and work.told_by <= agreed and work.opened_at is not None and belongs(work, weeks)
    ]
    reviewers = {review.person for review in facts.reviews if is_here(weeks.slot_of(review.at))} & agreed
    is_first = lambda work: bool(work.first and work.own) and work.kind == WorkItem.Kind.PULL_REQUEST  # noqa: E731
    opened_here = lambda work: is_here(weeks.slot_of(work.opened_at))  # noqa: E731
    return Story(
        merged=pick(lambda work: is_here(ended_in(work, weeks)), lambda work: work.ended_at),
        first=pick(lambda work: is_first(work) and opened_here(work), lambda work: work.opened_at),
        other=pick(lambda work: work.kind == WorkItem.Kind.OTHER and opened_here(work), lambda work: work.opened_at),
        reviewers=sorted((facts.people[pk].name for pk in reviewers), key=str.casefold),
    )


def markdown(title: str, line: Line, story: Story, *, others: Sequence[tuple[str, Cell]] | None = None) -> str:
    """A heading, the numbers of `line` (as everybody may read them) and what may be listed. `others`: other work by kind."""
    parts = [f"## {plain(title)}", "\n".join(f"- {text}" for text in _numbers(line, others))]
    for heading, works, words in (
        (_("Merged"), story.merged, _work_words),
        (_("First contributions"), story.first, _work_words),
        (_("Other work"), story.other, _other_words),
    ):
        if works:
            listed = [f"- {words(told)}" for told in works[:MOST_LISTED]]
            if rest := len(works) - MOST_LISTED:
                listed += [f"- {_more(rest)}"] if rest > 0 else []
            parts.append(f"### {heading}\n\n" + "\n".join(listed))
    if story.reviewers:
        names = ", ".join(plain(name) for name in story.reviewers)
        parts.append(_("Thank you for reviewing: %(names)s.") % {"names": names})
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(text: str) -> str:
    """What people typed, so that it stays text in Markdown: no marks, links, mentions, references or line breaks."""
    text = _UNSEEN.sub(" ", text).strip()
    text = _SPECIAL.sub(r"\\\1", text)
    # Code hosts make links of these by themselves. What is put in between is not seen.
    text = re.sub(r"(?i)\b(https?|ftp)://", "\\1:\u2060//", text)
    text = re.sub(r"(?i)\bwww\.", "www\u2060.", text)
    return text.replace("@", "@\u2060")


def link(words: str, url: str) -> str:
    """A Markdown link; only the words where there is no address."""
    if not url:
        return plain(words)
    safe = url.replace("\\", "%5C").replace("<", "%3C").replace(">", "%3E").replace("(", "%28").replace(")", "%29")
    return f"[{plain(words)}]({safe})"


def _told(work: Work, facts: Facts) -> Told:
    names = sorted((facts.people[pk].name for pk in work.told_by), key=str.casefold)
    return Told(work, tuple(names), facts.projects.get(work.project, "") if work.project else "")


def _numbers(line: Line, others) -> Iterable[str]:
    opened, merged, landed = line["opened"], line["merged"], line["landed"]
    yield _count(opened, lambda n: ngettext("%(n)s pull request opened", "%(n)s pull requests opened", n)) or _(
        "Pull requests opened: %(few)s"
    ) % {"few": FEW}
    text = _count(merged, lambda n: ngettext("%(n)s pull request merged", "%(n)s pull requests merged", n)) or _(
        "Pull requests merged: %(few)s"
    ) % {"few": FEW}
    if landed.count and not merged.hidden:
        text += _(", %(n)s of them landed by hand") % {"n": landed.count}
    yield text
    yield _count(line["reviews"], lambda n: ngettext("%(n)s review given", "%(n)s reviews given", n)) or _(
        "Reviews given: %(few)s"
    ) % {"few": FEW}
    if line["first"].count or line["first"].hidden:
        yield _count(
            line["first"],
            lambda n: ngettext("%(n)s first contribution to a repository", "%(n)s first contributions to a repository", n),
        ) or _("First contributions: %(few)s") % {"few": FEW}
    if line["issues"].count:
        yield _count(line["issues"], lambda n: ngettext("%(n)s issue or ticket opened", "%(n)s issues and tickets opened", n))
    if others and (words := other_list(list(others))):
        yield _("Other work: %(list)s") % {"list": words}
    elif line["other"].count:
        yield _("Other work: %(n)s") % {"n": line["other"].count}
    if words := waits_sentence(line.waits):
        yield _("First answers to pull requests: %(words)s") % {"words": words}
    if line["waiting"].count:
        yield _count(line["waiting"], lambda n: ngettext("%(n)s still waits for an answer", "%(n)s still wait for an answer", n))


def _count(cell: Cell, words: Callable[[int], str]) -> str:
    return "" if cell.hidden else words(cell.count) % {"n": cell.count}


def _work_words(told: Told) -> str:
    parts = {"title": link(told.work.title, told.work.url), "names": ", ".join(plain(name) for name in told.names)}
    if told.project:
        return _("%(title)s by %(names)s, %(project)s") % {**parts, "project": plain(told.project)}
    return _("%(title)s by %(names)s") % parts


def _other_words(told: Told) -> str:
    return f"{told.other_kind}: {_work_words(told)}"


def _more(number: int) -> str:
    return ngettext("and %(n)s more", "and %(n)s more", number) % {"n": number}
