"""Choosing among teams: a set packing program over the teams found so far, solved by HiGHS.

A column is a team. Rows: each cohort takes at most one team, each person is in at most one, and what earlier goals have reached is
kept. The relaxation (shares of teams) gives prices, by which better teams are searched; the integer program gives an answer.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import highspy
import numpy as np

INFINITY = highspy.kHighsInf


@dataclass(frozen=True)
class Team:
    """The place of a cohort in the instance, and those of its people in ascending order, pinned ones included."""

    cohort: int
    people: tuple[int, ...]


@dataclass(frozen=True)
class Kept:
    """What an earlier goal has reached: the teams chosen are worth at least `reached`, `worth` being by the team's number."""

    worth: np.ndarray
    reached: float


@dataclass(frozen=True)
class Relaxed:
    """The best shares of teams, what they are worth, and what one more of each row would be worth."""

    value: float
    shares: np.ndarray
    cohorts: np.ndarray
    people: np.ndarray
    kept: np.ndarray


class Program:
    """The teams found so far. One thread and a fixed seed: the same question has the same answer."""

    def __init__(self, cohorts: int, people: int, *, seed: int) -> None:
        self.cohorts, self.people, self.seed = cohorts, people, seed
        self.teams: list[Team] = []
        self._numbers: dict[Team, int] = {}
        self._starts: list[int] = [0]
        self._rows: list[int] = []

    def add(self, teams: Iterable[Team]) -> list[int]:
        """Take in those that are new; returns their numbers."""
        before = len(self.teams)
        for team in teams:
            if team not in self._numbers:
                self._numbers[team] = len(self.teams)
                self.teams.append(team)
                self._rows += [team.cohort, *(self.cohorts + person for person in team.people)]
                self._starts.append(len(self._rows))
        return list(range(before, len(self.teams)))

    @property
    def cohort_of(self) -> np.ndarray:
        """The place of the cohort of each team, by its number."""
        return np.array(self._rows, np.int64)[self._starts[:-1]]

    def sums_of(self, people: np.ndarray) -> np.ndarray:
        """For each team the sum of a value over its people, given by their places."""
        by_row = np.concatenate([np.zeros(self.cohorts), people])[np.array(self._rows, np.int64)]
        return np.add.reduceat(by_row, self._starts[:-1]) if len(self.teams) else np.zeros(0)

    def among(self, numbers: np.ndarray, cohorts: Iterable[int], free: np.ndarray) -> np.ndarray:
        """Those of the teams with these numbers that are of one of `cohorts` and of people who are `free` only."""
        wanted = np.zeros(self.cohorts, bool)
        wanted[list(cohorts)] = True
        good = wanted[self.cohort_of] & (self.sums_of((~free).astype(float)) == 0)
        return numbers[good[numbers]]

    def number_of(self, team: Team) -> int:
        """The number of a team that was added before."""
        return self._numbers[team]

    def choose(
        self,
        worth: np.ndarray,
        kept: Sequence[Kept],
        *,
        seconds: float,
        among: np.ndarray,
        start: Sequence[int] = (),
        nodes: int | None = None,
        going: Callable[[], bool] = lambda: True,
    ) -> tuple[list[int], bool]:
        """The best teams among those with the numbers `among`, and whether that is proven. Never worse than `start`. Stops
        soon after `going` says no.

        Empty where nothing was found in time.
        """
        solver = self._load(worth, kept, among)
        solver.setOptionValue("time_limit", max(float(seconds), 0.1))
        # What counts are whole numbers, beside something that is less than a half: closer than that to the bound is best.
        solver.setOptionValue("mip_rel_gap", 0.0)
        solver.setOptionValue("mip_abs_gap", 0.499)
        if nodes is not None:
            solver.setOptionValue("mip_max_nodes", nodes)
        if len(start):
            begin = highspy.HighsSolution()
            begin.col_value = list(np.isin(among, np.array(start)).astype(float))
            solver.setSolution(begin)
        errors: list[BaseException] = []

        def look(event: highspy.highs.HighsCallbackEvent) -> None:
            # What goes wrong must not go through the solver, which is no Python.
            try:
                event.interrupt(bool(errors) or not going())
            except BaseException as error:
                errors.append(error)
                event.interrupt()

        solver.cbMipInterrupt += look
        solver.run()
        if errors:
            raise errors[0]
        values = np.array(solver.getSolution().col_value)
        found = [int(number) for number in among[values > 0.5]] if len(values) == len(among) else []
        if found and len(start) and worth[found].sum() < worth[list(start)].sum() - 1e-9:
            found = []
        proven = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal and bool(found)
        return found or list(start), proven

    def _load(self, worth: np.ndarray, kept: Sequence[Kept], among: np.ndarray) -> highspy.Highs:
        places = self.cohorts + self.people
        rows = places + len(kept)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(among), rows
        model.col_cost_ = -worth[among]
        model.col_lower_ = np.zeros(len(among))
        model.col_upper_ = np.ones(len(among))
        model.row_lower_ = np.array([-INFINITY] * places + [one.reached for one in kept])
        model.row_upper_ = np.array([1.0] * places + [INFINITY] * len(kept))
        starts, index, value = self.matrix(kept, among)
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = starts, index, value
        model.integrality_ = [highspy.HighsVarType.kInteger] * len(among)
        solver = highspy.Highs()
        for name, setting in {"output_flag": False, "threads": 1, "random_seed": self.seed}.items():
            solver.setOptionValue(name, setting)
        solver.passModel(model)
        return solver

    def matrix(self, kept: Sequence[Kept], among: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Starts, rows and values of the columns, those of `kept` behind the others."""
        first, every = np.array(self._starts), np.array(self._rows, np.int32)
        lengths = (first[1:] - first[:-1])[among]
        extra = len(kept)
        starts = np.concatenate([[0], np.cumsum(lengths + extra)]).astype(np.int32)
        index = np.empty(starts[-1], np.int32)
        value = np.ones(starts[-1])
        inside = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        index[np.repeat(starts[:-1], lengths) + inside] = every[np.repeat(first[:-1][among], lengths) + inside]
        for number, one in enumerate(kept):
            at = starts[1:] - extra + number
            index[at] = self.cohorts + self.people + number
            value[at] = one.worth[among]
        return starts, index, value
