"""What somebody needs in order to take part: apart from the application, and private."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from .session import SessionRole


class AccommodationQuerySet(models.QuerySet["Accommodation"]):
    def visible_to(self, user):
        """One's own; for organisers who are named for it, those of handed-in applications of their session. Not for the operator."""
        if not user.is_authenticated:
            return self.none()
        named = SessionRole.objects.filter(
            session=OuterRef("application__session"),
            session__archived_at__isnull=True,
            user=user,
            role=SessionRole.Role.ORGANISER,
            reads_accommodations=True,
        )
        return self.filter(Q(application__applicant=user) | (Exists(named) & ~Q(application__status__in=["draft", "withdrawn"])))


class Accommodation(models.Model):
    """Never shown to reviewers, in no export of a session, deleted when the session is archived."""

    application = models.OneToOneField(
        "cohorts.Application", models.CASCADE, related_name="accommodation", verbose_name=_("application")
    )
    text = models.TextField(_("what would help"))
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    objects = AccommodationQuerySet.as_manager()

    class Meta:
        verbose_name = _("accommodation")
        verbose_name_plural = _("accommodations")
        ordering = ["application"]

    def __str__(self) -> str:
        # Never the text: this turns up in histories.
        return str(_("Accommodation %(number)s") % {"number": self.pk})
