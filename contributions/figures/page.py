"""The tables of the page about figures: rows of words, in the order in which they are read."""

import datetime
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contributions.waiting import duration_words

from .comparing import PARTS, Column, Comparison
from .counting import Line, Overview
from .report import Report
from .words import COLUMNS, MEASURES, cell_words, line_words, share_words, slot_dates, wait_words


@dataclass(frozen=True)
class Row:
    """`ahead`: of a week that has not begun, so there is nothing to tell. `role`: now, edge, total or empty."""

    name: str
    cells: list[str]
    dates: str = ""
    number: int | None = None
    ahead: bool = False
    role: str = ""


@dataclass(frozen=True)
class Tile:
    """A number that is read at a glance, with the words below it."""

    number: str
    words: str
    detail: str = ""


def summary_tiles(overview: Overview) -> list[Tile]:
    """The whole session in six numbers."""
    total, after = overview.total, overview.after
    merged_detail = ""
    if total["landed"].count:
        landed = total["landed"].count
        merged_detail = ngettext("%(n)s of them landed by hand", "%(n)s of them landed by hand", landed) % {"n": landed}
    if after["merged"].count:
        later = ngettext("and %(n)s after the end", "and %(n)s after the end", after["merged"].count)
        merged_detail = ", ".join(part for part in (merged_detail, later % {"n": after["merged"].count}) if part)
    first_detail = ""
    if unknown := total["first_unknown"].count:
        first_detail = ngettext("of %(n)s more we do not know", "of %(n)s more we do not know", unknown) % {"n": unknown}
    open_detail = ""
    if total.share_open is not None:
        open_detail = _("%(share)s %% are still open") % {"share": total.share_open}
    return [
        Tile(cell_words(total["opened"]), str(MEASURES["opened"]), open_detail),
        Tile(cell_words(total["merged"]), str(MEASURES["merged"]), merged_detail),
        Tile(cell_words(total["reviews"]), str(MEASURES["reviews"])),
        Tile(cell_words(total["first"]), str(MEASURES["first"]), first_detail),
        Tile(cell_words(total["other"]), _("Talks, posts and other work")),
        _wait_tile(total),
    ]


def _wait_tile(total: Line) -> Tile:
    waits = total.waits
    words = _("until half of the first answers came")
    if waits.median is None or waits.most is None:
        detail = _("too few to tell") if waits.hidden else ""
        return Tile("–", words, detail)
    return Tile(duration_words(waits.median), words, _("nine of ten within %(time)s") % {"time": duration_words(waits.most)})


def week_rows(report: Report, now: datetime.datetime) -> list[Row]:
    """Weeks and pauses, the sum, and what lies before and after where there is something."""
    rows = [_row(line, report, now, _cells) for line in report.shown.lines]
    rows.append(Row(_("In the session"), _cells(report.shown.total), role="total"))
    for edge in (report.shown.before, report.shown.after):
        if not edge.is_empty:
            rows.append(Row(line_words(edge, report.projects), _cells(edge), role="edge"))
    return rows


def wait_rows(report: Report, now: datetime.datetime) -> list[Row]:
    rows = [_row(line, report, now, _wait_cells) for line in report.shown.lines]
    rows.append(Row(_("In the session"), _wait_cells(report.shown.total), role="total"))
    return rows


def project_rows(report: Report) -> list[Row]:
    return [
        Row(line_words(line, report.projects), [*_cells(line), wait_words(line.waits.median)]) for line in report.shown.projects
    ]


def comparison_rows(comparison: Comparison) -> list[Row]:
    """By week number; a dash where a session has no such week, and words where the week has not begun."""

    def cell(column: Column, number: int) -> str:
        if number in column.ahead:
            return _("not yet")
        return cell_words(column.cells[number]) if number in column.cells else "–"

    rows = []
    for number in comparison.numbers:
        cells = [cell(column, number) for column in comparison.columns]
        rows.append(Row(_("Week %(number)s") % {"number": number}, cells, number=number))
    rows.append(Row(_("In the session"), [cell_words(column.total) for column in comparison.columns], role="total"))
    means = [str(column.a_week) if column.a_week is not None else "–" for column in comparison.columns]
    rows.append(Row(_("A week, on average"), means, role="edge"))
    return rows


def part_rows(comparison: Comparison) -> list[Row]:
    """By parts of the way, which all sessions have."""
    names = [_("First quarter"), _("Second quarter"), _("Third quarter"), _("Last quarter")]

    def cell(column: Column, part: int) -> str:
        return _("not yet") if part >= column.parts_ahead else cell_words(column.parts[part])

    return [Row(names[part], [cell(column, part) for column in comparison.columns]) for part in range(PARTS)]


def _row(line: Line, report: Report, now: datetime.datetime, cells) -> Row:
    slot = line.slot
    if slot is None or slot.first is None or slot.last is None:
        return Row(line_words(line, report.projects), cells(line))
    today = now.astimezone(report.weeks.zone).date()
    return Row(
        name=line_words(line, report.projects),
        cells=cells(line),
        dates=slot_dates(slot),
        number=slot.number if slot.kind == "week" else None,
        ahead=today < slot.first,
        role="now" if slot.first <= today <= slot.last else "",
    )


def _cells(line: Line) -> list[str]:
    return [share_words(line) if measure == "open" else cell_words(line[measure]) for measure in COLUMNS]


def _wait_cells(line: Line) -> list[str]:
    waits = line.waits
    if waits.hidden:
        return [_("too few to tell"), "–", "–", cell_words(line["waiting"])]
    return [str(waits.answered), wait_words(waits.median), wait_words(waits.most), cell_words(line["waiting"])]
