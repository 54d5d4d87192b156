"""The line above every page: which week it is in the sessions that somebody has a part in."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from .models import Membership, Session, Week
from .stages import Stage, stage_of, week_on

#: Somebody who organises five sessions at once reads two lines; all of them stand on the front page.
SHOWN = 2


@dataclass(frozen=True)
class WeekLine:
    """Where a running session stands. Without a `week` it pauses, until the week that is `next` begins."""

    session: Session
    week: Week | None
    next: Week | None
    #: The page that this person works on: their progress, their cohort, or all cohorts.
    url: str

    @property
    def last_week(self) -> bool:
        return self.week is not None and self.week.number == self.session.weeks


def week_lines(memberships: Iterable[Membership], organised: Iterable[Session], now: datetime.datetime) -> list[WeekLine]:
    """One line for each session that runs, the latest first; one query, and none where no session runs.

    `memberships` are present ones of one person, with `cohort__session`; a membership says more than that one organises as well.
    """
    pages: dict[Session, str] = {session: reverse("session_board", args=[session.slug]) for session in organised}
    for membership in memberships:
        name, key = ("cohort", membership.cohort_id) if membership.leads else ("progress", membership.pk)
        pages[membership.cohort.session] = reverse(name, args=[key])
    running = sorted(
        (session for session in pages if stage_of(session, now) == Stage.RUNNING), key=lambda one: (one.starts_on, one.pk), reverse=True
    )[:SHOWN]  # fmt: skip
    calendars = defaultdict(list)
    if running:
        for week in Week.objects.filter(session__in=running).order_by("number"):
            calendars[week.session_id].append(week)
    lines = []
    for session in running:
        today = now.astimezone(session.zone).date()
        weeks = calendars[session.pk]
        upcoming = next((week for week in weeks if week.starts_on > today), None)
        lines.append(WeekLine(session, week_on(today, weeks), upcoming, pages[session]))
    return lines
