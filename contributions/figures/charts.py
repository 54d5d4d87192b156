"""Small pictures of figures: geometry only, the template draws it. Each stands beside a table that says the same.

Along the weeks everything is in percent of the width, so that a picture fills any screen without scaling its text; upwards
everything is in pixels. Marks have classes for the page, and colours of their own for the file that is saved.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.days import short_day

from .comparing import Comparison
from .counting import Cell, Line, Overview
from .words import MEASURES, slot_words

#: Pixels: room for numbers above the bars, the bars, and the words below them.
TOP, BARS, BELOW = 22, 150, 40
BASE = TOP + BARS
#: More groups than this have short words below them, and more than that no numbers.
CROWDED, DENSE = 9, 16
#: The least that can be seen.
LEAST = 2
#: So many sessions can be told apart in one picture.
MOST_SERIES = 4


@dataclass(frozen=True)
class Bar:
    """A bar (x and width in percent, y and height in pixels) with its number; `few`: one that is not told."""

    series: int
    x: float
    width: float
    height: float
    words: str
    few: bool = False

    @property
    def y(self) -> float:
        return round(BASE - self.height, 1)

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)

    @property
    def words_y(self) -> float:
        return round(self.y - 5, 1)


@dataclass(frozen=True)
class Range:
    """From the middle wait (a dot) to that of nine of ten (a line across)."""

    x: float
    median: float
    most: float
    words: str
    most_words: str

    @property
    def median_y(self) -> float:
        return round(BASE - self.median, 1)

    @property
    def most_y(self) -> float:
        return round(BASE - self.most, 1)

    @property
    def tells_most(self) -> bool:
        """Whether there is room for both numbers."""
        return self.most - self.median > 15


@dataclass(frozen=True)
class Group:
    """The words below what belongs together, and where its left edge is, in percent."""

    x: float
    middle: float
    long: str
    short: str
    below: str = ""


@dataclass
class Chart:
    """`key` is its name in addresses; `series` are the words of the legend."""

    key: str
    title: str
    groups: list[Group]
    series: list[str]
    bars: list[Bar] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)

    base, height = BASE, BASE + BELOW
    words_y, dates_y = BASE + 18, BASE + 34
    #: Of the file: the whole picture, and the part with the marks.
    file_width, plot_width, right = 800, 752, 776
    legend_y = BASE + BELOW + 84

    @property
    def file_height(self) -> int:
        return self.legend_y + 22 * len(self.series) + 22

    @property
    def note_y(self) -> int:
        return self.file_height - 12

    @property
    def has_few(self) -> bool:
        return any(bar.few for bar in self.bars)

    @property
    def density(self) -> str:
        return "dense" if len(self.groups) > DENSE else "crowded" if len(self.groups) > CROWDED else ""

    @property
    def label(self) -> str:
        return _("%(title)s. The table says the same.") % {"title": self.title}


def weeks_chart(overview: Overview, measures: Sequence[str] = ("opened", "merged", "reviews")) -> Chart:
    """What was opened, merged and reviewed in each week."""
    lines = overview.lines
    rows = [[line[measure] for line in lines] for measure in measures]
    return Chart(
        "weeks",
        _("Opened, merged and reviewed, week by week"),
        _groups(lines),
        [str(MEASURES[measure]) for measure in measures],
        bars=_bars(rows, len(lines)),
    )


def answers_chart(overview: Overview) -> Chart:
    """How long first answers took for the pull requests opened in each week."""
    lines = overview.lines
    longest = max((line.waits.most for line in lines if line.waits.most), default=datetime.timedelta(0))
    longest = max(longest, datetime.timedelta(hours=1))
    width = 100 / max(len(lines), 1)
    ranges = [
        Range(
            x=round(width * (place + 0.5), 2),
            median=_height(waits.median / longest),
            most=_height(waits.most / longest),
            words=short_duration(waits.median),
            most_words=short_duration(waits.most),
        )
        for place, line in enumerate(lines)
        if (waits := line.waits).median is not None and waits.most is not None
    ]
    series = [_("Half were answered within"), _("Nine of ten were answered within")]
    return Chart("answers", _("How long first answers took"), _groups(lines), series, ranges=ranges)


def comparison_chart(comparison: Comparison, title: str) -> Chart:
    """Sessions side by side, week by week."""
    columns, numbers = comparison.columns[:MOST_SERIES], comparison.numbers
    width = 100 / max(len(numbers), 1)
    groups = [
        Group(round(width * place, 2), round(width * (place + 0.5), 2), _("Week %(number)s") % {"number": number}, str(number))
        for place, number in enumerate(numbers)
    ]
    rows = [[column.cells.get(number, Cell()) for number in numbers] for column in columns]
    return Chart("compare", title, groups, [column.name for column in columns], bars=_bars(rows, len(numbers)))


def short_duration(duration: datetime.timedelta) -> str:
    """“5 h”, “3 d”: for pictures, where there is no room."""
    hours = duration.total_seconds() / 3600
    if hours < 48:
        return _("%(hours)s h") % {"hours": int(hours) if hours >= 1 else "<1"}
    return _("%(days)s d") % {"days": round(hours / 24)}


def _groups(lines: Sequence[Line]) -> list[Group]:
    width = 100 / max(len(lines), 1)
    groups = []
    for place, line in enumerate(lines):
        slot = line.slot
        if slot is None:
            continue
        short = str(slot.number) if slot.kind == "week" else "–"
        long = slot_words(slot) if slot.kind == "week" else _("Pause")
        below = short_day(slot.first) if slot.first else ""
        groups.append(Group(round(width * place, 2), round(width * (place + 0.5), 2), long, short, below))
    return groups


def _bars(rows: Sequence[Sequence[Cell]], number: int) -> list[Bar]:
    """Bars side by side: a row for each series, a cell for each group. Nothing is drawn for zero but the number."""
    highest = max((cell.count for row in rows for cell in row), default=0) or 1
    group = 100 / max(number, 1)
    room = 0.8 * group / max(len(rows), 1)
    bars = []
    for series, row in enumerate(rows):
        for place, cell in enumerate(row):
            if not cell.count and not cell.hidden:
                continue
            height = 8.0 if cell.hidden else _height(cell.count / highest)
            x = round(group * place + 0.1 * group + room * series, 2)
            bars.append(Bar(series, x, round(room * 0.86, 2), height, "" if cell.hidden else str(cell.count), cell.hidden))
    return bars


def _height(share: float) -> float:
    return round(max(min(share, 1) * BARS, LEAST), 1)
