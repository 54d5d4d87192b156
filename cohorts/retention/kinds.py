"""What can be removed from a session that is over. Each kind knows its rows and how to empty them; apps above register their own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from cohorts.models import Session

#: Nobody keeps anything longer by mistake: ten years, in days.
LONGEST = 3650


@dataclass(frozen=True)
class Part:
    """Rows of one model. `rows`: those of a session that still hold something; what `empty` has emptied is not among them."""

    rows: Callable[[Session], QuerySet[Any]]
    #: Takes the keys of at most a few hundred of them, inside a transaction that holds the lock of the session.
    empty: Callable[[list[Any]], None]


@dataclass(frozen=True)
class Kind:
    """One thing that people can be told of, and that organisers give a time to."""

    key: str
    #: As a heading, such as “Answers of people who did not get a place”.
    label: Any
    #: What goes, and what stays of it, in a sentence each.
    goes: Any
    stays: Any
    #: After the end of the session, where its organisers say nothing else.
    days: int
    parts: tuple[Part, ...]
    #: Whether somebody who is about to apply should read of it.
    of_applying: bool = False

    def count(self, session: Session) -> int:
        """How much there is left to remove."""
        return sum(part.rows(session).count() for part in self.parts)


_kinds: dict[str, Kind] = {}


def register_kind(kind: Kind) -> None:
    """Add a kind, once. Raises `ValueError` where its time is none."""
    if not 1 <= kind.days <= LONGEST:
        raise ValueError(f"{kind.key} is kept for 1 to {LONGEST} days, not {kind.days}.")
    _kinds[kind.key] = kind


def kinds() -> list[Kind]:
    """All of them, what goes first before what is kept longer."""
    return sorted(_kinds.values(), key=lambda kind: kind.days)


def kind_named(key: str) -> Kind:
    """The kind `key`. Raises `LookupError` where there is none."""
    return _kinds[key]
