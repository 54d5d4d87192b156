"""Forming cohorts in the order of what matters: one goal after the other, each proven or with an honest bound.

First one answer is found that is good for everything (`answering`). Then for each goal the relaxation gives a bound: where the answer
reaches it the goal is proven, else all teams that could be part of a better answer are listed, and the integer program decides
among them. What a goal has reached is kept by all that follow.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .aims import Aim, Look, aims_of, looks_of
from .answering import first_answer, sum_of
from .formation import Formation, Goal
from .goals import measure
from .instance import Instance
from .mending import Mender
from .pricing import Market
from .program import Kept, Relaxed
from .teams import chance

#: The integer program is given so many teams at most; a limit that leaves fewer is looked for by halving it so often.
MOST_TEAMS, HALVED = 30_000, 5
#: Before that it looks among so few, for this part of the time that is left.
FEW_TEAMS, FIRST_TRY = 6_000, 0.15
#: The better the answer, the fewer teams could make it better still: so often it is tried again.
ATTEMPTS = 4
#: Some cohorts at a time are formed anew to make an answer better: after so many attempts in vain, or this part of the time that is left, all are
#: looked at together.
PATIENCE, MENDING = 12, 0.3
#: Fewer cohorts are better looked at all at once; with more than so many a first look at all of them takes longer than it helps.
LARGE, HUGE = 12, 50
#: Where a choice among the teams could prove nothing, it gets so many nodes and seconds at most.
TRY_NODES, TRY_SECONDS = 200, 20.0
TINY = 1e-6


def solve(instance: Instance, *, seconds: float, seed: int, told: Callable[[str], bool] | None) -> Formation:
    """See `form` of the package."""
    began = time.monotonic()
    market = Market(instance, deadline=began + seconds, seed=seed, told=told or (lambda _name: True))
    market.ask("start")
    impossible = _impossible(market)
    if impossible:
        return _formation(market, [], [], impossible, began)
    if not instance.applicants or not instance.cohorts:
        return _formation(market, [], [Goal(name, 0, 0, True) for name in measure(instance, {})], [], began)
    work = _Work(instance, market)
    goals = work.run()
    formation = _formation(market, work.answer, goals, _short(market, work.answer, goals), began)
    return replace(formation, most_placed=work.most_placed)


def _impossible(market: Market) -> list[int]:
    """Ids of cohorts whose pinned people can be in no team at all; all cohorts where there is no team for any."""
    if not market.instance.applicants or not market.tables:
        return []
    chances = [chance(table) for table in market.tables]
    if not any(chances):
        return [table.plan.id for table in market.tables]
    return [table.plan.id for table, good in zip(market.tables, chances, strict=True) if table.pinned and not good]


def _short(market: Market, answer: Sequence[int], goals: Sequence[Goal]) -> list[int]:
    """Ids of cohorts whose pinned people can be in a team, but not all such cohorts at once, where that is proven."""
    if not goals or goals[0].name != "pinned" or not goals[0].proven:
        return []
    taken = {market.program.teams[number].cohort for number in answer}
    return [table.plan.id for place, table in enumerate(market.tables) if table.pinned and place not in taken]


def _formation(market: Market, answer: Sequence[int], goals: list[Goal], impossible: list[int], began: float) -> Formation:
    instance = market.instance
    members: dict[int, list[int]] = {plan.id: [] for plan in instance.cohorts}
    for number in answer:
        team = market.program.teams[number]
        members[instance.cohorts[team.cohort].id] = [instance.applicants[place].id for place in team.people]
    placed = {one for group in members.values() for one in group}
    left_out = [person.id for person in instance.applicants if person.id not in placed]
    return Formation(members, left_out, goals, impossible, time.monotonic() - began, len(market.program.teams))


class _Work:
    """The goals in their order, and the answer so far as numbers of teams."""

    def __init__(self, instance: Instance, market: Market) -> None:
        self.market = market
        self.aims = aims_of(instance)
        self.looks = looks_of(instance, most_hours=sum(table.most_hours() for table in market.tables))
        self.everything = sum_of(self.aims)
        self.chance = np.random.default_rng(market.program.seed)
        self.answer: list[int] = []
        self.most = 0.0
        self.kept: list[tuple[Aim | Look, float]] = []
        self.most_placed: int | None = None
        self.mender = Mender(market, self.chance)

    def run(self) -> list[Goal]:
        self.market.ask("answer")
        self.answer, _prices = first_answer(self.market, self.everything)
        self.most = self.everything.most()
        goals: list[Goal] = []
        last: _Bound | None = None
        for aim in self.aims:
            self.market.ask(aim.name)
            goal, last = self._reach(aim)
            if not goal.proven and all(one.proven for one in goals):
                self.most_placed = self._most_placed()
            goals.append(goal)
            self.kept.append((aim, goal.reached))
        if all(one.proven for one in goals):
            self.most_placed = len(self._people())
        # Whoever keeps the last aim is made of teams that its prices allow: among these the finer looks choose.
        everything = last is not None and goals[-1].proven
        among, whole = np.arange(len(self.market.program.teams)), False
        if everything and last is not None:
            among, whole = self._nearest(self.aims[-1], last, goals[-1].reached)
        for look in self.looks:
            self.market.ask(look.name)
            goals.append(self._refine(look, among, whole=whole))
            self.kept.append((look, goals[-1].reached))
        return goals

    def _people(self) -> list[int]:
        return [person for number in self.answer for person in self.market.program.teams[number].people]

    def _most_placed(self) -> int | None:
        """No answer that keeps what was reached so far places more people; None where there is no time to find out."""
        shape = (self.market.program.cohorts, self.market.program.people)
        found = self._bound(Aim("people", np.ones(shape), ({},) * shape[0]))
        return round(found.value) if found is not None else None

    def _held(self) -> list[Kept]:
        return [Kept(self.market.values(goal), reached - TINY) for goal, reached in self.kept]

    def _value(self, goal: Aim | Look) -> float:
        return float(self.market.values(goal)[self.answer].sum()) if self.answer else 0.0

    def _reach(self, aim: Aim) -> tuple[Goal, "_Bound | None"]:
        found = self._bound(aim)
        reached = self._value(aim)
        if found is not None and found.value <= reached + TINY:
            return Goal(aim.name, round(reached), round(found.value), True), found
        proven = False
        if self.market.left() > 0.5:
            proven = self._improve(aim, found)
            reached = self._value(aim)
        if found is None:
            return Goal(aim.name, round(reached), None, False), None
        proven = proven or found.value <= reached + TINY
        return Goal(aim.name, round(reached), round(reached if proven else found.value), proven), found

    def _bound(self, aim: Aim) -> "_Bound | None":
        """What no answer can pass: the relaxation over all teams, better teams being searched until there are none."""
        best: _Bound | None = None
        while self.market.left() > 0:
            relaxed = self.market.relaxation.solve(self.market.values(aim), self._held(), seconds=self.market.left())
            if relaxed is None:
                return best
            added, above = self.market.price(aim, relaxed, [goal for goal, _reached in self.kept])
            if above is not None:
                limit = (
                    relaxed.people.sum()
                    + above
                    + sum(price * (reached - TINY) for price, (_goal, reached) in zip(relaxed.kept, self.kept, strict=True))
                )
                value = math.floor(limit + 1e-4)
                if best is None or value <= best.value:
                    best = _Bound(float(value), float(limit), relaxed)
            if not added or (best is not None and best.value <= self._value(aim) + TINY):
                return best
        return best

    def _improve(self, aim: Aim, found: "_Bound | None") -> bool:
        """Look for a better answer. Whether there is proven to be none but what was found."""
        if found is None:
            self._choose(aim, np.arange(len(self.market.program.teams)))
            return False
        large = self.market.program.cohorts > LARGE
        if not large or (self.market.program.cohorts <= HUGE and not aim.name.startswith("tier")):
            # Often those that made the bound are enough to reach it.
            kept = [goal for goal, _reached in self.kept]
            some = self.market.best(found.relaxed, aim, kept, most=FEW_TEAMS)
            self._choose(aim, some, seconds=max(self.market.left() * FIRST_TRY, 0.5))
        for attempt in range(ATTEMPTS):
            if found.value <= self._value(aim) + TINY or self.market.left() < 0.5:
                break
            among, whole = self._nearest(aim, found, self._value(aim) + 1)
            last = attempt == ATTEMPTS - 1
            if whole and (not large or last or len(among) <= FEW_TEAMS):
                # Every answer that is better is made of these teams: where the program is sure, so are we.
                if self._choose(aim, among):
                    return True
            elif not large or last:
                self._choose(aim, among, seconds=min(self.market.share(), TRY_SECONDS), nodes=TRY_NODES)
            else:
                self._mend(aim, found.value, patience=PATIENCE * (attempt + 1))
        return found.value <= self._value(aim) + TINY

    def _nearest(self, aim: Aim, found: "_Bound", target: float) -> tuple[np.ndarray, bool]:
        """Numbers of the teams that lose little, and whether these are all of which an answer that reaches `target` can be made.

        The teams of a good answer lose little each: where those that might be in any are too many, the nearest of them are taken.
        """
        slack = found.exact - target + 1e-5
        before = [goal for goal, _reached in self.kept[: len(found.relaxed.kept)]]
        for halved in range(HALVED):
            among = self.market.near(aim, found.relaxed, before, slack=slack / 2**halved, most=MOST_TEAMS // (1 + bool(halved)))
            if among is not None:
                return among, not halved
        return self.market.best(found.relaxed, aim, before, most=MOST_TEAMS), False

    def _mend(self, aim: Aim, bound: float, *, patience: int) -> None:
        """Form a part of the cohorts anew, and another, until the bound is reached or nothing has helped for a while."""
        before = [(goal, reached) for goal, reached in self.kept if isinstance(goal, Aim)]
        later = self.aims[self.aims.index(aim) + 1 :]
        rest = sum_of(later) if later else self.everything
        until, idle = self.market.left() * (1 - MENDING), 0
        while idle < patience and self.market.left() > until and self._value(aim) + TINY < bound:
            reached = self._value(aim)
            self.answer = self.mender.anew(self.answer, aim, rest, before)
            idle = 0 if self._value(aim) > reached + TINY else idle + 1

    def _choose(self, goal: Aim | Look, among: np.ndarray, *, seconds: float | None = None, nodes: int | None = None) -> bool:
        among = np.union1d(among, np.array(self.answer, int))
        worth = self.market.values(goal)
        if goal in self.aims[:-1]:
            # Among answers that are equal in this goal, the one that is best for the others: together that counts less than a half.
            worth = worth + self.market.values(self.everything) / (2 * self.most + 1)
        chosen, proven = self.market.program.choose(
            worth,
            self._held(),
            seconds=seconds or self.market.share(),
            among=among,
            start=self.answer,
            nodes=nodes,
            going=self.market.going,
        )
        self.market.ask()
        if chosen:
            self.answer = chosen
        return proven

    def _refine(self, look: Look, among: np.ndarray, *, whole: bool) -> Goal:
        most = look.most
        if whole and len(among):
            # Each cohort has one of these teams at most.
            best = np.zeros(self.market.program.cohorts)
            np.maximum.at(best, self.market.program.cohort_of[among], self.market.values(look)[among])
            most = min(most, round(best.sum()))
        proven = self._value(look) + TINY > most
        if not proven and self.market.left() > 0.5:
            proven = self._choose(look, among) and whole
        reached = round(self._value(look))
        # Without all teams that could be in an answer, only what no answer at all can pass is proven.
        proven = proven or reached == most
        return Goal(look.name, reached, reached if proven else most, proven)


@dataclass(frozen=True)
class _Bound:
    """`value` is the bound in whole numbers, `exact` before rounding, `relaxed` the prices that it rests on."""

    value: float
    exact: float
    relaxed: Relaxed
