"""People who want to navigate, to be a captain or to organise: their form, an invitation, and what they learn before the start."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from . import access
from .session import Session


class VolunteerQuerySet(models.QuerySet["Volunteer"]):
    def visible_to(self, user):
        """One's own, invitations to one's confirmed addresses too; for organisers of the session all that was handed in or invited."""
        if not user.is_authenticated:
            return self.none()
        own, shown = self.model.belongs_to(user), ~Q(state="draft")
        if user.is_superuser:
            return self.filter(own | shown)
        return self.filter(own | (shown & Q(session__in=access.organised_sessions(user))))

    def of(self, user):
        """What `user` offered, and what this person is asked for: by name, or at an address that this person has confirmed."""
        return self.filter(self.model.belongs_to(user)) if user.is_authenticated else self.none()

    def accepted(self):
        return self.filter(state="accepted")

    def handed_in(self):
        """Those who wait for an organiser to decide."""
        return self.filter(state="submitted")

    def answered_questions(self) -> set[int]:
        """Ids of the questions that somebody among these has answered and handed in. One query."""
        given = self.filter(submitted_at__isnull=False).values_list("values", flat=True)
        return {int(key) for values in given for key, text in values.items() if key.isdecimal() and str(text).strip()}


class Volunteer(models.Model):
    """That somebody offers or is asked to help in a session.

    `values` holds raw answers by question id, as drafts of applications do: those that were handed in; under “draft” what was typed
    since, or before that. An invitation to an address has an `email` and no `user` until somebody answers it: whether the address
    has an account is nothing that organisers learn from it.
    """

    class Role(models.TextChoices):
        NAVIGATOR = "navigator", _("Navigator")
        CAPTAIN = "captain", _("Captain")
        ORGANISER = "organiser", _("Organiser")

    class State(models.TextChoices):
        INVITED = "invited", _("Invited")
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Handed in")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Not this time")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    session = models.ForeignKey(Session, models.CASCADE, related_name="volunteers", verbose_name=_("session"))
    user = models.ForeignKey(
        "accounts.User", models.CASCADE, null=True, blank=True, related_name="volunteering", verbose_name=_("person")
    )
    email = models.EmailField(_("address"), max_length=254, blank=True)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    projects = models.ManyToManyField("cohorts.Project", related_name="+", blank=True, verbose_name=_("projects"))
    values = models.JSONField(_("answers"), default=dict, blank=True)
    note = models.TextField(_("note to the person"), blank=True, max_length=2000)
    invited_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    invited_at = models.DateTimeField(_("invited"), null=True, blank=True)
    submitted_at = models.DateTimeField(_("handed in"), null=True, blank=True)
    decided_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    saved_by_form = models.CharField(max_length=40, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = VolunteerQuerySet.as_manager()

    class Meta:
        verbose_name = _("volunteer")
        verbose_name_plural = _("volunteers")
        ordering = ["session", "role", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "user", "role"], name="volunteer_once_a_role"),
            models.UniqueConstraint(
                "session", Lower("email"), "role", condition=Q(user__isnull=True), name="volunteer_invited_once_a_role"
            ),
            models.CheckConstraint(condition=Q(user__isnull=False) | ~Q(email=""), name="volunteer_is_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.email}, {self.get_role_display()}"

    @staticmethod
    def belongs_to(user) -> Q:
        """Rows of `user`, and invitations to addresses that `user` has confirmed and nobody has answered yet."""
        from allauth.account.models import EmailAddress

        confirmed = EmailAddress.objects.filter(user=user, verified=True).annotate(key=Lower("email")).values("key")
        # Invitations are written with small letters.
        return Q(user=user) | Q(user__isnull=True, email__in=confirmed)


class TrainingTaskQuerySet(models.QuerySet["TrainingTask"]):
    def visible_to(self, user):
        """For organisers of the session, and for those who have or were accepted for its role."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        accepted = Volunteer.objects.accepted().filter(user=user)
        memberships = access.led_cohorts(user)
        wanted = Q(session__in=accepted.values("session")) | Q(session__cohorts__in=memberships)
        return self.filter(wanted | Q(session__in=access.organised_sessions(user))).distinct()


class TrainingTask(models.Model):
    """Something that a volunteer learns or does before a session starts. `role` empty: everybody who helps."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="training_tasks", verbose_name=_("session"))
    role = models.CharField(_("for"), max_length=10, choices=Volunteer.Role.choices, blank=True, help_text=_("Empty: for all."))
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    title = models.CharField(_("title"), max_length=150)
    text = models.TextField(_("text"), blank=True, max_length=5000, help_text=_("Markdown."))
    link = models.URLField(_("link"), max_length=500, blank=True)
    due_on = models.DateField(_("until"), null=True, blank=True, help_text=_("Empty: the day before the session begins."))

    objects = TrainingTaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("training task")
        verbose_name_plural = _("training tasks")
        ordering = ["session", "order", "pk"]

    def __str__(self) -> str:
        return self.title


class TrainingDoneQuerySet(models.QuerySet["TrainingDone"]):
    def visible_to(self, user):
        """One's own, and all of the sessions one organises."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(Q(user=user) | Q(task__session__in=access.organised_sessions(user)))


class TrainingDone(models.Model):
    """That somebody has done a training task."""

    task = models.ForeignKey(TrainingTask, models.CASCADE, related_name="done", verbose_name=_("task"))
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", verbose_name=_("person"))
    done_at = models.DateTimeField(auto_now_add=True)

    objects = TrainingDoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("training task done")
        verbose_name_plural = _("training tasks done")
        constraints = [models.UniqueConstraint(fields=["task", "user"], name="training_done_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.task}"
