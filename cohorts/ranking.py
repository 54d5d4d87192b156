"""A session's applications side by side: what their reviews come to, with and without the strictness of reviewers, and in which place."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.core.cache import cache
from django.db.models import Count, Max, Q

from .adjusting import adjust
from .models import Application, Criterion, Review, Session

#: Reviews this far apart, as a share of the scale, are worth talking about.
DISCUSS_SHARE = 1 / 3
#: Seconds for which scores are kept at most. They are made again at once when a review or a criterion changes; the bound is for
#: what the newest time of a change cannot show, such as a review that was saved before another and committed after it.
KEPT_FOR = 60
#: Scores that differ by less share a place: sums of fractions end in noise.
_DIGITS = 9
_NONE: Mapping[int, float] = {}


class Facts(NamedTuple):
    """What the reviews of one application come to; None where no review has a score."""

    #: How many were handed in, those without any score included.
    reviews: int = 0
    mean: float | None = None
    median: float | None = None
    lowest: float | None = None
    highest: float | None = None
    adjusted: float | None = None
    #: Criterion id → mean over the reviews, for the criteria that are shown apart.
    apart: Mapping[int, float] = _NONE

    @property
    def spread(self) -> float | None:
        return None if self.highest is None or self.lowest is None else self.highest - self.lowest

    @property
    def leaning(self) -> float | None:
        """By how much its reviewers score above (positive) or below others, on average."""
        return None if self.mean is None or self.adjusted is None else self.mean - self.adjusted


class Reviewer(NamedTuple):
    """How one person scores in a session. `leaning`: above (positive) or below the others, as far as it can be known."""

    reviews: int
    mean: float
    leaning: float


@dataclass(frozen=True, slots=True)
class Scores:
    """What all visible reviews of a session come to, kept small: `facts` says what that is for one application."""

    #: Application id → the scores of its reviews, those without any score left out.
    given: dict[int, list[float]]
    #: Application id → how many of its reviews have no score at all.
    without: dict[int, int]
    #: Independent criterion → application id → its values.
    apart: dict[int, dict[int, list[int]]]
    adjusted: Mapping[int, float]
    reviewers: dict[int, Reviewer]

    def facts(self, pk: int) -> Facts:
        scores = sorted(self.given.get(pk, ()))
        number = len(scores) + self.without.get(pk, 0)
        apart = {criterion: math.fsum(values[pk]) / len(values[pk]) for criterion, values in self.apart.items() if pk in values}
        if not scores:
            return Facts(number, apart=apart)
        mean, median = _mean(scores), statistics.median(scores)
        return Facts(number, mean, median, scores[0], scores[-1], self.adjusted[pk], apart)


def _mean(scores: list[float]) -> float:
    return math.fsum(scores) / len(scores)


@dataclass(frozen=True)
class Ranking:
    """A session's applications as one organiser may compare them. Withdrawn ones have facts, and no place."""

    #: Ids of the applications, in their order.
    candidates: list[int]
    withdrawn: set[int]
    scores: Scores
    #: Application id → place by the adjusted score and by the mean, from 1; equal scores share a place.
    places: Mapping[int, int] = field(default_factory=dict)
    raw_places: Mapping[int, int] = field(default_factory=dict)

    def facts(self, pk: int) -> Facts:
        return self.scores.facts(pk)

    def climb(self, pk: int) -> int | None:
        """How many places the adjusting moves an application up (negative: down)."""
        return self.raw_places[pk] - self.places[pk] if pk in self.places else None


def rank(session: Session, criteria: Sequence[Criterion], *, viewer) -> Ranking:
    """The ranking of `session` (whose `criteria` these are) from what `viewer` may see. Three queries, four when reviews have changed.

    A viewer's own application, those with a declared conflict and their reviews count nowhere in it, not even in the
    strictness of reviewers. So two organisers may read slightly different adjusted scores.
    """
    decided = Application.objects.decided_by(viewer).filter(session=session).order_by("pk").values_list("pk", flat=True)
    candidates, withdrawn = list(decided), set(decided.filter(status=Application.Status.WITHDRAWN))
    reviews = Review.objects.filter(application__session=session).aggregate(
        all=Count("pk"), handed_in=Count("handed_in_at"), last=Max("handed_in_at"), changed=Max("updated_at")
    )
    weights = [(one.pk, str(one.weight), one.independent) for one in criteria]
    # Whom one may compare decides which reviews count: a conflict that is declared or taken back changes it.
    state = (sorted(reviews.items()), sorted(weights), hash(tuple(candidates)), hash(tuple(sorted(withdrawn))))
    key = f"ranking:{session.pk}:{viewer.pk}"
    kept = cache.get(key)
    if kept is not None and kept[0] == state:
        return Ranking(candidates, withdrawn, *kept[1])
    scores = scores_of(session, criteria, viewer=viewer)
    scored = [pk for pk in candidates if pk in scores.given and pk not in withdrawn]
    made = (
        scores,
        _places([(pk, scores.adjusted[pk]) for pk in scored]),
        _places([(pk, _mean(scores.given[pk])) for pk in scored]),
    )
    cache.set(key, (state, made), KEPT_FOR)
    return Ranking(candidates, withdrawn, *made)


def _places(scores: Iterable[tuple[int, float]]) -> dict[int, int]:
    places: dict[int, int] = {}
    before, place = None, 0
    ordered = sorted([(round(score, _DIGITS), pk) for pk, score in scores], reverse=True)
    for number, (score, pk) in enumerate(ordered, 1):
        if score != before:
            before, place = score, number
        places[pk] = place
    return places


def scores_of(session: Session, criteria: Sequence[Criterion], *, viewer) -> Scores:
    """The scores of `session` (whose `criteria` these are) from the handed-in reviews that `viewer` may see, made now.

    One query of plain numbers, a row for each review with a column for each criterion. The same numbers as
    `cohorts.scores.figures_of`; the reviews are those that `Review.objects.visible_to` shows to whoever decides on the
    application, asked for in a way that a database answers from one index. A test holds them together.
    """
    deciding = Application.objects.decided_by(viewer).filter(session=session)
    counting, independent = [one for one in criteria if counts(one)], [one for one in criteria if one.independent]
    columns = {f"of_{one.pk}": Max("scores__value", filter=Q(scores__criterion=one.pk)) for one in [*counting, *independent]}
    rows = (
        Review.objects.handed_in()
        .filter(application__in=deciding.values("pk"))
        .order_by()
        .values("application_id", "reviewer_id")
        .annotate(**columns)
        .values_list("application_id", "reviewer_id", *columns)
    )
    weights = [float(one.weight) for one in counting]
    whole, end = sum(weights), 2 + len(weights)
    apart: dict[int, dict[int, list[int]]] = {one.pk: defaultdict(list) for one in independent}
    without: dict[int, int] = defaultdict(int)
    given: list[tuple[int, int, float]] = []
    for row in rows:
        application, values = row[0], row[2:end]
        if weights and None not in values:
            given.append((application, row[1], math.sumprod(weights, values) / whole))
        elif known := [pair for pair in zip(weights, values, strict=True) if pair[1] is not None]:
            # N/A counts nowhere, never as 0.
            given.append((application, row[1], sum(one * value for one, value in known) / sum(one for one, _value in known)))
        else:
            without[application] += 1
        for found, value in zip(apart.values(), row[end:], strict=True):
            if value is not None:
                found[application].append(value)
    adjusted = adjust(given)
    by_application: dict[int, list[float]] = defaultdict(list)
    by_reviewer: dict[int, list[float]] = defaultdict(list)
    for application, reviewer, score in given:
        by_application[application].append(score)
        by_reviewer[reviewer].append(score)
    reviewers = {pk: Reviewer(len(scores), _mean(scores), adjusted.leanings[pk]) for pk, scores in by_reviewer.items()}
    plain = {criterion: dict(found) for criterion, found in apart.items()}
    return Scores(dict(by_application), dict(without), plain, adjusted.scores, reviewers)


def counts(criterion: Criterion) -> bool:
    """Whether a criterion is part of a review's score."""
    return not criterion.independent and bool(criterion.weight)


def scale_of(criteria: Iterable[Criterion]) -> float:
    """The highest score that a review can have: the weighted mean of the criteria's highest; 0 where nothing is scored."""
    counting = [one for one in criteria if counts(one)]
    weights = sum(float(one.weight) for one in counting)
    return sum(float(one.weight) * one.highest for one in counting) / weights if weights else 0.0


def worth_discussing_from(criteria: Iterable[Criterion]) -> float:
    """The spread from which the reviews of an application are so far apart that people should talk."""
    return scale_of(criteria) * DISCUSS_SHARE


def is_worth_discussing(facts: Facts, distance: float) -> bool:
    """Whether its reviews are at least `distance` apart (see `worth_discussing_from`)."""
    return bool(facts.spread) and round(facts.spread or 0, _DIGITS) >= round(distance, _DIGITS)
