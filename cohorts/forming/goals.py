"""What is wanted of cohorts, in the order of what matters, as whole numbers that add up over cohorts.

Each goal counts only among answers that are best in all goals before it: cohorts with pinned people are formed; most people of the
best tier are placed, then of the next one, and so on; most cohorts are complete; wishes are met; experience is mixed; many hours are
shared.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from .instance import Applicant, CohortPlan, Instance
from .rules import common, fewest

#: What a place counts by the rank of its project with the person; further named ones, and people without a wish. Others count nothing.
WISHES, NAMED, NO_WISH = (3, 2), 1, 2


def wish(cohort: CohortPlan, person: Applicant) -> int:
    """What a place of this person in this cohort counts for the goal “wishes”."""
    if not person.projects or cohort.project is None:
        return NO_WISH
    if cohort.project not in person.projects:
        return 0
    rank = person.projects.index(cohort.project)
    return WISHES[rank] if rank < len(WISHES) else NAMED


def balance(people: Sequence[Applicant]) -> int:
    """How many different levels of experience meet in a cohort, less one; unknown levels do not count."""
    levels = {person.experience for person in people if person.experience is not None}
    return max(len(levels) - 1, 0)


def hours(instance: Instance, cohort: CohortPlan, people: Sequence[Applicant]) -> int:
    """Half hours that a cohort shares in the week in which it shares fewest; 0 for one without people."""
    return fewest(common(instance, cohort, people)) if people else 0


def goal_names(instance: Instance) -> list[str]:
    """The goals in the order in which they count, without that of the pinned people."""
    return [*(f"tier {tier}" for tier in instance.tiers), "complete", "wishes", "balance", "hours"]


def measure_cohort(instance: Instance, cohort: CohortPlan, people: Sequence[Applicant]) -> dict[str, int]:
    """What one cohort with these people adds to each goal; goals to which it adds nothing are left out."""
    found = Counter(f"tier {person.tier}" for person in people)
    if people:
        found["complete"] = int(len(people) >= cohort.largest)
        found["wishes"] = sum(wish(cohort, person) for person in people)
        found["balance"] = balance(people)
        found["hours"] = hours(instance, cohort, people)
    return {name: count for name, count in found.items() if count}


def measure(instance: Instance, members: Mapping[int, Sequence[int]]) -> dict[str, int]:
    """What `members` (applicants by cohort, ids) reaches in each goal, by its name and in the order of the goals.

    Says nothing of whether the rules hold: see `check`. Unknown ids are left out.
    """
    known = instance.applicant_by_id
    filled = [(cohort, [known[one] for one in members.get(cohort.id, ()) if one in known]) for cohort in instance.cohorts]
    pinned_to = {person.pinned for person in instance.applicants if person.pinned is not None}
    found = {"pinned": sum(cohort.id in pinned_to for cohort, people in filled if people)} if pinned_to else {}
    found |= dict.fromkeys(goal_names(instance), 0)
    for cohort, people in filled:
        for name, count in measure_cohort(instance, cohort, people).items():
            found[name] += count
    return found
