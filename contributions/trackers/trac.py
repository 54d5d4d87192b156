"""Trac, as Django's: tickets with a stage and flags, read from a small JSON service beside it."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from .interface import LONGEST_TITLE, BrokenLink, Place, Reference, Snapshot, Tracker, Unreadable, is_below, number_in, text_of

# Where a project keeps its tickets in Trac, "#12345" in a title means a ticket, never an issue on GitHub.
IN_TITLE = re.compile(r"#([0-9]{1,10})\b")
IN_TEXT = re.compile(r"\b(?:ticket[-:# ]#?|(?:fixed|fixes|refs)\s+#)([0-9]{1,10})\b", re.IGNORECASE)

FLAGS = ("has_patch", "needs_better_patch", "needs_tests", "needs_docs", "easy")
#: What its author has to do before anybody looks again.
LACKS = {"needs_better_patch", "needs_tests", "needs_docs"}


class Trac(Tracker):
    """`TRAC_URL` is the Trac whose tickets the service at `TRAC_API_URL` knows; those of others are tracked as links only."""

    kind = "trac"
    name = "Trac"

    def examples(self, base: str) -> list[str]:
        return [f"{base}/ticket/12345"]

    def parse(self, base: str, parts: SplitResult) -> Place | None:
        # As people copy it: from the ticket, from its attachments and exports, or from a reply to it.
        path = re.sub(r"/{2,}", "/", parts.path).removeprefix(urlsplit(base).path)
        attached = re.fullmatch(r"/(?:raw-)?attachment/ticket/([0-9]+)(?:/.*)?", path)
        if not is_below(base, parts) or not (path.startswith("/ticket") or attached):
            return None
        found = attached or re.fullmatch(r"/tickets?/([0-9]+)/?", path)
        number = number_in(found[1]) if found else None
        if number is None:
            raise BrokenLink
        return Place("ticket", number, f"{base}/ticket/{number}")

    def references(self, base: str, title: str, text: str) -> list[Reference]:
        found = [number_in(each) for each in [*IN_TITLE.findall(title), *IN_TEXT.findall(text)]]
        return [Reference(number, f"{base}/ticket/{number}") for number in found if number]

    def address(self, place: Place) -> str | None:
        ours = settings.TRAC_URL and place.url == f"{settings.TRAC_URL}/ticket/{place.number}"
        return f"{settings.TRAC_API_URL}/tickets/{place.number}" if ours and settings.TRAC_API_URL else None

    def read(self, place: Place, data: dict[str, Any], more: Mapping[str, Any]) -> Snapshot:
        if "id" in data and str(data["id"]) != str(place.number):
            raise Unreadable("id")
        title, status = text_of(data.get("summary"), LONGEST_TITLE), text_of(data.get("status")).lower()
        missing = [name for name, value in (("summary", title), ("status", status)) if not value]
        if missing:
            raise Unreadable(", ".join(missing))
        custom = data.get("custom")
        custom = custom if isinstance(custom, dict) else {}
        stage = text_of(custom.get("stage"))
        flags = [flag for flag in FLAGS if _is_set(custom.get(flag))]
        is_closed = status == "closed"
        who, why = ("", "closed") if is_closed else turn_of(stage, set(flags))
        return Snapshot(
            title=title,
            state="closed" if is_closed else "open",
            stage=stage,
            resolution=text_of(data.get("resolution")) if is_closed else "",
            flags=flags,
            turn=who,
            turn_reason=why,
        )


def turn_of(stage: str, flags: set[str]) -> tuple[str, str]:
    """Whose turn an open ticket is, and the code of the rule: the first that fits."""
    if flags & LACKS:
        return "member", "patch_needs_work"
    if stage == "Ready for checkin":
        return "maintainer", "approved"
    if "has_patch" in flags:
        return "reviewer", "nothing_said"
    if stage in ("", "Unreviewed"):
        return "maintainer", "untriaged"
    return "", "someday" if stage == "Someday/Maybe" else "no_patch"


def _is_set(value: Any) -> bool:
    """Trac keeps its check boxes as texts, “0” and “1”."""
    return value is True or value in (1, "1")
