"""Which application a reviewer reads next, and how far the review is."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import ngettext

from .models import Application, Review, ReviewAssignment, ReviewClaim, Session

#: The order of a reviewer is arithmetic modulo this prime: all products stay below the largest whole number of a database.
PRIME = 2_147_483_629


@dataclass(frozen=True)
class Progress:
    """How far the review of a session is, for one reviewer. The own application is counted nowhere."""

    #: Applications that this person may review, and how many of them this person has handed in.
    mine: int
    handed_in: int
    drafts: int
    #: Of those that are not handed in: how many are assigned to this person. They come first.
    assigned: int
    #: All applications under review that are not this person's own, and how many have as many reviews as the session wants.
    total: int
    enough: int

    @property
    def left(self) -> int:
        return self.mine - self.handed_in


def sessions_under_review(user) -> QuerySet[Session]:
    """Sessions whose applications `user` reviews at present or will: those that are closed for review or archived left out."""
    return Session.objects.reviewed_by(user).filter(review_closed_at__isnull=True, published_at__isnull=True)


def progress(session: Session, *, reviewer) -> Progress:
    """See `Progress`. Four queries, each answered from an index or from one reviewer's own rows."""
    reviewable = Application.objects.reviewable_by(reviewer).filter(session=session)
    own = (
        Review.objects.filter(reviewer=reviewer, application__session=session)
        .filter(Exists(reviewable.filter(pk=OuterRef("application"))))
        .order_by()
        .aggregate(
            handed_in=Count("pk", filter=Q(handed_in_at__isnull=False)), drafts=Count("pk", filter=Q(handed_in_at__isnull=True))
        )
    )
    others = Application.objects.worth_a_review().filter(session=session).exclude(applicant=reviewer)
    with_enough = (
        Review.objects.handed_in()
        .filter(application__in=others)
        .order_by()
        .values("application")
        .annotate(number=Count("pk"))
        .filter(number__gte=session.reviews_each)
    )
    here = {"application": OuterRef("pk"), "reviewer": reviewer}
    to_read = Q(Exists(ReviewAssignment.objects.filter(**here))) & ~Q(Exists(Review.objects.handed_in().filter(**here)))
    counts = reviewable.order_by().aggregate(mine=Count("pk"), assigned=Count("pk", filter=to_read))
    return Progress(**counts, **own, total=others.count(), enough=with_enough.count())


def waiting_in_words(left: int, assigned: int) -> str:
    """How many applications wait for somebody's review, and how many of them are assigned, where that is not all."""
    words = ngettext("%(count)s application waits for your review.", "%(count)s applications wait for your review.", left)
    said = words % {"count": left}
    if not 0 < assigned < left:
        return said
    part = ngettext("%(count)s is assigned to you.", "%(count)s are assigned to you.", assigned)
    return f"{said} {part % {'count': assigned}}"


def shuffled(pk: str, reviewer, session: Session):
    """The place of an application in the order of `reviewer`, as an expression over the name of its key.

    It looks random, differs from reviewer to reviewer and stays the same for each: a fixed order would favour whoever comes first.
    Two rounds of arithmetic that SQLite and PostgreSQL do alike: a line, then its square, modulo a prime.
    """
    digest = hashlib.sha256(f"{reviewer.pk}:{session.pk}".encode()).digest()
    factor, first, second = (1 + int.from_bytes(digest[at : at + 8]) % (PRIME - 1) for at in (0, 8, 16))
    line = (F(pk) % PRIME * factor + first) % PRIME
    return (line * line + second) % PRIME


def waiting_for(reviewer, session: Session, *, skipped: Collection[int] = ()) -> QuerySet[Application]:
    """The applications that `reviewer` has not handed in a review of, in the order in which to read them.

    One that this reviewer has begun and still claims, then assigned ones, then those with the fewest reviews (a living claim of
    somebody else is a review to come), then in this reviewer's own order. Those `skipped` (ids) come after everything else.
    """
    now = timezone.now()
    here = {"application": OuterRef("pk")}
    claims = ReviewClaim.objects.alive(now)
    skipped_last = Case(When(pk__in=list(skipped), then=1), default=0) if skipped else Value(0)
    return (
        Application.objects.reviewable_by(reviewer)
        .filter(session=session)
        .exclude(Exists(Review.objects.handed_in().filter(reviewer=reviewer, **here)))
        .annotate(
            is_skipped=skipped_last,
            is_mine=Exists(claims.filter(reviewer=reviewer, **here)),
            is_assigned=Exists(ReviewAssignment.objects.filter(reviewer=reviewer, **here)),
            reviews_in_sight=_number(Review.objects.handed_in().filter(**here))
            + _number(_claims_of_others(claims.filter(**here), reviewer)),
            shuffled=shuffled("pk", reviewer, session),
        )
        .order_by("is_skipped", "-is_mine", "-is_assigned", "reviews_in_sight", "shuffled", "pk")
    )


def _claims_of_others(claims: QuerySet[ReviewClaim], reviewer) -> QuerySet[ReviewClaim]:
    """Claims that promise one more review: whoever has handed one in and reads it again is counted already."""
    handed_in = Review.objects.handed_in().filter(application=OuterRef("application"), reviewer=OuterRef("reviewer"))
    return claims.exclude(reviewer=reviewer).exclude(Exists(handed_in))


def _number(rows: QuerySet):
    counted = rows.order_by().values("application").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted[:1], output_field=IntegerField()), 0)


def next_application(reviewer, session: Session, *, skipped: Collection[int] = ()) -> Application | None:
    """The application to read next; those `skipped` (ids) come back when nothing else is left. None: all done.

    Looks only: `cohorts.claims.next_for` takes it, so that nobody else gets the same one.
    """
    return waiting_for(reviewer, session, skipped=skipped).first()
