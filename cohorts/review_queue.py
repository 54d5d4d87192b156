"""Which application a reviewer reads next, and how far the review is."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from .models import Application, Review, ReviewAssignment, Session


@dataclass(frozen=True)
class Progress:
    """How far the review of a session is, for one reviewer. The own application is counted nowhere."""

    #: Applications that this person may review, and how many of them this person has handed in.
    mine: int
    handed_in: int
    drafts: int
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
    """See `Progress`. Two queries."""
    own = Review.objects.filter(application=OuterRef("pk"), reviewer=reviewer)
    counts = (
        Application.objects.reviewable_by(reviewer)
        .filter(session=session)
        .aggregate(
            mine=Count("pk"),
            handed_in=Count("pk", filter=Exists(own.filter(handed_in_at__isnull=False))),
            drafts=Count("pk", filter=Exists(own.filter(handed_in_at__isnull=True))),
        )
    )
    everything = (
        Application.objects.filter(session=session, status__in=Application.UNDER_REVIEW)
        .exclude(applicant=reviewer)
        .annotate(handed_in_reviews=_number_of_reviews())
        .aggregate(total=Count("pk"), enough=Count("pk", filter=Q(handed_in_reviews__gte=session.reviews_each)))
    )
    return Progress(**counts, **everything)


def _number_of_reviews():
    reviews = Review.objects.handed_in().filter(application=OuterRef("pk")).order_by().values("application")
    return Coalesce(Subquery(reviews.annotate(n=Count("pk")).values("n")[:1]), 0, output_field=IntegerField())


def waiting_for(reviewer, session: Session) -> list[Application]:
    """The applications that `reviewer` has not handed in a review of, in the order in which to read them.

    Assigned ones first, then those with the fewest reviews, then in an order that looks random, differs from reviewer to reviewer
    and stays the same for each: a fixed order would favour whoever comes first.
    """
    waiting = (
        Application.objects.reviewable_by(reviewer)
        .filter(session=session)
        .exclude(Exists(Review.objects.handed_in().filter(application=OuterRef("pk"), reviewer=reviewer)))
        .annotate(
            is_assigned=Exists(ReviewAssignment.objects.filter(application=OuterRef("pk"), reviewer=reviewer)),
            handed_in_reviews=_number_of_reviews(),
        )
        .only("pk", "session_id")
    )
    return sorted(waiting, key=lambda one: (not one.is_assigned, one.handed_in_reviews, _shuffle(reviewer.pk, one.pk)))


def _shuffle(reviewer: int, application: int) -> str:
    return hashlib.sha256(f"{reviewer}:{application}".encode()).hexdigest()


def next_application(reviewer, session: Session, *, skipped: Collection[int] = ()) -> Application | None:
    """The application to read next; those `skipped` (ids) come back when nothing else is left. None: all done."""
    waiting = waiting_for(reviewer, session)
    return next((one for one in waiting if one.pk not in skipped), waiting[0] if waiting else None)
