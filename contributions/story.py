"""The story of one item as a timeline of sentences, and what became of it."""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .meaning.entries import parse_time
from .models import WorkItem
from .trackers import TRACKERS

#: Of a long story the beginning and the end are shown, the middle is folded.
FIRST, LAST = 8, 12

TOLD_AS_ONE = ("pushed", "force_pushed", "commented")
Kind = WorkItem.Kind
#: The repository and the number in an address: `…/owner/name/issues/5`.
PLACE = re.compile(r"([^/\s]+/[^/\s]+)/(?:issues|pull)/([0-9]{1,10})$")


@dataclass
class Chapter:
    """One line of the story. `kind` is a word of `WorkItem.events`, or `deleted` or `vanished`; `by` is a login or empty.

    `before` and `after`: what a title, a base or a repository was called. Of a `whole` sentence nobody is the subject.
    """

    at: datetime.datetime
    kind: str
    by: str
    human: bool
    times: int = 1
    until: datetime.datetime | None = None
    before: str = ""
    after: str = ""

    @property
    def whole(self) -> bool:
        return self.kind in ("deleted", "vanished")

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
            "force_pushed": "push",
            "transferred": "link",
            "became_discussion": "comment",
            "deleted": "trouble",
            "vanished": "trouble",
        }.get(self.kind, "quiet")

    @property
    def words(self) -> str:
        if self.kind == "pushed" and self.times > 1:
            return ngettext("pushed %(times)d change", "pushed %(times)d changes", self.times) % {"times": self.times}
        if self.kind == "commented" and self.times > 1:
            return ngettext("wrote %(times)d comment", "wrote %(times)d comments", self.times) % {"times": self.times}
        if self.before or self.after:
            return self._words_with_names()
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
            "force_pushed": _("replaced the commits of the branch"),
            "dismissed": _("dismissed a review"),
            "renamed": _("gave it another title"),
            "base_changed": _("chose another branch to merge it into"),
            "transferred": _("moved it here from another repository"),
            "became_discussion": _("made a discussion of it"),
            "locked": _("locked the conversation"),
            "unlocked": _("unlocked the conversation"),
            "deleted": _("It was deleted."),
            "vanished": _("It was no longer shown to us."),
        }.get(self.kind, self.kind)

    def _words_with_names(self) -> str:
        names = {"before": self.before, "after": self.after}
        if self.kind == "review_requested":
            return _("asked %(after)s for a review") % names
        if self.kind == "transferred":
            return _("moved it here from %(before)s") % names
        if self.kind == "base_changed":
            return _("chose to merge it into %(after)s instead of %(before)s") % names
        return _("changed its title from “%(before)s” to “%(after)s”") % names


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
        if before and kind in TOLD_AS_ONE and (before.kind, before.by) == (kind, by):
            before.times, before.until = before.times + 1, at
        else:
            names = str(event.get("from") or ""), str(event.get("to") or "")
            chapters.append(Chapter(at, kind, by, human, before=names[0], after=names[1]))
    if item.gone and item.gone_at:
        what = "deleted" if item.gone == WorkItem.Gone.DELETED else "vanished"
        chapters.append(Chapter(item.gone_at, what, "", human=True))
    return split(chapters)


def split(chapters: Sequence[Chapter]) -> Story:
    if len(chapters) <= FIRST + LAST + 2:
        return Story(list(chapters), [], [])
    return Story(list(chapters[:FIRST]), list(chapters[FIRST:-LAST]), list(chapters[-LAST:]))


def what_happened(item: WorkItem) -> list[str]:
    """Whole sentences, in plain words, on what became of an item that is not where or what it was; empty for most.

    It vanished, it moved, its repository was renamed, its author's account is gone, it was made a discussion, it is locked.
    No query.
    """
    sentences = []
    if item.gone:
        sentences.append(f"{_vanished(item)} {_last_known(item)}".strip())
    if item.moved_from:
        sentences.append(_moved(item))
    if item.gone or item.fetched_at is None or item.tracker or item.kind not in (Kind.PULL_REQUEST, Kind.ISSUE):
        return sentences
    if not item.author_login:
        sentences.append(_("Its author deleted their GitHub account. The work stays."))
    happened = [str(event.get("what")) for event in item.events]
    if "became_discussion" in happened:
        sentences.append(_("It was made a discussion. It goes on there."))
    elif item.is_open and [what for what in happened if what in ("locked", "unlocked")][-1:] == ["locked"]:
        sentences.append(_("Its conversation is locked: only people who may write to the repository can comment."))
    return sentences


def _vanished(item: WorkItem) -> str:
    if item.tracker:
        tracker = TRACKERS.get(item.tracker)
        return _("%(service)s no longer shows it to us.") % {"service": tracker.name if tracker else item.host}
    if item.gone == WorkItem.Gone.DELETED:
        return _("It was deleted on GitHub.")
    if item.turn_reason == "repository_gone":
        return _("Its repository is no longer public, or it was deleted.")
    return _("GitHub no longer shows it to us.")


def _last_known(item: WorkItem) -> str:
    if item.fetched_at is None:
        return ""
    day = date_format(timezone.localtime(item.fetched_at), "j F Y")
    return _("This is what we knew on %(day)s. What was written here stays.") % {"day": day}


def _moved(item: WorkItem) -> str:
    """A number that stayed the same tells that the repository was renamed; issues get a new one where they move to."""
    now = f"{item.repository} #{item.number}"
    before = PLACE.search(item.moved_from)
    if before is None:
        return _("It was moved from %(before)s to %(now)s.") % {"before": item.moved_from, "now": now}
    if int(before[2]) == item.number:
        return _("Its repository was called %(before)s before, and is %(now)s now.") % {
            "before": before[1], "now": item.repository}  # fmt: skip
    return _("It was moved from %(before)s to %(now)s. We follow it there.") % {"before": f"{before[1]} #{before[2]}", "now": now}
