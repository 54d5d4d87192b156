"""How the people of a proposal spread over the parts of one thing (levels of experience, tiers …): as counts, and as lengths of bars."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

#: Heights in the picture, in pixels: of a row, of the words above its bar, and of the bar.
ROW, WORDS, BAR = 50, 16, 22
#: Colours for parts; where there are more, neighbours share one. Per cent of the width below which no number fits into a part.
COLOURS, NARROW = 6, 5
#: Letters of a name that the picture has room for. The table has all of them.
LETTERS = 44


@dataclass(frozen=True)
class Bar:
    """A part of a row: `x`, `width` and `middle` in per cent of the width, `y` in pixels, and which colour."""

    x: float
    width: float
    y: int
    colour: str
    count: int

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)

    @property
    def has_room(self) -> bool:
        return self.width >= NARROW


@dataclass(frozen=True)
class Row:
    """A cohort, or all people together: `counts` by the parts of the spread."""

    label: str
    counts: list[int]
    bars: list[Bar]
    words_y: int

    @property
    def people(self) -> int:
        return sum(self.counts)

    @property
    def short(self) -> str:
        return self.label if len(self.label) <= LETTERS else f"{self.label[: LETTERS - 1]}…"


@dataclass(frozen=True)
class Spread:
    """A picture with its table. `parts` are their words and colours, in order; rows: those considered, those placed, each cohort."""

    code: str
    heading: str
    parts: list[tuple[str, str]]
    rows: list[Row]

    @property
    def height(self) -> int:
        return len(self.rows) * ROW

    @property
    def says_something(self) -> bool:
        """Not where everybody is in the same part."""
        return len(self.parts) > 1


def spread_over[Part: Hashable](
    code: str,
    heading: str,
    parts: Sequence[tuple[Part, str]],
    part_of: Callable[[int], Part],
    groups: Sequence[tuple[str, Sequence[int]]],
    *,
    unsaid: Part | None = None,
) -> Spread:
    """The spread of the people in `groups` (labels with ids) over `parts` (each with its words); parts in which nobody is are left out.

    `unsaid` is the part of those of whom nothing is known: it has no colour.
    """
    counted = [(label, Counter(part_of(one) for one in people)) for label, people in groups]
    found = {part for _label, counts in counted for part in counts}
    kept = [(part, words) for part, words in parts if part in found]
    # Colours go by the place among all parts, the first light and the last strong, so that two pictures of one thing have the same.
    said = [part for part, _words in parts if part != unsaid]
    most = max(len(said), 2) - 1
    colours = {part: str(place * (COLOURS - 1) // most) for place, part in enumerate(said)}
    if unsaid is not None:
        colours[unsaid] = "unsaid"
    rows = []
    for number, (label, counts) in enumerate(counted):
        in_order = [(colours[part], counts[part]) for part, _words in kept]
        rows.append(
            Row(
                label, [count for _colour, count in in_order], _bars(in_order, number * ROW + WORDS + 4), number * ROW + WORDS - 3
            )
        )
    return Spread(code, heading, [(words, colours[part]) for part, words in kept], rows)


def _bars(counts: Sequence[tuple[str, int]], y: int) -> list[Bar]:
    """The parts of one row, which together take the whole width."""
    people, so_far, bars = sum(count for _colour, count in counts), 0, []
    for colour, count in counts:
        if count:
            bars.append(Bar(round(100 * so_far / people, 2), round(100 * count / people, 2), y, colour, count))
        so_far += count
    return bars
