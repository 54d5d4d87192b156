"""GitLab: issues and merge requests of a project, by version 4 of its REST interface, without logging in.

Who approved a merge request GitLab tells everybody, what was said and pushed only those who log in. So an item itself is asked
for without logging in, and the rest with the token that the operator gave for this GitLab, if any: what not everybody may see
is never followed. Of notes only the time, the person and the kind are kept.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from django.conf import settings

from contributions.meaning.entries import Entry
from contributions.meaning.item import events_of, moment
from contributions.meaning.reviews import first_response_after, first_response_at, ready_at, review_state
from contributions.meaning.turn import turn_of_issue, turn_of_pull_request

from .interface import (
    LONGEST_TITLE,
    BrokenLink,
    Place,
    Reference,
    Request,
    Snapshot,
    Tracker,
    Unreadable,
    is_below,
    number_in,
    text_of,
)

KINDS = {"merge_requests": "pull_request", "issues": "issue", "work_items": "issue"}
PARTS = {"pull_request": "merge_requests", "issue": "issues"}
#: Old links have no “-”. No part of a project's path is one, or leads elsewhere.
PART = r"(?!-/|\.{1,2}/)[\w.-]+"
PATH = re.compile(
    rf"/((?:{PART}/)+?{PART})(/-)?/(merge_requests|issues|work_items)(?:/(?:incident/)?([0-9]+)(?:/.*)?)?",
    re.ASCII | re.IGNORECASE,
)
ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"']+")

CHECKS = {
    "success": "success", "failed": "failure", "created": "pending", "waiting_for_resource": "pending", "preparing": "pending",
    "pending": "pending", "running": "pending", "scheduled": "pending",
}  # fmt: skip
MOST_LABELS = 20
#: As many notes as a page has: the oldest, and of a long story the newest as well.
NOTES = 100

#: How GitLab words what somebody did. Only what says something about whose turn it is.
DONE = [
    (re.compile(pattern), what)
    for pattern, what in (
        (r"added [0-9]+ (?:new )?commits?\b", "pushed"),
        (r"approved this merge request", "approved"),
        (r"(?:unapproved|removed approval|reset approvals|removed the request for changes)", "dismissed"),
        (r"requested changes", "changes_requested"),
        (r"requested review from", "review_requested"),
        (r"marked (?:this merge request )?as (?:a )?\*\*(?:draft|work in progress)\*\*", "draft"),
        (r"(?:marked this merge request as \*\*ready\*\*|unmarked (?:this merge request )?as)", "ready"),
        (r"reopened", "reopened"),
    )
]
#: Accounts of programs, and the one to which GitLab gives the words of those who left.
NO_PERSON = re.compile(r"(?:ghost[0-9]*|(?:.*[-_])?bot(?:[-_][0-9a-f]+)?)", re.IGNORECASE)


class GitLab(Tracker):
    """The address of a tracker may be a whole GitLab, a group or a project. Only those of `GITLAB_URLS` are asked."""

    kind = "gitlab"
    name = "GitLab"

    def examples(self, base: str) -> list[str]:
        project = base if urlsplit(base).path.count("/") > 1 else f"{base}/group/project"
        return [f"{project}/-/merge_requests/123", f"{project}/-/issues/123"]

    def parse(self, base: str, parts: SplitResult) -> Place | None:
        if not is_below(base, parts):
            return None
        root = instance_of(base)
        found = PATH.fullmatch(re.sub(r"/{2,}", "/", parts.path).removeprefix(urlsplit(root).path).rstrip("/"))
        if not found:
            return None
        kind, number = KINDS[found[3].lower()], number_in(found[4] or "")
        if number is None:
            if not found[2] and not found[4]:
                # A group may be called so.
                return None
            raise BrokenLink
        return Place(kind, number, f"{root}/{found[1]}/-/{PARTS[kind]}/{number}", found[1])

    def references(self, base: str, title: str, text: str) -> list[Reference]:
        """Whole addresses alone: a number says nothing about which project it belongs to."""
        found = []
        for address in ADDRESS.findall(f"{title}\n{text}"):
            try:
                place = self.parse(base, urlsplit(address.rstrip(".,;:!?")))
            except ValueError:
                continue
            if place:
                found.append(Reference(place.number, place.url, place.repository))
        return found

    def address(self, place: Place) -> str | None:
        root = instance_of(place.url)
        if root not in settings.GITLAB_URLS:
            return None
        return f"{root}/api/v4/projects/{quote(place.repository, safe='')}/{PARTS[place.kind]}/{place.number}"

    def further(self, place: Place, data: dict[str, Any]) -> dict[str, Request]:
        address = self.address(place)
        if address is None or place.kind not in PARTS:
            return {}
        found = {}
        if place.kind == "pull_request" and data.get("state") in ("opened", "reopened", "locked"):
            found["approvals"] = Request(f"{address}/approvals")
        token = settings.GITLAB_TOKENS.get(instance_of(place.url))
        if token and data.get("user_notes_count") != 0:
            by_token = {"PRIVATE-TOKEN": token}
            notes = f"{address}/notes?order_by=created_at&per_page={NOTES}&sort="
            found["notes"] = Request(f"{notes}asc", by_token)
            found["newest"] = Request(f"{notes}desc", by_token)
        return found

    def read(self, place: Place, data: dict[str, Any], more: Mapping[str, Any]) -> Snapshot:
        title, word = text_of(data.get("title"), LONGEST_TITLE), data.get("state")
        created_at = _time(data.get("created_at"))
        missing = [name for name, value in (("title", title), ("state", word), ("created_at", created_at)) if not value]
        moved_to = self._moved(place, data)
        if data.get("iid") != (moved_to or place).number:
            missing.append("iid")
        if missing or created_at is None:
            raise Unreadable(", ".join(missing))
        is_merge_request = place.kind == "pull_request"
        state = _state(word, is_draft=is_merge_request and data.get("draft") is True)
        is_open = state in ("open", "draft")
        pipeline = data.get("head_pipeline")
        ci = CHECKS.get(str(pipeline.get("status")), "") if is_open and is_merge_request and isinstance(pipeline, dict) else ""
        conflicting = is_open and is_merge_request and data.get("has_conflicts") is True
        author = _login(data, "author")
        updated_at = _time(data.get("updated_at"))
        merged_at, closed_at = _time(data.get("merged_at")), _time(data.get("closed_at"))
        merged_at = merged_at if state == "merged" else None
        # In the words of the other forge, which the rules are written for.
        facts = {
            name: moment(at)
            for name, at in (
                ("createdAt", created_at),
                ("updatedAt", updated_at),
                ("mergedAt", merged_at),
                ("closedAt", closed_at),
            )
            if at is not None
        } | {"isDraft": state == "draft"}
        said = _notes(author, more.get("notes"), more.get("newest"))
        entries = [
            _by(author, author, Entry(created_at, "opened")),
            *(said or []),
            *_approvals(author, more.get("approvals"), said, updated_at or created_at),
        ]
        for what, at, by in (
            ("merged", merged_at, _login(data, "merge_user", "merged_by")),
            ("closed", closed_at if state == "closed" else None, _login(data, "closed_by")),
        ):
            if at is not None:
                entries.append(_by(by, author, Entry(at, what)))
        entries.sort(key=lambda entry: entry.at)
        if is_merge_request:
            turn = turn_of_pull_request(facts, entries, state=state, ci=ci, conflicting_since=created_at if conflicting else None)
        else:
            turn = turn_of_issue(facts, entries, state=state)
        # Without notes nobody knows since when it is so, but for what has been so from the beginning.
        told = said is not None or turn.reason == "nothing_said"
        comments, labels = data.get("user_notes_count"), data.get("labels")
        return Snapshot(
            title=title,
            state=state,
            author_login=author,
            created_at=created_at,
            updated_at=updated_at,
            closed_at=closed_at or merged_at,
            merged_at=merged_at,
            comments=comments if isinstance(comments, int) and 0 <= comments < 2**31 else 0,
            ci=ci,
            conflicting=conflicting,
            labels=[{"name": name, "color": ""} for each in _list(labels) if (name := text_of(each))][:MOST_LABELS],
            events=events_of(entries, landed=False),
            turn=turn.who,
            turn_reason=turn.reason,
            turn_since=turn.since if turn.who and told and turn.reason not in ("ci_failing", "conflict") else None,
            review_state=review_state(facts, entries) if is_merge_request else "",
            ready_at=ready_at(facts, entries) if said is not None else None,
            first_response_at=first_response_at(facts, entries) if said is not None else None,
            first_response_after=first_response_after(facts, entries) if said is not None else None,
            moved_to=moved_to,
        )

    def _moved(self, place: Place, data: dict[str, Any]) -> Place | None:
        """Where it lies now, on the same GitLab; None where it is where it was."""
        root = instance_of(place.url)
        try:
            now = self.parse(root, urlsplit(text_of(data.get("web_url"), 500)))
        except ValueError:
            return None
        return now if now is not None and now.kind == place.kind and now.url.lower() != place.url.lower() else None


def instance_of(url: str) -> str:
    """The GitLab that an address belongs to: one of `GITLAB_URLS`, else the whole host."""
    parts = urlsplit(url)
    for root in sorted(settings.GITLAB_URLS, key=len, reverse=True):
        if is_below(root, parts) and urlsplit(root).scheme == parts.scheme:
            return root
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _state(word: Any, *, is_draft: bool) -> str:
    states = {
        "opened": "draft" if is_draft else "open",
        "reopened": "open",
        "locked": "open",
        "closed": "closed",
        "merged": "merged",
    }
    if not isinstance(word, str) or word not in states:
        raise Unreadable("state")
    return states[word]


def _notes(author: str, *pages: Any) -> list[Entry] | None:
    """What happened, by the notes of an item; None where they were not told."""
    if not isinstance(pages[0], list):
        return None
    found: dict[Any, Entry] = {}
    for page in pages:
        for position, note in enumerate(_list(page)):
            # What is said among members of the project alone is not for everybody.
            if not isinstance(note, dict) or note.get("internal") or note.get("confidential"):
                continue
            at, by = _time(note.get("created_at")), _login(note, "author")
            what = _what(note)
            if at is not None and what:
                entry = _by(by, author, Entry(at, what))
                if what == "pushed":
                    # Whoever did it, it is work on the item.
                    entry = replace(entry, own=True)
                elif what == "dismissed":
                    entry = replace(entry, about=entry.key)
                elif what == "reviewed" and entry.own:
                    entry = replace(entry, what="commented")
                found.setdefault(note.get("id") if isinstance(note.get("id"), int) else (at, by, position), entry)
    return list(found.values())


def _what(note: dict) -> str:
    if not note.get("system"):
        return "reviewed" if note.get("type") == "DiffNote" else "commented"
    body = text_of(note.get("body"), 200).lower()
    return next((what for pattern, what in DONE if pattern.match(body)), "")


def _approvals(author: str, data: Any, said: list[Entry] | None, at: datetime) -> list[Entry]:
    """Approvals that no note tells of. GitLab may keep their times to itself: then they are as old as the last change."""
    told = {entry.key for entry in said or [] if entry.what == "approved"}
    rows = [each for each in _list(data.get("approved_by")) if isinstance(each, dict)] if isinstance(data, dict) else []
    found = []
    for row in rows[:MOST_LABELS]:
        by = _login(row, "user")
        if by and by not in told:
            found.append(_by(by, author, Entry(_time(row.get("approved_at")) or at, "approved")))
    return found


def _by(login: str, author: str, entry: Entry) -> Entry:
    is_human = bool(login) and not NO_PERSON.fullmatch(login)
    return replace(entry, by=login, key=login, human=is_human, own=bool(login) and login == author)


def _time(value: Any) -> datetime | None:
    """A time of an answer in UTC, or None for anything else, and for one at the edge of the calendar."""
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo and 1970 <= parsed.year < 9999 else None


def _login(data: dict, *names: str) -> str:
    """The user name under the first of these names that has one."""
    parts = [part for name in names if isinstance(part := data.get(name), dict)]
    return next((login for part in parts if (login := text_of(part.get("username")))), "")


def _list(value: Any) -> list:
    return value if isinstance(value, list) else []
