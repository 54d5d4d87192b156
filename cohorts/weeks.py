"""The weeks of a session: made from its dates, and moved by days where organisers say so."""

import datetime
from collections.abc import Mapping

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .models import Session, Week

#: First and last day.
Days = tuple[datetime.date, datetime.date]


def week_numbers(session: Session) -> range:
    """The numbers of the weeks that a session has."""
    return range(0 if session.has_week_zero else 1, session.weeks + 1)


def planned_days(session: Session, number: int) -> Days:
    """Where the session's dates put a week: seven days, after the pause where there is one before it."""
    begins = session.week_starts_on(number)
    return begins, begins + datetime.timedelta(days=6)


def days_of(session: Session, week: Week) -> Days:
    """Where a week is to lie: as planned, or so many days before or after it as organisers moved it."""
    begins, ends = planned_days(session, week.number)
    return begins + datetime.timedelta(days=week.start_shift), ends + datetime.timedelta(days=week.end_shift)


def move_week(week: Week, days: Days) -> None:
    """Note on `week` that it lies on these days; it is not saved."""
    begins, ends = planned_days(week.session, week.number)
    week.starts_on, week.ends_on = days
    week.start_shift, week.end_shift = (days[0] - begins).days, (days[1] - ends).days


def obstacles_to_days(session: Session, weeks: Mapping[int, Days]) -> dict[int, str]:
    """What speaks against these days, by number of the week, in words for organisers; empty where nothing does.

    `weeks` are all weeks of the session: each has a day at least, they follow each other, and none leaves the session's days.
    """
    found: dict[int, str] = {}
    before: datetime.date | None = None
    for number in sorted(weeks):
        begins, ends = weeks[number]
        if begins > ends:
            found[number] = _("The last day lies before the first.")
        elif before is not None and begins <= before:
            found[number] = _("The week before it ends on %(day)s: weeks follow each other.") % {"day": _in_words(before)}
        elif begins < session.first_day or ends > session.last_day:
            found[number] = _("The session runs from %(first)s to %(last)s. Change its start or its number of weeks for other days.") % {
                "first": _in_words(session.first_day),
                "last": _in_words(session.last_day),
            }  # fmt: skip
        before = max(ends, before or ends)
    return found


def _in_words(day: datetime.date) -> str:
    return date_format(day, "j F Y")


def generate_weeks(session: Session) -> list[Week]:
    """Make the session's week rows agree with its dates, and return them in order.

    Texts that organisers wrote and the days by which they moved a week stay. Weeks that fall outside after a change go, unless
    somebody has checked in for them: what members wrote is never deleted by a change of dates.
    """
    numbers = week_numbers(session)
    with transaction.atomic():
        existing = {week.number: week for week in session.calendar.select_for_update()}
        for number in numbers:
            week = existing.get(number)
            if week is None:
                starts_on, ends_on = planned_days(session, number)
                Week.objects.create(session=session, number=number, starts_on=starts_on, ends_on=ends_on)
            elif (week.starts_on, week.ends_on) != (days := days_of(session, week)):
                week.starts_on, week.ends_on = days
                week.save(update_fields=["starts_on", "ends_on"])
        session.calendar.exclude(number__in=numbers).filter(checkins__isnull=True).delete()
    return list(session.calendar.order_by("number"))
