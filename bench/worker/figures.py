"""A figure, what it must not miss, and the table of them all."""

from dataclasses import dataclass
from statistics import median


@dataclass
class Figure:
    """One line: what was measured for ours and for stock (texts), and a `value` that is `at_least` or `at_most` something."""

    name: str
    ours: str
    stock: str = "–"
    value: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def bound(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    @property
    def met(self) -> bool:
        if self.value is None:
            return True
        return self.value >= (self.at_least or 0) and (self.at_most is None or self.value <= self.at_most)


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def compared(name: str, ours: list[float], stock: list[float], unit: str, *, at_least=None, at_most=None, digits=0) -> Figure:
    """The medians of both, and the first as a share of the second."""
    mine, theirs = median(ours), median(stock)
    return Figure(name, f"{mine:,.{digits}f} {unit}", f"{theirs:,.{digits}f} {unit}", mine / theirs, at_least, at_most)


def table(title: str, figures: list[Figure]) -> str:
    """All of them, as text."""
    rows = [("", "ours", "stock", "value", "bound", "")]
    for figure in figures:
        value = "" if figure.value is None else f"{figure.value:.3g}"
        verdict = "" if not figure.bound else "met" if figure.met else "MISSED"
        rows.append((figure.name, figure.ours, figure.stock, value, figure.bound, verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    return "\n".join([title, lines[0], "-" * len(lines[0]), *lines[1:]])
