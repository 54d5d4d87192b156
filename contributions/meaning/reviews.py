"""What reviewers decided, and when somebody first answered."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from .entries import Entry
from .plain import parse_time

DECISIONS = {"APPROVED": "approved", "CHANGES_REQUESTED": "changes_requested", "REVIEW_REQUIRED": "review_required"}
GIVEN = ("reviewed", "approved", "changes_requested")
ANSWERS = ("commented", "reviewed", "approved", "changes_requested")


def review_state(item: Mapping, entries: Sequence[Entry]) -> str:
    """GitHub's decision where the repository asks for reviews, else from each human reviewer's latest review.

    As on GitHub a push changes no opinion: that something was pushed since is told by the turn.
    """
    decided = DECISIONS.get(str(item.get("reviewDecision")))
    if decided:
        return decided
    latest = latest_reviews(entries)
    for state in ("changes_requested", "approved"):
        if state in latest.values():
            return state
    return "commented" if any(entry.what == "reviewed" and entry.human for entry in entries) else ""


def latest_reviews(entries: Sequence[Entry]) -> dict[str, str]:
    """Each human reviewer's latest opinion: `approved` or `changes_requested`. A mere comment changes none, a dismissal ends it."""
    latest: dict[str, str] = {}
    for entry in entries:
        if entry.what in ("approved", "changes_requested") and entry.human and not entry.own:
            latest[entry.key] = entry.what
        elif entry.what == "dismissed":
            latest.pop(entry.about, None)
        elif entry.withdrawn:
            latest.pop(entry.key, None)
    return latest


def ready_at(item: Mapping, entries: Sequence[Entry]) -> datetime | None:
    """When it was first ready for review; None while it has only ever been a draft. Issues are ready when opened."""
    for entry in entries:
        if entry.what == "ready":
            return entry.at
        if entry.what == "draft":
            break
    return None if item.get("isDraft") and not _was_ready(entries) else parse_time(item.get("createdAt"))


def first_response_at(item: Mapping, entries: Sequence[Entry]) -> datetime | None:
    """The earliest review or comment by a human other than the author, while it was ready for review."""
    draft = began_as_draft(item, entries)
    for entry in entries:
        if entry.what in ("draft", "ready"):
            draft = entry.what == "draft"
        elif entry.what in ANSWERS and entry.human and not entry.own and not draft:
            return entry.at
    return None


def began_as_draft(item: Mapping, entries: Sequence[Entry]) -> bool:
    """GitHub does not say so: the first change between draft and ready does, or the present state where there was none."""
    for entry in entries:
        if entry.what in ("draft", "ready"):
            return entry.what == "ready"
    return bool(item.get("isDraft"))


def first_response_after(item: Mapping, entries: Sequence[Entry]) -> timedelta | None:
    """How long the first answer took: from ready for review (an issue: from opened), without the time in which it was a draft.

    None without an answer, never zero.
    """
    changes = [(entry.at, entry.what) for entry in entries]
    return _waited(changes, ready_at=ready_at(item, entries), first_response_at=first_response_at(item, entries))


def waited_for_response(
    events: Sequence[Mapping], *, ready_at: datetime | None, first_response_at: datetime | None
) -> timedelta | None:
    """The same from stored `WorkItem.events`, for what was fetched before `WorkItem.first_response_after` was kept."""
    changes = [(parse_time(event.get("at")), str(event.get("what"))) for event in events]
    told = [(at, what) for at, what in changes if at is not None]
    return _waited(told, ready_at=ready_at, first_response_at=first_response_at)


def _waited(
    changes: Iterable[tuple[datetime, str]], *, ready_at: datetime | None, first_response_at: datetime | None
) -> timedelta | None:
    if ready_at is None or first_response_at is None:
        return None
    waited = timedelta()
    since: datetime | None = ready_at
    for at, what in changes:
        if at < ready_at or at > first_response_at:
            continue
        if what == "draft" and since is not None:
            waited, since = waited + (at - since), None
        elif what == "ready" and since is None:
            since = at
    return waited + (first_response_at - since) if since is not None else waited


def asked_again_at(events: Sequence[Mapping], *, reviewed_at: datetime) -> datetime | None:
    """When the one whose latest review came at `reviewed_at` was first asked for another one, from stored `WorkItem.events`.

    None where nobody asked, or where it is not sure whom: GitHub names people, but no team's members. Where only one person
    reviewed, a request that names nobody is theirs.
    """
    reviews = [
        (parse_time(event.get("at")), event.get("by")) for event in events if event.get("what") in GIVEN and event.get("human")
    ]
    reviewers = {by for _at, by in reviews}
    themselves = {by for at, by in reviews if at == reviewed_at} or (reviewers if len(reviewers) == 1 else set())
    for event in events:
        at = parse_time(event.get("at"))
        if event.get("what") != "review_requested" or at is None or at <= reviewed_at:
            continue
        if event["to"] in themselves if event.get("to") else len(reviewers) <= 1:
            return at
    return None


def _was_ready(entries: Sequence[Entry]) -> bool:
    return any(entry.what in ("draft", "ready") for entry in entries)
