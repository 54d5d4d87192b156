"""That somebody should be looked after, from when it was noticed until it was handled or is over."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .cohort import Membership


class NudgeQuerySet(models.QuerySet["Nudge"]):
    def visible_to(self, user):
        """Those about people whom `user` leads or organises. Nobody reads them about themselves."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(membership__in=Membership.objects.led_by(user)).exclude(membership__user=user)

    def open(self):
        """Noticed, not over, not handled."""
        return self.filter(ended_at__isnull=True, handled_at__isnull=True)


class Nudge(models.Model):
    """One reason for attention (`cohorts.attention.Reason`) as it was noticed; `key` tells this time from an earlier one.

    `handled_at`: somebody looked after it, with a `note` for those who lead and organise. `ended_at`: the reason is gone by itself.
    `told_at`: those who lead were told. `escalated_at`: nobody who leads handled it for a week, and the organisers were told.
    """

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="nudges", verbose_name=_("person"))
    kind = models.CharField(_("kind"), max_length=40)
    key = models.CharField(max_length=80)
    since = models.DateTimeField(_("since"), null=True, blank=True)
    noticed_at = models.DateTimeField(_("noticed"), auto_now_add=True)
    told_at = models.DateTimeField(_("leaders told"), null=True, blank=True)
    escalated_at = models.DateTimeField(_("organisers told"), null=True, blank=True)
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True)
    handled_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("handled by")
    )
    note = models.TextField(_("note"), blank=True, max_length=2000)
    ended_at = models.DateTimeField(_("over"), null=True, blank=True)

    objects = NudgeQuerySet.as_manager()

    class Meta:
        verbose_name = _("nudge")
        verbose_name_plural = _("nudges")
        ordering = ["noticed_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["membership", "kind", "key"], name="nudge_once")]
        indexes = [
            models.Index(fields=["membership"], name="nudge_open", condition=Q(ended_at__isnull=True, handled_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.membership}, {self.kind}"
