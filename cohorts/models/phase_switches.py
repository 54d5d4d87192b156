"""Which sessions' reviews have a switch set one way at present: the subqueries for who sees what while phases change by date.

`cohorts.phases.switches_of` says the same of one session in Python, with the reasons and the dates; the tests hold both
together. Each function returns a lazy query of primary keys of sessions, made once a query, not once a row.
"""

import datetime

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone


def sessions_in_sight(now: datetime.datetime | None = None, **switches) -> QuerySet:
    """Sessions whose applications reviewers may read at `now`, with all of `switches` as they are in force then.

    Switches are `names_hidden`, `others_scores` and `assigned_only`. A session comes into sight when its applications close; one
    with phases when the first of them has opened as well. Between and after phases the one that opened last still says what is
    seen.
    """
    now = now or timezone.now()
    phases = apps.get_model("cohorts", "ReviewPhase").objects
    by_phase = phases.in_force(now).filter(session=OuterRef("pk"), **switches)
    own = {f"review_{name}": value for name, value in switches.items()}
    without_phases = ~Exists(phases.filter(session=OuterRef("pk")))
    return (
        apps.get_model("cohorts", "Session")
        .objects.filter(applications_close_at__lte=now, announced_at__lte=now)
        .filter(Q(without_phases, **own) | Q(Exists(by_phase)))
        .values("pk")
    )


def blind_reviews(now: datetime.datetime | None = None) -> QuerySet:
    """Sessions whose review is not over at `now` and whose applicants' names reviewers do not know then (yet, or at all)."""
    now = now or timezone.now()
    return (
        apps.get_model("cohorts", "Session")
        .objects.filter(Q(review_closed_at__isnull=True) | Q(review_closed_at__gt=now))
        .filter(Q(published_at__isnull=True) | Q(published_at__gt=now), archived_at__isnull=True)
        .exclude(pk__in=sessions_in_sight(now, names_hidden=False))
        .values("pk")
    )


def sessions_being_reviewed(now: datetime.datetime | None = None) -> QuerySet:
    """Sessions in which reviews can be written at `now`: closed for applications, the review not closed, a phase open if there are any."""
    now = now or timezone.now()
    phases = apps.get_model("cohorts", "ReviewPhase").objects.filter(session=OuterRef("pk"))
    is_open = Exists(phases.filter(opens_at__lte=now, closes_at__gt=now))
    return (
        apps.get_model("cohorts", "Session")
        .objects.filter(applications_close_at__lte=now, announced_at__lte=now)
        .filter(Q(review_closed_at__isnull=True) | Q(review_closed_at__gt=now))
        .filter(Q(published_at__isnull=True) | Q(published_at__gt=now))
        .filter(~Exists(phases) | is_open, archived_at__isnull=True)
        .values("pk")
    )
