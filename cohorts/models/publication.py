"""Publishing: one press of the button, and how far it has come."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from .session import Session


class PublicationQuerySet(models.QuerySet["Publication"]):
    def visible_to(self, user):
        """Publications of the sessions that `user` organises."""
        return self.filter(session__in=Session.objects.organised_by(user))

    def under_way(self):
        """Those that wait or run."""
        return self.filter(state__in=Publication.UNDER_WAY)


class Publication(models.Model):
    """Turning pending decisions into statuses, and telling everybody. Its messages are those of the batch `batch`.

    `plan_fingerprint` is what the organiser agreed to. Statuses and messages are written in one transaction (`decided_at`); from
    then on only sending is left, which goes on where it stopped. Written by `cohorts.publishing` alone.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting to begin")
        RUNNING = "running", _("Under way")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped: nothing was published")

    UNDER_WAY = (State.WAITING, State.RUNNING)

    session = models.ForeignKey(Session, models.CASCADE, related_name="publications", verbose_name=_("session"))
    made_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("published by")
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    plan_fingerprint = models.CharField(max_length=64, editable=False)
    offers = models.PositiveIntegerField(_("offers"), default=0)
    waitlisted = models.PositiveIntegerField(_("on the waitlist"), default=0)
    not_selected = models.PositiveIntegerField(_("not selected"), default=0)
    why_stopped = models.TextField(_("why nothing was published"), blank=True)
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    started_at = models.DateTimeField(_("began"), null=True, blank=True)
    decided_at = models.DateTimeField(_("statuses changed"), null=True, blank=True)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = PublicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        ordering = ["session", "-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(state__in=["waiting", "running"]), name="publication_one_under_way"
            ),
        ]

    def __str__(self) -> str:
        return str(_("Publication of %(moment)s") % {"moment": date_format(timezone.localtime(self.created_at), "j F Y, H:i")})

    @property
    def batch(self) -> str:
        """The name under which its messages are sent together."""
        return f"publication-{self.pk}"

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY
