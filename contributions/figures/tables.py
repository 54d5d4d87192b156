"""The figures as rows for files: one table with a row for each week and project, in words that need no legend."""

import datetime
from typing import Any

from django.utils.translation import gettext as _

from cohorts.models import Session

from .counting import MEASURES as COUNTED
from .counting import Line, Overview
from .words import FEW, MEASURES, line_words

HOUR = datetime.timedelta(hours=1)


def hours(duration: datetime.timedelta | None) -> float | None:
    """To one place; None stays None."""
    return None if duration is None else round(duration / HOUR, 1)


def header() -> list[str]:
    return [
        _("What"),
        _("From"),
        _("To"),
        *(str(MEASURES[measure]) for measure in ("opened", "merged")),
        _("Of these landed by hand"),
        *(str(MEASURES[measure]) for measure in ("reviews", "first")),
        _("Opened, and not known if a first contribution"),
        *(str(MEASURES[measure]) for measure in ("issues", "other", "open")),
        _("First answers"),
        _("Half answered within (hours)"),
        _("Nine of ten answered within (hours)"),
        _("Without an answer yet"),
    ]


ORDER = ("opened", "merged", "landed", "reviews", "first", "first_unknown", "issues", "other", "open")


def rows(overview: Overview, projects: dict[int, str]) -> list[list[Any]]:
    """Weeks, what lies before and after, the whole session, and each project."""
    found = [_row(line_words(line, projects), line) for line in overview.lines]
    found += [_row(line_words(line, projects), line) for line in (overview.before, overview.after) if not line.is_empty]
    found.append(_row(_("Whole session"), overview.total))
    found += [_row(_("Project: %(name)s") % {"name": line_words(line, projects)}, line) for line in overview.projects]
    return found


def _row(name: str, line: Line) -> list[Any]:
    first, last = (line.slot.first, line.slot.last) if line.slot else (None, None)
    waits = line.waits
    cells = [str(FEW) if line[measure].hidden else line[measure].count for measure in ORDER]
    waiting = str(FEW) if line["waiting"].hidden else line["waiting"].count
    answered = str(FEW) if waits.hidden else waits.answered
    return [name, first, last, *cells, answered, hours(waits.median), hours(waits.most), waiting]


def document(session: Session, overview: Overview, projects: dict[int, str]) -> dict[str, Any]:
    """The same for programs. A number that is not told is null; waits are in hours."""
    return {
        "session": {
            "slug": session.slug,
            "name": session.name,
            "starts_on": session.first_day.isoformat(),
            "ends_on": session.last_day.isoformat(),
            "time_zone": session.time_zone,
        },
        "weeks": [{**_slot(line), **_numbers(line)} for line in overview.lines],
        "before": _numbers(overview.before),
        "after": _numbers(overview.after),
        "total": _numbers(overview.total),
        "projects": [{"name": projects.get(line.project or 0), **_numbers(line)} for line in overview.projects],
        "other_work": {kind: None if cell.hidden else cell.count for kind, cell in overview.others},
    }


def _slot(line: Line) -> dict[str, Any]:
    slot = line.slot
    if slot is None or slot.first is None or slot.last is None:
        return {}
    return {"kind": slot.kind, "number": slot.number, "from": slot.first.isoformat(), "to": slot.last.isoformat()}


def _numbers(line: Line) -> dict[str, Any]:
    waits = line.waits
    return {
        **{measure: None if line[measure].hidden else line[measure].count for measure in COUNTED},
        "first_answers": None if waits.hidden else waits.answered,
        "median_hours": hours(waits.median),
        "nine_of_ten_hours": hours(waits.most),
    }
