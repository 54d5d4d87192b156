"""Forming cohorts: who goes where, exactly, with a proof or an honest bound. Plain data in, plain data out; no database.

`instance` says what is asked and `rules` what a cohort must keep; `form` answers, `check` tries a formation made by hand by the same
rules, `measure` says how good one is, `explain` why somebody was left out, and `Arrangement` what a change by hand does. `hours` turns
people's weeks into what is asked here, and `wording` turns what comes out into sentences. Inside, `teams` finds feasible teams,
`program` chooses among them, and `solving` does it in the order of what matters.
"""

from collections.abc import Callable

from .checking import Problem, check
from .explaining import Change, EmptyCohort, Explanation, Obstacle, explain, explain_empty
from .formation import Cancelled, Formation, Goal
from .goals import measure
from .instance import Applicant, CohortPlan, Hours, Instance, InstanceError
from .moving import NEVER, Arrangement, Difference
from .rules import common

__all__ = [
    "NEVER",
    "Applicant",
    "Arrangement",
    "Cancelled",
    "Change",
    "CohortPlan",
    "Difference",
    "EmptyCohort",
    "Explanation",
    "Formation",
    "Goal",
    "Hours",
    "Instance",
    "InstanceError",
    "Obstacle",
    "Problem",
    "check",
    "common",
    "explain",
    "explain_empty",
    "form",
    "measure",
]


def form(instance: Instance, *, seconds: float = 60.0, seed: int = 1, told: Callable[[str], bool] | None = None) -> Formation:
    """The best cohorts for `instance`, within about so many `seconds`, in one thread.

    `told` hears the name of the goal that is worked on, several times a second, and says whether to go on; where it says no,
    `Cancelled` is raised. The same instance and seed have the same answer as long as the time is enough to prove it.
    """
    # The solver and the arrays are large: only a process that forms cohorts loads them, the pages do without.
    from .solving import solve

    return solve(instance, seconds=seconds, seed=seed, told=told)
