"""The words of the figures: names of rows and columns, numbers that may be kept back, and spans of time."""

import datetime

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from contributions.models import WorkItem
from contributions.waiting import duration_words

from .counting import Cell, Line
from .waits import Waits
from .weeks import Slot

#: Column heads of the table of weeks, in its order.
COLUMNS = {
    "opened": gettext_lazy("Opened"),
    "merged": gettext_lazy("Merged"),
    "reviews": gettext_lazy("Reviews given"),
    "first": gettext_lazy("First contributions"),
    "issues": gettext_lazy("Issues and tickets"),
    "other": gettext_lazy("Other work"),
    "open": gettext_lazy("Still open"),
}
#: The same in whole words, for files and for what is compared.
MEASURES = {
    "opened": gettext_lazy("Pull requests opened"),
    "merged": gettext_lazy("Pull requests merged or landed"),
    "reviews": gettext_lazy("Reviews given"),
    "first": gettext_lazy("First contributions"),
    "issues": gettext_lazy("Issues and tickets opened"),
    "other": gettext_lazy("Other work"),
    "open": gettext_lazy("Opened then and still open"),
}
FEW = pgettext_lazy("a number that is not told", "some")


def slot_words(slot: Slot) -> str:
    if slot.kind == "week":
        return _("Week %(number)s") % {"number": slot.number}
    if slot.kind == "pause":
        return _("Pause after week %(number)s") % {"number": slot.number}
    return _("Before the session") if slot.kind == "before" else _("After the end")


def slot_dates(slot: Slot) -> str:
    """“2 to 8 February 2027”, as short as it may be. Empty for before and after."""
    first, last = slot.first, slot.last
    if first is None or last is None:
        return ""
    begin = "j" if (first.year, first.month) == (last.year, last.month) else "j F" if first.year == last.year else "j F Y"
    return _("%(first)s to %(last)s") % {"first": date_format(first, begin), "last": date_format(last, "j F Y")}


def line_words(line: Line, projects: dict[int, str]) -> str:
    if line.slot is not None:
        return slot_words(line.slot)
    return projects.get(line.project, "") if line.project is not None else _("Elsewhere")


def cell_words(cell: Cell) -> str:
    return str(FEW) if cell.hidden else number_format(cell.count, use_l10n=True, force_grouping=True)


def share_words(line: Line) -> str:
    """“3 (25 %)” of what was opened in the row is open now."""
    share = line.share_open
    if share is None:
        return cell_words(line["open"])
    return _("%(count)s (%(share)s %%)") % {"count": cell_words(line["open"]), "share": share}


def other_words(kind: str, count: int) -> str:
    """“2 talks”: other work by its kind, counted."""
    match kind:
        case WorkItem.OtherKind.REVIEW:
            words = ngettext("%(count)s review", "%(count)s reviews", count)
        case WorkItem.OtherKind.TRIAGE:
            words = ngettext("%(count)s time triage", "%(count)s times triage", count)
        case WorkItem.OtherKind.TALK:
            words = ngettext("%(count)s talk", "%(count)s talks", count)
        case WorkItem.OtherKind.POST:
            words = ngettext("%(count)s blog post", "%(count)s blog posts", count)
        case WorkItem.OtherKind.TRANSLATION:
            words = ngettext("%(count)s translation", "%(count)s translations", count)
        case WorkItem.OtherKind.HELP:
            words = ngettext("%(count)s time help for others", "%(count)s times help for others", count)
        case _:
            words = ngettext("%(count)s other thing", "%(count)s other things", count)
    return words % {"count": count}


def other_list(others: list[tuple[str, Cell]]) -> str:
    """“3 blog posts, 1 talk, some of other kinds”."""
    words = [other_words(kind, cell.count) for kind, cell in others if not cell.hidden and cell.count]
    if any(cell.hidden for _kind, cell in others):
        words.append(_("some of other kinds") if words else str(FEW))
    return ", ".join(words)


def wait_words(duration: datetime.timedelta | None) -> str:
    return "–" if duration is None else duration_words(duration)


def waits_sentence(waits: Waits) -> str:
    """“half within 2 days, nine of ten within 6 days (12 answers)”; empty where there is nothing to tell."""
    if waits.median is None or waits.most is None:
        return ""
    parts = {"median": duration_words(waits.median), "most": duration_words(waits.most), "count": waits.answered}
    if waits.answered == 1:
        return _("after %(median)s (one answer)") % parts
    return _("half within %(median)s, nine of ten within %(most)s (%(count)s answers)") % parts
