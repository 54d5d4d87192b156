"""The rules for a formation that was made by hand, or that was formed some time ago."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .instance import Applicant, CohortPlan, Instance
from .rules import captain_shares, common, fewest


@dataclass(frozen=True)
class Problem:
    """One rule that does not hold. `wording.problem_words` makes a sentence of it.

    Codes: “unknown” (an applicant or cohort that is not part of the question), “twice” (`have` places), “too few” and “too many"
    (`have` people of `need`), “project” (not one that the person named), “banned”, “pinned” (belongs into cohort `elsewhere`),
    “cohort hours” (all together share `have` half hours of `need`; each of `people` leaving would mend it), “captain hours” (captain
    number `captain` and the person).
    """

    code: str
    cohort: int | None = None
    applicant: int | None = None
    have: int = 0
    need: int = 0
    elsewhere: int | None = None
    captain: int | None = None
    people: tuple[int, ...] = ()


def check(instance: Instance, members: Mapping[int, Sequence[int]]) -> list[Problem]:
    """What is wrong with `members` (applicants by cohort, all ids); nothing where all rules hold.

    An empty cohort is no problem, except that people pinned to it are missing. The problems are in the order of the cohorts.
    """
    cohorts, applicants = instance.cohort_by_id, instance.applicant_by_id
    found = [Problem("unknown", cohort=cohort) for cohort in members if cohort not in cohorts]
    for cohort in instance.cohorts:
        inside = members.get(cohort.id, ())
        found += [Problem("unknown", cohort=cohort.id, applicant=one) for one in inside if one not in applicants]
        found += check_cohort(instance, cohort, [applicants[one] for one in dict.fromkeys(inside) if one in applicants])
    places = Counter(one for inside in members.values() for one in inside)
    found += [Problem("twice", applicant=one, have=number) for one, number in places.items() if number > 1]
    placed = {(cohort, one) for cohort, inside in members.items() for one in inside}
    found += [
        Problem("pinned", applicant=person.id, elsewhere=person.pinned)
        for person in instance.applicants
        if person.pinned is not None and (person.pinned, person.id) not in placed
    ]
    return found


def check_cohort(instance: Instance, cohort: CohortPlan, people: Sequence[Applicant]) -> list[Problem]:
    """What is wrong with one cohort of these people; nothing where there are none."""
    if not people:
        return []
    found = []
    if len(people) < cohort.smallest:
        found.append(Problem("too few", cohort.id, have=len(people), need=cohort.smallest))
    if len(people) > cohort.largest:
        found.append(Problem("too many", cohort.id, have=len(people), need=cohort.largest))
    for person in people:
        if person.pinned == cohort.id:
            continue
        if cohort.id in person.banned:
            found.append(Problem("banned", cohort.id, person.id))
        elif person.pinned is None and not instance.wants(cohort, person):
            found.append(Problem("project", cohort.id, person.id))
    shared = fewest(common(instance, cohort, people))
    if shared < instance.cohort_slots:
        without = [
            one.id
            for one in people
            if fewest(common(instance, cohort, [other for other in people if other is not one])) >= instance.cohort_slots
        ]
        found.append(Problem("cohort hours", cohort.id, have=shared, need=instance.cohort_slots, people=tuple(without)))
    for person in people:
        for captain, shares in enumerate(captain_shares(cohort, person)):
            if shares < instance.captain_slots:
                found.append(Problem("captain hours", cohort.id, person.id, shares, instance.captain_slots, captain=captain))
    return found
