"""What forming cohorts is about, as plain data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: Half hours of a week, the first one beginning on Monday at 00:00 in the session's zone. Where the clock goes back there are two more.
SLOTS = 338

#: When somebody has time: for each different week of the session one number whose bit `i` stands for half hour `i` of that week.
Hours = tuple[int, ...]


class InstanceError(ValueError):
    """A question that contradicts itself. The text names what and where."""


@dataclass(frozen=True)
class Applicant:
    """Somebody who could become a member. `tier` 0 is best; `projects` are wanted ones, the favourite first; none means any."""

    id: int
    hours: Hours
    tier: int = 0
    projects: tuple[int, ...] = ()
    #: How much this person has contributed before, from 0 up; None where nothing is known.
    experience: int | None = None
    #: The cohort this person is in whatever happens, and cohorts this person is not put into.
    pinned: int | None = None
    banned: frozenset[int] = frozenset()


@dataclass(frozen=True)
class CohortPlan:
    """A cohort to fill with `smallest` to `largest` members. `navigators` and `captains` are the hours of each of them."""

    id: int
    project: int | None
    smallest: int
    largest: int
    navigators: tuple[Hours, ...] = ()
    captains: tuple[Hours, ...] = ()


@dataclass(frozen=True)
class Instance:
    """The question: whom to put where. Limits are half hours a week that must be common in every week.

    Raises `InstanceError` where ids repeat, sizes or hours make no sense, or somebody is pinned and banned at once.
    """

    applicants: Sequence[Applicant]
    cohorts: Sequence[CohortPlan]
    #: What navigators and members of a cohort share, all together; what a captain shares with each member.
    cohort_slots: int = 10
    captain_slots: int = 6
    weeks: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        _unique("applicant", [one.id for one in self.applicants])
        _unique("cohort", [one.id for one in self.cohorts])
        lengths = {len(hours) for hours in self._all_hours()}
        if len(lengths) > 1 or 0 in lengths:
            raise InstanceError(
                f"Hours must be given for the same weeks everywhere, and for one at least: found {sorted(lengths)}."
            )
        object.__setattr__(self, "weeks", lengths.pop() if lengths else 1)
        if any(hour < 0 or hour.bit_length() > SLOTS for hours in self._all_hours() for hour in hours):
            raise InstanceError(f"Hours are sets of half hours below {SLOTS}.")
        known = {one.id for one in self.cohorts}
        for cohort in self.cohorts:
            if not 1 <= cohort.smallest <= cohort.largest:
                raise InstanceError(f"Cohort {cohort.id}: the smallest size is from 1 to the largest.")
        for person in self.applicants:
            if person.tier < 0:
                raise InstanceError(f"Applicant {person.id}: a tier is 0 or above.")
            if person.pinned is not None and (person.pinned not in known or person.pinned in person.banned):
                raise InstanceError(f"Applicant {person.id} is pinned to a cohort that is not there, or banned from it.")

    def _all_hours(self) -> Iterator[Hours]:
        for person in self.applicants:
            yield person.hours
        for cohort in self.cohorts:
            yield from (*cohort.navigators, *cohort.captains)

    @property
    def tiers(self) -> list[int]:
        """The tiers that occur, the best first."""
        return sorted({person.tier for person in self.applicants})

    @property
    def cohort_by_id(self) -> dict[int, CohortPlan]:
        """The cohorts by their ids."""
        return {one.id: one for one in self.cohorts}

    @property
    def applicant_by_id(self) -> dict[int, Applicant]:
        """The applicants by their ids."""
        return {one.id: one for one in self.applicants}

    def accepts(self, cohort: CohortPlan, person: Applicant) -> bool:
        """Whether wishes, pins and bans let this person into this cohort; hours are another matter."""
        if person.pinned is not None:
            return person.pinned == cohort.id
        if cohort.id in person.banned:
            return False
        return self.wants(cohort, person)

    def wants(self, cohort: CohortPlan, person: Applicant) -> bool:
        """Whether this person named the project of the cohort, or none at all."""
        return not person.projects or cohort.project is None or cohort.project in person.projects


def _unique(what: str, ids: list[int]) -> None:
    twice = sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) != len(ids) else []
    if twice:
        raise InstanceError(f"Listed twice: {what} {', '.join(map(str, twice))}.")
