"""One answer that is good for everything, found quickly: what the goals then prove, or make better.

All aims are put into one sum, the relaxation of that is solved, and its shares are made whole step by step: what is nearly a whole team
is taken, the rest is solved again.
"""

from collections.abc import Sequence

import numpy as np

from .aims import Aim
from .pricing import TINY, Market
from .program import Relaxed
from .teams import search

#: How much more a goal counts than the next one. Not so much that the next one vanishes: the proofs do not rest on it.
STEEPNESS = 10.0
#: Shares of at least so much are taken as whole, beside the largest one.
NEARLY_WHOLE = 0.7
ROUNDS = 80
WIDTH, TAKEN = 300, 20


def first_answer(market: Market, everything: Aim) -> tuple[list[int], float]:
    """Numbers of teams that go together, and the most that any answer can count for `everything`."""
    most = float(
        everything.people.max(axis=0, initial=0.0).sum() + sum(max(gains.values(), default=0.0) for gains in everything.sizes)
    )
    _greedy(market, everything)
    for _round in range(ROUNDS):
        relaxed = market.program.relax(market.values(everything), [], seconds=max(market.left(), 0.5))
        if relaxed is None or market.left() < 0:
            break
        added, total = market.price(everything, relaxed, [])
        if not added or (total is not None and relaxed.people.sum() + total - relaxed.value < 1e-4 * abs(relaxed.value)):
            break
    return _dive(market, everything), most


def sum_of(aims: Sequence[Aim]) -> Aim:
    """All aims in one, the earlier ones counting more."""
    weights = [STEEPNESS ** (len(aims) - 1 - number) for number in range(len(aims))]
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


def _greedy(market: Market, aim: Aim) -> None:
    """The best team for each cohort, those with the fewest people to choose from first: so that there is an answer at all."""
    free = np.ones(market.program.people, bool)
    for place in sorted(range(len(market.tables)), key=lambda one: len(market.tables[one].people)):
        _search_free(market, place, aim, _nothing(market), free, taken=1)
        numbers = [number for number, team in enumerate(market.program.teams) if team.cohort == place]
        if numbers:
            best = max(numbers, key=lambda number: aim.worth(market.program.teams[number]))
            free[list(market.program.teams[best].people)] = False


def _search_free(market: Market, place: int, aim: Aim, relaxed: Relaxed, free: np.ndarray, *, taken: int = TAKEN) -> list[int]:
    """Take in the best teams of one cohort among people who are free."""
    table = market.tables[place]
    worth, fixed, bonus = market.net(place, aim, relaxed, [])
    worth = np.where(free[table.people], worth, -1e12) if len(table.people) else worth
    found, _whole = search(table, worth, relaxed.cohorts[place] - fixed + TINY, bonus=bonus, width=WIDTH)
    return market.program.add(market._best_of(place, table, found, taken))


def _dive(market: Market, aim: Aim) -> list[int]:
    program = market.program
    free_people, free_cohorts = np.ones(program.people, bool), set(range(program.cohorts))
    chosen: list[int] = []
    among = np.arange(len(program.teams))
    while len(among):
        relaxed = program.relax(market.values(aim), [], seconds=max(market.left(), 1.0), among=among)
        if relaxed is None:
            break
        for _round in range(2):
            new = [number for place in sorted(free_cohorts) for number in _search_free(market, place, aim, relaxed, free_people)]
            if not new or market.left() < 0:
                break
            among = np.concatenate([among, new])
            relaxed = program.relax(market.values(aim), [], seconds=max(market.left(), 1.0), among=among) or relaxed
        picked = 0
        shares = relaxed.shares
        for position in np.argsort(-shares, kind="stable"):
            team = program.teams[among[position]]
            if shares[position] < TINY or (picked and shares[position] < NEARLY_WHOLE):
                break
            if team.cohort in free_cohorts and free_people[list(team.people)].all():
                chosen.append(int(among[position]))
                free_cohorts.discard(team.cohort)
                free_people[list(team.people)] = False
                picked += 1
        if not picked:
            break
        among = np.array(
            [n for n in among if program.teams[n].cohort in free_cohorts and free_people[list(program.teams[n].people)].all()],
            int,
        )
    return chosen
