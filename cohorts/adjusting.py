"""Scores with the strictness of reviewers taken out: pure arithmetic on plain numbers, which knows no database.

The model is additive with two crossed effects, score = level + application + reviewer + chance, fitted by least squares with a
ridge on both effects. `docs/explanation/adjusted-scores.md` says why, with the formula and an example by hand.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from operator import itemgetter

#: How many reviews' worth of doubt a reviewer starts with: after as many, half of what they differ by is believed.
REVIEWER_DOUBT = 4.0
#: The same for an application, while strictness is estimated. The adjusted score itself is not drawn towards the middle.
APPLICATION_DOUBT = 1.0
#: Where the conjugate gradients stop: what is left of the error, as a share of where it began.
_PRECISION = 1e-13


@dataclass(frozen=True)
class Adjusted[A, R]:
    """What `adjust` found."""

    #: Application → its mean with the strictness of those who read it taken out. It may lie a little outside the scale.
    scores: Mapping[A, float]
    #: Reviewer → how far this person scores above (positive) or below the others who read the same; adds up to 0 over all reviewers.
    leanings: Mapping[R, float]


def adjust[A: (int, str), R: (int, str)](reviews: Iterable[tuple[A, R, float]]) -> Adjusted[A, R]:
    """The adjusted scores for `reviews`: (application, reviewer, score), each pair once, each score finite.

    The order of `reviews` changes nothing, to the last bit. An application's adjusted score is its mean less the mean leaning of its
    reviewers. Nothing to compare (no review, one reviewer, all scores alike) means no leaning: adjusted scores are the means.
    Takes a time that grows with the number of reviews; 6,000 of them take some hundredths of a second.
    """
    ordered = sorted(reviews)
    if not ordered:
        return Adjusted({}, {})
    applications, reviewers, scores = zip(*ordered, strict=True)
    # Scores around their mean: what does not matter for the result keeps its digits.
    middle = math.fsum(scores) / len(scores)
    if not math.isfinite(middle):
        raise ValueError("Scores must be finite numbers.")
    place = {reviewer: number for number, reviewer in enumerate(sorted(set(reviewers)))}
    groups = _by_size(applications, [place[one] for one in reviewers], [score - middle for score in scores])
    leanings = _leanings(groups, len(place))
    adjusted: dict[A, float] = {}
    for group in groups:
        leaning = map(math.fsum, zip(*[[leanings[one] for one in column] for column in group.readers], strict=True))
        means = [middle + (total - off) / group.size for total, off in zip(group.totals, leaning, strict=True)]
        adjusted.update(zip(group.applications, means, strict=True))
    return Adjusted(adjusted, {reviewer: leanings[number] for reviewer, number in place.items()})


@dataclass(frozen=True)
class _Group[A]:
    """The applications that have `size` reviews each, as columns: one for their first reviews, one for their second ones …"""

    size: int
    applications: list[A]
    #: Who wrote the review, by number.
    readers: list[list[int]]
    scores: list[list[float]]
    #: What the scores of each application add up to.
    totals: list[float]


def _by_size[A](applications: Iterable[A], readers: list[int], scores: list[float]) -> list[_Group[A]]:
    """The groups of reviews that lie in three columns, ordered by application. Few groups of long columns make quick work."""
    begins: dict[int, tuple[list[A], list[int]]] = defaultdict(lambda: ([], []))
    begin = 0
    for application, size in Counter(applications).items():
        names, places = begins[size]
        names.append(application)
        places.append(begin)
        begin += size
    groups = []
    for size, (names, places) in sorted(begins.items()):
        columns = [[scores[begin + number] for begin in places] for number in range(size)]
        who = [[readers[begin + number] for begin in places] for number in range(size)]
        groups.append(_Group(size, names, who, columns, list(map(math.fsum, zip(*columns, strict=True)))))
    return groups


def _leanings(groups: Iterable[_Group], reviewers: int) -> list[float]:
    """The reviewers' effects, by their number.

    The effects of applications follow from those of reviewers and are eliminated from the normal equations: an application with n
    reviews takes 1/(n + doubt) of each pair of its reviewers. What is left has a row for each reviewer and one for the level,
    and is symmetric and positive definite thanks to the ridge.
    """
    level = reviewers
    diagonal, right = [REVIEWER_DOUBT] * reviewers + [0.0], [0.0] * (reviewers + 1)
    shared: list[dict[int, float]] = [defaultdict(float) for _row in range(reviewers + 1)]
    for group in groups:
        share = 1.0 / (group.size + APPLICATION_DOUBT)
        taken = [total * share for total in group.totals]
        right[level] += math.fsum(group.totals) * APPLICATION_DOUBT * share
        for column, scores in zip(group.readers, group.scores, strict=True):
            for one, score, less in zip(column, scores, taken, strict=True):
                right[one] += score - less
        for one, number in Counter(chain.from_iterable(group.readers)).items():
            diagonal[one] += number * (1.0 - share)
            shared[one][level] += number * APPLICATION_DOUBT * share
            shared[level][one] += number * APPLICATION_DOUBT * share
            diagonal[level] += number * APPLICATION_DOUBT * share
        for first, second in combinations(group.readers, 2):
            for (one, other), number in Counter(zip(first, second, strict=True)).items():
                shared[one][other] -= number * share
                shared[other][one] -= number * share
    for number, row in enumerate(shared):
        row[number] = diagonal[number]
    return _solve([_Row(row) for row in shared], diagonal, right)[:reviewers]


class _Row:
    """A row of a system of equations: its columns that are not empty, always two or more, and what stands in them."""

    def __init__(self, row: Mapping[int, float]):
        columns, self.values = zip(*sorted(row.items()), strict=True)
        self.pick = itemgetter(*columns)

    def times(self, vector: list[float]) -> float:
        return math.sumprod(self.values, self.pick(vector))


def _solve(rows: list[_Row], diagonal: list[float], right: list[float]) -> list[float]:
    """The solution of a symmetric, positive definite system: conjugate gradients, scaled by the diagonal."""
    size = len(right)
    scale = [1.0 / value for value in diagonal]
    solution, residual = [0.0] * size, list(right)
    direction = [a * b for a, b in zip(scale, residual, strict=True)]
    error = math.sumprod(residual, direction)
    enough = error * _PRECISION**2
    # As many steps as unknowns would do without rounding; the bound only makes sure that there is an end.
    for _step in range(2 * size + 20):
        if error <= enough or error == 0.0:
            break
        image = [row.times(direction) for row in rows]
        length = error / math.sumprod(direction, image)
        solution = [a + length * b for a, b in zip(solution, direction, strict=True)]
        residual = [a - length * b for a, b in zip(residual, image, strict=True)]
        scaled = [a * b for a, b in zip(scale, residual, strict=True)]
        before, error = error, math.sumprod(residual, scaled)
        direction = [a + error / before * b for a, b in zip(scaled, direction, strict=True)]
    return solution
