"""Whose turn it is: the member's, a reviewer's, the maintainers', or nobody's, since when, and by which rule.

The story is read from its beginning and the first rule that fits is kept up to date, so that *since* is the event that
made the present rule fit, not the latest noise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .entries import PUSHES, Entry
from .plain import nodes_of, parse_time
from .reviews import ANSWERS, began_as_draft

DONE = ("merged", "closed", "landed", "gone")


@dataclass(frozen=True)
class Turn:
    """`who` is `member`, `reviewer`, `maintainer` or empty for nobody; `reason` is a code of the rule that fits.

    Codes: merged, closed, landed, gone, draft, ci_failing, conflict, changes_requested, pushed_since, answered,
    commented, approved, nothing_said, linked_pull_request.
    """

    who: str
    reason: str
    since: datetime | None


#: What each rule says. `pushed_since` and `answered` are one rule with two causes.
WHO = {
    "draft": "member", "ci_failing": "member", "conflict": "member", "changes_requested": "member", "commented": "member",
    "pushed_since": "reviewer", "answered": "reviewer", "nothing_said": "reviewer", "approved": "maintainer",
}  # fmt: skip
SAME_RULE = {"pushed_since": "answered"}


def turn_of_pull_request(
    item: Mapping, entries: Sequence[Entry], *, state: str, ci: str, conflicting_since: datetime | None
) -> Turn:
    """Turn of a pull request that is in `state`. `conflicting_since`: when its conflict was first seen, or None."""
    if state in DONE:
        return Turn("", state, _done_at(item))
    story = _read(item, entries)
    if story.draft or state == "draft":
        # Where the story has a hole, GitHub's present word counts.
        since = story.since if story.draft else parse_time(item.get("updatedAt"))
        return Turn("member", "draft", since)
    ready = story.ready_since or parse_time(item.get("createdAt"))
    if ci == "failure":
        return Turn("member", "ci_failing", _latest(story.pushed_at, ready))
    if conflicting_since is not None:
        return Turn("member", "conflict", _latest(conflicting_since, ready))
    return Turn(WHO[story.reason], story.reason, story.since)


def turn_of_issue(item: Mapping, entries: Sequence[Entry], *, state: str) -> Turn:
    """Turn of an issue: with a linked open pull request nobody's, because it shows there."""
    if state in DONE:
        return Turn("", state, _done_at(item))
    for pull_request in nodes_of(item.get("closedByPullRequestsReferences")):
        if pull_request.get("state") == "OPEN":
            return Turn("", "linked_pull_request", None)
    who, reason, since = "maintainer", "nothing_said", parse_time(item.get("createdAt"))
    for entry in entries:
        if entry.what != "commented" or not entry.human:
            continue
        said = ("maintainer", "answered") if entry.own else ("member", "commented")
        # Of several remarks in a row the first one counts: since then it has been waiting.
        if said[0] != who:
            who, reason, since = *said, entry.at
    return Turn(who, reason, since)


@dataclass
class _Story:
    """What is known after each entry. `reason` is the rule that fits by then, `since` when it began to fit."""

    draft: bool
    since: datetime | None
    reason: str = ""
    ready_since: datetime | None = None
    pushed_at: datetime | None = None
    #: Each human reviewer's latest opinion: approved or changes_requested.
    opinions: dict[str, str] = field(default_factory=dict)
    last_speaker: str = ""
    #: What the member did since another human spoke, and since the last word of one who asks for changes.
    replied: str = ""
    reworked: str = ""

    def see(self, entry: Entry) -> None:
        if entry.what in ("draft", "ready"):
            self.draft = entry.what == "draft"
            self.ready_since = None if self.draft else entry.at
        elif entry.what in PUSHES:
            self.pushed_at = entry.at
            # A maintainer who brings the branch up to date does not do what was asked of the member.
            if entry.own:
                self.replied = self.reworked = "pushed_since"
        elif entry.what == "dismissed":
            self.opinions.pop(entry.about, None)
            if self.last_speaker == entry.about:
                # What was taken back asks for nothing: it is for a reviewer to look again.
                self.replied = self.replied or "answered"
        elif entry.own and (entry.what in ANSWERS or entry.what == "review_requested"):
            # Asking for another review is GitHub's way of saying "done, please look again".
            self.replied = self.replied or "answered"
            self.reworked = self.reworked or "answered"
        elif entry.what in ANSWERS and entry.human:
            self.last_speaker, self.replied = entry.key, ""
            if entry.withdrawn:
                self.opinions.pop(entry.key, None)
                self.replied = "answered"
            if entry.what in ("approved", "changes_requested"):
                self.opinions[entry.key] = entry.what
            if self.opinions.get(entry.key) == "changes_requested":
                # Also a remark of theirs on what was pushed meanwhile: they are not content yet.
                self.reworked = ""
        self.judge(entry.at)

    def judge(self, at: datetime) -> None:
        reason = self._rule()
        if SAME_RULE.get(reason, reason) != SAME_RULE.get(self.reason, self.reason):
            self.since = at
        self.reason = reason

    def _rule(self) -> str:
        if self.draft:
            return "draft"
        if "changes_requested" in self.opinions.values():
            return self.reworked or "changes_requested"
        if self.last_speaker and not self.replied and self.opinions.get(self.last_speaker) != "approved":
            return "commented"
        if "approved" in self.opinions.values():
            return "approved"
        return self.replied if self.last_speaker else "nothing_said"


def _read(item: Mapping, entries: Sequence[Entry]) -> _Story:
    story = _Story(draft=began_as_draft(item, entries), since=parse_time(item.get("createdAt")))
    for entry in entries:
        story.see(entry)
    if story.draft and not item.get("isDraft"):
        # In the middle of a long story a change may be missing: then GitHub's present word counts, from its last change on.
        story.draft = False
        story.judge(parse_time(item.get("updatedAt")) or entries[-1].at)
    return story


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _done_at(item: Mapping) -> datetime | None:
    return parse_time(item.get("mergedAt")) or parse_time(item.get("closedAt"))
