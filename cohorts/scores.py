"""What a review comes to, and the reviews of an application: always together with how many there are and how far they are apart.

What a review comes to is stored with it (`Review.score`), so that lists and rankings of thousands need not count. `rescore` and
`rescore_session` are the only ones that write it, by one expression of the database.
"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Avg, BigIntegerField, F, FloatField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, Round

from .models import Application, Review, Score, Session


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


def _stored_score() -> Subquery:
    """The weighted mean of a review's scores, in an update of reviews; none where nothing counts.

    N/A and independent criteria count nowhere. Weights have two digits: in hundredths the sums are whole numbers, and only the
    division rounds.
    """
    hundredths = Cast(Round(F("criterion__weight") * 100), BigIntegerField())
    counting = Score.objects.filter(
        review=OuterRef("pk"), value__isnull=False, criterion__independent=False, criterion__weight__gt=0
    )
    one = (
        counting.order_by()
        .values("review")
        .annotate(mean=Cast(Sum(F("value") * hundredths), FloatField()) / Cast(Sum(hundredths), FloatField()))
    )
    return Subquery(one.values("mean"), output_field=FloatField())


def rescore(review: Review) -> None:
    """Store what the scores of `review` come to, now that they are written. Two statements.

    In the transaction that wrote them, with the application locked: so it waits for `rescore_session`, or that one for this.
    """
    here = Review.objects.filter(pk=review.pk)
    here.update(score=_stored_score())
    review.score = here.values_list("score", flat=True).get()


def rescore_session(session: Session) -> None:
    """Store what all reviews of `session` come to, after weights or criteria have changed. Two statements, whatever the number.

    Call it in the transaction that changes the criteria; `keep_reviews_waiting` before the change keeps two people from
    waiting for each other.
    """
    with transaction.atomic():
        keep_reviews_waiting(session)
        Review.objects.filter(application__session=session).update(score=_stored_score())


def keep_reviews_waiting(session: Session) -> None:
    """Let nobody save a review of `session` until this transaction ends: whoever saves one locks the application first."""
    list(Application.objects.select_for_update().filter(session=session).order_by("pk").values_list("pk"))


def figures_of(applications: Sequence[Application] | QuerySet[Application], *, viewer) -> dict[int, Figures]:
    """Application id → `Figures`, from the handed-in reviews that `viewer` may see. Two queries, whatever the number.

    A viewer who applied sees no figure of the own application: `Review.objects.visible_to` leaves its reviews out.
    """
    visible = Review.objects.visible_to(viewer).handed_in().filter(application__in=applications)
    counts: Counter[int] = Counter()
    scores: dict[int, list[float]] = defaultdict(list)
    for application, score in visible.order_by("pk").values_list("application_id", "score"):
        counts[application] += 1
        if score is not None:
            scores[application].append(score)
    apart: dict[int, dict[int, float]] = defaultdict(dict)
    values = Score.objects.filter(review__in=visible.order_by().values("pk"), criterion__independent=True, value__isnull=False)
    for application, criterion, mean in (
        values.order_by().values_list("review__application", "criterion").annotate(mean=Avg("value", output_field=FloatField()))
    ):
        apart[application][criterion] = mean
    return {pk: Figures(count, tuple(scores.get(pk, ())), apart.get(pk, {})) for pk, count in counts.items()}


def with_mean_score(applications: QuerySet[Application], *, viewer) -> QuerySet[Application]:
    """Annotates `mean_score`, the same mean as `figures_of`, so that the database can sort by it."""
    means = (
        Review.objects.visible_to(viewer)
        .handed_in()
        .filter(application=OuterRef("pk"))
        .order_by()
        .values("application")
        .annotate(mean=Avg("score"))
    )
    return applications.annotate(mean_score=Subquery(means.values("mean")[:1], output_field=FloatField()))
