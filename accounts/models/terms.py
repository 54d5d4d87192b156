"""Which versions of the code of conduct and the privacy terms somebody accepted, and when."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class TermsAcceptanceQuerySet(models.QuerySet["TermsAcceptance"]):
    def visible_to(self, user):
        """One's own; all for the operator, who must be able to show that somebody agreed."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_superuser else self.filter(user=user)


class TermsAcceptance(models.Model):
    """That a person accepted one version. The newest one stands with the person as well, where each request looks."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="terms_accepted", verbose_name=_("person"))
    version = models.CharField(_("version"), max_length=20)
    at = models.DateTimeField(_("accepted at"), default=timezone.now)

    objects = TermsAcceptanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("acceptance of the terms")
        verbose_name_plural = _("acceptances of the terms")
        ordering = ["user", "at", "pk"]
        constraints = [models.UniqueConstraint(fields=["user", "version"], name="terms_accepted_once_a_version")]

    def __str__(self) -> str:
        return self.version
