"""What comes out of forming cohorts, as plain data."""

from dataclasses import dataclass, field


class Cancelled(Exception):
    """Somebody wants no answer any more."""


@dataclass(frozen=True)
class Goal:
    """What one goal came to: “pinned”, “tier 0” …, “complete”, “wishes”, “balance”, “hours”; all are whole numbers.

    `bound` is what no answer can pass that keeps what the goals before it reached; None where nothing is known of it.
    """

    name: str
    reached: int
    bound: int | None
    proven: bool

    @property
    def gap(self) -> float | None:
        """How much of the bound is missing at most, from 0 to 1; None without a bound."""
        if self.proven:
            return 0.0
        if self.bound is None:
            return None
        return (self.bound - self.reached) / self.bound if self.bound else 0.0


@dataclass(frozen=True)
class Formation:
    """Who goes where, by ids, and how good that is.

    `members` has every cohort, an empty list where none could be formed. `impossible` names the cohorts that cannot be: their pinned
    people cannot be together or cannot be brought to the smallest size, or there is no feasible team for any cohort at all.
    """

    members: dict[int, list[int]]
    left_out: list[int]
    goals: list[Goal]
    impossible: list[int] = field(default_factory=list)
    seconds: float = 0.0
    #: How many teams were compared in the end.
    teams: int = 0
    #: No answer that keeps what the proven goals reached places more people; None where nothing is known of it.
    most_placed: int | None = None

    @property
    def verdict(self) -> str:
        """“optimal”, “within” (the first goal that is not proven says how far) or “impossible”."""
        if self.impossible:
            return "impossible"
        return "optimal" if self.unproven is None else "within"

    @property
    def unproven(self) -> Goal | None:
        """The first goal that is not proven."""
        return next((goal for goal in self.goals if not goal.proven), None)

    @property
    def placed(self) -> int:
        """How many people have a place."""
        return sum(len(inside) for inside in self.members.values())

    @property
    def gap_in_people(self) -> float | None:
        """How many of all who could have a place are missing at most, from 0 to 1; None where nothing is known of it.

        A goal of few people may miss a large part of its bound and yet be about one person of hundreds: this is the measure for the whole.
        """
        if self.most_placed is None:
            return None
        return (self.most_placed - self.placed) / self.most_placed if self.most_placed else 0.0
