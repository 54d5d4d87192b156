"""Feedback: what people are asked at the start, in the middle, at the end and in any week, and what they say."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from . import access
from .cohort import Membership
from .session import Session


class FeedbackFormQuerySet(models.QuerySet["FeedbackForm"]):
    def visible_to(self, user):
        """Of the sessions one has a part in, as organiser or by a place."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(session__in=access.sessions_with_a_part(user))


class FeedbackForm(models.Model):
    """One version of a set of questions. Once somebody answered, a change makes a new version (`key` stays), so that answers keep
    the words that they answer to."""

    class Checkpoint(models.TextChoices):
        START = "start", _("At the start")
        MIDDLE = "middle", _("In the middle")
        END = "end", _("At the end")
        WEEK = "week", _("In a week")

    class Direction(models.TextChoices):
        MEMBER_PROGRAM = "member_program", _("Members about the program")
        LEADER_PROGRAM = "leader_program", _("Navigators and captains about the program")
        LEADER_MEMBER = "leader_member", _("Navigators about each member")
        MEMBER_LEADER = "member_leader", _("Members about those who lead them")

    session = models.ForeignKey(Session, models.CASCADE, related_name="feedback_forms", verbose_name=_("session"))
    key = models.SlugField(_("short name"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    title = models.CharField(_("title"), max_length=120)
    intro = models.TextField(_("introduction"), blank=True, max_length=5000, help_text=_("Markdown."))
    checkpoint = models.CharField(_("when"), max_length=6, choices=Checkpoint.choices)
    week_number = models.PositiveSmallIntegerField(_("week"), null=True, blank=True, help_text=_("For “in a week”."))
    direction = models.CharField(_("who about what"), max_length=14, choices=Direction.choices, default=Direction.MEMBER_PROGRAM)
    days_to_answer = models.PositiveSmallIntegerField(
        _("days to answer"), default=7, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FeedbackFormQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback form")
        verbose_name_plural = _("feedback forms")
        ordering = ["session", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "key", "version"], name="feedback_form_version_once"),
            models.UniqueConstraint(
                fields=["session", "key"], condition=Q(retired_at__isnull=True), name="feedback_form_one_in_use"
            ),
            models.CheckConstraint(
                condition=~Q(checkpoint="week") | Q(week_number__isnull=False), name="feedback_form_names_its_week"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class FeedbackQuestionQuerySet(models.QuerySet["FeedbackQuestion"]):
    def visible_to(self, user):
        """Questions of the forms that `user` may see."""
        return self.filter(form__in=FeedbackForm.objects.visible_to(user))


class FeedbackQuestion(models.Model):
    """One question of a form. `measure` names what is compared between forms, such as “comfort” at the start and at the end."""

    class Kind(models.TextChoices):
        SCALE = "scale", _("Scale from 1 to 5")
        TEXT = "text", _("Text")
        YES_NO = "yes_no", _("Yes or no")
        CHOICE = "choice", _("One of several choices")

    form = models.ForeignKey(FeedbackForm, models.CASCADE, related_name="questions", verbose_name=_("form"))
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    label = models.CharField(_("question"), max_length=300)
    help_text = models.CharField(_("help"), max_length=500, blank=True)
    kind = models.CharField(_("kind of answer"), max_length=6, choices=Kind.choices, default=Kind.SCALE)
    choices = models.TextField(_("choices"), blank=True, help_text=_("One a line. For a scale: the words of its five steps."))
    required = models.BooleanField(_("required"), default=False)
    organisers_only = models.BooleanField(
        _("only for organisers"), default=False, help_text=_("Else those who lead read the results, too, from three answers.")
    )
    measure = models.SlugField(_("measures"), max_length=40, blank=True, help_text=_("Example: comfort"))

    objects = FeedbackQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question of a feedback form")
        verbose_name_plural = _("questions of feedback forms")
        ordering = ["form", "order", "pk"]

    def __str__(self) -> str:
        return self.label


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    def visible_to(self, user):
        """One's own, asked or written; what was handed in, for organisers of the session. All others read counted results."""
        if not user.is_authenticated:
            return self.none()
        written = Q(written_at__isnull=False)
        own = Q(membership__user=user)
        if user.is_superuser:
            return self.filter(own | written)
        return self.filter(own | (written & Q(form__session__in=access.organised_sessions(user))))


class Feedback(models.Model):
    """That somebody is asked, and what they said: values by question id, as JSON (a number, a text, a truth value).

    A draft until `written_at` is set. `due_on` is this person's own day. `excused_at`: it is not asked any more, such as of who left.
    """

    form = models.ForeignKey(FeedbackForm, models.CASCADE, related_name="feedback", verbose_name=_("form"))
    #: Empty once the person's account is deleted: counts stay as they were told, and nothing says whose answer it was.
    membership = models.ForeignKey(
        Membership, models.CASCADE, null=True, blank=True, related_name="feedback", verbose_name=_("person")
    )
    #: Of answers whose writer deleted the account: the same for all that one person said in a session, and nobody's otherwise.
    stand_in = models.UUIDField(null=True, blank=True, editable=False)
    about = models.ForeignKey(
        Membership, models.CASCADE, null=True, blank=True, related_name="feedback_about", verbose_name=_("about")
    )
    due_on = models.DateField(_("due"))
    values = models.JSONField(_("answers"), default=dict, blank=True)
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    written_at = models.DateTimeField(_("handed in"), null=True, blank=True)
    excused_at = models.DateTimeField(_("not asked any more"), null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    saved_by_form = models.CharField(max_length=40, blank=True, editable=False)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["form", "membership", "about"], name="feedback_once_about"),
            models.UniqueConstraint(fields=["form", "membership"], condition=Q(about__isnull=True), name="feedback_once"),
        ]

    def __str__(self) -> str:
        of = self.membership or _("Deleted account")
        return f"{of}, {self.form}"
