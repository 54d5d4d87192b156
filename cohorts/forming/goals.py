"""What is wanted of cohorts, in the order of what matters, as whole numbers that add up over cohorts.

Each goal counts only among answers that are best in all goals before it: cohorts with pinned people are formed; most people of the
best tier are placed, then of the next one, and so on; most cohorts are complete; wishes are met; experience is mixed; many hours are
shared.
"""

from collections.abc import Mapping, Sequence

from .instance import Applicant, CohortPlan, Instance
from .rules import common, fewest

#: What a place counts by the rank of its project with the person; further named ones, and people without a wish.
WISHES, NAMED, NO_WISH = (3, 2), 1, 2


def wish(cohort: CohortPlan, person: Applicant) -> int:
    """What a place of this person in this cohort counts for the goal “wishes”."""
    if not person.projects or cohort.project is None or cohort.project not in person.projects:
        return NO_WISH if not person.projects or cohort.project is None else NAMED
    rank = person.projects.index(cohort.project)
    return WISHES[rank] if rank < len(WISHES) else NAMED


def balance(people: Sequence[Applicant]) -> int:
    """How many different levels of experience meet in a cohort, less one; unknown levels do not count."""
    levels = {person.experience for person in people if person.experience is not None}
    return max(len(levels) - 1, 0)


def hours(instance: Instance, cohort: CohortPlan, people: Sequence[Applicant]) -> int:
    """Half hours that a cohort shares in the week in which it shares fewest; 0 for one without people."""
    return fewest(common(instance, cohort, people)) if people else 0


def measure(instance: Instance, members: Mapping[int, Sequence[int]]) -> dict[str, int]:
    """What `members` (applicants by cohort, ids) reaches in each goal, by its name and in the order of the goals.

    Says nothing of whether the rules hold: see `check`. Unknown ids are left out.
    """
    known = instance.applicant_by_id
    filled = [(cohort, [known[one] for one in members.get(cohort.id, ()) if one in known]) for cohort in instance.cohorts]
    filled = [(cohort, people) for cohort, people in filled if people]
    everybody = [person for _cohort, people in filled for person in people]
    pinned_to = {person.pinned for person in instance.applicants if person.pinned is not None}
    found = {"pinned": sum(cohort.id in pinned_to for cohort, _people in filled)} if pinned_to else {}
    for tier in instance.tiers:
        found[f"tier {tier}"] = sum(person.tier == tier for person in everybody)
    found["complete"] = sum(len(people) >= cohort.largest for cohort, people in filled)
    found["wishes"] = sum(wish(cohort, person) for cohort, people in filled for person in people)
    found["balance"] = sum(balance(people) for _cohort, people in filled)
    found["hours"] = sum(hours(instance, cohort, people) for cohort, people in filled)
    return found
