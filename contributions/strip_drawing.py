"""The week strip as HTML with small SVGs. Drawn here and not in a template: a page may hold a hundred lanes."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from accounts.days import short_day
from accounts.templatetags.interface import icon

from .strip import Lane, Part, Strip

#: Pixels of a lane's picture, its bar, and of a bar where lanes are folded.
TRACK, BAR, THIN = 18, 12, 4

SHAPES = {
    "ready": '<circle class="halo" r="5.5"/><circle class="ring" r="4"/>',
    "first_response": '<circle class="halo" r="6"/><circle r="4"/>',
    "changes_requested": '<path class="halo" d="M0-8.5 8.5 0 0 8.5-8.5 0z"/><path d="M0-6 6 0 0 6-6 0z"/>',
    "approved": '<circle class="halo" r="8.5"/><circle r="7"/><path class="tick" d="M-3 .2-.8 2.4 3.2-2.2"/>',
    "reviewed": '<rect class="halo" x="-7" y="-7" width="14" height="14" rx="3"/><rect x="-5" y="-5" width="10" height="10" rx="2"/>',
    "merged": '<circle class="halo" r="9.5"/><path d="M0-8 2.1-2.8 7.6-2.5 3.4 1.1 4.7 6.5 0 3.5-4.7 6.5-3.4 1.1-7.6-2.5-2.1-2.8z"/>',
    "closed": '<circle class="halo" r="8"/><path class="cross" d="M-3.5-3.5 3.5 3.5M3.5-3.5-3.5 3.5"/>',
}


def shapes() -> SafeString:
    """The marks, once a page: bars and legend refer to them."""
    # Right to left the whole picture is turned round; a tick would point the wrong way.
    turned = ' transform="scale(-1 1)"' if get_language_bidi() else ""
    drawn = "".join(f'<g id="mark-{kind}"{turned}>{shape}</g>' for kind, shape in SHAPES.items())
    return _safe(f'<svg class="shapes" width="0" height="0" aria-hidden="true" focusable="false"><defs>{drawn}</defs></svg>')


def scale(strip: Strip) -> SafeString:
    """The line of the weeks above the lanes."""
    parts = ['<svg width="100%" height="38" aria-hidden="true" focusable="false">']
    for column in strip.columns:
        now = " is-now" if column.is_current else ""
        number = column.week.number
        if column.is_current:
            parts.append(f'<rect class="now" x="{column.x}%" y="0" width="{column.width}%" height="38"/>')
        long = escape(_("Week %(number)s") % {"number": number})
        parts.append(
            f'<text class="week{now}" x="{column.label_x}%" y="15"><tspan class="long">{long}</tspan>'
            f'<tspan class="short">{number}</tspan></text>'
            f'<text class="date" x="{column.label_x}%" y="30">{escape(short_day(column.week.starts_on))}</text>'
        )
    return _safe("".join([*parts, "</svg>"]))


def grid(strip: Strip) -> SafeString:
    """What lies behind the lanes of a part: the weeks, and today."""
    parts = ['<svg class="grid" width="100%" height="100%" aria-hidden="true" focusable="false">']
    for column in strip.columns:
        if column.is_current:
            parts.append(f'<rect class="now" x="{column.x}%" y="0" width="{column.width}%" height="100%"/>')
        elif column.x:
            parts.append(f'<line x1="{column.x}%" x2="{column.x}%" y1="0" y2="100%"/>')
    if strip.today is not None:
        parts.append(f'<line class="today" x1="{strip.today}%" x2="{strip.today}%" y1="0" y2="100%"/>')
    return _safe("".join([*parts, "</svg>"]))


def lanes(found: Iterable[Lane]) -> SafeString:
    """One list entry a lane: its name as a link, whose turn it is, and its bar."""
    return _safe("".join(_lane(lane) for lane in found))


def _lane(lane: Lane) -> str:
    row, waiting = lane.row, lane.waiting
    return (
        f'<li class="lane" data-turn="{waiting.tone}"><a href="{row.address}" title="{escape(waiting.text)}">{icon(waiting.icon)}'
        f'<b>{escape(row.number)}</b> {escape(row.item.title)}</a><span class="state">{escape(lane.state_words)}</span>'
        f'<svg class="track" width="100%" height="{TRACK}" aria-hidden="true" focusable="false">{_bar(lane)}</svg></li>'
    )


def _bar(lane: Lane) -> str:
    middle, top = TRACK // 2, (TRACK - BAR) // 2
    parts = [f'<line class="line" x1="0" x2="100%" y1="{middle}" y2="{middle}"/>']
    if lane.is_point:
        parts.append(f'<circle class="bar" cx="{lane.point_x}%" cy="{middle}" r="6"/>')
    else:
        parts.append(f'<rect class="bar" x="{lane.start}%" y="{top}" width="{lane.width}%" height="{BAR}" rx="6"/>')
    parts += [f'<rect class="draft" x="{x}%" y="{top}" width="{width}%" height="{BAR}" rx="6"/>' for x, width in lane.drafts]
    if lane.from_before:
        parts.append(f'<svg class="arrow" x="0" y="{middle}" overflow="visible"><path d="M9-4 4 0 9 4"/></svg>')
    if lane.goes_on:
        parts.append(f'<svg class="arrow" x="100%" y="{middle}" overflow="visible"><path d="M-9-4-4 0-9 4"/></svg>')
    parts += [
        f'<use class="mark" href="#mark-{mark.kind}" x="{mark.x}%" y="{middle}"><title>{escape(mark.words)}</title></use>'
        for mark in lane.marks
    ]
    return "".join(parts)


def swarm(part: Part) -> SafeString:
    """All folded lanes of a part as thin bars, packed: how much there was, and when."""
    bars = "".join(
        f'<rect data-turn="{lane.waiting.tone}" x="{lane.start}%" y="{1 + line * (THIN + 1)}" width="{lane.width}%" height="{THIN}" rx="2"/>'
        for lane, line in part.swarm
    )
    height = 2 + part.swarm_lines * (THIN + 1)
    return _safe(f'<svg class="swarm" width="100%" height="{height}" aria-hidden="true" focusable="false">{bars}</svg>')


def table_rows(strip: Strip) -> SafeString:
    """The same facts as cells of a table: opened, ready, first answer, changes requested, approved, now."""
    words = escape(_("none yet"))
    none, nothing = f'<span class="soft">{words}</span>', '<span class="soft">–</span>'
    days: dict = {}

    def day(moment, year=False) -> str:
        local = timezone.localtime(moment).date()
        if (local, year) not in days:
            days[local, year] = escape(short_day(local, year=year))
        return days[local, year]

    drawn = []
    for lane in strip.lanes:
        row = lane.row
        changes = ", ".join(day(at) for at in lane.changes_requested_at)
        ended = f", {day(lane.done_at)}" if lane.done_at else ""
        drawn.append(
            f'<tr><th scope="row"><a href="{row.address}">{escape(row.item.title)}</a> <span class="soft">{escape(row.number)}</span></th>'
            f"<td>{day(lane.opened_at, year=True)}</td><td>{day(lane.ready_at) if lane.ready_at else nothing}</td>"
            f"<td>{day(lane.first_response_at) if lane.first_response_at else none}</td><td>{changes or nothing}</td>"
            f"<td>{day(lane.approved_at) if lane.approved_at else nothing}</td><td>{escape(lane.waiting.text)}{ended}</td></tr>"
        )
    return _safe("".join(drawn))


def _safe(markup: str) -> SafeString:
    """Marks what was put together here: constants, numbers, and texts that went through `escape`."""
    return mark_safe(markup)  # noqa: S308
