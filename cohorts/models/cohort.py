"""Cohorts and who belongs to them."""

import datetime

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from . import access
from .phase_switches import blind_reviews


class CohortQuerySet(models.QuerySet["Cohort"]):
    def visible_to(self, user):
        """Members see theirs once the session is published; those who lead, organisers and the operator see it before."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(
            Q(pk__in=access.joined_cohorts(user))
            | Q(pk__in=access.led_cohorts(user))
            | Q(session__in=access.organised_sessions(user))
        )

    def led_by(self, user):
        """Cohorts that `user` may look after: leaders, organisers, the operator. For private facts ask `cared_for_by`."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.cared_for_by(user)

    def cared_for_by(self, user):
        """Cohorts of whose people `user` reads energy, the wish to talk, attendance and reasons: leaders and organisers.

        The operator runs the site and is none of these: it is not theirs to read.
        """
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(pk__in=access.led_cohorts(user)) | Q(session__in=access.organised_sessions(user)))


class Cohort(models.Model):
    """A small team inside a session, working on one project."""

    session = models.ForeignKey("cohorts.Session", models.CASCADE, related_name="cohorts", verbose_name=_("session"))
    name = models.CharField(_("name"), max_length=80)
    project = models.ForeignKey(
        "cohorts.Project", models.PROTECT, null=True, blank=True, related_name="cohorts", verbose_name=_("project")
    )
    channel_url = models.URLField(
        _("link to the channel"), max_length=500, blank=True, help_text=_("Where the cohort chats. Only its people see it.")
    )
    channel_name = models.CharField(_("name of the channel"), max_length=80, blank=True, help_text=_("Example: #team-venus"))
    about = models.TextField(
        _("about this cohort"), blank=True, max_length=5000, help_text=_("Markdown. Who you are and how you work together.")
    )

    objects = CohortQuerySet.as_manager()

    class Meta:
        verbose_name = _("cohort")
        verbose_name_plural = _("cohorts")
        ordering = ["session", Lower("name")]
        constraints = [
            models.UniqueConstraint(
                "session",
                Lower("name"),
                name="cohort_name_once_a_session",
                violation_error_message=_("This session has a cohort of that name."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, user):
        """Own membership once published; those of one's cohorts; all of a session for organisers; all for the operator.

        A place that is kept tells leaders whose application does well: while reviewers do not know the names, neither do they.
        """
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        own = Q(user=user, cohort__session__published_at__isnull=False)
        of_my_cohorts = Q(cohort__in=access.joined_cohorts(user), state__in=access.PRESENT)
        of_led_cohorts = Q(cohort__in=access.led_cohorts(user)) & (~Q(state="invited") | ~Q(cohort__session__in=blind_reviews()))
        organised = Q(cohort__session__in=access.organised_sessions(user))
        return self.filter(own | of_my_cohorts | of_led_cohorts | organised).without_secret_places(user)

    def without_secret_places(self, user):
        """Without kept places that tell `user` of a decision before it is published: one's own, for organisers who applied as well, and
        those of people about whom one declared a conflict of interest."""
        from .review import Conflict

        conflict = Conflict.objects.filter(
            reviewer=user, application__applicant=OuterRef("user"), application__session=OuterRef("cohort__session")
        )
        return self.exclude(Q(state="invited") & (Q(user=user) | Exists(conflict)))

    def led_by(self, user):
        """Memberships of cohorts that `user` leads or whose session `user` organises."""
        return self.filter(cohort__in=Cohort.objects.led_by(user))

    def members(self):
        return self.filter(role="member")

    def present(self):
        """Those who belong to their cohort now: active, resting or completed."""
        return self.filter(state__in=access.PRESENT)

    def leading(self):
        """Those who lead their cohort now: navigators and captains who are present."""
        return self.present().filter(role__in=access.LEADING)

    def tracked(self):
        """Those whose work on GitHub a sync follows: members who are present (resting ones too)."""
        return self.members().present()


class Membership(models.Model):
    """A person in a cohort. Stays when someone leaves.

    `invited` is a place that was not accepted yet: it shows to those who lead and organise, not to the person.
    """

    class Role(models.TextChoices):
        MEMBER = "member", _("Member")
        NAVIGATOR = "navigator", _("Navigator")
        CAPTAIN = "captain", _("Captain")

    class State(models.TextChoices):
        INVITED = "invited", _("Place kept")
        ACTIVE = "active", _("Active")
        RESTING = "resting", _("Resting")
        LEFT = "left", _("Left")
        COMPLETED = "completed", _("Completed")

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="memberships", verbose_name=_("cohort"))
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="memberships", verbose_name=_("person"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.MEMBER)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ACTIVE)
    joined_at = models.DateTimeField(_("joined"), auto_now_add=True)
    left_at = models.DateTimeField(_("left"), null=True, blank=True)
    leaving_reason = models.CharField(
        _("reason for leaving"),
        max_length=500,
        blank=True,
        help_text=_("Read by those who lead and organise, and by the person."),
    )
    resting_until = models.DateField(
        _("rests until"), null=True, blank=True, help_text=_("The last day of a rest of which the end is known.")
    )
    extended_until = models.DateField(
        _("goes on until"), null=True, blank=True, help_text=_("For who goes on after the last week of the session.")
    )
    #: When the reminder of a check-in is written, in the person's own zone: Monday is 0; empty: never.
    reminder_day = models.PositiveSmallIntegerField(
        _("day of the reminder"), null=True, blank=True, default=4, validators=[MaxValueValidator(6)]
    )
    reminder_time = models.TimeField(_("time of the reminder"), default=datetime.time(12))
    #: A choice that is made after its hour begins with the next week.
    reminder_set_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["cohort", F("role").desc(), Lower("user__name"), "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "user"],
                name="membership_once_a_cohort",
                violation_error_message=_("This person belongs to this cohort already."),
            ),
            models.CheckConstraint(condition=~Q(state="left") | Q(left_at__isnull=False), name="membership_left_has_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.cohort}"

    @property
    def leads(self) -> bool:
        return self.role in access.LEADING

    @property
    def says_farewell(self) -> bool:
        """Whether it is time for a farewell: the last week has begun, or the person left."""
        return self.state == self.State.LEFT or self.cohort.session.is_closing
