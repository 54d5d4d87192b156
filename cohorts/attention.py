"""Whom to look after, in words and with the reason. Apps register their sources; nothing here ranks anybody.

A source is a function of (memberships, now): a list of `Membership` rows of one session with `user` and `cohort__session`
loaded, and an aware instant. It returns `Reason` rows, with a number of queries that does not depend on the number of members.
"""

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .models import Membership


@dataclass(frozen=True)
class Reason:
    """Why somebody could use a word. `tone` is one of trouble, mine, reviewer, maintainer, quiet; `since` orders the list."""

    membership: Membership
    kind: str
    text: str
    tone: str = "mine"
    since: datetime.datetime | None = None
    url: str = ""
    alarm: bool = True


Source = Callable[[Sequence[Membership], datetime.datetime], Iterable[Reason]]
_sources: list[Source] = []


def register_source(source: Source) -> None:
    """Add a source, once."""
    if source not in _sources:
        _sources.append(source)


def gather(memberships: Sequence[Membership], now: datetime.datetime) -> list[Reason]:
    """All reasons for these members: alarms first, the oldest first among them."""
    reasons = [reason for source in _sources for reason in source(memberships, now)]
    return sorted(
        reasons, key=lambda reason: (not reason.alarm, reason.tone != "trouble", reason.since or now, reason.membership.pk)
    )
