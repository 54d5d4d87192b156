"""What a change by hand does to cohorts: which rules break, which are mended, and what the goals gain or lose.

Only the cohorts that a change touches are looked at, so that a page can try every cohort for a person, or everybody for a free place.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .checking import Problem, check, check_cohort
from .goals import goal_names, measure, measure_cohort
from .instance import Applicant, Instance
from .rules import common, fewest

#: Somebody in these would never be accepted, whatever an organiser ticks.
NEVER = frozenset({"too many", "unknown", "twice"})


@dataclass(frozen=True)
class Difference:
    """What a change does. `breaks` are rules that do not hold afterwards and did before, or are further from it; `mends` hold again;
    `stays` did not hold before either, in cohorts into which somebody comes.

    `measures` are the differences of the goals that change, by name and in the order in which they count.
    """

    breaks: tuple[Problem, ...]
    mends: tuple[Problem, ...]
    stays: tuple[Problem, ...]
    measures: Mapping[str, int]

    @property
    def is_possible(self) -> bool:
        """Whether it could be accepted, knowingly perhaps."""
        return not any(one.code in NEVER for one in self.breaks)


@dataclass(frozen=True)
class _State:
    """One cohort as it is: what is wrong by kind and person, and what it adds to the goals."""

    problems: Mapping[tuple, Problem]
    measures: Mapping[str, int]


class Arrangement:
    """Who is in which cohort, and what a change of that would do. `members` are applicants by cohort, all ids of `instance`."""

    def __init__(self, instance: Instance, members: Mapping[int, Sequence[int]]) -> None:
        self.instance = instance
        self._plans, self._people = instance.cohort_by_id, instance.applicant_by_id
        self.members = {
            plan.id: tuple(one for one in members.get(plan.id, ()) if one in self._people) for plan in instance.cohorts
        }
        self.place_of = {one: cohort for cohort, inside in self.members.items() for one in inside}
        self._goals = goal_names(instance)
        self._states: dict[int, _State] = {}

    def problems(self) -> list[Problem]:
        """All rules that do not hold, in the order of the cohorts."""
        return check(self.instance, self.members)

    def measures(self) -> dict[str, int]:
        """What is reached in each goal."""
        return measure(self.instance, self.members)

    def left_out(self) -> list[int]:
        """Whoever is in no cohort, in the order of the instance."""
        return [one.id for one in self.instance.applicants if one.id not in self.place_of]

    def difference(self, places: Mapping[int, int | None]) -> Difference:
        """What changes when these applicants come into these cohorts (ids), or out of theirs with None.

        Whoever is moved is not fixed any more, and is let into a cohort that was ruled out: somebody wants exactly that.
        """
        touched = {self.place_of[one] for one in places if one in self.place_of}
        touched |= {cohort for cohort in places.values() if cohort is not None}
        breaks: list[Problem] = []
        mends: list[Problem] = []
        stays: list[Problem] = []
        change = dict.fromkeys(self._goals, 0)
        for cohort in [plan.id for plan in self.instance.cohorts if plan.id in touched]:
            before, after = self._state(cohort), self._with(cohort, places)
            breaks += [one for key, one in after.problems.items() if _is_worse(one, before.problems.get(key))]
            if cohort in places.values():
                stays += [one for key, one in after.problems.items() if not _is_worse(one, before.problems.get(key))]
            mends += [one for key, one in before.problems.items() if key not in after.problems]
            for name in self._goals:
                change[name] += after.measures.get(name, 0) - before.measures.get(name, 0)
        return Difference(tuple(breaks), tuple(mends), tuple(stays), {name: count for name, count in change.items() if count})

    def targets(self, person: int) -> Iterator[tuple[int | None, Difference]]:
        """Each place that an applicant could have instead of the present one, None for no cohort, with what it changes."""
        here = self.place_of.get(person)
        for cohort in (*self.members, None):
            if cohort != here:
                yield cohort, self.difference({person: cohort})

    def candidates(self, cohort: int, among: Sequence[int]) -> list[tuple[int, Difference]]:
        """Which of `among` could come into a cohort, the best first: whoever breaks least, has enough hours with those who lead it, and then by
        the order of the goals."""
        plan, enough = self._plans[cohort], self.instance.cohort_slots
        found = []
        for one in among:
            if self.place_of.get(one) != cohort:
                change = self.difference({one: cohort})
                shared = min(fewest(common(self.instance, plan, [self._people[one]])), enough)
                impossible, breaks, *rest = self.rank(change)
                found.append(((impossible, breaks, -shared, *rest, one), one, change))
        return [(one, change) for _key, one, change in sorted(found, key=lambda each: each[0])]

    def rank(self, difference: Difference) -> tuple:
        """To compare changes: the best is smallest."""
        hours = sum(max(one.need - one.have, 0) for one in difference.breaks if one.code.endswith("hours"))
        goals = tuple(-difference.measures.get(name, 0) for name in self._goals)
        return (not difference.is_possible, len(difference.breaks), hours, -len(difference.mends), *goals)

    def _state(self, cohort: int) -> _State:
        if cohort not in self._states:
            self._states[cohort] = self._look(cohort, [self._people[one] for one in self.members[cohort]])
        return self._states[cohort]

    def _with(self, cohort: int, places: Mapping[int, int | None]) -> _State:
        people = [self._people[one] for one in self.members[cohort] if one not in places]
        coming = [self._people[one] for one, there in places.items() if there == cohort]
        return self._look(cohort, [*people, *(replace(one, pinned=None, banned=one.banned - {cohort}) for one in coming)])

    def _look(self, cohort: int, people: Sequence[Applicant]) -> _State:
        plan = self._plans[cohort]
        problems = {(one.code, one.cohort, one.applicant, one.captain): one for one in check_cohort(self.instance, plan, people)}
        return _State(problems, measure_cohort(self.instance, plan, people))


def _is_worse(now: Problem, before: Problem | None) -> bool:
    """Whether a problem is new, or further from what is needed than it was."""
    return before is None or abs(now.need - now.have) > abs(before.need - before.have)
