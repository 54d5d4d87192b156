"""That somebody should be looked after, from when it was noticed until it was handled or is over."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
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

    `handled_at`: somebody looked after it, with a `note` for those who lead and organise. `ended_at`: the reason is gone by itself,
    or somebody who leads answered. `told_at`: those who lead were told. `escalated_at`: nobody who leads looked after it for a week.
    """

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="nudges", verbose_name=_("person"))
    kind = models.CharField(_("kind"), max_length=40)
    key = models.CharField(max_length=80)
    since = models.DateTimeField(_("since"), null=True, blank=True)
    noticed_at = models.DateTimeField(_("noticed"), default=timezone.now, editable=False)
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


class NudgeTold(models.Model):
    """That a nudge stood in a mail to somebody: it does not stand in another one, whatever zone or day the others are in.

    `day` is that of the reader, who gets one such mail a day at most. `escalated`: told to an organiser, after a week.
    """

    nudge = models.ForeignKey(Nudge, models.CASCADE, related_name="told")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    escalated = models.BooleanField(default=False)
    day = models.DateField()

    class Meta:
        verbose_name = _("nudge told")
        verbose_name_plural = _("nudges told")
        constraints = [models.UniqueConstraint(fields=["nudge", "user", "escalated"], name="nudge_told_once")]
        indexes = [models.Index(fields=["user", "day"], name="nudge_told_on_day")]

    def __str__(self) -> str:
        return f"{self.nudge}, {self.user}"
