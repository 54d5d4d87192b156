"""The picture of a token's budget over time: where the lines go, in hundredths of width and height. Drawn by a template."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .budgets import KEPT_FOR_PEOPLE_PERCENT, Sample

#: More points than this along the time nobody sees: of those that fall together the lowest is drawn.
COLUMNS = 240


@dataclass(frozen=True)
class Span:
    """A stretch of time: `x` and `width` in hundredths, with its true begin and end."""

    x: float
    width: float
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Hour:
    """What a table says instead of the picture: the fewest points left in an hour, and what was used of them, as far as samples tell."""

    begins: datetime
    lowest: int
    used: int


@dataclass(frozen=True)
class Picture:
    """`line` and `area` are SVG paths, `resets` the places where the points were full again, `next_reset` the one ahead."""

    begins: datetime
    ends: datetime
    line: str = ""
    area: str = ""
    reserve_y: float = 100 - KEPT_FOR_PEOPLE_PERCENT
    resets: list[float] = field(default_factory=list)
    blocked: list[Span] = field(default_factory=list)
    hours: list[Hour] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.line

    @property
    def ticks(self) -> list[datetime]:
        """Five moments from the begin to the end."""
        return [self.begins + (self.ends - self.begins) * part / 4 for part in range(5)]


def picture_of(
    samples: Sequence[Sample],
    *,
    now: datetime,
    span: timedelta,
    reset_at: datetime | None = None,
    blocked: Iterable[tuple[datetime, datetime]] = (),
) -> Picture:
    """Draw `samples`, oldest first, of the `span` before `now`. `reset_at`: when the points of the last one are full again.

    Points only become fewer until GitHub fills them up: where a sample has more than the one before, there was a reset. One
    older sample than the span may lead: the line begins with it.
    """
    begins = now - span

    def x_of(moment: datetime) -> float:
        return round(min(max((moment - begins) / span, 0), 1) * 100, 2)

    kept = [sample for sample in samples if sample.at <= now and sample.limit > 0]
    lead = [sample for sample in kept if sample.at < begins][-1:]
    kept = lead + [sample for sample in kept if sample.at >= begins]
    spans = _spans(blocked, begins, now, x_of)
    if not kept:
        return Picture(begins, now, blocked=spans)
    points: list[tuple[float, float]] = []
    resets: list[float] = []
    before: Sample | None = None
    for sample in _thinned(kept, begins, span):
        x, y = x_of(sample.at), _y_of(sample)
        if before is not None and sample.remaining > before.remaining:
            points.append((x, _y_of(before)))
            resets.append(x)
        points.append((x, y))
        before = sample
    last = kept[-1]
    if reset_at is not None and last.at < reset_at <= now and last.remaining < last.limit:
        x = x_of(reset_at)
        points += [(x, _y_of(last)), (x, 0.0)]
        resets.append(x)
    points.append((100.0, points[-1][1]))
    line = "M" + " L".join(f"{x:g} {y:g}" for x, y in points)
    return Picture(
        begins=begins,
        ends=now,
        line=line,
        area=f"{line} L100 100 L{points[0][0]:g} 100 Z",
        resets=resets,
        blocked=spans,
        hours=_hours(kept),
    )


def _y_of(sample: Sample) -> float:
    return round(100 - min(sample.remaining / sample.limit, 1) * 100, 2)


def _thinned(samples: Sequence[Sample], begins: datetime, span: timedelta) -> list[Sample]:
    """At most two samples a column: the lowest of those that fall together, and a refill after it."""
    if len(samples) <= COLUMNS:
        return list(samples)
    found: list[Sample] = []
    column = None
    for sample in samples:
        here = int((sample.at - begins) / span * COLUMNS)
        if here != column or sample.remaining > found[-1].remaining:
            found.append(sample)
        else:
            found[-1] = sample
        column = here
    return found


def _spans(blocked, begins: datetime, now: datetime, x_of) -> list[Span]:
    """Blocked times inside the picture, those that touch joined."""
    joined: list[list[datetime]] = []
    for start, end in sorted((max(start, begins), min(end, now)) for start, end in blocked if start < now and end > begins):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        elif end > start:
            joined.append([start, end])
    # Narrower than half a hundredth nothing is seen.
    return [Span(x_of(start), max(round(x_of(end) - x_of(start), 2), 0.5), start, end) for start, end in joined]


def _hours(samples: Sequence[Sample]) -> list[Hour]:
    """By hour of the clock, the newest first."""
    lowest: dict[datetime, int] = {}
    used: dict[datetime, int] = {}
    before: int | None = None
    for sample in samples:
        hour = sample.at.replace(minute=0, second=0, microsecond=0)
        lowest[hour] = min(lowest.get(hour, sample.remaining), sample.remaining)
        start = sample.limit if before is None or sample.remaining > before else before
        spent = 0 if before is None else start - sample.remaining
        used[hour] = used.get(hour, 0) + spent
        before = sample.remaining
    return [Hour(hour, lowest[hour], used[hour]) for hour in sorted(lowest, reverse=True)]
