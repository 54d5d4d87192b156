"""How long a session keeps what people wrote, and what was removed when."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .session import Session


class OfOrganisedSessionsQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of the sessions that `user` organises."""
        return self.filter(session__in=Session.objects.organised_by(user))


class RetentionRule(models.Model):
    """After how many days from the end of its session a kind is removed. Without a row the kind's own days count.

    A kind is one that `cohorts.retention` knows; a row of one that it no longer knows does nothing.
    """

    session = models.ForeignKey(Session, models.CASCADE, related_name="retention_rules", verbose_name=_("session"))
    kind = models.CharField(_("kind"), max_length=40)
    days = models.PositiveIntegerField(_("days after the end of the session"), validators=[MinValueValidator(1)])
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = OfOrganisedSessionsQuerySet.as_manager()

    class Meta:
        verbose_name = _("time that something is kept")
        verbose_name_plural = _("times that something is kept")
        ordering = ["session", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["session", "kind"], name="retention_rule_once"),
            models.CheckConstraint(condition=Q(days__gte=1), name="retention_rule_has_days"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.days}"


class RetentionRun(models.Model):
    """One removal of one kind from one session: how many, never whose."""

    class State(models.TextChoices):
        RUNNING = "running", _("Going on")
        DONE = "done", _("Done")
        FAILED = "failed", _("Stopped by an error")

    session = models.ForeignKey(Session, models.CASCADE, related_name="retention_runs", verbose_name=_("session"))
    kind = models.CharField(_("kind"), max_length=40)
    days = models.PositiveIntegerField(_("days after the end of the session"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RUNNING)
    removed = models.PositiveIntegerField(_("removed"), default=0)
    #: The name of the error's class alone: its text may hold what was to be removed.
    error = models.CharField(_("error"), max_length=100, blank=True)
    #: Whether the session's figures were the same before and after; None where nobody could tell (something else changed them).
    figures_kept = models.BooleanField(_("figures stayed the same"), null=True, blank=True)
    started_at = models.DateTimeField(_("begun"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = OfOrganisedSessionsQuerySet.as_manager()

    class Meta:
        verbose_name = _("removal")
        verbose_name_plural = _("removals")
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["session", "kind", "-started_at"], name="retention_run_of_kind")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.removed}"
