"""What a cohort must keep: one place for the search, for formations made by hand and for explanations."""

from collections.abc import Iterable

from .instance import SLOTS, Applicant, CohortPlan, Hours, Instance

#: Everybody has time in every half hour.
ALWAYS = (1 << SLOTS) - 1


def overlap(people: Iterable[Hours], weeks: int) -> Hours:
    """The half hours that all `people` share, for each week; all half hours where there is nobody."""
    left = [ALWAYS] * weeks
    for hours in people:
        left = [week & mine for week, mine in zip(left, hours, strict=True)]
    return tuple(left)


def fewest(hours: Hours) -> int:
    """Half hours in the week that has fewest."""
    return min(week.bit_count() for week in hours)


def common(instance: Instance, cohort: CohortPlan, people: Iterable[Applicant]) -> Hours:
    """The half hours in which the navigators of a cohort and these people can all meet, for each week."""
    return overlap((*cohort.navigators, *(person.hours for person in people)), instance.weeks)


def captain_shares(cohort: CohortPlan, person: Applicant) -> list[int]:
    """Half hours that each captain of a cohort shares with a person, in the week with fewest."""
    return [fewest(overlap((person.hours, captain), len(captain))) for captain in cohort.captains]


def fits_leaders(instance: Instance, cohort: CohortPlan, person: Applicant) -> bool:
    """Whether this person shares enough hours with those who lead the cohort."""
    if fewest(common(instance, cohort, [person])) < instance.cohort_slots:
        return False
    return all(shared >= instance.captain_slots for shared in captain_shares(cohort, person))
