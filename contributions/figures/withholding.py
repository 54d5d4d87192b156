"""What everybody may read of a session's figures: nothing that is about one person, or two.

A number is told when at least `ENOUGH_PEOPLE` are behind it, when it is zero, or when all behind it agreed to be named. Where a
sum is told with its parts, what is left of it for the parts that are not told must rest on enough people as well: else more
parts are kept back, those with the fewest people first.
"""

import dataclasses
from collections.abc import Sequence

from .counting import MEASURES, Cell, Line, Overview
from .waits import ENOUGH_PEOPLE, is_enough

HIDDEN = Cell(hidden=True)


def public(overview: Overview, agreed: frozenset[int] = frozenset()) -> Overview:
    """A copy for everybody. `agreed`: ids of people who agreed to be named; what only they are behind needs no protection."""
    total = _bare(overview.total)
    lines, projects = [_bare(line) for line in overview.lines], [_bare(line) for line in overview.projects]
    edges = [_bare(overview.before), _bare(overview.after)]
    for measure in MEASURES:
        whole = overview.total[measure]
        total.cells[measure] = whole if is_told(whole, agreed) else HIDDEN
        for old, new in ((overview.lines, lines), (overview.projects, projects)):
            for line, cell in zip(new, told([each[measure] for each in old], whole, agreed), strict=True):
                line.cells[measure] = cell
            if measure == "opened":
                _withhold_waits(new, overview.total)
        for line, edge in zip((overview.before, overview.after), edges, strict=True):
            edge.cells[measure] = line[measure] if is_told(line[measure], agreed) else HIDDEN
    others = told([cell for _kind, cell in overview.others], overview.total["other"], agreed)
    kinds = [(kind, cell) for (kind, _), cell in zip(overview.others, others, strict=True)]
    return dataclasses.replace(
        overview, total=total, lines=lines, before=edges[0], after=edges[1], projects=projects, others=kinds
    )


def is_told(cell: Cell, agreed: frozenset[int]) -> bool:
    return not cell.count or len(cell.people) >= ENOUGH_PEOPLE or cell.people <= agreed


def told(parts: Sequence[Cell], whole: Cell, agreed: frozenset[int]) -> list[Cell]:
    """The parts of a sum as everybody may read them."""
    kept = {place for place, cell in enumerate(parts) if not is_told(cell, agreed)}
    if is_told(whole, agreed):
        # The sum is told, so the sum of what is kept back can be worked out.
        rest = sorted(
            (place for place, cell in enumerate(parts) if cell.count and place not in kept),
            key=lambda place: (len(parts[place].people), parts[place].count),
        )
        while kept and rest and not _is_safe([parts[place] for place in kept], agreed):
            kept.add(rest.pop(0))
    return [HIDDEN if place in kept else cell for place, cell in enumerate(parts)]


def _is_safe(cells: Sequence[Cell], agreed: frozenset[int]) -> bool:
    """Whether the sum of these may be known: of one alone it would be its number."""
    return len(cells) > 1 and len(frozenset().union(*(cell.people for cell in cells))) >= ENOUGH_PEOPLE


def _withhold_waits(lines: Sequence[Line], total: Line) -> None:
    """How many were answered is told beside how long it took: it must not undo what was kept back of what was opened."""
    answered = told([Cell(len(line.times), line.answered) for line in lines], Cell(len(total.times), total.answered), frozenset())
    for line, cell in zip(lines, answered, strict=True):
        line.hides_waits |= cell.hidden or line["opened"].hidden


def _bare(line: Line) -> Line:
    """A copy to be filled: the waits stay where enough of enough people are behind them."""
    enough = not line.times or is_enough(len(line.times), len(line.answered))
    return dataclasses.replace(line, cells={}, hides_waits=not enough)
