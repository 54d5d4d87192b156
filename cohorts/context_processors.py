"""What the main navigation shows to this visitor."""

from django.utils.functional import SimpleLazyObject

from .models import Application, Cohort, Membership, Session, access
from .roles import may_use_admin


class Navigation:
    """Which entries the main navigation has; each is looked up once a request, and only if a template asks."""

    def __init__(self, user):
        memberships = Membership.objects.filter(user=user).present()
        self.has_progress = memberships.members().filter(cohort__session__published_at__isnull=False).exists()
        self.cohort = (
            Cohort.objects.visible_to(user)
            .filter(memberships__user=user, memberships__state__in=access.PRESENT)
            .order_by("-session__starts_on", "pk")
            .first()
        )
        self.organised = (
            Session.objects.filter(pk__in=access.organised_sessions(user), published_at__isnull=False, archived_at=None)
            .order_by("-starts_on", "pk")
            .first()
        )
        self.has_applications = Application.objects.filter(applicant=user).exists()
        self.may_use_admin = may_use_admin(user)


def navigation(request):
    """Adds `navigation`, lazily; anonymous visitors get None."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": None}
    return {"navigation": SimpleLazyObject(lambda: Navigation(user))}
