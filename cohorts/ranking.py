"""A session's applications side by side: what their reviews come to, with and without the strictness of reviewers, and in which place."""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.core.cache import cache
from django.db.models import Avg, Count, FloatField, Max

from .adjusting import adjust
from .models import Application, Criterion, Review, Score, Session

#: Reviews this far apart, as a share of the scale, are worth talking about.
DISCUSS_SHARE = 1 / 3
#: Seconds for which scores are kept at most. They are made again at once when a review or a criterion changes; the bound is for
#: what the newest time of a change cannot show, such as a review that was saved before another and committed after it.
KEPT_FOR = 60
#: Scores that differ by no more are equal: sums of fractions end in noise.
NOISE = 1e-9


class Facts(NamedTuple):
    """What the reviews of one application come to; None where no review has a score."""

    #: How many were handed in, those without any score included.
    reviews: int = 0
    mean: float | None = None
    median: float | None = None
    lowest: float | None = None
    highest: float | None = None
    adjusted: float | None = None

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
    """What reviews come to, kept small: columns with a place for each review that has a score, ordered by application.

    `facts` and `reviewers` say what that means for one application, and for those who reviewed.
    """

    values: tuple[float, ...]
    reviewer_ids: tuple[int, ...]
    #: Application id → where its reviews begin in the columns, and where they end.
    spans: dict[int, tuple[int, int]]
    #: Application id → how many of its reviews have no score at all.
    without: dict[int, int]
    #: Application id → its adjusted score.
    adjusted: Mapping[int, float]
    #: Reviewer id → how far this person scores above or below others.
    leanings: Mapping[int, float]

    def given(self, pk: int) -> tuple[float, ...]:
        """The scores of an application's reviews."""
        start, end = self.spans.get(pk, (0, 0))
        return self.values[start:end]

    def mean(self, pk: int) -> float | None:
        scores = self.given(pk)
        return math.fsum(scores) / len(scores) if scores else None

    def facts(self, pk: int) -> Facts:
        scores = sorted(self.given(pk))
        number = len(scores) + self.without.get(pk, 0)
        if not scores:
            return Facts(number)
        return Facts(number, self.mean(pk), statistics.median(scores), scores[0], scores[-1], self.adjusted[pk])

    def reviewers(self) -> dict[int, Reviewer]:
        """Reviewer id → how this person scores."""
        found: dict[int, list[float]] = defaultdict(list)
        for reviewer, score in zip(self.reviewer_ids, self.values, strict=True):
            found[reviewer].append(score)
        return {pk: Reviewer(len(scores), statistics.fmean(scores), self.leanings[pk]) for pk, scores in found.items()}


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
    """The ranking of `session` (whose `criteria` these are) from what `viewer` may see. Two queries, three when reviews have changed.

    A viewer's own application, those with a declared conflict and their reviews count nowhere in it, not even in the
    strictness of reviewers. So two organisers may read slightly different adjusted scores.
    """
    decided = dict(Application.objects.decided_by(viewer).filter(session=session).order_by("pk").values_list("pk", "status"))
    candidates, withdrawn = list(decided), {pk for pk, status in decided.items() if status == Application.Status.WITHDRAWN}
    reviews = Review.objects.filter(application__session=session).aggregate(
        all=Count("pk"), handed_in=Count("handed_in_at"), changed=Max("updated_at")
    )
    weights = [(one.pk, str(one.weight), one.independent) for one in criteria]
    # Whom one may compare decides which reviews count: a conflict that is declared or taken back changes it.
    state = (sorted(reviews.items()), sorted(weights), hash(tuple(candidates)), hash(tuple(sorted(withdrawn))))
    key = f"ranking:{session.pk}:{viewer.pk}"
    kept = cache.get(key)
    if kept is not None and kept[0] == state:
        return Ranking(candidates, withdrawn, *kept[1])
    scores = scores_of(session, decided)
    means = {pk: math.fsum(scores.values[start:end]) / (end - start) for pk, (start, end) in scores.spans.items()}
    places, raw_places = (
        places_by({pk: one for pk, one in by.items() if pk not in withdrawn}) for by in (scores.adjusted, means)
    )
    made = scores, places, raw_places
    cache.set(key, (state, made), KEPT_FOR)
    return Ranking(candidates, withdrawn, *made)


def places_by(scores: Mapping[int, float]) -> dict[int, int]:
    """Application id → its place by its score, the highest first; equal scores share a place."""
    places: dict[int, int] = {}
    before, place = math.inf, 0
    for number, pk in enumerate(sorted(scores, key=scores.__getitem__, reverse=True), 1):
        score = scores[pk]
        if before - score > NOISE:
            place = number
        places[pk] = place
        before = score
    return places


def scores_of(session: Session, decided: Container[int]) -> Scores:
    """The scores of the handed-in reviews of `session` for the applications that are `decided` on (ids), made now. One query.

    The same numbers as `cohorts.scores.figures_of`; the reviews are those that `Review.objects.visible_to` shows to whoever
    decides on the application, asked for in a way that a database answers from one index. A test holds them together.
    """
    reviews = Review.objects.handed_in().filter(application__session=session)
    # In this order `adjust` has nothing left to sort.
    columns = reviews.order_by("application_id", "reviewer_id").values_list("application_id", "reviewer_id", "score")
    rows = [row for row in columns if row[0] in decided]
    scored = [row for row in rows if row[2] is not None]
    without = Counter([row[0] for row in rows if row[2] is None])
    adjusted = adjust(scored)
    applications, reviewers, values = zip(*scored, strict=True) if scored else ((), (), ())
    spans, start = {}, 0
    for application, number in Counter(applications).items():
        spans[application] = start, start + number
        start += number
    return Scores(values, reviewers, spans, dict(without), adjusted.scores, adjusted.leanings)


def means_apart(criteria: Iterable[Criterion], applications: Collection[int] | None = None) -> dict[int, dict[int, float]]:
    """Criterion id → application id → the mean over its handed-in reviews, for the `criteria` that stand apart.

    Of these `applications` (ids), or of all that the criteria's session has. None, one or two queries: none where no criterion
    stands apart.
    """
    found: dict[int, dict[int, float]] = {one.pk: {} for one in criteria if one.independent}
    if found:
        values = Score.objects.filter(criterion__in=list(found), value__isnull=False, review__handed_in_at__isnull=False)
        if applications is not None:
            # By their ids: joined, a database may read all scores of the criteria to find a page of them.
            reviews = list(Review.objects.handed_in().filter(application__in=applications).values_list("pk", flat=True))
            values = values.filter(review__in=reviews)
        means = values.order_by().values_list("criterion", "review__application")
        for criterion, application, mean in means.annotate(mean=Avg("value", output_field=FloatField())):
            found[criterion][application] = mean
    return found


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
    return facts.spread is not None and facts.spread > 0 and facts.spread >= distance - NOISE
