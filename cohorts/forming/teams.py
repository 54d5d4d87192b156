"""Feasible teams of one cohort: found size by size over whole arrays, and cut off where no team can be worth enough.

A feasible team stays feasible when somebody leaves it. So teams grow by one person at a time, along an order in which people who are
worth more stand first, and a team is dropped as soon as the most that could still come would not lift it above the limit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from .instance import SLOTS, CohortPlan, Hours, Instance
from .rules import common, fewest

#: 64-bit words of a week.
WORDS = -(-SLOTS // 64)
#: So many pairs of a team and one more person are looked at in one step: bounds the memory.
STEP = 400_000
#: Teams of each size that go on growing when it is asked whether there is any.
CHANCE_WIDTHS = 20, 5_000


@dataclass
class Table:
    """A cohort with the people who could be in it. Arrays run over `people`, which hold positions in the instance's applicants."""

    plan: CohortPlan
    #: Pinned people, who are in every team, and whether they fit together with those who lead.
    fixed: tuple[int, ...]
    fits: bool
    people: np.ndarray
    #: people × weeks × words: the half hours that are left when a person joins the leaders and the pinned people.
    hours: np.ndarray
    #: people × people: whether two of them can be in one team.
    pairs: np.ndarray
    needed: int
    #: Half hours that the leaders and the pinned people share.
    base: int

    def among(self, free: np.ndarray, *, is_open: bool) -> "Table":
        """The same with only those people who are `free` (by position in the instance); nothing fits where it is not open."""
        good = free[self.people] if is_open else np.zeros(len(self.people), bool)
        pairs = self.pairs[np.ix_(good, good)]
        return replace(self, fits=self.fits and is_open, people=self.people[good], hours=self.hours[good], pairs=pairs)

    def most_hours(self) -> int:
        """No team of this cohort shares more half hours: each of its people shares as many with those who lead."""
        shared = np.sort(_count(self.hours))[::-1] if len(self.people) else np.zeros(0, int)
        needed = max(self.fewest, 0 if self.pinned else 1)
        if not self.fits or len(shared) < needed:
            return 0
        return int(shared[needed - 1]) if needed else self.base

    @property
    def pinned(self) -> bool:
        """Whether somebody must be in this cohort."""
        return bool(self.fixed)

    @property
    def fewest(self) -> int:
        """How many people a team needs beside the pinned ones."""
        return max(self.plan.smallest - len(self.fixed), 0)

    @property
    def most(self) -> int:
        return self.plan.largest - len(self.fixed)


def tables(instance: Instance) -> list[Table]:
    """The table of each cohort, in the order of the instance."""
    packed = np.array([_packed(person.hours) for person in instance.applicants], np.uint64)
    packed = packed.reshape(len(instance.applicants), instance.weeks, WORDS)
    return [_table(instance, plan, packed) for plan in instance.cohorts]


def chance(table: Table) -> bool:
    """Whether there may be a feasible team for this cohort; where it says no there is none."""
    if not table.fits:
        return False
    if table.fewest == 0:
        return table.pinned or bool(len(table.people))
    # People who get on with many come first: a narrow search then nearly always finds a team that is there.
    smallest = replace(table, plan=replace(table.plan, largest=table.plan.smallest))
    for width in CHANCE_WIDTHS:
        found, complete = search(smallest, table.pairs.sum(1).astype(float), -1.0, bonus={}, width=width)
        if found or complete:
            return bool(found)
    return True


def _table(instance: Instance, plan: CohortPlan, packed: np.ndarray) -> Table:
    accepted = [place for place, person in enumerate(instance.applicants) if instance.accepts(plan, person)]
    fit = _count(packed & _packed(common(instance, plan, []))) >= instance.cohort_slots
    for captain in plan.captains:
        fit &= _count(packed & _packed(captain)) >= instance.captain_slots
    able = [place for place in accepted if fit[place]]
    fixed = tuple(place for place in accepted if instance.applicants[place].pinned == plan.id)
    base = common(instance, plan, [instance.applicants[place] for place in fixed])
    fits = len(fixed) <= plan.largest and fewest(base) >= instance.cohort_slots and all(place in able for place in fixed)
    others = [place for place in able if place not in fixed] if fits else []
    left = _packed(base)
    hours = packed[others] & left
    enough = _count(hours) >= instance.cohort_slots
    others, hours = [place for place, good in zip(others, enough, strict=True) if good], hours[enough]
    pairs = np.zeros((len(others), len(others)), bool)
    for place in range(len(others) - 1):
        pairs[place, place + 1 :] = _count(hours[place] & hours[place + 1 :]) >= instance.cohort_slots
    return Table(plan, fixed, fits, np.array(others, int), hours, pairs | pairs.T, instance.cohort_slots, fewest(base))


def _packed(hours: Hours) -> np.ndarray:
    """weeks × words."""
    weeks = [np.frombuffer(week.to_bytes(WORDS * 8, "little"), dtype="<u8") for week in hours]
    return np.array(weeks, dtype=np.uint64)


def _count(hours: np.ndarray) -> np.ndarray:
    """Half hours in the last two axes (weeks, words), in the week with fewest."""
    return np.bitwise_count(hours).sum(-1, dtype=np.int32).min(-1)


@dataclass(frozen=True)
class Found:
    """Teams of one size (rows of positions in the table's people, the pinned ones left out) and what they are worth."""

    teams: np.ndarray
    worth: np.ndarray


def search(
    table: Table, worth: np.ndarray, above: float, *, bonus: Mapping[int, float], width: int | None = None
) -> tuple[list[Found], bool]:
    """The feasible teams that are worth more than `above`, and whether these are all.

    A team is worth the sum of `worth` over its people (pinned ones left out) and `bonus` for its size without the pinned ones. With a
    `width` only so many of each size go on growing, the best: quick, and not all.
    """
    if not table.fits:
        return [], True
    found: list[Found] = []
    complete = True
    if table.fewest == 0 and bonus.get(0, 0.0) > above:
        found.append(Found(np.zeros((1, 0), int), np.array([bonus.get(0, 0.0)])))
    order = np.argsort(-worth, kind="stable")
    search_in = _Ordered(worth[order], table.hours[order], table.pairs[np.ix_(order, order)], bonus, table.fewest, table.most)
    team, sums, hours = np.arange(len(order))[:, None], search_in.worth.copy(), search_in.hours
    for size in range(1, table.most + 1):
        if size > 1:
            team, sums, hours = search_in.grow(team, sums, hours, above, table.needed)
        if not len(team):
            break
        if size >= table.fewest:
            total = sums + bonus.get(size, 0.0)
            good = total > above
            found.append(Found(order[team[good]], total[good]))
        keep = search_in.can_reach(team[:, -1], sums, size) > above
        if width is not None and keep.sum() > width:
            complete = False
            reach = np.where(keep, sums, -np.inf)
            keep = np.zeros(len(team), bool)
            keep[np.argpartition(-reach, width)[:width]] = True
        team, sums, hours = team[keep], sums[keep], hours[keep]
    return [one for one in found if len(one.teams)], complete


@dataclass
class _Ordered:
    """People with those who are worth most first."""

    worth: np.ndarray
    hours: np.ndarray
    pairs: np.ndarray
    bonus: Mapping[int, float]
    fewest: int
    most: int

    def __post_init__(self) -> None:
        self.sums = np.concatenate([[0.0], np.cumsum(self.worth)])

    def can_reach(self, last: np.ndarray, sums: np.ndarray, size: int) -> np.ndarray:
        """The most that teams of `size`, worth `sums`, whose last person stands at `last`, can be worth once they have grown."""
        number = len(self.worth)
        best = np.full(len(sums), -np.inf)
        for more in range(max(1, self.fewest - size), self.most - size + 1):
            end = last + 1 + more
            there = end <= number
            gain = self.sums[np.minimum(end, number)] - self.sums[np.minimum(last + 1, number)]
            best = np.maximum(best, np.where(there, sums + gain + self.bonus.get(size + more, 0.0), -np.inf))
        return best

    def grow(
        self, team: np.ndarray, sums: np.ndarray, hours: np.ndarray, above: float, needed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Each team with one more person behind its last one, as far as all share enough hours and it can be worth enough."""
        size = team.shape[1] + 1
        parts = [
            part for block in self._blocks(len(team)) for part in self._grow_block(team, sums, hours, block, above, needed, size)
        ]
        if not parts:
            return np.zeros((0, size), int), np.zeros(0), hours[:0]
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))  # type: ignore[return-value]

    def _blocks(self, number: int) -> Iterator[slice]:
        rows = max(1, STEP // max(1, len(self.worth)))
        return (slice(at, at + rows) for at in range(0, number, rows))

    def _grow_block(self, team, sums, hours, block, above, needed, size):
        mine = team[block]
        candidates = self.pairs[mine[:, 0]]
        for column in range(1, mine.shape[1]):
            candidates = candidates & self.pairs[mine[:, column]]
        candidates = candidates & (np.arange(len(self.worth)) > mine[:, -1:])
        rows, people = np.nonzero(candidates)
        total = sums[block][rows] + self.worth[people]
        reach = self.can_reach(people, total, size)
        if size >= self.fewest:
            reach = np.maximum(reach, total + self.bonus.get(size, 0.0))
        keep = reach > above
        rows, people, total = rows[keep], people[keep], total[keep]
        both = hours[block][rows] & self.hours[people]
        enough = _count(both) >= needed if len(both) else np.zeros(0, bool)
        if enough.any():
            yield np.column_stack([mine[rows[enough]], people[enough]]), total[enough], both[enough]
