"""What the main navigation shows to this visitor."""

from django.utils import timezone
from django.utils.functional import SimpleLazyObject, cached_property

from .models import Application, Concern, ConcernContact, Membership, SessionRole, Volunteer, access
from .this_week import week_lines
from .training import open_training


class Navigation:
    """Which entries the main navigation has; looked up once a request, and only if a template asks.

    Three queries instead of one for each entry, and one for the weeks of running sessions; `tests/test_visibility.py` holds it to what the querysets allow.
    """

    def __init__(self, user):
        self._user = user
        memberships = list(Membership.objects.filter(user=user).present().select_related("cohort__session"))
        roles = list(SessionRole.objects.filter(user=user).select_related("session"))
        self.has_progress = any(
            membership.role == Membership.Role.MEMBER and membership.cohort.session.published_at for membership in memberships
        )
        # As `Cohort.objects.visible_to` has it: those who lead see a cohort before it is published.
        cohorts = [
            membership.cohort
            for membership in memberships
            if membership.cohort.session.published_at or membership.role in access.LEADING
        ]
        self.cohort = _newest(cohorts, lambda cohort: cohort.session.starts_on)
        organised = [role.session for role in roles if role.role == SessionRole.Role.ORGANISER]
        shown = [session for session in organised if session.published_at and not session.archived_at]
        self.organised = _newest(shown, lambda session: session.starts_on)
        published = [membership for membership in memberships if membership.cohort.session.published_at]
        self.weeks = week_lines(published, shown, timezone.now())
        #: Sessions in which this person reads what people say in feedback forms, by organising or leading.
        self.reads_feedback_of = {session.pk for session in organised} | {
            membership.cohort.session_id
            for membership in memberships
            if membership.role in access.LEADING and membership.cohort.session.published_at
        }
        self.has_applications = Application.objects.filter(applicant=user).exists()
        self.may_use_admin = user.is_superuser or any(
            not session.archived_at
            for session in (
                *(role.session for role in roles if role.role in access.REVIEWING),
                *(membership.cohort.session for membership in memberships if membership.role in access.LEADING),
            )
        )

    @cached_property
    def helps(self) -> bool:
        """Whether this person offered to help, is asked to, or has training left: looked up only by the pages of one's own account."""
        return Volunteer.objects.of(self._user).exists() or bool(open_training(self._user))

    @cached_property
    def has_concerns(self) -> bool:
        """Whether this person reported something in confidence, reads what others did, or can be chosen to."""
        return (
            Concern.objects.visible_to(self._user).exists()
            or ConcernContact.objects.filter(user=self._user, active=True).exists()
            or self._user.is_superuser
        )


def _newest(found, starts_on):
    """The one that starts last, of several the first that was made; None of none."""
    return max(found, key=lambda one: (starts_on(one), -one.pk), default=None)


def navigation(request):
    """Adds `navigation`, lazily; anonymous visitors get None."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": None}
    return {"navigation": SimpleLazyObject(lambda: Navigation(user))}
