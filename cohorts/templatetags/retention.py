"""How long something is kept, for whoever is asked to write it; and why something is not there any more."""

from django import template
from django.utils.translation import ngettext

from cohorts.retention import gone_at, times_kept

register = template.Library()

#: Days in a year and a month, where a time is told in whole ones.
_YEAR, _MONTH = 365, 30


@register.inclusion_tag("cohorts/_kept_times.html")
def kept_times(session=None, of_applying: bool = False) -> dict:
    """A list of what is kept how long after the end of `session`, or usually."""
    return {"lines": [(kind, days_in_words(days)) for kind, days in times_kept(session, of_applying=of_applying)]}


@register.inclusion_tag("cohorts/_not_kept.html")
def not_kept(session, *kinds: str) -> dict:
    """A line that says since when something is not there any more; nothing where nothing of these kinds was removed."""
    days = [day for kind in kinds if (day := gone_at(session, kind))]
    return {"since": max(days) if days else None}


def days_in_words(days: int) -> str:
    """“6 months”, “1 year”, “45 days”."""
    if days % _YEAR == 0:
        years = days // _YEAR
        return ngettext("%(count)s year", "%(count)s years", years) % {"count": years}
    if days % _MONTH == 0:
        months = days // _MONTH
        return ngettext("%(count)s month", "%(count)s months", months) % {"count": months}
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
