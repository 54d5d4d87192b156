"""Counting answers, and what may be told of them to those who lead: pure.

Whoever leads reads numbers that at least `ENOUGH` other people are behind, and nothing that could be subtracted from another number so
that fewer are left: answers are told in groups, by the day on which they could change no more. What was told once therefore grows by
`ENOUGH` people or not at all, each version of a form is counted by itself, and a part of a number is told only where what is left of
it is enough people as well, or nobody.
"""

import datetime
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

ENOUGH = 3

Person = Hashable


@dataclass(frozen=True)
class Said:
    """One answer: whose, and the day after which it can change no more."""

    person: Person
    settled_on: datetime.date
    value: Any


def told(answers: Iterable[Said], *, today: datetime.date, reader: Person = None) -> list[Said]:
    """The answers that `reader` may read counted: in groups of days, each of at least `ENOUGH` people beside the reader."""
    found: list[Said] = []
    group: list[Said] = []
    in_order = sorted(answers, key=lambda each: (each.settled_on, str(each.person)))
    for day, of_day in groupby(in_order, key=lambda each: each.settled_on):
        if day >= today:
            break
        group += of_day
        if _is_enough({each.person for each in group} - {reader}):
            found += group
            group = []
    return found


def _is_enough(people: Collection[Person]) -> bool:
    return len(people) >= ENOUGH


@dataclass(frozen=True)
class Bar:
    """One possible answer, how many gave it, and their part of all as a percentage."""

    words: str
    count: int
    percent: int


@dataclass(frozen=True)
class Tally:
    """How often each answer was given; `mean` of a scale."""

    bars: list[Bar]
    number: int
    mean: float | None = None


def tally(options: Sequence[tuple[Any, str]], values: Sequence[Any]) -> Tally:
    """Count `values` by `options`, pairs of a value and its words. What is no option any more is counted under its own words."""
    counts = Counter(values)
    known = {value for value, _words in options}
    rows = [*options, *((value, str(value)) for value in counts if value not in known)]
    total = len(values)
    bars = [Bar(words, counts[value], round(100 * counts[value] / total) if total else 0) for value, words in rows]
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    return Tally(bars, total, mean_of(numbers) if numbers and len(numbers) == total else None)


def mean_of(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers)


@dataclass(frozen=True)
class Change:
    """A measure at the start against the end. `start` and `end` are all answers, `pairs` those of who answered both times."""

    start: list[int]
    end: list[int]
    pairs: list[tuple[int, int]]

    @property
    def more(self) -> int:
        return sum(after > before for before, after in self.pairs)

    @property
    def same(self) -> int:
        return sum(after == before for before, after in self.pairs)

    @property
    def less(self) -> int:
        return sum(after < before for before, after in self.pairs)


def change(start: Iterable[Said], end: Iterable[Said], *, today: datetime.date | None = None, reader: Person = None) -> Change:
    """A measure at the start against the end: everything, or with `today` what `reader` may be told of it.

    `start` and `end` are then what `told` left of them. Those who answered both times are told apart only where those who did not,
    at the start and at the end, are enough people as well, or nobody.
    """
    before, after = _by_person(start), _by_person(end)
    both = [
        Said(person, max(said.settled_on, after[person].settled_on), (said.value, after[person].value))
        for person, said in before.items()
        if person in after
    ]
    if today is not None:
        both = told(both, today=today, reader=reader)
        people = {each.person for each in both}
        for all_of_it in (before, after):
            rest = set(all_of_it) - people - {reader}
            if rest and not _is_enough(rest):
                both = []
                break
    return Change(
        [each.value for each in before.values()], [each.value for each in after.values()], [each.value for each in both]
    )


def _by_person(answers: Iterable[Said]) -> Mapping[Person, Said]:
    found: dict[Person, Said] = {}
    for each in answers:
        found.setdefault(each.person, each)
    return found


def segments(values: Sequence[int], steps: Sequence[int]) -> list[tuple[int, int, float, float]]:
    """A bar of all answers on a scale: for each step that somebody chose the step, how many did, where it begins and how wide it is,
    both as percentages."""
    found, begins = [], 0.0
    counts = Counter(values)
    for step in steps:
        if counts[step]:
            width = 100 * counts[step] / len(values)
            found.append((step, counts[step], round(begins, 2), round(width, 2)))
            begins += width
    return found
