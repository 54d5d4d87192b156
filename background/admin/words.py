"""States, times and progress as an operator reads them. Everything that is not ours is escaped."""

import datetime

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from background.masking import mask
from background.models import TaskRun

NOTHING = "–"

#: The tone of a state (of the stylesheet), and a shape, so that it is not told by colour alone.
_LOOKS = {
    "waiting": ("reviewer", '<circle cx="8" cy="8" r="5.5"/><path d="M8 5v3l2 2"/>'),
    "later": ("quiet", '<path d="M3 4.5h10v8.5H3zM3 7.5h10M6 2.5v2.5M10 2.5v2.5"/>'),
    "running": ("maintainer", '<path d="M5 3.5 12 8l-7 4.5z"/>'),
    "succeeded": ("done", '<path d="M3 8l3.5 3.5L13 5"/>'),
    "failed": ("trouble", '<path d="M4 4l8 8M12 4l-8 8"/>'),
    "retried": ("mine", '<path d="M13 6A5.3 5.3 0 1 0 13 10M13.2 2.5V6H9.8"/>'),
    "postponed": ("quiet", '<path d="M3 4.5h10v8.5H3zM3 7.5h10"/>'),
    "lost": ("mine", '<path d="M8 2.5l6 10.5H2zM8 6.5v3M8 11.3v.4"/>'),
    "discarded": ("quiet", '<path d="M4 8h8"/>'),
}


def pill(look: str, word: str) -> SafeString:
    """A word in its state's colour, with a drawing that screen readers pass over."""
    tone, shape = _LOOKS[look]
    drawing = mark_safe(  # noqa: S308 (a constant above)
        '<svg class="icon" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" '
        f'stroke-width="2" stroke-linecap="round" stroke-linejoin="round">{shape}</svg>'
    )
    return format_html('<span class="pill" data-tone="{}">{}{}</span>', tone, drawing, word)


def state_of(run: TaskRun, now: datetime.datetime | None = None) -> SafeString:
    if run.state == TaskRun.State.WAITING and run.run_after and run.run_after > (now or timezone.now()):
        return pill("later", _("for later"))
    return pill(run.state if run.state in _LOOKS else "discarded", run.get_state_display())


def title_of(task_path: str) -> str:
    """A dotted path in words: `accounts.tasks.send_message_task` is “send message”."""
    return TaskRun(task_path=task_path).title


def name_of(run: TaskRun) -> str:
    """The run in words, with what it is about; nothing in it that a mask hides, also where the path of its task is no path."""
    return mask(str(run))


def exactly(moment: datetime.datetime) -> str:
    """In the reader's time zone, to the second, with the name of the zone."""
    return date_format(timezone.localtime(moment), "Y-m-d H:i:s T")


def roughly(moment: datetime.datetime, now: datetime.datetime | None = None) -> str:
    """“4 minutes ago”, “in 3 hours”, “just now”."""
    now = now or timezone.now()
    if abs(now - moment) < datetime.timedelta(seconds=1):
        return _("just now")
    if abs(now - moment) < datetime.timedelta(minutes=1):
        seconds = int(abs((now - moment).total_seconds()))
        if moment < now:
            return ngettext("%(number)s second ago", "%(number)s seconds ago", seconds) % {"number": seconds}
        return ngettext("in %(number)s second", "in %(number)s seconds", seconds) % {"number": seconds}
    if moment < now:
        return _("%(time)s ago") % {"time": timesince(moment, now, depth=1)}
    return _("in %(time)s") % {"time": timeuntil(moment, now, depth=1)}


def when(moment: datetime.datetime | None, *, full: bool = False) -> SafeString | str:
    """How long ago, with the exact time for whoever points at it; `full` writes both."""
    if moment is None:
        return NOTHING
    exact = exactly(moment)
    if full:
        return format_html('<time datetime="{}">{}</time> ({})', moment.isoformat(), exact, roughly(moment))
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, roughly(moment))


def span(length: datetime.timedelta | None) -> str:
    """“0.3 s”, “3 min 20 s”, “2 h 5 min”, “4 d 6 h”: the two largest units."""
    if length is None:
        return NOTHING
    seconds = max(length.total_seconds(), 0)
    if seconds < 60:
        return _("%(number)s s") % {"number": number_format(round(seconds, 1), decimal_pos=int(seconds % 1 >= 0.05))}
    rest, parts = int(seconds), []
    for size, text in ((86400, _("%(number)s d")), (3600, _("%(number)s h")), (60, _("%(number)s min")), (1, _("%(number)s s"))):
        number, rest = divmod(rest, size)
        # “2 h 5 s” would be more exact than anybody needs: a unit follows its next larger one, or none.
        if number or parts:
            parts.append(text % {"number": number} if number else "")
    return " ".join(part for part in parts[:2] if part)


def progress_of(run: TaskRun) -> SafeString | str:
    """A bar where the whole is known, and the same in words."""
    note = mask(run.note)
    if not (run.done or run.total or note):
        return NOTHING
    if not run.total:
        words = _("%(done)s done") % {"done": run.done} if run.done else ""
        return " · ".join(part for part in (words, note) if part)
    words = _("%(done)s of %(total)s") % {"done": run.done, "total": run.total}
    bar = format_html(
        '<progress max="{}" value="{}" aria-label="{}"></progress>', run.total, min(run.done, run.total), _("Progress")
    )
    return format_html('{} <span class="progress-words">{}</span>', bar, " · ".join(part for part in (words, note) if part))


def error_of(run: TaskRun) -> str:
    """The error on one line: the class, and how its text begins."""
    name = run.error.rpartition(".")[2]
    text = " ".join(mask(run.message).split())
    return Truncator(f"{name}: {text}" if name and text else name or text).chars(90)
