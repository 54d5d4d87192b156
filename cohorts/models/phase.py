"""Phases of a review: who reads and sees what, changing by date."""

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from .session import Session


class ReviewPhaseQuerySet(models.QuerySet["ReviewPhase"]):
    def visible_to(self, user):
        """Phases of the sessions that `user` reviews or organises."""
        return self.filter(Q(session__in=Session.objects.reviewed_by(user)) | Q(session__in=Session.objects.organised_by(user)))

    def opened(self, now):
        """Those that have opened; none that would have opened after the review was closed or results were published."""
        return self.filter(
            Q(session__review_closed_at__isnull=True) | Q(session__review_closed_at__gt=F("opens_at")),
            Q(session__published_at__isnull=True) | Q(session__published_at__gt=F("opens_at")),
            opens_at__lte=now,
        )

    def in_force(self, now):
        """The one of each session that opened last: it says what reviewers see. See `cohorts.phases`."""
        later = self.model.objects.opened(now).filter(session=OuterRef("session"), opens_at__gt=OuterRef("opens_at"))
        return self.opened(now).exclude(Exists(later))


class ReviewPhase(models.Model):
    """One part of a session's review, with switches of its own; phases of a session do not overlap.

    A session without phases is reviewed from the close of applications to the close of the review, by the switches on the
    session itself. Which phase is in force is said by `cohorts.phases` alone.
    """

    class Decisions(models.TextChoices):
        NOBODY = "nobody", _("Nobody yet")
        ORGANISERS = "organisers", _("Organisers")

    session = models.ForeignKey(Session, models.CASCADE, related_name="review_phases", verbose_name=_("session"))
    name = models.CharField(_("name"), max_length=120, help_text=_("Example: First reading"))
    opens_at = models.DateTimeField(_("opens"))
    closes_at = models.DateTimeField(_("closes"))
    names_hidden = models.BooleanField(
        _("hide applicants' names from reviewers"), default=True, help_text=_("Organisers always see them.")
    )
    others_scores = models.CharField(
        _("reviewers see others' scores"),
        max_length=10,
        choices=Session.OthersScores.choices,
        default=Session.OthersScores.AFTER_OWN,
    )
    assigned_only = models.BooleanField(_("reviewers see only what is assigned to them"), default=False)
    decisions = models.CharField(
        _("who notes pending decisions"), max_length=10, choices=Decisions.choices, default=Decisions.ORGANISERS
    )

    objects = ReviewPhaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("review phase")
        verbose_name_plural = _("review phases")
        ordering = ["session", "opens_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at__lt=F("closes_at")),
                name="phase_opens_before_it_closes",
                violation_error_message=_("A phase must open before it closes."),
            ),
            models.UniqueConstraint(
                fields=["session", "opens_at"],
                name="phase_opens_once",
                violation_error_message=_("Two phases cannot open at the same time."),
            ),
        ]

    def __str__(self) -> str:
        return self.name
