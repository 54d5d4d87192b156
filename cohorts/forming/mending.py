"""Making an answer better by forming some of its cohorts anew, while the others stay as they are.

A part of the cohorts and all people who are free without them make a question of their own, small enough to search its own teams
for: the relaxation over that part says at once whether it can get better at all, and its teams are few enough to choose among them exactly.
"""

from collections.abc import Sequence

import numpy as np

from .aims import Aim
from .pricing import Market
from .program import Kept

#: Cohorts that are formed anew together: so many at first, and at most.
FIRST, MOST = 10, 70
#: A part that was settled quickly makes the next one larger by this much, one that was not makes it smaller.
GROW, SHRINK = 1.1, 0.7
#: Rounds of searching teams for a part, nodes of its integer program, and seconds after which it is given up all the same.
ROUNDS, NODES, SECONDS = 12, 60, 15.0
#: How often cohorts that want the same people are taken, rather than any.
RELATED = 0.8
#: How often chance decides among equals instead of the later goals: without it all parts end in the same dead end.
ASTRAY = 0.5
TINY = 1e-6


class Mender:
    """Forms parts of an answer anew. `before` are goals with what they reach, which no part may undo."""

    def __init__(self, market: Market, chance: np.random.Generator) -> None:
        self.market, self.chance, self.size = market, chance, float(FIRST)
        able = np.zeros((market.program.cohorts, market.program.people), np.float32)
        for place, table in enumerate(market.tables):
            able[place, table.people] = 1
        # How many people two cohorts could both take, compared with the smaller of them.
        shared = able @ able.T
        self.related = shared / np.maximum(np.minimum.outer(shared.diagonal(), shared.diagonal()), 1)

    def pick(self) -> list[int]:
        """Places of the cohorts of the next part: mostly such as want the same people."""
        number = len(self.related)
        size = min(round(self.size), number)
        if self.chance.random() > RELATED:
            return sorted(self.chance.permutation(number)[:size].tolist())
        first = int(self.chance.integers(number))
        # The larger the share, the likelier; a little chance, so that parts around the same cohort differ.
        order = np.argsort(-(self.related[first] * self.chance.random(number) ** 0.5), kind="stable")
        return sorted({first, *order[: size - 1].tolist()})

    def anew(self, answer: Sequence[int], aim: Aim, rest: Aim, before: Sequence[tuple[Aim, float]]) -> list[int]:
        """`answer` with one part formed anew: never worse in `aim`, `rest` deciding among equals; `answer` where nothing was better."""
        market = self.market
        cohorts = set(self.pick())
        mine = [number for number in answer if market.program.teams[number].cohort in cohorts]
        others = [number for number in answer if market.program.teams[number].cohort not in cohorts]
        free = np.ones(market.program.people, bool)
        free[[person for number in others for person in market.program.teams[number].people]] = False
        part = market.part(cohorts, free)
        start = [market.program.teams[number] for number in mine]
        known = market.program.among(np.arange(len(market.program.teams)), cohorts, free)
        part.program.add([*start, *(market.program.teams[number] for number in known)])
        numbers = [part.program.number_of(team) for team in start]
        if self.chance.random() < ASTRAY:
            shape = aim.people.shape
            rest = Aim("chance", self.chance.random(shape), ({},) * shape[0])
        both = aim.plus(rest, 1 / (2 * rest.most() + 1))
        have = [goal for goal, _reached in before]
        needed = [reached - sum(goal.worth(market.program.teams[number]) for number in others) for goal, reached in before]

        def kept() -> list[Kept]:
            return [Kept(part.values(goal), least - TINY) for goal, least in zip(have, needed, strict=True)]

        for _round in range(ROUNDS):
            relaxed = part.relaxation.solve(part.values(both), kept(), seconds=min(SECONDS, max(market.left(), 0.1)))
            if relaxed is None or not part.price(both, relaxed, have)[0]:
                break
        worth = part.values(both)
        now = float(worth[numbers].sum())
        if relaxed is None or relaxed.value <= now + TINY:
            self.size = min(self.size * GROW, MOST)
            return list(answer)
        chosen, proven = part.program.choose(
            worth, kept(), seconds=min(SECONDS, max(market.left(), 0.1)), nodes=NODES, among=np.arange(len(part.program.teams)),
            start=numbers, going=market.going,
        )  # fmt: skip
        market.ask()
        self.size = min(self.size * GROW, MOST) if proven else max(self.size * SHRINK, FIRST)
        teams = [part.program.teams[number] for number in chosen]
        market.program.add(teams)
        return sorted([*others, *(market.program.number_of(team) for team in teams)])
