"""One answer that is good for everything, found quickly: what the goals then prove, or make better.

All aims are put into one sum, the relaxation of that is solved, and its shares are made whole step by step: what is nearly a whole team
is taken, the rest is solved again.
"""

from collections.abc import Callable, Sequence

import numpy as np

from .aims import Aim
from .pricing import TINY, Market
from .program import Relaxed
from .teams import search

#: How much more a goal counts than the next one. Not so much that the next one vanishes: the proofs do not rest on it.
STEEPNESS = 10.0
#: The first goal counts so much more than the last one at most, however many there are: beyond that numbers lose what is small.
STEEPEST = 1e8
#: Shares of at least so much are taken as whole, beside the largest one.
NEARLY_WHOLE = 0.7
ROUNDS = 80
#: The relaxation is good enough where a round makes it better by less than this part of it.
ENOUGH = 1e-5
#: This part of the time that is left goes to finding prices at most.
SHARE = 0.3
#: More than any person counts.
NEVER = 1e12
WIDTH, TAKEN = 300, 20


def first_answer(market: Market, everything: Aim) -> tuple[list[int], Relaxed | None]:
    """Numbers of teams that go together, and the prices at which they were found; without prices where there was no time.

    Takes at most a good third of the time that is left.
    """
    free = np.ones(market.program.people, bool)
    answer = _greedy(market, everything, set(range(market.program.cohorts)), free)
    until = market.left() * (1 - SHARE)
    relaxed: Relaxed | None = None
    for _round in range(ROUNDS):
        if market.left() <= until:
            break
        before = relaxed
        relaxed = market.relaxation.solve(market.values(everything), [], seconds=market.left() - until) or before
        if relaxed is None or relaxed is before or (before and relaxed.value - before.value < ENOUGH * abs(before.value)):
            break
        added, total = market.price(everything, relaxed, [])
        if not added or (total is not None and relaxed.people.sum() + total - relaxed.value < ENOUGH * abs(relaxed.value)):
            break
    if relaxed is None:
        return answer, None
    dived = _dive(market, everything)
    values = market.values(everything)
    return max(answer, dived, key=lambda numbers: float(values[numbers].sum())), relaxed


def sum_of(aims: Sequence[Aim]) -> Aim:
    """All aims in one, the earlier ones counting more."""
    steepness = min(STEEPNESS, STEEPEST ** (1 / len(aims)))
    weights = [steepness ** (len(aims) - 1 - number) for number in range(len(aims))]
    people = sum((weight * aim.people for weight, aim in zip(weights, aims, strict=True)), np.zeros_like(aims[0].people))
    sizes: list[dict[int, float]] = [{} for _cohort in aims[0].sizes]
    for weight, aim in zip(weights, aims, strict=True):
        for mine, theirs in zip(sizes, aim.sizes, strict=True):
            for size, gain in theirs.items():
                mine[size] = mine.get(size, 0.0) + weight * gain
    return Aim("everything", people, tuple(sizes))


def _nothing(market: Market) -> Relaxed:
    """Prices of nothing: every team is worth what it is worth."""
    cohorts, people = market.program.cohorts, market.program.people
    return Relaxed(0.0, np.zeros(0), np.zeros(cohorts), np.zeros(people), np.zeros(0))


def _greedy(market: Market, aim: Aim, cohorts: set[int], free: np.ndarray) -> list[int]:
    """The best team for each of these cohorts among people who are `free`, those with the fewest people to choose from first.

    Returns the numbers of the teams, and takes their people out of `free`.
    """
    chosen = []
    for place in sorted(cohorts, key=lambda one: (not market.tables[one].pinned, len(market.tables[one].people), one)):
        market.ask()
        best = max(_search_free(market, place, aim, _nothing(market), free, taken=1), key=_worth(market, aim), default=None)
        if best is not None:
            chosen.append(best)
            free[list(market.program.teams[best].people)] = False
    return chosen


def _worth(market: Market, aim: Aim) -> Callable[[int], float]:
    return lambda number: aim.worth(market.program.teams[number])


def _search_free(market: Market, place: int, aim: Aim, relaxed: Relaxed, free: np.ndarray, *, taken: int = TAKEN) -> list[int]:
    """Numbers of the best teams of one cohort among people who are free, by these prices."""
    table = market.tables[place]
    worth, fixed, bonus = market.net(place, aim, relaxed, [])
    worth = np.where(free[table.people], worth, -NEVER) if len(table.people) else worth
    found, _whole = search(table, worth, relaxed.cohorts[place] - fixed + TINY, bonus=bonus, width=WIDTH)
    teams = market.best_of(place, table, found, taken)
    market.program.add(teams)
    return [market.program.number_of(team) for team in teams]


def _dive(market: Market, aim: Aim) -> list[int]:
    """Solve the relaxation, take what is nearly whole, solve it again for the rest, until all is whole."""
    program = market.program
    free_people, free_cohorts = np.ones(program.people, bool), set(range(program.cohorts))
    chosen: list[int] = []
    among = np.arange(len(program.teams))
    while len(among) and market.left() > 0:
        market.ask()
        relaxed = market.relaxation.solve(market.values(aim), [], seconds=market.left(), among=among)
        if relaxed is None:
            break
        known = set(among.tolist())
        new = [
            one
            for place in sorted(free_cohorts)
            for one in _search_free(market, place, aim, relaxed, free_people)
            if one not in known
        ]
        if new and market.left() > 0:
            among = np.union1d(among, new)
            relaxed = market.relaxation.solve(market.values(aim), [], seconds=market.left(), among=among) or relaxed
        picked = 0
        for number in (
            among[np.argsort(-relaxed.shares[among], kind="stable")].tolist() if len(relaxed.shares) > among[-1] else []
        ):
            team = program.teams[number]
            if relaxed.shares[number] < TINY or (picked and relaxed.shares[number] < NEARLY_WHOLE):
                break
            if team.cohort in free_cohorts and free_people[list(team.people)].all():
                chosen.append(number)
                free_cohorts.discard(team.cohort)
                free_people[list(team.people)] = False
                picked += 1
        if not picked:
            break
        among = market.program.among(among, free_cohorts, free_people)
    return chosen + _greedy(market, aim, free_cohorts, free_people)
