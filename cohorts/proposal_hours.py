"""When the people of a proposed cohort have time, half hour by half hour, and who is missing where only one is."""

import datetime
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.availability import DAYS

from .forming_inputs import Inputs
from .models import Application, Membership, Proposal
from .proposal_changes import inputs_now
from .proposal_look import spans_of

#: Steps of the picture: none, few, half, most, all.
STEPS = 4


@dataclass(frozen=True)
class Cell:
    """A half hour: how many of all have time, and the step from 0 (nobody) to 4 (all) that draws it."""

    people: int
    step: int


@dataclass(frozen=True)
class HoursLook:
    """One week of a cohort on the clock of the person who looks. Rows are half hours in which anybody has time."""

    week: datetime.date
    #: The first days of the weeks that differ, with their numbers.
    weeks: list[tuple[int, datetime.date]]
    names: list[str]
    days: Sequence
    rows: list[tuple[str, list[Cell]]]
    #: Where all but one have time: who that is, and when.
    one_short: list[tuple[str, list[str]]]


def look_at_hours(proposal: Proposal, cohort_id: int, *, by, week: int = 0) -> HoursLook | None:
    """When navigators and members of a cohort have time in week number `week` of those that differ; None where there is nobody any more."""
    inputs = inputs_now(proposal)
    people = _people(proposal, inputs, cohort_id, by)
    if not people:
        return None
    weeks = [(number, mondays[0]) for number, mondays in enumerate(inputs.hours.mondays)]
    week = week if week < len(weeks) else 0
    zone = zoneinfo.ZoneInfo(timezone.get_current_timezone_name())
    cells: dict[tuple[datetime.time, int], int] = {}
    missing: dict[int, list[datetime.datetime]] = {}
    hours = [inputs.hours.hours[pk][week] for _name, pk in people]
    for slot in range(max(one.bit_length() for one in hours)):
        free = [one >> slot & 1 for one in hours]
        start = inputs.hours.at(week, slot)
        local = start.astimezone(zone)
        key = (local.time(), local.weekday())
        # Where the clock shows an hour twice, the better of the two stands there.
        cells[key] = max(cells.get(key, 0), sum(free))
        if len(people) > 2 and sum(free) == len(people) - 1:
            missing.setdefault(free.index(0), []).append(start)
    rows = []
    for time in sorted({time for (time, _day), count in cells.items() if count}):
        row = [cells.get((time, day), 0) for day in range(7)]
        rows.append((f"{time:%H:%M}", [Cell(count, step_of(count, len(people))) for count in row]))
    short = [(people[place][0], spans_of(starts, zone)) for place, starts in sorted(missing.items())]
    return HoursLook(weeks[week][1], weeks, [name for name, _pk in people], DAYS, rows, short)


def step_of(count: int, all_people: int) -> int:
    """0 for nobody, 4 for all, and between them by the share."""
    if count in (0, all_people):
        return STEPS if count else 0
    return 1 + min(STEPS - 2, count * (STEPS - 1) // all_people)


def _people(proposal: Proposal, inputs: Inputs, cohort_id: int, by) -> list[tuple[str, int]]:
    """Names and ids of those who have to meet: navigators, members who stay, and those who are proposed."""
    if cohort_id not in inputs.cohorts or cohort_id not in proposal.members:
        return []
    navigators = [row for row in inputs.leaders[cohort_id] if row.role == Membership.Role.NAVIGATOR]
    proposed = [inputs.applications[pk] for pk in proposal.members[cohort_id] if pk in inputs.applications]
    known = set(Application.objects.decided_by(by).filter(pk__in=[one.pk for one in proposed]).values_list("pk", flat=True))
    return [(row.user.get_full_name(), row.user_id) for row in (*navigators, *inputs.settled[cohort_id])] + [
        (one.applicant.get_full_name() if one.pk in known else _("Somebody on whom another organiser decides"), one.applicant_id)
        for one in proposed
    ]
