"""Teams and what they are worth at the prices of the relaxation: which ones would make it better, and which ones could be in an answer."""

import copy
import time
from collections.abc import Callable, Mapping, Sequence, Set

import numpy as np

from .aims import Aim, Look
from .formation import Cancelled
from .instance import Instance
from .program import Program, Relaxed, Team
from .relaxing import Relaxation
from .teams import Found, Table, search, tables

#: Teams of each size that a round takes in over all cohorts, and how many of a cohort go on growing in a quick search.
TAKEN, WIDTH = 4_000, 300
TINY = 1e-6


class Market:
    """The tables of all cohorts with the program over the teams that were found, until `deadline` (of `time.monotonic`)."""

    def __init__(self, instance: Instance, *, deadline: float, seed: int, told: Callable[[str], bool]) -> None:
        self.instance, self.deadline, self._told = instance, deadline, told
        self.tables = tables(instance)
        self.program = Program(len(instance.cohorts), len(instance.applicants), seed=seed)
        self.relaxation = Relaxation(self.program)
        self._values: dict[str, np.ndarray] = {}
        self._working_on, self._wanted = "start", True

    def part(self, cohorts: Set[int], free: np.ndarray) -> "Market":
        """The same for the cohorts at these places and the people who are `free` only, with no teams yet."""
        part = copy.copy(self)
        part.tables = [table.among(free, is_open=place in cohorts) for place, table in enumerate(self.tables)]
        part.program = Program(self.program.cohorts, self.program.people, seed=self.program.seed)
        part.relaxation = Relaxation(part.program)
        part._values = {}
        return part

    def ask(self, name: str | None = None) -> None:
        """Tell which goal is worked on, the last one named by default, and raise `Cancelled` where nobody wants an answer any more."""
        self._working_on = name or self._working_on
        if not self.going():
            raise Cancelled

    def going(self) -> bool:
        """Whether an answer is still wanted; once it is not, it stays so."""
        self._wanted = self._wanted and self._told(self._working_on)
        return self._wanted

    def left(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.deadline - time.monotonic()

    def share(self) -> float:
        """Seconds for one integer program: a good part of what is left, so that later goals have some, too."""
        return max(self.left() * 0.4, 0.5)

    def values(self, goal: Aim | Look) -> np.ndarray:
        """What each team found so far counts for `goal`, by its number."""
        known = self._values.get(goal.name, np.zeros(0))
        new = self.program.teams[len(known) :]
        if new:
            known = np.concatenate([known, [goal.worth(team) for team in new]])
            self._values[goal.name] = known
        return known

    def price(self, aim: Aim, relaxed: Relaxed, kept: Sequence[Aim | Look]) -> tuple[int, float | None]:
        """Take in teams that make the relaxation better: how many are new, and the sum over cohorts of the most a team is worth.

        A quick search first; where it finds nothing new, all teams are looked at. The sum is None after a quick search: then it
        bounds nothing.
        """
        open_tables = [(place, table) for place, table in enumerate(self.tables) if table.fits]
        taken = max(TAKEN // max(len(open_tables), 1), 20)
        for width in (WIDTH, None):
            added, total, complete = 0, 0.0, True
            for place, table in open_tables:
                self.ask()
                worth, fixed, bonus = self.net(place, aim, relaxed, kept)
                found, whole = search(table, worth, relaxed.cohorts[place] - fixed + TINY, bonus=bonus, width=width)
                complete &= whole
                most = max((float(one.worth.max()) for one in found), default=-np.inf) + fixed
                total += max(0.0, relaxed.cohorts[place] + TINY, most)
                added += len(self.program.add(self.best_of(place, table, found, taken)))
            if added or complete:
                break
        return added, total if complete else None

    def near(self, aim: Aim, relaxed: Relaxed, kept: Sequence[Aim | Look], *, slack: float, most: int) -> np.ndarray | None:
        """Numbers of all teams that lose at most `slack` at these prices; None where there are more than `most`."""
        listed: list[Team] = []
        for place, table in enumerate(self.tables):
            self.ask()
            worth, fixed, bonus = self.net(place, aim, relaxed, kept)
            found, whole = search(table, worth, relaxed.cohorts[place] - fixed - slack, bonus=bonus, width=most)
            if not whole or len(listed) + sum(len(one.teams) for one in found) > most:
                return None
            listed += self._teams(place, table, found)
        self.program.add(listed)
        return np.array(sorted(self.program.number_of(team) for team in listed), int)

    def best(self, relaxed: Relaxed, aim: Aim, kept: Sequence[Aim | Look], *, most: int = 20_000) -> np.ndarray:
        """Numbers of the teams found so far that look best at these prices."""
        worth = self.values(aim).copy()
        for price, goal in zip(relaxed.kept, kept, strict=False):
            worth -= price * self.values(goal)
        worth -= relaxed.cohorts[self.program.cohort_of] + self.program.sums_of(relaxed.people)
        return np.sort(np.argsort(-worth, kind="stable")[:most])

    def net(
        self, place: int, aim: Aim, relaxed: Relaxed, kept: Sequence[Aim | Look]
    ) -> tuple[np.ndarray, float, Mapping[int, float]]:
        """For one cohort: what each person of its table adds at these prices, what its pinned people do, and what sizes do.

        Sizes are those without the pinned people.
        """
        table = self.tables[place]
        row = aim.people[place] - relaxed.people
        sizes = dict(aim.sizes[place])
        for price, goal in zip(relaxed.kept, kept, strict=True):
            if not isinstance(goal, Aim):
                raise TypeError("Only aims can be priced.")
            row = row - price * goal.people[place]
            for size, gain in goal.sizes[place].items():
                sizes[size] = sizes.get(size, 0.0) - price * gain
        bonus = {size - len(table.fixed): gain for size, gain in sizes.items() if size >= len(table.fixed)}
        return row[table.people], float(row[list(table.fixed)].sum()), bonus

    def _teams(self, place: int, table: Table, found: Sequence[Found]):
        for one in found:
            for chosen in one.teams:
                yield Team(place, tuple(sorted((*table.fixed, *table.people[chosen].tolist()))))

    def best_of(self, place: int, table: Table, found: Sequence[Found], most: int) -> list[Team]:
        best: list[Team] = []
        for one in found:
            top = np.argsort(-one.worth, kind="stable")[:most]
            best += self._teams(place, table, [Found(one.teams[top], one.worth[top])])
        return best
