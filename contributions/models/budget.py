"""What GitHub grants each of our tokens, now and over the last days."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiBudget(models.Model):
    """What a GitHub token has left. The token itself is never stored: `key` is the start of its SHA-256.

    For a GitHub App `key` names app and installation instead, since its tokens change every hour. One sync at a time uses a
    token: `leased_by` says which, until `leased_until`.
    """

    class Kind(models.TextChoices):
        TOKEN = "token", _("Token")
        APP = "app", _("GitHub App")

    key = models.CharField(_("token"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices, default=Kind.TOKEN)
    limit = models.PositiveIntegerField(_("points an hour"), default=5000)
    remaining = models.PositiveIntegerField(_("points left"), default=5000)
    reset_at = models.DateTimeField(_("full again"), null=True, blank=True)
    blocked_until = models.DateTimeField(_("blocked until"), null=True, blank=True)
    seen_at = models.DateTimeField(_("as of"))
    leased_by = models.CharField(_("in use by"), max_length=60, blank=True)
    leased_until = models.DateTimeField(_("in use until"), null=True, blank=True)
    succeeded_at = models.DateTimeField(_("last success"), null=True, blank=True)
    failed_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    failure = models.CharField(_("what failed"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("GitHub budget")
        verbose_name_plural = _("GitHub budgets")

    def __str__(self) -> str:
        return self.key


class BudgetSample(models.Model):
    """The points that a token had left at one moment, for the picture of its budget over time."""

    budget = models.ForeignKey(ApiBudget, models.CASCADE, related_name="samples", verbose_name=_("token"))
    at = models.DateTimeField(_("at"))
    limit = models.PositiveIntegerField(_("points an hour"))
    remaining = models.PositiveIntegerField(_("points left"))

    class Meta:
        verbose_name = _("sample of a budget")
        verbose_name_plural = _("samples of budgets")
        ordering = ["at"]
        indexes = [models.Index(fields=["budget", "at"], name="budget_sample_at")]

    def __str__(self) -> str:
        return f"{self.budget} {self.at:%Y-%m-%d %H:%M}"
