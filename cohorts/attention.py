"""Whom to look after, in words and with the reason. Apps register their sources and topics; nothing here ranks anybody.

A source is a function of (memberships, now): `Membership` rows of **one** session with `user` and `cohort__session` loaded, and
an aware instant. It yields `Reason` rows, with a number of queries that does not depend on the number of members. It is only
handed members in the states that it was registered for. `docs/how-to/look-after-a-cohort.md` shows a whole one.
"""

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .models import Membership
from .stages import is_paused

State = Membership.State
#: As long as a key may be, so that a nudge can tell a return of the same thing by a few characters more.
LONGEST_KEY = 70


@dataclass(frozen=True)
class Answer:
    """That somebody who leads has looked after a reason by what they did: `text` says who did what, without a full stop, `by` is a name."""

    by: str
    at: datetime.datetime
    text: str


@dataclass(frozen=True)
class Reason:
    """Why somebody could use a word, as the rest of a sentence that begins with their name.

    `tone` is one of trouble, mine, reviewer, maintainer, quiet. `alarm`: somebody should act; else it is only good to know.
    `topic` is a key of `topics()`, or empty: shown, but no kind of help fits. `help`: what one could do now, a sentence or two.
    `url` leads to where that is done or read, and `action` is what the link is called.

    `key` tells this time from an earlier one of the same kind (default: `since`), and has no “#”. `asks`: the person asked for
    something, so that days without an answer count from `since`. `answer`: it is looked after already, and therefore no alarm.
    `reply_to`: the id of a check-in to which one can reply right there; 0 for none. `private`: for those who lead and organise, and
    not for the operator of the site.
    """

    membership: Membership
    kind: str
    text: str
    tone: str = "mine"
    since: datetime.datetime | None = None
    url: str = ""
    alarm: bool = True
    topic: str = ""
    help: str = ""
    action: str = ""
    key: str = ""
    asks: bool = False
    answer: Answer | None = None
    reply_to: int = 0
    private: bool = False

    @property
    def occurrence(self) -> str:
        """What tells this time from an earlier one: stable for as long as it is the same thing."""
        return (self.key or (self.since.isoformat() if self.since else ""))[:LONGEST_KEY]

    @property
    def identity(self) -> tuple[int, str, str]:
        """Whose it is, of which kind, and which time: the same in every look at it."""
        return self.membership.pk, self.kind, self.occurrence

    @property
    def named(self) -> str:
        """Kind and key as a form sends them."""
        return f"{self.kind} {self.occurrence}"


@dataclass(frozen=True)
class Topic:
    """Something people can help with. `empty` is said where nobody needs it. Texts may be lazy."""

    key: str
    label: Any
    empty: Any


Source = Callable[[Sequence[Membership], datetime.datetime], Iterable[Reason]]
_sources: dict[Source, tuple[str, ...]] = {}
_topics: dict[str, Topic] = {}


def register_source(source: Source, *, states: Sequence[str] = (State.ACTIVE, State.RESTING)) -> None:
    """Add a source, once. `states`: which members it is asked about; those who left or completed need nobody's attention."""
    _sources[source] = tuple(states)


def register_topic(key: str, label: Any, *, empty: Any) -> None:
    """Add something people can help with, once; the board shows topics in the order in which they came."""
    _topics.setdefault(key, Topic(key, label, empty))


def topics() -> list[Topic]:
    return list(_topics.values())


def gather(memberships: Sequence[Membership], now: datetime.datetime) -> list[Reason]:
    """All reasons for these members of one session, by name; of one member alarms first, the oldest first among them.

    In the session's pause nobody is an alarm: what somebody asked for is only good to know, and the rest is not said.
    """
    found: list[Reason] = []
    for source, states in _sources.items():
        concerned = [membership for membership in memberships if membership.state in states]
        if concerned:
            found += source(concerned, now)
    if memberships and is_paused(memberships[0].cohort.session, now):
        found = [replace(reason, alarm=False) for reason in found if reason.asks or not reason.alarm]
    names = {membership.pk: by_name(membership) for membership in memberships}
    return sorted(
        found,
        key=lambda reason: (
            names[reason.membership.pk], not reason.alarm, reason.tone != "trouble", reason.since or now
        ),
    )  # fmt: skip


def by_name(membership: Membership) -> tuple[str, int]:
    """The order in which people stand, everywhere on a board."""
    return membership.user.get_full_name().casefold(), membership.pk
