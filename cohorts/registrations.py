"""What `cohorts` tells the apps below it."""

from django.db.models import Q

from accounts import people_registry


def people_of_my_sessions(user) -> Q:
    """People whom `user` may see: of the same cohorts, and of the sessions that `user` organises."""
    from .models import Membership, SessionRole, access

    cohorts = access.joined_cohorts(user)
    led = access.led_cohorts(user)
    organised = access.organised_sessions(user)
    together = Membership.objects.filter(Q(cohort__in=cohorts, state__in=access.PRESENT) | Q(cohort__in=led))
    return (
        Q(pk__in=together.values("user_id"))
        | Q(pk__in=Membership.objects.filter(cohort__session__in=organised).values("user_id"))
        | Q(pk__in=SessionRole.objects.filter(session__in=organised).values("user_id"))
        | Q(pk__in=_handed_in(organised).values("applicant_id"))
    )


def _handed_in(organised):
    from .models import Application

    return Application.objects.filter(session__in=organised).exclude(status=Application.Status.DRAFT)


def register() -> None:
    if people_of_my_sessions not in people_registry.people_visible:
        people_registry.people_visible.append(people_of_my_sessions)
