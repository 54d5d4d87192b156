"""The numbers of a session that must not change by what is removed: counted before and after, and compared."""

from collections.abc import Callable
from typing import Any

from django.db.models import Avg, Count, Q, Sum

from cohorts.models import Application, CheckIn, Feedback, FeedbackForm, Membership, Review, Score, Session

#: Takes a session; returns what was counted, as plain values that can be compared.
Source = Callable[[Session], Any]
_sources: dict[str, Source] = {}


def register_numbers(name: str, source: Source) -> None:
    """Add what another app counts."""
    _sources[name] = source


def numbers_of(session: Session) -> dict[str, Any]:
    """All numbers by name. A constant number of queries for those of this app."""
    return {name: source(session) for name, source in {**_OWN, **_sources}.items()}


def _applications(session: Session) -> list[tuple]:
    handed_in = Application.objects.filter(session=session).exclude(status=Application.Status.DRAFT)
    return list(handed_in.order_by("status", "eligibility").values_list("status", "eligibility").annotate(Count("pk")))


def _reviews(session: Session) -> dict[str, Any]:
    mine = Review.objects.filter(application__session=session, handed_in_at__isnull=False)
    found = mine.aggregate(reviews=Count("pk"), scored=Count("score"), mean=Avg("score"))
    # The order in which a database adds floating numbers up is its own.
    return {**found, "mean": None if found["mean"] is None else round(found["mean"], 6)}


def _scores(session: Session) -> list[tuple]:
    mine = Score.objects.filter(review__application__session=session, review__handed_in_at__isnull=False)
    return list(mine.order_by("criterion").values_list("criterion").annotate(Count("value"), Avg("value")))


def _places(session: Session) -> list[tuple]:
    mine = Membership.objects.filter(cohort__session=session)
    return list(mine.order_by("cohort", "role", "state").values_list("cohort", "role", "state").annotate(Count("pk")))


def _checkins(session: Session) -> list[tuple]:
    counted = {
        "written": Count("pk", filter=Q(written_at__isnull=False)),
        "rested": Count("pk", filter=Q(resting=True)),
        "hours": Sum("hours"),
    }
    mine = CheckIn.objects.filter(membership__cohort__session=session).order_by("week__number")
    return list(mine.values_list("week__number").annotate(**counted))


def _feedback(session: Session) -> list[tuple]:
    about_the_program = (FeedbackForm.Direction.MEMBER_PROGRAM, FeedbackForm.Direction.LEADER_PROGRAM)
    mine = Feedback.objects.filter(form__session=session, form__direction__in=about_the_program, written_at__isnull=False)
    return list(mine.order_by("form").values_list("form").annotate(Count("pk")))


_OWN: dict[str, Source] = {
    "applications": _applications,
    "reviews": _reviews,
    "scores": _scores,
    "places": _places,
    "checkins": _checkins,
    "feedback": _feedback,
}
