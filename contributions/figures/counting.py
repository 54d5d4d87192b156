"""What happened in each week of a session, in each project and in all. Pure: rows in, numbers out.

Each number remembers how many people are behind it, so that small groups can be left out of what is public.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from contributions.models import WorkItem

from .facts import Facts, Given, Work
from .waits import Waits, summary
from .weeks import AFTER, BEFORE, Slot, Weeks

State, Kind = WorkItem.State, WorkItem.Kind
LANDED = (State.MERGED, State.LANDED)

#: What is counted. `first_unknown`: pull requests of which nobody knows whether they are somebody's first. `waiting`: open and
#: without an answer. `open`: of those opened in the row, the ones that are open now.
MEASURES = ("opened", "merged", "landed", "reviews", "first", "first_unknown", "issues", "other", "waiting", "open")


@dataclass(frozen=True)
class Cell:
    """A number and the people behind it. `hidden`: too few people to tell it, so neither the number nor they may be shown."""

    count: int = 0
    people: frozenset[int] = frozenset()
    hidden: bool = False

    def __add__(self, other: "Cell") -> "Cell":
        return Cell(self.count + other.count, self.people | other.people)


@dataclass
class Line:
    """A row of figures: of a `slot`, or of a `project` (an id; None: places that are not tracked)."""

    slot: Slot | None = None
    project: int | None = None
    cells: dict[str, Cell] = field(default_factory=lambda: dict.fromkeys(MEASURES, Cell()))
    times: list[datetime.timedelta] = field(default_factory=list)
    #: The people whose pull requests were answered.
    answered: frozenset[int] = frozenset()
    hides_waits: bool = False

    def __getitem__(self, measure: str) -> Cell:
        return self.cells[measure]

    def add(self, measure: str, people: Iterable[int]) -> None:
        self.cells[measure] += Cell(1, frozenset(people))

    @cached_property
    def waits(self) -> Waits:
        return Waits(hidden=True) if self.hides_waits else summary(self.times)

    @property
    def share_open(self) -> int | None:
        """Percent of what was opened that is open now; None where nothing was opened, or one of both is not shown."""
        opened, still = self.cells["opened"], self.cells["open"]
        if not opened.count or opened.hidden or still.hidden:
            return None
        return round(100 * still.count / opened.count)

    @property
    def is_empty(self) -> bool:
        return not any(cell.count or cell.hidden for cell in self.cells.values())


@dataclass
class Overview:
    """A session in figures. `lines`: weeks and pauses, which add up to `total`; what lies `before` and `after` does not count."""

    lines: list[Line]
    before: Line
    after: Line
    total: Line
    projects: list[Line]
    #: Other work by kind, the most frequent first.
    others: list[tuple[str, Cell]]
    #: Everybody who did something that counts.
    people: frozenset[int] = frozenset()

    @property
    def is_empty(self) -> bool:
        return all(line.is_empty for line in (self.total, self.before, self.after))

    def line(self, key: str) -> Line | None:
        return next((line for line in self.lines if line.slot and line.slot.key == key), None)


def count(facts: Facts, weeks: Weeks) -> Overview:
    """All figures of one session. What is hidden, older, or opened after the end is not in them."""
    return _Counting(facts, weeks).overview()


def belongs(work: Work, weeks: Weeks) -> bool:
    """Whether something of it happened in the session: opened or finished inside, or at work while it ran."""
    if work.older or work.opened_at is None or weeks.slot_of(work.opened_at) == AFTER:
        return False
    done_at = work.ended_at or work.closed_at
    return done_at is None or weeks.slot_of(done_at) != BEFORE


def ended_in(work: Work, weeks: Weeks) -> Slot | None:
    """Where a pull request of a member was merged or landed; None for everything else."""
    if work.kind != Kind.PULL_REQUEST or work.state not in LANDED or not work.makers or work.ended_at is None:
        return None
    return weeks.slot_of(work.ended_at)


class _Counting:
    def __init__(self, facts: Facts, weeks: Weeks) -> None:
        self.facts, self.weeks = facts, weeks
        self.by_slot = {slot: Line(slot) for slot in [BEFORE, *weeks.slots, AFTER]}
        self.by_project: dict[int | None, Line] = {}
        self.total = Line()
        self.others: dict[str, Cell] = {}

    def overview(self) -> Overview:
        for work in self.facts.works:
            if belongs(work, self.weeks):
                self._work(work)
        for review in self.facts.reviews:
            self._review(review)
        inside = [self.by_slot[slot] for slot in self.weeks.slots]
        people = [cell.people for line in (self.total, self.by_slot[BEFORE], self.by_slot[AFTER]) for cell in line.cells.values()]
        return Overview(
            lines=inside,
            before=self.by_slot[BEFORE],
            after=self.by_slot[AFTER],
            total=self.total,
            projects=sorted(self.by_project.values(), key=self._by_name),
            others=sorted(self.others.items(), key=lambda pair: (-pair[1].count, pair[0])),
            people=frozenset().union(*people),
        )

    def _by_name(self, line: Line):
        """By name, what is not tracked last: projects are not ranked either."""
        return (line.project is None, self.facts.projects.get(line.project or 0, "").casefold(), line.project or 0)

    def _lines(self, slot: Slot, project: int | None) -> list[Line]:
        """The rows in which something at `slot` counts."""
        if slot in (BEFORE, AFTER):
            return [self.by_slot[slot]]
        return [self.by_slot[slot], self.total, self.by_project.setdefault(project, Line(project=project))]

    def _work(self, work: Work) -> None:
        assert work.opened_at is not None  # noqa: S101 (`belongs` has asked)
        opened = self._lines(self.weeks.slot_of(work.opened_at), work.project)
        if work.kind == Kind.OTHER:
            self._add("other", opened, work.people)
            if self.weeks.slot_of(work.opened_at) != BEFORE:
                kind = work.other_kind or WorkItem.OtherKind.ELSE
                self.others[kind] = self.others.get(kind, Cell()) + Cell(1, work.people)
        elif not work.makers:
            return
        elif work.kind in (Kind.ISSUE, Kind.TICKET):
            self._add("issues", opened, work.makers)
        else:
            self._pull_request(work, opened)

    def _pull_request(self, work: Work, opened: list[Line]) -> None:
        self._add("opened", opened, work.makers)
        if work.state in WorkItem.OPEN_STATES:
            self._add("open", opened, work.makers)
        if work.own and work.first:
            self._add("first", opened, work.own)
        elif work.own and work.first is None:
            self._add("first_unknown", opened, work.own)
        if work.waited is not None:
            for line in opened:
                line.times.append(work.waited)
                line.answered |= work.makers
        elif work.state == State.OPEN and not work.answered:
            self._add("waiting", opened, work.makers)
        ended = ended_in(work, self.weeks)
        if ended is not None:
            lines = self._lines(ended, work.project)
            self._add("merged", lines, work.makers)
            if work.state == State.LANDED:
                self._add("landed", lines, work.makers)

    def _review(self, review: Given) -> None:
        slot = self.weeks.slot_of(review.at)
        if slot not in (BEFORE, AFTER):
            self._add("reviews", self._lines(slot, review.project), {review.person})

    @staticmethod
    def _add(measure: str, lines: list[Line], people: Iterable[int]) -> None:
        for line in lines:
            line.add(measure, people)
