"""A session's applications side by side: what their reviews come to, with and without the strictness of reviewers, and in which place."""

import math
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
#: Seconds for which scores are kept at most. They are made again at once when a review or a criterion changes.
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


class Scores(NamedTuple):
    """What all visible reviews of a session come to."""

    applications: dict[int, Facts]
    reviewers: dict[int, Reviewer]


class Candidate(NamedTuple):
    """An application in the ranking, as far as filters and order ask."""

    pk: int
    status: str
    eligibility: str
    tier: int | None
    pending_decision: str


@dataclass(frozen=True)
class Ranking:
    """A session's applications as one organiser may compare them. Withdrawn ones have facts, and no place."""

    candidates: list[Candidate]
    scores: Scores
    #: Application id → place by the adjusted score and by the mean, from 1; equal scores share a place.
    places: Mapping[int, int] = field(default_factory=dict)
    raw_places: Mapping[int, int] = field(default_factory=dict)

    def facts(self, pk: int) -> Facts:
        return self.scores.applications.get(pk, _NOTHING)

    def climb(self, pk: int) -> int | None:
        """How many places the adjusting moves an application up (negative: down)."""
        return self.raw_places[pk] - self.places[pk] if pk in self.places else None


_NOTHING = Facts()


def rank(session: Session, criteria: Sequence[Criterion], *, viewer) -> Ranking:
    """The ranking of `session` (whose `criteria` these are) from what `viewer` may see. Two queries, three when reviews have changed.

    A viewer's own application, those with a declared conflict and their reviews count nowhere in it, not even in the
    strictness of reviewers. So two organisers may read slightly different adjusted scores.
    """
    wanted = Application.objects.decided_by(viewer).filter(session=session).order_by("pk")
    candidates = [Candidate._make(row) for row in wanted.values_list(*Candidate._fields)]
    reviews = Review.objects.filter(application__session=session).aggregate(
        all=Count("pk"), handed_in=Count("handed_in_at"), last=Max("handed_in_at"), changed=Max("updated_at")
    )
    weights = [(one.pk, str(one.weight), one.independent) for one in criteria]
    # Whom one may compare decides which reviews count: a conflict that is declared or taken back changes it.
    compared = [one.pk for one in candidates]
    placed = [one.pk for one in candidates if one.status != Application.Status.WITHDRAWN]
    state = (sorted(reviews.items()), sorted(weights), hash(tuple(compared)), hash(tuple(placed)))
    key = f"ranking:{session.pk}:{viewer.pk}"
    kept = cache.get(key)
    if kept is not None and kept[0] == state:
        return Ranking(candidates, *kept[1])
    scores = scores_of(session, criteria, viewer=viewer)
    facts = [(pk, scores.applications[pk]) for pk in placed if pk in scores.applications]
    made = scores, _places((pk, one.adjusted) for pk, one in facts), _places((pk, one.mean) for pk, one in facts)
    cache.set(key, (state, made), KEPT_FOR)
    return Ranking(candidates, *made)


def _places(scores: Iterable[tuple[int, float | None]]) -> dict[int, int]:
    places: dict[int, int] = {}
    before, place = None, 0
    ordered = sorted(((round(score, _DIGITS), pk) for pk, score in scores if score is not None), reverse=True)
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
    columns = {f"of_{one.pk}": Max("scores__value", filter=Q(scores__criterion=one.pk)) for one in criteria}
    rows = (
        Review.objects.handed_in()
        .filter(application__in=deciding.values("pk"))
        .order_by()
        .values("application_id", "reviewer_id")
        .annotate(**columns)
        .values_list("application_id", "reviewer_id", *columns)
    )
    weights = [0.0 if one.independent else float(one.weight) for one in criteria]
    independent = [(number, one.pk) for number, one in enumerate(criteria) if one.independent]
    whole = sum(weights)
    reviews: dict[int, int] = defaultdict(int)
    given: list[tuple[int, int, float]] = []
    apart: dict[int, dict[int, list[int]]] = {}
    for application, reviewer, *values in rows:
        reviews[application] += 1
        for number, criterion in independent:
            if values[number] is not None:
                apart.setdefault(application, {}).setdefault(criterion, []).append(values[number])
        if None not in values:
            total, weight = math.sumprod(weights, values), whole
        else:
            # N/A counts nowhere, never as 0.
            known = [pair for pair in zip(weights, values, strict=True) if pair[1] is not None]
            total, weight = sum(one * value for one, value in known), sum(one for one, _value in known)
        if weight:
            given.append((application, reviewer, total / weight))
    means = {pk: {criterion: math.fsum(values) / len(values) for criterion, values in one.items()} for pk, one in apart.items()}
    return _scores(reviews, given, means)


def _scores(reviews: Mapping[int, int], given: list[tuple[int, int, float]], means: Mapping[int, Mapping[int, float]]) -> Scores:
    adjusted = adjust(given)
    by_application: dict[int, list[float]] = defaultdict(list)
    by_reviewer: dict[int, list[float]] = defaultdict(list)
    for application, reviewer, score in given:
        by_application[application].append(score)
        by_reviewer[reviewer].append(score)
    applications = {}
    for pk, number in reviews.items():
        apart = means.get(pk, _NONE)
        if pk not in by_application:
            applications[pk] = Facts(number, apart=apart)
            continue
        scores = sorted(by_application[pk])
        half = len(scores) // 2
        median = scores[half] if len(scores) % 2 else (scores[half - 1] + scores[half]) / 2
        mean = math.fsum(scores) / len(scores)
        applications[pk] = Facts(number, mean, median, scores[0], scores[-1], adjusted.scores[pk], apart)
    reviewers = {
        pk: Reviewer(len(scores), math.fsum(scores) / len(scores), adjusted.leanings[pk]) for pk, scores in by_reviewer.items()
    }
    return Scores(applications, reviewers)


def scale_of(criteria: Iterable[Criterion]) -> float:
    """The highest score that a review can have: the weighted mean of the criteria's highest; 0 where nothing is scored."""
    counting = [one for one in criteria if not one.independent and one.weight]
    weights = sum(float(one.weight) for one in counting)
    return sum(float(one.weight) * one.highest for one in counting) / weights if weights else 0.0


def worth_discussing_from(criteria: Iterable[Criterion]) -> float:
    """The spread from which the reviews of an application are so far apart that people should talk."""
    return scale_of(criteria) * DISCUSS_SHARE


def is_worth_discussing(facts: Facts, distance: float) -> bool:
    """Whether its reviews are at least `distance` apart (see `worth_discussing_from`)."""
    return bool(facts.spread) and round(facts.spread or 0, _DIGITS) >= round(distance, _DIGITS)
