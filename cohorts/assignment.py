"""Who reviews which application, shared out evenly: plain data in, plain data out, and the same for the same input.

It is a flow problem: applications want a number of readers, people have limits, some pairs are impossible. Applications are given
one reader each before any gets a second. Each time the reader is the least busy person that can be reached, directly or along a
chain of exchanges (*a* goes to Ana, who gives *b* to Bo, who has time). Such a chain is an augmenting path: while one exists it
is found, so given what stays no other way fills more, nor spreads what is short more evenly over the applications. And as each ends
at the least busy person within reach, loads are as even as they can be (an optimal semi-matching, as Harvey, Ladner, Lovász and
Tamir describe it). There are few people and many applications, so paths are searched among the people only, as bits of a number.
"""

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

#: An application and a reviewer, by their ids.
Pair = tuple[int, int]


@dataclass(frozen=True)
class Wanted:
    """What is asked for. Pairs are (application, reviewer); those of other applications count for loads where they are handed in."""

    #: How many reviews each application should have.
    each: int
    applications: Collection[int]
    #: Each person who may review → the most reviews of this session, handed-in ones included; None: an even share, see `even_share`.
    reviewers: Mapping[int, int | None]
    handed_in: Collection[Pair] = ()
    #: Reviews that are begun and not handed in. Their assignments stay; where there is none, the application goes to who began.
    begun: Collection[Pair] = ()
    assigned: Collection[Pair] = ()
    conflicts: Collection[Pair] = ()
    #: Applications of the reviewers themselves.
    own: Collection[Pair] = ()
    #: Whether assignments that nobody has begun may be taken back. They still stay where limits and balance allow.
    redistribute: bool = False


@dataclass(frozen=True)
class Shortfall:
    """An application that lacks reviewers, and why each of the people who do not read it cannot take it."""

    application: int
    missing: int
    conflicts: int = 0
    own: int = 0
    full: int = 0

    @property
    def others(self) -> int:
        return self.conflicts + self.own + self.full


@dataclass(frozen=True)
class Proposal:
    """What would change, sorted. Loads: the handed-in reviews of a person and the assignments that can still be worked off."""

    added: tuple[Pair, ...]
    kept: tuple[Pair, ...]
    removed: tuple[Pair, ...]
    before: Mapping[int, int]
    after: Mapping[int, int]
    #: The limit that held for each person.
    most: Mapping[int, int]
    unfilled: tuple[Shortfall, ...]

    @property
    def missing(self) -> int:
        """How many reviews no one can be found for."""
        return sum(one.missing for one in self.unfilled)


def even_share(demand: int, loads: Mapping[int, int], limits: Mapping[int, int | None]) -> int:
    """The smallest load up to which everybody must go, within the `limits`, so that `demand` more reviews are taken.

    Where the limits make that impossible: the highest of them, or of the loads.
    """
    highest = max([*loads.values(), *(limit for limit in limits.values() if limit is not None)], default=0)
    if any(limit is None for limit in limits.values()):
        highest += demand
    share, above = 0, highest
    while share < above:
        middle = (share + above) // 2
        room = sum(
            max(0, (middle if limit is None else min(middle, limit)) - loads.get(reviewer, 0))
            for reviewer, limit in limits.items()
        )
        if room >= demand:
            above = middle
        else:
            share = middle + 1
    return share


def limit_from_share(share: int) -> int:
    """The limit of a person who has none of their own: an even share, and a quarter more for where conflicts bar others."""
    return share + max(1, math.ceil(share / 4))


def propose(wanted: Wanted) -> Proposal:
    """Share the applications out: see `Wanted` and the top of this module.

    Nobody goes above the limit by what is added, nobody gets an application twice, with a conflict or of their own. What is handed
    in or begun stays, and so do all assignments unless `redistribute` is set. Loads differ by at most one where conflicts, limits
    and what stays allow it. The order of the input does not matter.
    """
    barred = set(wanted.conflicts) | set(wanted.own)
    applications, reviewers = sorted(set(wanted.applications)), sorted(wanted.reviewers)
    asked = set(applications)

    def is_live(pair: Pair) -> bool:
        return pair[0] in asked and pair[1] in wanted.reviewers and pair not in barred

    done = {pair for pair in wanted.handed_in if pair not in barred}
    assigned = {pair for pair in wanted.assigned if pair[0] in asked}
    begun = {pair for pair in wanted.begun if is_live(pair)} - done
    loose = assigned - done - begun - set(wanted.begun) if wanted.redistribute else set()
    live = {pair for pair in assigned if is_live(pair)} - done
    fixed = done | (live - loose)

    loads = Counter(reviewer for _application, reviewer in fixed)
    readers = Counter(application for application, _reviewer in fixed)
    demand = sum(max(0, wanted.each - readers[application]) for application in applications)
    default = limit_from_share(even_share(demand, loads, wanted.reviewers))
    most = {reviewer: default if limit is None else limit for reviewer, limit in wanted.reviewers.items()}

    for application, reviewer in sorted(begun - fixed):
        if readers[application] < wanted.each and loads[reviewer] < most[reviewer]:
            fixed.add((application, reviewer))
            loads[reviewer] += 1
            readers[application] += 1

    table = _Table(reviewers, most, loads)
    for application in applications:
        table.open(application, [r for r in reviewers if (application, r) not in barred and (application, r) not in fixed])
    given = _share_out(table, applications, readers, wanted.each, before=live & loose)

    final = fixed | given
    return Proposal(
        added=tuple(sorted(final - done - assigned)),
        kept=tuple(sorted(assigned - (loose - given))),
        removed=tuple(sorted(loose - given)),
        before={reviewer: sum(1 for pair in done | live if pair[1] == reviewer) for reviewer in reviewers},
        after={reviewer: table.load[table.index[reviewer]] for reviewer in reviewers},
        most=most,
        unfilled=tuple(_shortfalls(wanted, table, applications, final)),
    )


def _share_out(table: "_Table", applications: list[int], readers: Counter, each: int, *, before: set[Pair]) -> set[Pair]:
    """Fill the table; returns the pairs that were given. Those that stood there `before` are preferred."""
    stood: dict[int, list[int]] = defaultdict(list)
    for application, reviewer in sorted(before):
        stood[application].append(reviewer)
    table.stood = before
    out_of_reach: set[int] = set()
    for level in range(1, each + 1):
        lacking = [application for application in applications if readers[application] < level]
        for application in lacking:
            person = table.least_busy_of(application, stood[application])
            if person is not None:
                table.give(application, person)
                readers[application] += 1
        for application in lacking:
            if readers[application] < level and application not in out_of_reach:
                if table.add_reader(application):
                    readers[application] += 1
                else:
                    # Nobody within reach will have room again: whoever has room is never within reach of those who have not.
                    out_of_reach.add(application)
    if before:
        table.even_out()
    return table.given()


def _shortfalls(wanted: Wanted, table: "_Table", applications: Iterable[int], final: set[Pair]) -> Iterable[Shortfall]:
    reading = Counter(application for application, _reviewer in final)
    conflicts, own = set(wanted.conflicts), set(wanted.own)
    for application in applications:
        missing = wanted.each - reading[application]
        if missing <= 0:
            continue
        others = [reviewer for reviewer in table.reviewers if (application, reviewer) not in final]
        in_conflict = sum((application, reviewer) in conflicts for reviewer in others)
        wrote_it = sum((application, reviewer) in own and (application, reviewer) not in conflicts for reviewer in others)
        yield Shortfall(application, missing, in_conflict, wrote_it, len(others) - in_conflict - wrote_it)


def _bits(mask: int) -> Iterable[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _tie(application: int, reviewer: int) -> int:
    """Who comes first among the equally busy. Mixed, so that not always the same people read together: they must compare."""
    return zlib.crc32(b"%d:%d" % (application, reviewer))


@dataclass
class _Table:
    """Who was given what, and who could take it. People are numbered from 0, so that a set of them is a number's bits."""

    reviewers: list[int]
    most: Mapping[int, int]
    loads: Mapping[int, int]
    #: Pairs that stood before; an exchange moves others first.
    stood: set[Pair] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.index = {reviewer: number for number, reviewer in enumerate(self.reviewers)}
        self.load = [self.loads.get(reviewer, 0) for reviewer in self.reviewers]
        self.limit = [self.most[reviewer] for reviewer in self.reviewers]
        #: For each application: the people who could take it and do not have it.
        self.free: dict[int, int] = {}
        #: For each person: the applications given here, which an exchange may move on; and for each application its people.
        self.has: list[set[int]] = [set() for _reviewer in self.reviewers]
        self.holders: dict[int, set[int]] = defaultdict(set)
        #: For each person: who could take one of theirs. None: to be looked up again.
        self._takers: list[int | None] = [0] * len(self.reviewers)

    def open(self, application: int, people: Iterable[int]) -> None:
        self.free[application] = sum(1 << self.index[reviewer] for reviewer in people)

    def given(self) -> set[Pair]:
        return {(application, self.reviewers[person]) for person, has in enumerate(self.has) for application in has}

    def give(self, application: int, person: int) -> None:
        self.free[application] &= ~(1 << person)
        self.has[person].add(application)
        self.holders[application].add(person)
        self.load[person] += 1
        self._forget(application)

    def _take(self, application: int, person: int) -> None:
        self._forget(application)
        self.free[application] |= 1 << person
        self.has[person].remove(application)
        self.holders[application].remove(person)
        self.load[person] -= 1

    def _forget(self, application: int) -> None:
        for person in self.holders[application]:
            self._takers[person] = None

    def takers(self, person: int) -> int:
        """The people who could take one of what `person` was given."""
        known = self._takers[person]
        if known is None:
            known, everybody = 0, (1 << len(self.reviewers)) - 1 & ~(1 << person)
            for application in self.has[person]:
                known |= self.free[application]
                if known == everybody:
                    break
            self._takers[person] = known
        return known

    def has_room(self, person: int) -> bool:
        return self.load[person] < self.limit[person]

    def least_busy_of(self, application: int, reviewers: Iterable[int]) -> int | None:
        """The number of the least busy of those `reviewers` who have room and could take the application."""
        people = (self.index[reviewer] for reviewer in reviewers)
        return self._least_busy(application, (one for one in people if self.free[application] >> one & 1))

    def _least_busy(self, application: int, people: Iterable[int]) -> int | None:
        able = [one for one in people if self.has_room(one)]
        return min(able, key=lambda one: (self.load[one], _tie(application, self.reviewers[one]))) if able else None

    def add_reader(self, application: int) -> bool:
        """Find one more reader for the application, by exchanges where that leads to somebody less busy. False: nobody."""
        floor = min((self.load[one] for one in range(len(self.load)) if self.has_room(one)), default=None)
        if floor is None:
            return False
        direct = self._least_busy(application, _bits(self.free[application]))
        if direct is not None and self.load[direct] == floor:
            self.give(application, direct)
            return True
        below = None if direct is None else self.load[direct]
        chain = self._chain(self.free[application], below=below, floor=floor)
        if chain is None:
            chain = [direct] if direct is not None else None
        if chain is None:
            return False
        self._exchange(chain)
        self.give(application, chain[0])
        return True

    def even_out(self) -> None:
        """Move what was given from the busy to the less busy until that makes nothing more even."""
        moved = True
        while moved:
            moved = False
            for person in sorted(range(len(self.load)), key=lambda one: (-self.load[one], one)):
                chain = self._chain(self.takers(person), below=self.load[person] - 1, floor=0, without=1 << person)
                if chain is not None:
                    self._exchange([person, *chain])
                    moved = True
                    break

    def _chain(self, start: int, *, below: int | None, floor: int, without: int = 0) -> list[int] | None:
        """People from one of `start` to the least busy who has room and a load `below`; each can give the next one something.

        The shortest such chain. The search ends early at somebody with a load of `floor`, since nobody with room has less.
        """
        came_from: dict[int, int | None] = dict.fromkeys(_bits(start & ~without))
        seen, best = start | without, None
        queue = list(came_from)
        for person in queue:
            if self.has_room(person) and (below is None or self.load[person] < below):
                best, below = person, self.load[person]
                if below == floor:
                    break
            for taker in _bits(self.takers(person) & ~seen):
                came_from[taker] = person
                queue.append(taker)
            seen |= self.takers(person)
        if best is None:
            return None
        chain = [best]
        while (earlier := came_from[chain[-1]]) is not None:
            chain.append(earlier)
        return chain[::-1]

    def _exchange(self, chain: list[int]) -> None:
        """Let each person of the chain give one application to the next: the first ends with one less, the last with one more."""
        for giver, taker in reversed(list(pairwise(chain))):
            application = min(
                (one for one in self.has[giver] if self.free[one] >> taker & 1),
                key=lambda one: ((one, self.reviewers[giver]) in self.stood, one),
            )
            self._take(application, giver)
            self.give(application, taker)
