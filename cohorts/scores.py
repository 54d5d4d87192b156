"""What the reviews of an application come to: always together with how many there are and how far they are apart."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Avg, DecimalField, ExpressionWrapper, F, FloatField, OuterRef, QuerySet, Subquery, Sum

from .models import Application, Review, Score


@dataclass(frozen=True)
class Figures:
    """The figures of one application. `mean` and its like are None where no review has a score."""

    #: How many reviews were handed in, those without any score included.
    count: int = 0
    scores: tuple[float, ...] = ()
    #: Criterion id → mean over the reviews, for the criteria that are shown apart.
    independent: Mapping[int, float] = field(default_factory=dict)

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.scores) if self.scores else None

    @property
    def median(self) -> float | None:
        return statistics.median(self.scores) if self.scores else None

    @property
    def lowest(self) -> float | None:
        return min(self.scores, default=None)

    @property
    def highest(self) -> float | None:
        return max(self.scores, default=None)

    @property
    def spread(self) -> float | None:
        """The distance between the highest and the lowest review."""
        return max(self.scores) - min(self.scores) if self.scores else None


def review_score(scores: Iterable[Score]) -> float | None:
    """The weighted mean of one review's scores. N/A and independent criteria count nowhere; None where nothing is left.

    Each score needs its `criterion` loaded.
    """
    total, weights = Decimal(0), Decimal(0)
    for score in scores:
        criterion = score.criterion
        if score.value is None or criterion.independent or not criterion.weight:
            continue
        total += criterion.weight * score.value
        weights += criterion.weight
    return float(total / weights) if weights else None


def figures_of(applications: Sequence[Application] | QuerySet[Application], *, viewer) -> dict[int, Figures]:
    """Application id → `Figures`, from the handed-in reviews that `viewer` may see. Three queries, whatever the number.

    A viewer who applied sees no figure of the own application: `Review.objects.visible_to` leaves its reviews out.
    """
    reviews = list(
        Review.objects.visible_to(viewer)
        .handed_in()
        .filter(application__in=applications)
        .prefetch_related("scores__criterion")
        .order_by("application", "pk")
    )
    by_application: dict[int, list[Review]] = defaultdict(list)
    for review in reviews:
        by_application[review.application_id].append(review)
    return {pk: _figures(group) for pk, group in by_application.items()}


def _figures(reviews: Sequence[Review]) -> Figures:
    scores, apart = [], defaultdict(list)
    for review in reviews:
        given = list(review.scores.all())
        score = review_score(given)
        if score is not None:
            scores.append(score)
        for one in given:
            if one.criterion.independent and one.value is not None:
                apart[one.criterion_id].append(one.value)
    return Figures(
        count=len(reviews),
        scores=tuple(scores),
        independent={criterion: statistics.fmean(values) for criterion, values in apart.items()},
    )


def with_mean_score(applications: QuerySet[Application], *, viewer) -> QuerySet[Application]:
    """Annotates `mean_score`, the same mean as `figures_of`, so that the database can sort by it."""
    counting = Score.objects.filter(
        review=OuterRef("pk"), value__isnull=False, criterion__independent=False, criterion__weight__gt=0
    ).order_by()
    weighted = ExpressionWrapper(F("value") * F("criterion__weight"), output_field=DecimalField(max_digits=12, decimal_places=4))
    one_review = counting.values("review").annotate(
        score=ExpressionWrapper(
            Sum(weighted, output_field=FloatField()) * 1.0 / Sum("criterion__weight", output_field=FloatField()),
            output_field=FloatField(),
        )
    )
    reviews = (
        Review.objects.visible_to(viewer)
        .handed_in()
        .filter(application=OuterRef("pk"))
        .order_by()
        .annotate(score=Subquery(one_review.values("score")[:1], output_field=FloatField()))
        .values("application")
        .annotate(mean=Avg("score"))
    )
    return applications.annotate(mean_score=Subquery(reviews.values("mean")[:1], output_field=FloatField()))
