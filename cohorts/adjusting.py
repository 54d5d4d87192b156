"""Scores with the strictness of reviewers taken out: pure arithmetic on plain numbers, which knows no database.

The model is additive with two crossed effects, score = level + application + reviewer + chance, fitted by least squares with a
ridge on both effects. `docs/explanation/adjusted-scores.md` says why, with the formula and an example by hand.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, combinations, repeat

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
    # Scores around their mean: what does not matter for the result keeps its digits.
    middle = math.fsum([score for _application, _reviewer, score in ordered]) / len(ordered)
    if not math.isfinite(middle):
        raise ValueError("Scores must be finite numbers.")
    place = {reviewer: number for number, reviewer in enumerate(sorted({reviewer for _application, reviewer, _score in ordered}))}
    groups: dict[A, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    for application, reviewer, score in ordered:
        who, what = groups[application]
        who.append(place[reviewer])
        what.append(score - middle)
    leanings = _leanings(groups.values(), len(place))
    scores = {
        application: middle + (math.fsum(what) - math.fsum(leanings[one] for one in who)) / len(what)
        for application, (who, what) in groups.items()
    }
    return Adjusted(scores, {reviewer: leanings[number] for reviewer, number in place.items()})


def _leanings(groups, reviewers: int) -> list[float]:
    """The reviewers' effects, by their number.

    The effects of applications follow from those of reviewers and are eliminated from the normal equations: an application with n
    reviews takes 1/(n + doubt) of each pair of its reviewers. What is left has a row for each reviewer and one for the level,
    and is symmetric and positive definite thanks to the ridge.
    """
    level = reviewers
    diagonal, right = [REVIEWER_DOUBT] * reviewers + [0.0], [0.0] * (reviewers + 1)
    by_size: dict[int, list[list[int]]] = defaultdict(list)
    for who, what in groups:
        by_size[len(who)].append(who)
        total = math.fsum(what)
        taken = total / (len(who) + APPLICATION_DOUBT)
        right[level] += total - len(who) * taken
        for one, score in zip(who, what, strict=True):
            right[one] += score - taken
    shared: list[dict[int, float]] = [defaultdict(float) for _row in range(reviewers + 1)]
    for size, teams in sorted(by_size.items()):
        share = 1.0 / (size + APPLICATION_DOUBT)
        for one, number in Counter(chain.from_iterable(teams)).items():
            diagonal[one] += number * (1.0 - share)
            shared[one][level] += number * APPLICATION_DOUBT * share
            shared[level][one] += number * APPLICATION_DOUBT * share
        for (one, other), number in Counter(chain.from_iterable(map(combinations, teams, repeat(2)))).items():
            shared[one][other] -= number * share
            shared[other][one] -= number * share
        diagonal[level] += len(teams) * size * APPLICATION_DOUBT * share
    for number, row in enumerate(shared):
        row[number] = diagonal[number]
    return _solve([sorted(row.items()) for row in shared], right)[:reviewers]


def _solve(rows: list[list[tuple[int, float]]], right: list[float]) -> list[float]:
    """The solution of a symmetric, positive definite system, given by its rows as (column, value): conjugate gradients, scaled."""
    size = len(right)
    scale = [1.0 / next(value for column, value in row if column == number) for number, row in enumerate(rows)]
    solution, residual = [0.0] * size, list(right)
    direction = [a * b for a, b in zip(scale, residual, strict=True)]
    error = math.sumprod(residual, direction)
    enough = error * _PRECISION**2
    # As many steps as unknowns would do without rounding; the bound only makes sure that there is an end.
    for _step in range(2 * size + 20):
        if error <= enough or error == 0.0:
            break
        image = [sum(value * direction[column] for column, value in row) for row in rows]
        length = error / math.sumprod(direction, image)
        solution = [a + length * b for a, b in zip(solution, direction, strict=True)]
        residual = [a - length * b for a, b in zip(residual, image, strict=True)]
        scaled = [a * b for a, b in zip(scale, residual, strict=True)]
        before, error = error, math.sumprod(residual, scaled)
        direction = [a + error / before * b for a, b in zip(scaled, direction, strict=True)]
    return solution
