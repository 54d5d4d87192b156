"""Sessions side by side: by the number of the week, and where they have other lengths by parts of the way. Nothing is ranked."""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .counting import Cell, Kind, Overview, belongs, ended_in
from .facts import Facts
from .weeks import AFTER, BEFORE, Weeks
from .withholding import HIDDEN, is_told, told

#: What can be compared. The rest depends too much on how long ago a session was.
COMPARED = ("opened", "merged", "reviews", "first")
#: Sessions of other lengths are compared by so many equal parts of the way.
PARTS = 4


@dataclass(frozen=True)
class Column:
    """One session. `cells` by week number, `parts` in order of time; a week that a session does not have is missing.

    `ahead`: weeks that have not begun, and `parts_ahead` from which part on nothing has: there is nothing to tell of them yet.
    """

    name: str
    cells: dict[int, Cell]
    parts: tuple[Cell, ...]
    total: Cell
    weeks: int
    ahead: frozenset[int] = frozenset()
    parts_ahead: int = PARTS

    @property
    def a_week(self) -> float | None:
        """The mean of the weeks that have begun, to one place; None where the sum is not told."""
        begun = self.weeks - len(self.ahead)
        if self.total.hidden or begun < 1:
            return None
        return round(self.total.count / begun, 1)


@dataclass(frozen=True)
class Comparison:
    columns: list[Column]
    #: Week numbers of any of them.
    numbers: list[int]

    @property
    def differs(self) -> bool:
        """Whether the sessions have other lengths, so that the same week is not the same part of the way."""
        return len({column.weeks for column in self.columns}) > 1


def column(
    name: str,
    measure: str,
    facts: Facts,
    weeks: Weeks,
    overview: Overview,
    *,
    in_full: bool,
    now: datetime.datetime | None = None,
) -> Column:
    """One session in one measure. `overview`: as the reader may see it, in full or without small groups.

    `now`: to tell what is still ahead; without it nothing is.
    """
    cells = {line.slot.number: line[measure] for line in overview.lines if line.slot and line.slot.kind == "week"}
    parts = parts_of(facts, weeks, measure)
    if not in_full:
        whole = sum(parts, Cell())
        # The same sum as that of the weeks; told with its parts in one way, it must not undo what another way keeps back.
        # A part that ends within a week tells of the days before, where both are told.
        hides = any(cell.hidden for cell in cells.values()) or not is_told(whole, facts.agreed)
        hides = hides or not all(is_told(piece, facts.agreed) for piece in _pieces(facts, weeks, measure))
        parts = [HIDDEN if hides and cell.count else cell for cell in told(parts, whole, facts.agreed)]
    ahead, parts_ahead = frozenset[int](), PARTS
    if now is not None and weeks.spans:
        today = now.astimezone(weeks.zone).date()
        ahead = frozenset(number for number, first, _last in weeks.spans if today < first)
        part = weeks.part_of(now, PARTS)
        parts_ahead = 0 if today < weeks.spans[0][1] else PARTS if part is None else part + 1
    return Column(name, cells, tuple(parts), overview.total[measure], len(cells), ahead, parts_ahead)


def parts_of(facts: Facts, weeks: Weeks, measure: str, parts: int = PARTS) -> list[Cell]:
    """What happened in each of so many equal parts of a session. A pause is part of the way."""
    cells = [Cell() for _ in range(parts)]
    for moment, people in _happened(facts, weeks, measure):
        place = weeks.part_of(moment, parts)
        if place is not None:
            cells[place] += Cell(1, frozenset(people))
    return cells


def _pieces(facts: Facts, weeks: Weeks, measure: str) -> list[Cell]:
    """What happened in each part of each week."""
    found: dict[tuple[int | None, str], Cell] = {}
    for moment, people in _happened(facts, weeks, measure):
        key = weeks.part_of(moment, PARTS), weeks.slot_of(moment).key
        found[key] = found.get(key, Cell()) + Cell(1, frozenset(people))
    return [cell for (part, _slot), cell in found.items() if part is not None]


def _happened(facts: Facts, weeks: Weeks, measure: str) -> Iterator[tuple[datetime.datetime, Iterable[int]]]:
    """When each thing happened that a measure counts, and who is behind it."""
    if measure == "reviews":
        for review in facts.reviews:
            yield review.at, {review.person}
        return
    for work in facts.works:
        if work.kind != Kind.PULL_REQUEST or not work.makers or work.opened_at is None or not belongs(work, weeks):
            continue
        if measure == "merged":
            if work.ended_at is not None and ended_in(work, weeks) not in (None, BEFORE, AFTER):
                yield work.ended_at, work.makers
        elif measure == "opened" or (measure == "first" and work.own and work.first):
            yield work.opened_at, work.makers if measure == "opened" else work.own


def compare(columns: Sequence[Column]) -> Comparison:
    return Comparison(list(columns), sorted({number for each in columns for number in each.cells}))
