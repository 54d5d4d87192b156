"""Criteria, reviews, assignments and conflicts of interest."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import access
from .phase_switches import sessions_being_reviewed, sessions_in_sight


class CriterionQuerySet(models.QuerySet["Criterion"]):
    def visible_to(self, user):
        """Criteria of the sessions that `user` reviews or organises."""
        from .session import Session

        return self.filter(Q(session__in=Session.objects.reviewed_by(user)) | Q(session__in=Session.objects.organised_by(user)))


class Criterion(models.Model):
    """One thing that reviewers score, from 0 up, each step with words (its anchor)."""

    session = models.ForeignKey("cohorts.Session", models.CASCADE, related_name="criteria", verbose_name=_("session"))
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    name = models.CharField(_("name"), max_length=120)
    help_text = models.TextField(_("help"), blank=True)
    weight = models.DecimalField(_("weight"), max_digits=4, decimal_places=2, default=1, validators=[MinValueValidator(0)])
    required = models.BooleanField(_("required"), default=True, help_text=_("A score or N/A must be given."))
    independent = models.BooleanField(
        _("independent"), default=False, help_text=_("Shown in a column of its own and left out of the score.")
    )
    anchors = models.TextField(
        _("anchors"), help_text=_("One a line, from 0 upwards: what a score of 0 means, then of 1, and so on.")
    )

    objects = CriterionQuerySet.as_manager()

    class Meta:
        verbose_name = _("criterion")
        verbose_name_plural = _("criteria")
        ordering = ["session", "order", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def anchor_list(self) -> list[str]:
        """The words of each score; the index is the score."""
        return [line.strip() for line in self.anchors.splitlines() if line.strip()]

    @property
    def highest(self) -> int:
        """The highest score there is."""
        return max(len(self.anchor_list) - 1, 0)


class ReviewQuerySet(models.QuerySet["Review"]):
    def visible_to(self, user):
        """Own reviews; handed-in ones of others as the phase allows; all handed-in ones for organisers.

        Never any review of one's own application, whatever role one has.
        """
        from .session import Session

        if not user.is_authenticated:
            return self.none()
        handed_in = Q(handed_in_at__isnull=False)
        if user.is_superuser:
            return self.filter(Q(reviewer=user) | handed_in).exclude(application__applicant=user)
        own_handed_in = Exists(
            self.model.objects.filter(application=OuterRef("application"), reviewer=user, handed_in_at__isnull=False)
        )
        now = timezone.now()
        by_phase = Q(application__session__in=sessions_in_sight(now, others_scores="always")) | (
            Q(application__session__in=sessions_in_sight(now, others_scores="after_own")) & Q(own_handed_in)
        )
        in_conflict = Exists(Conflict.objects.filter(application=OuterRef("application"), reviewer=user))
        return (
            self.filter(
                Q(reviewer=user)
                | (handed_in & Q(application__session__in=access.organised_sessions(user)))
                | (handed_in & Q(application__session__in=Session.objects.reviewed_by(user).values("pk")) & by_phase)
            )
            .exclude(application__applicant=user)
            .exclude(in_conflict)
        )

    def handed_in(self):
        return self.filter(handed_in_at__isnull=False)


class Review(models.Model):
    """One reviewer's view of one application: a draft until it is handed in.

    `score` is what the scores come to, kept by `cohorts.scores` so that lists need not count; `version` counts saves, so that a
    save from an older tab is noticed.
    """

    class Confidence(models.IntegerChoices):
        LOW = 1, _("I am unsure")
        MEDIUM = 2, _("I am fairly sure")
        HIGH = 3, _("I am sure")

    application = models.ForeignKey("cohorts.Application", models.CASCADE, related_name="reviews", verbose_name=_("application"))
    reviewer = models.ForeignKey("accounts.User", models.CASCADE, related_name="reviews", verbose_name=_("reviewer"))
    private_comment = models.TextField(_("private comment"), blank=True, help_text=_("For the organisers and other reviewers."))
    shareable_comment = models.TextField(
        _("shareable comment"), blank=True, help_text=_("The applicant may read it once results are published.")
    )
    confidence = models.PositiveSmallIntegerField(_("confidence"), choices=Confidence.choices, null=True, blank=True)
    score = models.FloatField(_("score"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)
    #: Which form saved last: a save whose answer was lost on the way, or is still on it, must not look like another tab to that form.
    saved_by_form = models.CharField(max_length=40, blank=True, editable=False)
    application_version = models.PositiveIntegerField(_("version that was reviewed"), null=True, blank=True)
    handed_in_at = models.DateTimeField(_("handed in"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["application", "pk"]
        constraints = [models.UniqueConstraint(fields=["application", "reviewer"], name="review_once_a_reviewer")]
        # All that rankings and counts ask for: they need not walk through the comments.
        indexes = [models.Index(fields=["application", "reviewer", "handed_in_at", "score", "updated_at"], name="review_figures")]

    def __str__(self) -> str:
        return str(_("Review %(number)s") % {"number": self.pk})


class Score(models.Model):
    """A score for one criterion, or N/A (which counts nowhere, never as 0)."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="scores")
    criterion = models.ForeignKey(Criterion, models.CASCADE, related_name="scores", verbose_name=_("criterion"))
    value = models.PositiveSmallIntegerField(_("score"), null=True, blank=True, help_text=_("Empty: N/A."))

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        ordering = ["criterion__order", "criterion_id"]
        constraints = [models.UniqueConstraint(fields=["review", "criterion"], name="score_once_a_criterion")]

    def __str__(self) -> str:
        return "N/A" if self.value is None else str(self.value)


class ReviewPartQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, and those of sessions that `user` organises; nothing about one's own application, whatever role one has."""
        if not user.is_authenticated:
            return self.none()
        others = self.exclude(application__applicant=user)
        if user.is_superuser:
            return others
        return others.filter(Q(reviewer=user) | Q(application__session__in=access.organised_sessions(user)))


class ReviewAssignmentQuerySet(ReviewPartQuerySet):
    def waiting(self):
        """Those whose review is not handed in, and whose reviewer may still write it.

        The rules of `ApplicationQuerySet.reviewable_by`, for all reviewers at once, and only where reviews can be written at this
        moment.
        """
        from .cohort import Membership
        from .session import SessionRole

        here = {"application": OuterRef("application"), "reviewer": OuterRef("reviewer")}
        navigates = Membership.objects.filter(role="navigator", user=OuterRef("reviewer")).present()
        has_a_part = (
            Q(reviewer__is_superuser=True)
            | Exists(
                SessionRole.objects.filter(
                    session=OuterRef("application__session"), user=OuterRef("reviewer"), role__in=access.REVIEWING
                )
            )
            | Exists(navigates.filter(cohort__session=OuterRef("application__session")))
        )
        return (
            self.filter(has_a_part, application__status__in=["submitted", "waitlisted"])
            .filter(application__session__in=sessions_being_reviewed())
            .exclude(application__eligibility="not_eligible")
            .exclude(reviewer=F("application__applicant"))
            .exclude(Exists(Review.objects.handed_in().filter(**here)))
            .exclude(Exists(Conflict.objects.filter(**here)))
        )


class Conflict(models.Model):
    """A reviewer should not judge this application: it disappears from queue, search and export for that person."""

    application = models.ForeignKey(
        "cohorts.Application", models.CASCADE, related_name="conflicts", verbose_name=_("application")
    )
    reviewer = models.ForeignKey("accounts.User", models.CASCADE, related_name="review_conflicts", verbose_name=_("reviewer"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    declared_at = models.DateTimeField(_("declared"), auto_now_add=True)

    objects = ReviewPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("conflict of interest")
        verbose_name_plural = _("conflicts of interest")
        constraints = [models.UniqueConstraint(fields=["application", "reviewer"], name="conflict_once")]

    def __str__(self) -> str:
        return str(_("Conflict of interest"))


class ReviewAssignment(models.Model):
    """This reviewer is asked to review this application."""

    application = models.ForeignKey(
        "cohorts.Application", models.CASCADE, related_name="assignments", verbose_name=_("application")
    )
    reviewer = models.ForeignKey("accounts.User", models.CASCADE, related_name="review_assignments", verbose_name=_("reviewer"))
    assigned_at = models.DateTimeField(_("assigned"), auto_now_add=True)

    objects = ReviewAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("review assignment")
        verbose_name_plural = _("review assignments")
        constraints = [models.UniqueConstraint(fields=["application", "reviewer"], name="assignment_once")]

    def __str__(self) -> str:
        return str(_("Review assignment"))


class ReviewClaimQuerySet(ReviewPartQuerySet):
    def alive(self, now=None):
        """Those that still hold."""
        return self.filter(until__gt=now or timezone.now())


class ReviewClaim(models.Model):
    """Somebody reads this application at present: until the claim ends the queue gives it to others last."""

    application = models.ForeignKey("cohorts.Application", models.CASCADE, related_name="claims", verbose_name=_("application"))
    reviewer = models.ForeignKey("accounts.User", models.CASCADE, related_name="review_claims", verbose_name=_("reviewer"))
    claimed_at = models.DateTimeField(_("since"), auto_now_add=True)
    until = models.DateTimeField(_("until"))

    objects = ReviewClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim of a review")
        verbose_name_plural = _("claims of reviews")
        constraints = [models.UniqueConstraint(fields=["application", "reviewer"], name="claim_once")]
        indexes = [models.Index(fields=["until"], name="claim_by_end")]

    def __str__(self) -> str:
        return str(_("Claim of a review"))


class ReviewCapacityQuerySet(models.QuerySet["ReviewCapacity"]):
    def visible_to(self, user):
        """One's own, and those of sessions that `user` organises."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(Q(reviewer=user) | Q(session__in=access.organised_sessions(user)))


class ReviewCapacity(models.Model):
    """The most reviews that somebody can write in a session, handed-in ones included. No row: an even share of the work."""

    session = models.ForeignKey("cohorts.Session", models.CASCADE, related_name="review_capacities", verbose_name=_("session"))
    reviewer = models.ForeignKey("accounts.User", models.CASCADE, related_name="review_capacities", verbose_name=_("reviewer"))
    most = models.PositiveSmallIntegerField(_("most reviews"))

    objects = ReviewCapacityQuerySet.as_manager()

    class Meta:
        verbose_name = _("most reviews of a reviewer")
        verbose_name_plural = _("most reviews of reviewers")
        ordering = ["session", "reviewer"]
        constraints = [models.UniqueConstraint(fields=["session", "reviewer"], name="review_capacity_once")]

    def __str__(self) -> str:
        return str(self.most)
