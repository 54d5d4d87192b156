"""What figures are made of: rows without a database behind them."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Work:
    """One item, once, however many members have a part in it. Times are aware.

    `makers` are the members (ids of people) who wrote it, `own` those of them who opened it, `people` all who have a part.
    `waited`: how long until the first answer, without the time as a draft. `older`: from before the session, and only a bot
    has moved it since. `project`: an id, None for places that the site does not track.
    """

    pk: int
    kind: str
    state: str
    other_kind: str = ""
    opened_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None
    closed_at: datetime.datetime | None = None
    first: bool | None = None
    waited: datetime.timedelta | None = None
    answered: bool = False
    older: bool = False
    project: int | None = None
    makers: frozenset[int] = frozenset()
    own: frozenset[int] = frozenset()
    people: frozenset[int] = frozenset()
    title: str = ""
    url: str = ""

    @property
    def told_by(self) -> frozenset[int]:
        """Whose work it is when it is told of: who wrote it; of other work everybody with a part. Reviewers are not named with it."""
        return self.people if self.kind == "other" else self.makers


@dataclass(frozen=True, slots=True)
class Given:
    """A review that a member gave."""

    at: datetime.datetime
    person: int
    work: int
    project: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A member. `agrees`: may be named in reports, and has given a name."""

    name: str
    agrees: bool = False


@dataclass
class Facts:
    """Everything about one session. `people` by id; `projects`: names by id."""

    works: Sequence[Work] = ()
    reviews: Sequence[Given] = ()
    people: Mapping[int, Person] = field(default_factory=dict)
    projects: Mapping[int, str] = field(default_factory=dict)

    @property
    def agreed(self) -> frozenset[int]:
        return frozenset(pk for pk, person in self.people.items() if person.agrees)
