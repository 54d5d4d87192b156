"""The meetings that come next, for pages that are about something else: a cohort's, and a member's own."""

import datetime

from .meeting_feeds import meetings_expecting
from .meeting_shown import Row, ahead, meetings_of, rows_of
from .models import Cohort

#: A glance; all of them are one click away.
SHOWN = 3


def next_meetings(cohort: Cohort, *, reader, now: datetime.datetime) -> list[Row]:
    """The next meetings of a cohort and its session that `reader` sees, soonest first, times being found at the end. Four queries."""
    found = ahead(meetings_of(cohort, reader=reader), now)
    found.sort(key=lambda one: (one.starts_at is None, one.starts_at or now, one.pk))
    shown = found[:SHOWN]
    expecting = set(meetings_expecting(reader).filter(pk__in=[one.pk for one in shown]).values_list("pk", flat=True))
    return rows_of(shown, reader=reader, expecting=expecting, now=now)
