"""Applications, and the record of every move they made."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import access
from .phase_switches import sessions_in_sight


class ApplicationQuerySet(models.QuerySet["Application"]):
    def visible_to(self, user):
        """One's own; handed-in ones of sessions one organises, and those one may review; for the operator all that were handed in."""
        if not user.is_authenticated:
            return self.none()
        handed_in = ~Q(status=self.model.Status.DRAFT)
        if user.is_superuser:
            return self.filter(Q(applicant=user) | handed_in)
        return self.filter(
            Q(applicant=user)
            | (handed_in & Q(session__in=access.organised_sessions(user)))
            | Q(pk__in=self.model.objects.reviewable_by(user).values("pk"))
        )

    def organised_by(self, user):
        """Applications on which `user` may decide: of sessions that `user` organises, one's own left out."""
        if not user.is_authenticated:
            return self.none()
        others = self.exclude(applicant=user)
        return others if user.is_superuser else others.filter(session__in=access.organised_sessions(user))

    def decided_by(self, user):
        """What `user` compares with others and decides on: handed-in ones that `user` organises, none with a declared conflict."""
        from .review import Conflict

        conflict = Conflict.objects.filter(application=OuterRef("pk"), reviewer_id=user.pk)
        return self.organised_by(user).exclude(Exists(conflict)).exclude(status=self.model.Status.DRAFT)

    def reviewable_by(self, user):
        """Applications that `user` may score.

        Handed in, in a session in which `user` reviews and which no longer takes applications (until then they still change)
        and whose first phase has opened, if it has phases; not one's own, none with a declared conflict; only the assigned ones
        where the phase says so (organisers are free of that). Those that are not eligible cost nobody time: they are left out,
        unless one has begun a review. Whether a review can be written at this moment is asked of `cohorts.phases`.
        """
        from .review import Conflict, Review, ReviewAssignment
        from .session import Session

        if not user.is_authenticated:
            return self.none()
        here = {"application": OuterRef("pk"), "reviewer": user}
        now = timezone.now()
        organised = Q(session__in=access.organised_sessions(user))
        open_to_all = Q(session__in=sessions_in_sight(now, assigned_only=False))
        return (
            self.filter(session__in=Session.objects.reviewed_by(user).values("pk"), status__in=self.model.UNDER_REVIEW)
            .filter(session__in=sessions_in_sight(now))
            .exclude(applicant=user)
            .exclude(Exists(Conflict.objects.filter(**here)))
            .filter(open_to_all | organised | Q(Exists(ReviewAssignment.objects.filter(**here))))
            .filter(~Q(eligibility=self.model.Eligibility.NOT_ELIGIBLE) | Q(Exists(Review.objects.filter(**here))))
        )

    def worth_a_review(self):
        """Those that reviewers are asked to read: under review, and not marked as not eligible."""
        return self.filter(status__in=self.model.UNDER_REVIEW).exclude(eligibility=self.model.Eligibility.NOT_ELIGIBLE)


class Application(models.Model):
    """One person's application to one session.

    `draft` holds what is being typed, as raw text by question id, checked only on submitting; `answers` hold the version
    that was submitted. So a submitted application stays as it is while a new version is written. `version` counts saves
    of the draft: a save that names an older one is refused. `status` is written by `cohorts.moves` alone.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        WAITLISTED = "waitlisted", _("On the waitlist")
        OFFERED = "offered", _("Offered a place")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        EXPIRED = "expired", _("Offer expired")
        NOT_SELECTED = "not_selected", _("Not selected")

    UNDER_REVIEW = (Status.SUBMITTED, Status.WAITLISTED)

    class Eligibility(models.TextChoices):
        ELIGIBLE = "eligible", _("Eligible")
        NEEDS_A_LOOK = "needs_a_look", _("Needs a look")
        NOT_ELIGIBLE = "not_eligible", _("Not eligible")

    class Decision(models.TextChoices):
        NONE = "none", _("None yet")
        OFFER = "offer", _("Offer a place")
        WAITLIST = "waitlist", _("Waitlist")
        NOT_SELECTED = "not_selected", _("Not selected")

    session = models.ForeignKey("cohorts.Session", models.PROTECT, related_name="applications", verbose_name=_("session"))
    applicant = models.ForeignKey("accounts.User", models.CASCADE, related_name="applications", verbose_name=_("applicant"))
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.DRAFT, editable=False)
    draft = models.JSONField(_("draft"), default=dict, blank=True, editable=False)
    version = models.PositiveIntegerField(_("version of the draft"), default=0, editable=False)
    submitted_version = models.PositiveIntegerField(_("submitted version"), null=True, blank=True, editable=False)
    submitted_at = models.DateTimeField(_("last submitted"), null=True, blank=True, editable=False)
    answer_by = models.DateTimeField(_("offer stands until"), null=True, blank=True, editable=False)
    preferences = models.ManyToManyField("cohorts.Project", through="cohorts.ProjectPreference", related_name="+")

    eligibility = models.CharField(_("eligibility"), max_length=12, choices=Eligibility.choices, default=Eligibility.ELIGIBLE)
    eligibility_reason = models.CharField(_("reason"), max_length=300, blank=True)
    eligibility_by_hand = models.BooleanField(
        _("eligibility set by hand"), default=False, editable=False, help_text=_("The session's rules then change it no more.")
    )
    rule_reasons = models.JSONField(
        _("reasons by the session's rules"),
        default=list,
        blank=True,
        editable=False,
        help_text=_("Texts that the applicant reads too."),
    )
    content_warning = models.CharField(
        _("content warning"), max_length=300, blank=True, editable=False, help_text=_("Reviewers read it before the answers.")
    )
    tier = models.PositiveSmallIntegerField(_("tier"), null=True, blank=True, help_text=_("0 is best."))
    pending_decision = models.CharField(
        _("pending decision"),
        max_length=12,
        choices=Decision.choices,
        default=Decision.NONE,
        help_text=_("Nobody outside the organisers sees it before it is published."),
    )
    pending_rank = models.PositiveSmallIntegerField(_("rank on the waitlist"), null=True, blank=True)
    waitlist_rank = models.PositiveSmallIntegerField(_("published rank on the waitlist"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("begun"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["session", "submitted_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "applicant"], name="application_once_a_session"),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(submitted_at__isnull=False), name="application_submitted_has_a_time"
            ),
            models.CheckConstraint(
                condition=Q(pending_rank__isnull=True) | Q(pending_decision="waitlist"),
                name="application_rank_only_on_waitlist",
                violation_error_message=_("A rank goes with the waitlist only."),
            ),
        ]
        indexes = [models.Index(fields=["session", "status"], name="application_by_status")]

    def __str__(self) -> str:
        # Never the applicant's name: this text turns up in histories, logs and selects that reviewers may see.
        return str(_("Application %(number)s") % {"number": self.pk})


class ProjectPreference(models.Model):
    """A project that an applicant would like to work on; 1 is the favourite."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="project_preferences")
    project = models.ForeignKey("cohorts.Project", models.CASCADE, related_name="+", verbose_name=_("project"))
    rank = models.PositiveSmallIntegerField(_("rank"))

    class Meta:
        verbose_name = _("project preference")
        verbose_name_plural = _("project preferences")
        ordering = ["application", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["application", "project"], name="preference_project_once"),
            models.UniqueConstraint(fields=["application", "rank"], name="preference_rank_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rank}. {self.project}"


class ApplicationEventQuerySet(models.QuerySet["ApplicationEvent"]):
    def visible_to(self, user):
        """The history of applications that `user` organises, and of one's own."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(Q(application__applicant=user) | Q(application__session__in=access.organised_sessions(user)))


class ApplicationEvent(models.Model):
    """One move of an application. Written by `cohorts.moves` alone, never changed."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="events", verbose_name=_("application"))
    from_status = models.CharField(_("from"), max_length=12, choices=Application.Status.choices)
    to_status = models.CharField(_("to"), max_length=12, choices=Application.Status.choices)
    actor = models.ForeignKey(
        "accounts.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
        help_text=_("Empty: the site itself, or somebody whose account is gone."),
    )
    at = models.DateTimeField(_("when"))
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = ApplicationEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("move of an application")
        verbose_name_plural = _("moves of applications")
        ordering = ["application", "at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_from_status_display()} → {self.get_to_status_display()}"
