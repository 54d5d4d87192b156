"""Tags and filters that every page uses: icons, times, Markdown. Loaded everywhere as built-ins."""

import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.days import short_day
from accounts.markdown import render_markdown
from accounts.middleware import COOKIE
from accounts.terms import has_accepted_terms
from accounts.web_addresses import web_address
from accounts.zones import day_ended_anywhere, zone_label

register = template.Library()

#: Shapes on a grid of 16 by 16, drawn with the colour of the text around them.
ICONS = {
    "mine": '<path d="M8 2v8M8 13v1" stroke-width="2.4"/>',
    "reviewer": '<circle cx="8" cy="8" r="5.5" stroke-width="2"/><path d="M8 5v3l2 2" stroke-width="2"/>',
    "maintainer": '<path d="M8 2.5l4.8 2v3.6c0 2.7-2 4.6-4.8 5.4-2.8-.8-4.8-2.7-4.8-5.4V4.5z" stroke-width="1.8"/>',
    "done": '<path d="M3 8l3.5 3.5L13 5" stroke-width="2.2"/>',
    "quiet": '<path d="M4 8h8" stroke-width="2.2"/>',
    "trouble": '<path d="M4 4l8 8M12 4l-8 8" stroke-width="2.2"/>',
    "rest": '<path d="M12.5 9.8A5.5 5.5 0 0 1 6.2 3.5a5.5 5.5 0 1 0 6.3 6.3z" stroke-width="1.8"/>',
    "link": '<path d="M6.5 9.5l3-3M7 4.5l1-1a3 3 0 0 1 4.3 4.3l-1 1M9 11.5l-1 1a3 3 0 0 1-4.3-4.3l1-1" stroke-width="1.8"/>',
    "sync": '<path d="M13 6A5.3 5.3 0 0 0 3.5 5M3 10a5.3 5.3 0 0 0 9.5 1M3.2 2.5V5h2.5M12.8 13.5V11h-2.5" stroke-width="1.8"/>',
    "calendar": '<path d="M3 4.5h10v8.5H3zM3 7.5h10M6 2.5v2.5M10 2.5v2.5" stroke-width="1.8"/>',
    "warning": '<path d="M8 2.5l6 10.5H2zM8 6.5v3M8 11.3v.4" stroke-width="1.8"/>',
    "comment": '<path d="M3 3.5h10v7H8L5 13v-2.5H3z" stroke-width="1.7"/>',
    "push": '<path d="M8 13V3.5M4.2 7.2 8 3.4l3.8 3.8" stroke-width="2"/>',
    "open": '<circle cx="8" cy="8" r="4" stroke-width="2"/>',
    "review": '<path d="M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8z" stroke-width="1.7"/><circle cx="8" cy="8" r="1.8" stroke-width="1.7"/>',
    "triage": '<path d="M2.5 3.5h11L9.5 8.4v4.1l-3-1.6V8.4z" stroke-width="1.7"/>',
    "talk": '<path d="M8 2.2a2 2 0 0 1 2 2v3a2 2 0 0 1-4 0v-3a2 2 0 0 1 2-2zM3.6 7.2a4.4 4.4 0 0 0 8.8 0M8 11.6v2.2" stroke-width="1.7"/>',
    "post": '<path d="M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4M6 10.5h2" stroke-width="1.7"/>',
    "translation": '<circle cx="8" cy="8" r="5.8" stroke-width="1.6"/><path d="M2.4 8h11.2M8 2.2c4 3.6 4 8 0 11.6M8 2.2c-4 3.6-4 8 0 11.6" stroke-width="1.5"/>',
    "help": '<circle cx="8" cy="8" r="5.8" stroke-width="1.6"/><path d="M6.2 6.4a1.9 1.9 0 1 1 2.7 1.7c-.6.3-.9.7-.9 1.3M8 11.4v.2" stroke-width="1.7"/>',
    "lock": '<path d="M3.5 7.2h9v6.3h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2" stroke-width="1.8"/>',
    "file": '<path d="M4 2.5h5l3 3v8H4zM9 2.5v3h3" stroke-width="1.7"/>',
    "info": '<circle cx="8" cy="8" r="6" stroke-width="1.8"/><path d="M8 7.2V11M8 4.8v.2" stroke-width="2"/>',
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A small drawing beside a word, hidden from screen readers: the word says it."""
    return mark_safe(  # noqa: S308 (the shapes are constants above; an unknown name is an error)
        '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" '
        f'stroke-linecap="round" stroke-linejoin="round">{ICONS[name]}</svg>'
    )


register.filter(web_address)


@register.filter(name="short_day", expects_localtime=True)
def short_day_of(day: datetime.date, more: str = "") -> str:
    """“23 Nov”; with "weekday" or "year" as `more`, that as well."""
    return short_day(day, weekday=more == "weekday", year=more == "year")


@register.filter
def needs_terms(user) -> bool:
    """Whether somebody is logged in who has not accepted the terms as they stand."""
    return bool(user) and user.is_authenticated and not has_accepted_terms(user)


@register.filter
def as_webcal(address: str) -> str:
    """The address of a calendar in the way that makes phones and computers open their calendar program to subscribe to it."""
    return f"webcal://{address.partition('://')[2]}"


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown written by people, as cleaned HTML."""
    return render_markdown(text)


@register.filter
def ago(moment: datetime.datetime | None) -> str:
    """How long ago, or how far ahead, in one unit: “4 minutes ago”, “in 3 days”. Empty for None."""
    if moment is None:
        return ""
    now = timezone.now()
    if abs(now - moment) < datetime.timedelta(minutes=1):
        return _("just now")
    if moment <= now:
        return _("%(time)s ago") % {"time": timesince(moment, now, depth=1)}
    days = (timezone.localdate(moment) - timezone.localdate(now)).days
    if 1 < days < 7:
        # By the calendar, as people count: from Sunday evening to Wednesday noon it is three days.
        return ngettext("in %(count)d day", "in %(count)d days", days) % {"count": days}
    return _("in %(time)s") % {"time": timeuntil(moment, now, depth=1)}


@register.filter
def countdown(moment: datetime.datetime) -> str:
    """How long until a moment ahead, in the one unit that helps to plan: “in 9 days”, “in 47 hours”, “in 12 minutes”.

    Rounded down, as static/js/site.js does it: nobody is told of more time than there is.
    """
    left = moment - timezone.now()
    minutes = max(int(left.total_seconds()) // 60, 0)
    if minutes >= 48 * 60:
        return ngettext("in %(number)s day", "in %(number)s days", minutes // 1440) % {"number": minutes // 1440}
    if minutes >= 120:
        return ngettext("in %(number)s hour", "in %(number)s hours", minutes // 60) % {"number": minutes // 60}
    if minutes >= 1:
        return ngettext("in %(number)s minute", "in %(number)s minutes", minutes) % {"number": minutes}
    return _("in less than a minute")


@register.simple_tag
def relative_time(moment: datetime.datetime | None) -> str:
    """“4 minutes ago” as a `<time>` whose title and machine form give the instant."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.astimezone(datetime.UTC).isoformat(), full_time(local), ago(moment)
    )


@register.simple_tag
def exact_time(moment: datetime.datetime | None) -> str:
    """Date, time and zone in the viewer's zone, as a `<time>`."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return format_html('<time datetime="{}">{}</time>', moment.astimezone(datetime.UTC).isoformat(), full_time(local))


def full_time(local: datetime.datetime) -> str:
    """“Tuesday 1 December 2026, 13:00 (Rome)” of an aware moment in the zone it is to be shown in."""
    from django.utils.formats import date_format

    return f"{date_format(local, 'l j F Y, H:i')} ({zone_label(local)})"


@register.inclusion_tag("components/deadline.html", takes_context=True)
def deadline(context, moment: datetime.datetime, opens: bool = False) -> dict:
    """A deadline without doubt: in the viewer's zone, in UTC, and how long it is until then.

    Where it is the end of a day anywhere on Earth it says so, unless something `opens` then. On the first page of a visitor
    whose zone is not known yet, static/js/site.js puts the browser's in.
    """
    request, local = context.get("request"), timezone.localtime(moment)
    return {
        "moment": moment,
        "local": local,
        "zone": zone_label(local),
        "last_day": None if opens else day_ended_anywhere(moment),
        "is_past": moment <= timezone.now(),
        "is_zone_unknown": request is not None and not request.user.is_authenticated and COOKIE not in request.COOKIES,
    }
