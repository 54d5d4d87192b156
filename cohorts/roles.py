"""Which part a person has: asked by pages, by the admin and by the navigation."""

from django.db.models import Exists, OuterRef

from .models import Cohort, Membership, Session, SessionRole, access


def organises(user, session: Session) -> bool:
    """Whether `user` may change `session`: its organisers and the operator."""
    return Session.objects.organised_by(user).filter(pk=session.pk).exists()


def organises_any(user) -> bool:
    """Whether `user` organises a session, or is the operator: who may set up another one and write projects."""
    if not user.is_authenticated:
        return False
    return user.is_superuser or SessionRole.objects.filter(user=user, role=SessionRole.Role.ORGANISER).exists()


def leads(user, cohort: Cohort) -> bool:
    """Whether `user` may read what is meant for those who lead `cohort`: its navigators and captains, organisers, the operator."""
    return Cohort.objects.led_by(user).filter(pk=cohort.pk).exists()


def may_use_admin(user) -> bool:
    """The admin is open to the operator and to who organises, reviews or leads in a session that is not archived."""
    if not user.is_active or not user.is_authenticated:
        return False
    if user.is_superuser:
        return True
    has_role = Exists(SessionRole.objects.filter(session=OuterRef("pk"), user=user, role__in=access.REVIEWING))
    leads_in = Exists(
        Membership.objects.filter(cohort__session=OuterRef("pk"), user=user, role__in=["navigator", "captain"]).present()
    )
    return Session.objects.filter(has_role | leads_in, archived_at__isnull=True).exists()
