"""The story of one item as a timeline of sentences."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .meaning.entries import parse_time
from .models import WorkItem

#: Of a long story the beginning and the end are shown, the middle is folded.
FIRST, LAST = 8, 12


@dataclass
class Chapter:
    """One line of the story. `kind` is a word of `WorkItem.events`; `by` is a login or empty."""

    at: datetime.datetime
    kind: str
    by: str
    human: bool
    times: int = 1
    until: datetime.datetime | None = None

    @property
    def tone(self) -> str:
        return {
            "opened": "quiet",
            "ready": "reviewer",
            "changes_requested": "mine",
            "approved": "maintainer",
            "merged": "done",
            "landed": "done",
        }.get(self.kind, "quiet")

    @property
    def icon(self) -> str:
        return {
            "opened": "open",
            "reopened": "open",
            "changes_requested": "mine",
            "approved": "done",
            "merged": "done",
            "landed": "done",
            "closed": "trouble",
            "ready": "reviewer",
            "reviewed": "comment",
            "commented": "comment",
            "review_requested": "reviewer",
            "pushed": "push",
        }.get(self.kind, "quiet")

    @property
    def words(self) -> str:
        if self.kind == "pushed" and self.times > 1:
            return ngettext("pushed %(times)d change", "pushed %(times)d changes", self.times) % {"times": self.times}
        if self.kind == "commented" and self.times > 1:
            return ngettext("wrote %(times)d comment", "wrote %(times)d comments", self.times) % {"times": self.times}
        return {
            "opened": _("opened it"),
            "ready": _("said that it is ready for review"),
            "draft": _("made it a draft again"),
            "commented": _("wrote a comment"),
            "approved": _("approved it"),
            "changes_requested": _("asked for changes"),
            "reviewed": _("reviewed it"),
            "pushed": _("pushed a change"),
            "review_requested": _("asked for a review"),
            "closed": _("closed it"),
            "reopened": _("opened it again"),
            "merged": _("merged it"),
            "landed": _("landed it by hand: the change is in, though GitHub says “closed”"),
        }.get(self.kind, self.kind)


@dataclass(frozen=True)
class Story:
    first: list[Chapter]
    middle: list[Chapter]
    last: list[Chapter]


def story_of(item: WorkItem) -> Story:
    """The events of an item, those of the same kind and person in a row told as one; unreadable ones are left out."""
    chapters: list[Chapter] = []
    for event in item.events:
        at = parse_time(event.get("at"))
        if at is None:
            continue
        kind, by, human = str(event.get("what", "")), str(event.get("by", "")), bool(event.get("human"))
        before = chapters[-1] if chapters else None
        if before and kind in ("pushed", "commented") and (before.kind, before.by) == (kind, by):
            before.times, before.until = before.times + 1, at
        else:
            chapters.append(Chapter(at, kind, by, human))
    return split(chapters)


def split(chapters: Sequence[Chapter]) -> Story:
    if len(chapters) <= FIRST + LAST + 2:
        return Story(list(chapters), [], [])
    return Story(list(chapters[:FIRST]), list(chapters[FIRST:-LAST]), list(chapters[-LAST:]))
