"""The goals as arrays: what each person and each size adds, so that teams can be priced."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .goals import balance, hours, wish
from .instance import Applicant, Instance
from .program import Team


@dataclass(frozen=True)
class Aim:
    """A goal that adds up over people and sizes: `people` is cohorts × applicants, `sizes` by cohort what a team of that size adds.

    All values are whole numbers, so that a bound may be rounded down.
    """

    name: str
    people: np.ndarray
    sizes: tuple[Mapping[int, float], ...]

    def worth(self, team: Team) -> float:
        """What one team counts."""
        return float(self.people[team.cohort, list(team.people)].sum()) + self.sizes[team.cohort].get(len(team.people), 0.0)

    def plus(self, other: "Aim", part: float) -> "Aim":
        """This one with so large a part of another one."""
        sizes = tuple(
            {size: mine.get(size, 0.0) + part * theirs.get(size, 0.0) for size in {*mine, *theirs}}
            for mine, theirs in zip(self.sizes, other.sizes, strict=True)
        )
        return Aim(f"{self.name} + {other.name}", self.people + part * other.people, sizes)

    def most(self) -> float:
        """No answer can count more."""
        return float(self.people.max(axis=0, initial=0.0).sum() + sum(max(gains.values(), default=0.0) for gains in self.sizes))


@dataclass(frozen=True)
class Look:
    """A goal that looks at a team as a whole."""

    name: str
    worth: Callable[[Team], float]
    #: No answer can count more, whoever is in it.
    most: int


def aims_of(instance: Instance) -> list[Aim]:
    """Pinned people first, then tier by tier, complete cohorts, wishes."""
    shape = (len(instance.cohorts), len(instance.applicants))
    none: tuple[Mapping[int, float], ...] = ({},) * shape[0]
    tiers = np.array([person.tier for person in instance.applicants])
    aims = []
    pinned = {person.pinned for person in instance.applicants if person.pinned is not None}
    if pinned:
        used = tuple(
            dict.fromkeys(range(plan.smallest, plan.largest + 1), 1.0) if plan.id in pinned else {} for plan in instance.cohorts
        )
        aims.append(Aim("pinned", np.zeros(shape), used))
    for tier in instance.tiers:
        aims.append(Aim(f"tier {tier}", np.tile((tiers == tier).astype(float), (shape[0], 1)), none))
    aims.append(Aim("complete", np.zeros(shape), tuple({plan.largest: 1.0} for plan in instance.cohorts)))
    aims.append(Aim("wishes", _wishes(instance), none))
    return aims


def _wishes(instance: Instance) -> np.ndarray:
    worth = [[wish(plan, person) for person in instance.applicants] for plan in instance.cohorts]
    return np.array(worth, float).reshape(len(instance.cohorts), len(instance.applicants))


def looks_of(instance: Instance, *, most_hours: int) -> list[Look]:
    """How mixed the experience in a cohort is, and how many half hours it shares: all cohorts together never more than `most_hours`."""

    def members(team: Team) -> list[Applicant]:
        return [instance.applicants[place] for place in team.people]

    levels = len({person.experience for person in instance.applicants} - {None})
    mixed = sum(max(min(plan.largest, levels) - 1, 0) for plan in instance.cohorts)
    return [
        Look("balance", lambda team: float(balance(members(team))), mixed),
        Look("hours", lambda team: float(hours(instance, instance.cohorts[team.cohort], members(team))), most_hours),
    ]
