"""The week strip of a member: where each piece of work lies in the session's weeks. Geometry only; `strip_drawing` draws it.

Along the weeks everything is in percent of the width, so that the picture fills any screen without scaling its text. Names
stand beside the bars as text, so that long ones are cut by the browser and none lies over another.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cohorts.models import Week

from .meaning.entries import parse_time
from .reading import GROUPS, Calendar, Row, group_of_row, is_older
from .waiting import Waiting, day_of_month

#: Up to so many lanes stand in one list by the day on which they began, each with room; more are grouped by whose turn it is.
ROOMY = 12
#: Up to so many lanes are all drawn. Of more, each group shows the ones that matter most, and the rest is folded.
ALL = 30
SHOWN = {"yours": 12, "reviewer": 6, "maintainer": 6}
SHOWN_ELSE = 4
#: Two more lanes are not worth a click.
NOT_WORTH_A_CLICK = 2
#: Marks nearer than this (percent) would hide each other: the later one of the same kind is left out.
NEAR = 0.9
SHORTEST = 1.2
#: In the picture of folded lanes: the most lines, and how far apart two bars of one line lie (percent).
SWARM_LINES, SWARM_GAP = 14, 0.6

MARKS = {
    "ready": gettext_lazy("Ready for review"),
    "first_response": gettext_lazy("First answer"),
    "changes_requested": gettext_lazy("Changes requested"),
    "approved": gettext_lazy("Approved"),
    "reviewed": gettext_lazy("Review given"),
    "merged": gettext_lazy("Merged or landed"),
    "closed": gettext_lazy("Closed"),
}


@dataclass(frozen=True)
class Mark:
    kind: str
    x: float
    at: datetime.datetime

    @property
    def words(self) -> str:
        return f"{MARKS[self.kind]}, {day_of_month(timezone.localtime(self.at).date())}"


@dataclass
class Lane:
    """One piece of work. `start`, `end`: its bar in percent; `drafts`: parts in which it was a draft."""

    row: Row
    start: float
    end: float
    opened_at: datetime.datetime
    done_at: datetime.datetime | None
    marks: list[Mark] = field(default_factory=list)
    drafts: list[tuple[float, float]] = field(default_factory=list)
    from_before: bool = False
    goes_on: bool = False

    @property
    def width(self) -> float:
        return round(self.end - self.start, 2)

    @property
    def is_point(self) -> bool:
        """Whether it happened at once, or so quickly that a bar would be a line."""
        return self.width <= SHORTEST

    @property
    def point_x(self) -> float:
        return round(self.start + self.width / 2, 2)

    @property
    def state_words(self) -> str:
        """Whose turn it is in two words: colour alone says nothing."""
        tone = self.waiting.tone
        if tone == "mine":
            return _("your turn") if self.row.yours else _("their turn")
        if tone in WITH:
            return str(WITH[tone])
        return _("open") if self.row.is_open else _("closed")

    @property
    def waiting(self) -> Waiting:
        return self.row.waiting

    def first(self, kind: str) -> datetime.datetime | None:
        return next((mark.at for mark in self.marks if mark.kind == kind), None)

    @property
    def ready_at(self):
        return self.first("ready")

    @property
    def first_response_at(self):
        return self.row.item.first_response_at

    @property
    def changes_requested_at(self):
        return [mark.at for mark in self.marks if mark.kind == "changes_requested"]

    @property
    def approved_at(self):
        return self.first("approved")


@dataclass(frozen=True)
class Column:
    """A week. `x`: its left edge in percent."""

    week: Week
    x: float
    width: float
    is_current: bool

    @property
    def label_x(self) -> float:
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True)
class Part:
    """Lanes under one heading. `key` and `title` are empty where there is one part only."""

    key: str
    title: str
    shown: list[Lane]
    folded: list[Lane]

    @property
    def count(self) -> int:
        return len(self.shown) + len(self.folded)

    @cached_property
    def swarm(self) -> list[tuple[Lane, int]]:
        """The folded lanes packed into few lines, none over another: each with its line. The last line takes what is left."""
        ends = [-SWARM_GAP] * SWARM_LINES
        packed = []
        for lane in sorted(self.folded, key=lambda lane: lane.start):
            line = next((line for line, end in enumerate(ends) if end + SWARM_GAP <= lane.start), SWARM_LINES - 1)
            ends[line] = max(ends[line], lane.end)
            packed.append((lane, line))
        return packed

    @property
    def swarm_lines(self) -> int:
        return 1 + max((line for _lane, line in self.swarm), default=0)


@dataclass(frozen=True)
class Strip:
    columns: list[Column]
    today: float | None
    parts: list[Part]
    marks: list[tuple[str, str]]

    @property
    def lanes(self) -> list[Lane]:
        return [lane for part in self.parts for lane in (*part.shown, *part.folded)]

    @property
    def is_roomy(self) -> bool:
        return len(self.parts) == 1 and not self.parts[0].title

    @property
    def density(self) -> str:
        """How much the weeks can say at their heads: all, only numbers, or numbers without dates."""
        return "dense" if len(self.columns) > 16 else "crowded" if len(self.columns) > 9 else ""


def strip_of(rows: Sequence[Row], calendar: Calendar, now: datetime.datetime) -> Strip | None:
    """The strip of a member's work inside the session's weeks; None where there is nothing to draw."""
    scale = Scale(calendar.session.begins_at, calendar.session.ends_at)
    lanes = [lane for row in rows if (lane := _lane(row, scale, now)) is not None]
    if not lanes or not calendar.weeks:
        return None
    lanes.sort(key=lambda lane: (lane.opened_at, lane.row.contribution.pk))
    kinds = {mark.kind for lane in lanes for mark in lane.marks}
    return Strip(
        columns=_columns(calendar, scale),
        today=scale.at(now) if scale.begins <= now < scale.ends else None,
        parts=_parts(lanes),
        marks=[(kind, str(words)) for kind, words in MARKS.items() if kind in kinds],
    )


@dataclass(frozen=True)
class Scale:
    """From instants to percent of the session."""

    begins: datetime.datetime
    ends: datetime.datetime

    def at(self, moment: datetime.datetime) -> float:
        share = (moment - self.begins) / (self.ends - self.begins)
        return round(min(max(share, 0), 1) * 100, 2)


def _columns(calendar: Calendar, scale: Scale) -> list[Column]:
    zone = calendar.session.zone
    columns = []
    for week in calendar.weeks:
        begins = datetime.datetime.combine(week.starts_on, datetime.time(), tzinfo=zone)
        ends = datetime.datetime.combine(week.ends_on + datetime.timedelta(days=1), datetime.time(), tzinfo=zone)
        x = scale.at(begins)
        is_current = calendar.current is not None and week.pk == calendar.current.pk
        columns.append(Column(week, x, round(scale.at(ends) - x, 2), is_current))
    return columns


def _parts(lanes: list[Lane]) -> list[Part]:
    """One part for few lanes; for more a part for each group of the lists, in their order. Inside, lanes stay by opening."""
    if len(lanes) <= ROOMY:
        return [Part("", "", lanes, [])]
    by_group: dict[str, list[Lane]] = {}
    for lane in lanes:
        by_group.setdefault(group_of_row(lane.row), []).append(lane)
    parts = []
    for key, titles in GROUPS.items():
        found = by_group.get(key)
        if found:
            most = len(found) if len(lanes) <= ALL else SHOWN.get(key, SHOWN_ELSE)
            parts.append(Part(key, str(titles[0 if found[0].row.yours else 1]), *_fold(found, most)))
    return parts


def _fold(lanes: list[Lane], most: int) -> tuple[list[Lane], list[Lane]]:
    """Of open work what has waited longest is shown, of what is done the latest."""
    if len(lanes) <= most + NOT_WORTH_A_CLICK:
        return lanes, []
    by_need = sorted(
        lanes,
        key=lambda lane: (
            lane.done_at is not None,
            -lane.done_at.timestamp() if lane.done_at else (lane.waiting.since or lane.opened_at).timestamp(),
        ),
    )
    kept = {id(lane) for lane in by_need[:most]}
    return [lane for lane in lanes if id(lane) in kept], [lane for lane in lanes if id(lane) not in kept]


def _lane(row: Row, scale: Scale, now: datetime.datetime) -> Lane | None:
    item = row.item
    opened_at = item.created_at or row.contribution.created_at
    done_at = (item.merged_at or item.closed_at) if not row.is_open else None
    if not row.is_open and done_at is None:
        # Other work, and what vanished without a date: a point where it was last known.
        done_at = item.updated_at or opened_at
    last = min(done_at or now, now)
    if opened_at >= scale.ends or opened_at > now or last < scale.begins or is_older(row.contribution):
        return None
    start, end = scale.at(opened_at), scale.at(last)
    if end - start < SHORTEST:
        start = min(start, 100 - SHORTEST)
        end = round(start + SHORTEST, 2)
    return Lane(
        row=row,
        start=start,
        end=end,
        opened_at=opened_at,
        done_at=done_at,
        marks=_marks(row, scale, done_at, now),
        drafts=_drafts(row, scale, opened_at, last),
        from_before=opened_at < scale.begins,
        goes_on=last >= scale.ends,
    )


def _marks(row: Row, scale: Scale, done_at: datetime.datetime | None, now: datetime.datetime) -> list[Mark]:
    item = row.item
    found = [
        (event["what"], at)
        for event in item.events
        if event.get("human")
        and event.get("what") in ("ready", "changes_requested", "approved")
        and (at := parse_time(event.get("at")))
    ]
    if row.is_review:
        # Of somebody else's work only the own reviews are the member's story.
        found = [("reviewed", review.submitted_at) for review in row.reviews]
    elif item.first_response_at:
        found.append(("first_response", item.first_response_at))
    if done_at is not None and item.state in (item.State.MERGED, item.State.LANDED):
        found.append(("merged", done_at))
    elif done_at is not None and item.state == item.State.CLOSED and item.closed_at:
        found.append(("closed", done_at))
    marks: list[Mark] = []
    for kind, at in sorted(found, key=lambda pair: (pair[1], ORDER[pair[0]])):
        if not scale.begins <= at < scale.ends or at > now:
            continue
        # A review that asks for changes is also the first answer: the plainer mark gives way.
        same_time = kind == "first_response" and any(other[0] != "first_response" and other[1] == at for other in found)
        x = scale.at(at)
        if not same_time and not any(mark.kind == kind and x - mark.x < NEAR for mark in marks):
            marks.append(Mark(kind, x, at))
    return marks


#: With whom a piece of work is, by the tone of its pill.
WITH = {
    "reviewer": gettext_lazy("with a reviewer"),
    "maintainer": gettext_lazy("with the maintainers"),
    "done": gettext_lazy("done"),
}
ORDER = {kind: place for place, kind in enumerate(MARKS)}


def _drafts(row: Row, scale: Scale, opened_at: datetime.datetime, last: datetime.datetime) -> list[tuple[float, float]]:
    """Parts of the bar (x, width) in which a pull request was a draft."""
    changes = [
        (event["what"], at)
        for event in row.item.events
        if event.get("what") in ("draft", "ready") and (at := parse_time(event.get("at")))
    ]
    began = changes[0][0] == "ready" if changes else row.item.state == row.item.State.DRAFT
    parts, since = [], opened_at if began else None
    for what, at in changes:
        if what == "draft":
            since = since or at
        elif since is not None:
            parts.append((since, at))
            since = None
    if since is not None:
        parts.append((since, last))
    return [(x, width) for begin, end in parts if (width := round(scale.at(min(end, last)) - (x := scale.at(begin)), 2)) > 0]
