"""Invitations to have a part in a session, by address: whether the address has an account, nobody learns before they say yes."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import access
from .cohort import Cohort
from .session import Session


class RoleInvitationQuerySet(models.QuerySet["RoleInvitation"]):
    def visible_to(self, user):
        """Invitations of the sessions that `user` organises, and those to an address that this person has confirmed."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(Q(session__in=access.organised_sessions(user)) | self.model.is_to(user))


class RoleInvitation(models.Model):
    """That an organiser asked an address to take a part; the row goes with the answer. The address is in small letters."""

    class Role(models.TextChoices):
        ORGANISER = "organiser", _("Organiser")
        REVIEWER = "reviewer", _("Reviewer")
        STORYTELLER = "storyteller", _("Storyteller")
        NAVIGATOR = "navigator", _("Navigator")
        CAPTAIN = "captain", _("Captain")

    session = models.ForeignKey(Session, models.CASCADE, related_name="role_invitations", verbose_name=_("session"))
    #: The cohort to lead: for navigators and captains.
    cohort = models.ForeignKey(Cohort, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("cohort"))
    role = models.CharField(_("role"), max_length=12, choices=Role.choices)
    reads_accommodations = models.BooleanField(_("reads accommodations"), default=False)
    email = models.EmailField(_("address"), max_length=254)
    invited_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    invited_at = models.DateTimeField(_("invited"), default=timezone.now)

    objects = RoleInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation by address")
        verbose_name_plural = _("invitations by address")
        ordering = ["session", "role", "pk"]
        constraints = [
            models.UniqueConstraint(
                "session",
                "role",
                Lower("email"),
                name="role_invitation_once",
                violation_error_message=_("This address is invited already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.email}, {self.get_role_display()}"

    @staticmethod
    def is_to(user) -> Q:
        """Invitations to one of the addresses that `user` has confirmed."""
        from allauth.account.models import EmailAddress

        confirmed = EmailAddress.objects.filter(user=user, verified=True)
        return Q(email__in=confirmed.values(small=Lower("email")))
