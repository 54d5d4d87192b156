"""The weeks of a session, made from its dates."""

import datetime

from django.db import transaction

from .models import Session, Week


def generate_weeks(session: Session) -> list[Week]:
    """Make the session's week rows agree with its dates, and return them in order.

    Texts that organisers wrote stay. Weeks that fall outside after a change go, unless somebody has checked in for them:
    what members wrote is never deleted by a change of dates.
    """
    first = 0 if session.has_week_zero else 1
    numbers = range(first, session.weeks + 1)
    with transaction.atomic():
        existing = {week.number: week for week in session.calendar.select_for_update()}
        for number in numbers:
            starts_on = session.week_starts_on(number)
            ends_on = starts_on + datetime.timedelta(days=6)
            week = existing.get(number)
            if week is None:
                Week.objects.create(session=session, number=number, starts_on=starts_on, ends_on=ends_on)
            elif (week.starts_on, week.ends_on) != (starts_on, ends_on):
                week.starts_on, week.ends_on = starts_on, ends_on
                week.save(update_fields=["starts_on", "ends_on"])
        session.calendar.exclude(number__in=numbers).filter(checkins__isnull=True).delete()
    return list(session.calendar.order_by("number"))
