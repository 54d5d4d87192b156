"""Times of a meeting as boxes to tick: a list of them, and the cells of a table that has hundreds."""

import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from cohorts.forms.meeting import MeetingForm, written
from cohorts.meeting_heat import Cell
from cohorts.meeting_time_look import Row, TimesLook

register = template.Library()


@register.simple_tag
def time_box(row: Row, form: MeetingForm) -> SafeString:
    """A time to tick, with its day and hours on the active clock. Says where it stands what is wrong with the times of `form`."""
    value = written(row.starts_at)
    return format_html(
        '<label class="time-box"><input type="checkbox" name="time" value="{}"{}{}> <span><time datetime="{}">{}</time>–{}</span></label>',
        value,
        _checked(row.is_chosen),
        format_html(' aria-invalid="true" aria-describedby="{}"', form["time"].auto_id) if form["time"].errors else "",
        value,
        date_format(timezone.localtime(row.starts_at), "l j F, H:i"),
        f"{timezone.localtime(row.ends_at):%H:%M}",
    )


@register.simple_tag
def heat_cell(cell: Cell | None, look: TimesLook) -> SafeString:
    """A half hour: how many have time, to be ticked unless it is over or stands in the list above."""
    if cell is None:
        return format_html("<td></td>")
    if cell.is_over or cell.starts_at in look.listed:
        return format_html('<td data-step="{}"{}>{}</td>', cell.step, _over(cell.is_over), cell.people)
    return format_html(
        '<td data-step="{}"><label><input type="checkbox" name="time" value="{}" aria-label="{}"><span aria-hidden="true">{}</span></label></td>',
        cell.step,
        written(cell.starts_at),
        _named(cell.starts_at, cell.people, look.of),
        cell.people,
    )


def _named(starts_at: datetime.datetime, people: int, of: int) -> str:
    return f"{date_format(timezone.localtime(starts_at), 'l j F, H:i')}: {people}/{of}"


def _checked(is_chosen: bool) -> SafeString:
    return mark_safe(" checked" if is_chosen else "")  # noqa: S308 (constants)


def _over(is_over: bool) -> SafeString:
    return mark_safe(' class="over"' if is_over else "")  # noqa: S308 (constants)
