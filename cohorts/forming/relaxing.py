"""The relaxation of a program, kept by the solver from one question to the next: new teams, goals and limits continue from its last answer."""

from collections.abc import Sequence

import highspy
import numpy as np

from .program import INFINITY, Kept, Program, Relaxed


class Relaxation:
    """Shares of teams instead of whole ones. Where teams are added or another goal is asked for, it goes on from where it stood."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._columns, self._kept = 0, 0
        self._open = np.zeros(0, bool)
        self._solver = highspy.Highs()
        # Strategy 0 takes the primal simplex where teams were added, and the dual one where some were closed.
        for name, setting in {"output_flag": False, "threads": 1, "random_seed": program.seed, "simplex_strategy": 0}.items():
            self._solver.setOptionValue(name, setting)
        rows = program.cohorts + program.people
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = 0, rows
        model.row_lower_, model.row_upper_ = np.full(rows, -INFINITY), np.ones(rows)
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        self._solver.passModel(model)

    def solve(
        self, worth: np.ndarray, kept: Sequence[Kept], *, seconds: float, among: np.ndarray | None = None
    ) -> Relaxed | None:
        """The best shares of the teams with the numbers `among`, all by default; shares are by team number.

        None where it was not solved in time, or nothing keeps what is kept. `kept` only ever grows.
        """
        self._take_in(worth, kept)
        self._open_only(among)
        numbers = np.arange(self._columns, dtype=np.int32)
        solver = self._solver
        solver.changeColsCost(self._columns, numbers, -worth)
        solver.setOptionValue("time_limit", solver.getRunTime() + max(float(seconds), 0.1))
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = solver.getSolution()
        dual = -np.array(solution.row_dual)
        end = self.program.cohorts + self.program.people
        value = -solver.getInfo().objective_function_value
        return Relaxed(
            value, np.array(solution.col_value), dual[: self.program.cohorts], dual[self.program.cohorts : end], dual[end:]
        )

    def _take_in(self, worth: np.ndarray, kept: Sequence[Kept]) -> None:
        """New limits for the teams that are known, then new teams with all limits."""
        for one in kept[self._kept :]:
            known = np.nonzero(one.worth[: self._columns])[0].astype(np.int32)
            self._solver.addRow(one.reached, INFINITY, len(known), known, one.worth[known])
        self._kept = len(kept)
        new = np.arange(self._columns, len(self.program.teams))
        if len(new):
            starts, index, value = self.program.matrix(kept, new)
            none, most = np.zeros(len(new)), np.full(len(new), INFINITY)
            self._solver.addCols(len(new), -worth[new], none, most, len(index), starts[:-1], index, value)
            self._open = np.concatenate([self._open, np.ones(len(new), bool)])
            self._columns += len(new)

    def _open_only(self, among: np.ndarray | None) -> None:
        """Let only these teams have a share."""
        wanted = np.ones(self._columns, bool)
        if among is not None:
            wanted[:] = False
            wanted[among] = True
        changed = np.nonzero(wanted != self._open)[0].astype(np.int32)
        if len(changed):
            most = np.where(wanted[changed], INFINITY, 0.0)
            self._solver.changeColsBounds(len(changed), changed, np.zeros(len(changed)), most)
            self._open = wanted
