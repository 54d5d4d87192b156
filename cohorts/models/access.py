"""Who has which part in which session: the subqueries that every `visible_to` below is made of.

Each takes a user who is logged in and returns a lazy query of primary keys. The operator (superuser) is not
handled here: each `visible_to` says for itself what the operator sees.
"""

from django.apps import apps
from django.db.models import Q, QuerySet

#: Membership states in which a person belongs to the cohort now.
PRESENT = ("active", "resting", "completed")
LEADING = ("navigator", "captain")
#: Roles in a session that score applications, and roles that read its figures.
REVIEWING = ("organiser", "reviewer")
COUNTING = ("organiser", "storyteller")


def organised_sessions(user) -> QuerySet:
    """Ids of the sessions that `user` organises."""
    roles = apps.get_model("cohorts", "SessionRole").objects
    return roles.filter(user_id=user.pk, role="organiser").values("session_id")


def led_cohorts(user) -> QuerySet:
    """Ids of the cohorts that `user` leads as navigator or captain, published or not."""
    memberships = apps.get_model("cohorts", "Membership").objects
    return memberships.filter(user_id=user.pk, role__in=LEADING, state__in=PRESENT).values("cohort_id")


def joined_cohorts(user) -> QuerySet:
    """Ids of the cohorts of published sessions that `user` belongs to, in any role."""
    memberships = apps.get_model("cohorts", "Membership").objects
    return memberships.filter(user_id=user.pk, state__in=PRESENT, cohort__session__published_at__isnull=False).values("cohort_id")


def sessions_with_a_part(user) -> QuerySet:
    """Ids of the sessions in which `user` has any role, a place in a cohort included."""
    sessions = apps.get_model("cohorts", "Session").objects
    return sessions.filter(
        Q(roles__user_id=user.pk) | Q(cohorts__in=led_cohorts(user)) | Q(cohorts__in=joined_cohorts(user))
    ).values("pk")


def reviewed_sessions(user) -> QuerySet:
    """Ids of the sessions whose applications `user` may review: organisers, reviewers and navigators, until archived."""
    sessions = apps.get_model("cohorts", "Session").objects
    memberships = apps.get_model("cohorts", "Membership").objects
    navigated = memberships.filter(user_id=user.pk, role="navigator", state__in=PRESENT).values("cohort__session_id")
    roles = apps.get_model("cohorts", "SessionRole").objects.filter(user_id=user.pk, role__in=REVIEWING).values("session_id")
    return sessions.filter(Q(pk__in=roles) | Q(pk__in=navigated), archived_at__isnull=True).values("pk")


def counted_sessions(user) -> QuerySet:
    """Ids of the sessions whose figures `user` reads while they run: organisers, storytellers, and everybody in a cohort."""
    sessions = apps.get_model("cohorts", "Session").objects
    roles = apps.get_model("cohorts", "SessionRole").objects.filter(user_id=user.pk, role__in=COUNTING).values("session_id")
    return sessions.filter(
        Q(pk__in=roles) | Q(cohorts__in=led_cohorts(user)) | Q(cohorts__in=joined_cohorts(user)),
    ).values("pk")
