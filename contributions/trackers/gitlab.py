"""GitLab: issues and merge requests of a project, by version 4 of its REST interface, without logging in."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from django.conf import settings

from .interface import LONGEST_TITLE, BrokenLink, Place, Reference, Snapshot, Tracker, Unreadable, is_below, number_in, text_of

KINDS = {"merge_requests": "pull_request", "issues": "issue", "work_items": "issue"}
PARTS = {"pull_request": "merge_requests", "issue": "issues"}
PATH = re.compile(r"/((?:[\w.-]+/)+[\w.-]+)/-/(merge_requests|issues|work_items)(?:/([0-9]+)(?:/.*)?)?", re.ASCII)
ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"']+")

CHECKS = {
    "success": "success", "failed": "failure", "created": "pending", "waiting_for_resource": "pending", "preparing": "pending",
    "pending": "pending", "running": "pending", "scheduled": "pending",
}  # fmt: skip
MOST_LABELS = 20


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
        found = PATH.fullmatch(parts.path.removeprefix(urlsplit(root).path).rstrip("/"))
        if not found:
            return None
        kind, number = KINDS[found[2]], number_in(found[3] or "")
        if number is None:
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

    def read(self, place: Place, data: dict[str, Any]) -> Snapshot:
        title, word = text_of(data.get("title"), LONGEST_TITLE), data.get("state")
        created_at = _time(data.get("created_at"))
        missing = [name for name, value in (("title", title), ("state", word), ("created_at", created_at)) if not value]
        if data.get("iid") != place.number:
            missing.append("iid")
        if missing or created_at is None:
            raise Unreadable(", ".join(missing))
        is_merge_request = place.kind == "pull_request"
        state = _state(word, is_draft=is_merge_request and data.get("draft") is True)
        pipeline = data.get("head_pipeline")
        ci = CHECKS.get(str(pipeline.get("status")), "") if is_merge_request and isinstance(pipeline, dict) else ""
        conflicting = is_merge_request and data.get("has_conflicts") is True
        author = _login(data, "author")
        merged_at, closed_at = _time(data.get("merged_at")), _time(data.get("closed_at"))
        who, why, since = _turn(state, is_merge_request, ci, conflicting, created_at)
        comments, labels = data.get("user_notes_count"), data.get("labels")
        return Snapshot(
            title=title,
            state=state,
            author_login=author,
            created_at=created_at,
            updated_at=_time(data.get("updated_at")),
            closed_at=closed_at or (merged_at if state == "merged" else None),
            merged_at=merged_at if state == "merged" else None,
            comments=comments if isinstance(comments, int) and 0 <= comments < 2**31 else 0,
            ci=ci if state in ("open", "draft") else "",
            conflicting=conflicting and state in ("open", "draft"),
            labels=[{"name": name, "color": ""} for each in _list(labels) if (name := text_of(each))][:MOST_LABELS],
            events=_events(
                ("opened", created_at, author),
                ("merged", merged_at if state == "merged" else None, _login(data, "merge_user", "merged_by")),
                ("closed", closed_at if state == "closed" else None, _login(data, "closed_by")),
            ),
            turn=who,
            turn_reason=why,
            turn_since=since,
        )


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


def _turn(
    state: str, is_merge_request: bool, ci: str, conflicting: bool, created_at: datetime
) -> tuple[str, str, datetime | None]:
    """The rules of `contributions.meaning.turn`, as far as one answer tells what they need."""
    if state in ("merged", "closed"):
        return "", state, None
    if not is_merge_request:
        return "maintainer", "nothing_said", created_at
    for fits, reason in ((state == "draft", "draft"), (ci == "failure", "ci_failing"), (conflicting, "conflict")):
        if fits:
            return "member", reason, None
    return "reviewer", "nothing_said", created_at


def _events(*happened: tuple[str, datetime | None, str]) -> list[dict]:
    return [
        {"at": at.isoformat().replace("+00:00", "Z"), "what": what, "by": by, "human": True}
        for what, at, by in happened
        if at is not None
    ]


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
