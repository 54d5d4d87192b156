"""What an application asks, and what people answer."""

import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.web_addresses import web_address

from . import access
from .question_limits import limit_errors
from .session import Session

#: What people who answered rely on.
REMEMBERED = ("kind", "label", "choices", "sensitive", "shown_to_reviewers", "asked_of")

#: The steps of a rating that has no words.
PLAIN_STEPS = 5


class QuestionQuerySet(models.QuerySet["Question"]):
    def of_form(self, form: str = "member"):
        """Those of one form: that of applicants, or that of people who offer to help in a role. Retired ones are among them."""
        return self.filter(asked_of=form)

    def asked(self, form: str = "member"):
        """Those that `form` asks: not the retired ones, whose answers stay readable."""
        return self.of_form(form).filter(retired_at__isnull=True)

    def visible_to(self, user):
        """Questions of the sessions that `user` may see."""
        return self.filter(session__in=Session.objects.visible_to(user))


class Question(models.Model):
    """One question of a session: of its application form, or of the form for people who want to help in a role."""

    class Kind(models.TextChoices):
        SHORT_TEXT = "short_text", _("Short text")
        LONG_TEXT = "long_text", _("Long text")
        NUMBER = "number", _("Number")
        DATE = "date", _("Date")
        CHOICE = "choice", _("One of several choices")
        CHOICES = "choices", _("Several of several choices")
        URL = "url", _("Web address")
        EMAIL = "email", _("Email address")
        RATING = "rating", _("Rating")
        YES_NO = "yes_no", _("Yes or no")
        FILE = "file", _("File")

    #: Kinds whose answers can stand in an order from least to most.
    IN_ORDER = (Kind.NUMBER, Kind.RATING, Kind.CHOICE, Kind.CHOICES, Kind.YES_NO)

    class AskedOf(models.TextChoices):
        """Whose form the question stands in: that of applicants, or that of people who want to help."""

        MEMBER = "member", _("Applicants")
        NAVIGATOR = "navigator", _("Navigators")
        CAPTAIN = "captain", _("Captains")
        ORGANISER = "organiser", _("Organisers")

    asked_of = models.CharField(_("asked of"), max_length=10, choices=AskedOf.choices, default=AskedOf.MEMBER)
    session = models.ForeignKey("cohorts.Session", models.CASCADE, related_name="questions", verbose_name=_("session"))
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    label = models.CharField(_("question"), max_length=300)
    help_text = models.TextField(_("help"), blank=True, help_text=_("Shown under the question."))
    kind = models.CharField(_("kind of answer"), max_length=12, choices=Kind.choices, default=Kind.LONG_TEXT)
    required = models.BooleanField(_("required"), default=True)
    min_words = models.PositiveSmallIntegerField(_("at least so many words"), null=True, blank=True)
    max_words = models.PositiveSmallIntegerField(_("at most so many words"), null=True, blank=True)
    choices = models.TextField(
        _("choices"),
        blank=True,
        help_text=_("One a line. For a rating: the words of each step, from 1 upwards; empty is 1 to 5."),
    )
    at_least = models.DecimalField(
        _("smallest"),
        max_digits=15,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("The smallest number, or how many choices at least."),
    )
    at_most = models.DecimalField(
        _("largest"),
        max_digits=15,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("The largest number, how many choices at most, or the size of a file in megabytes."),
    )
    not_before = models.DateField(_("not before"), null=True, blank=True, help_text=_("For dates."))
    not_after = models.DateField(_("not after"), null=True, blank=True, help_text=_("For dates."))
    retired_at = models.DateTimeField(
        _("no longer asked since"), null=True, blank=True, editable=False, help_text=_("Answers that were given stay readable.")
    )
    copied_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="copies", verbose_name=_("copied from")
    )
    sensitive = models.BooleanField(_("sensitive"), default=False, help_text=_("Only organisers read the answers."))
    shown_to_reviewers = models.BooleanField(_("shown to reviewers"), default=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["session", "order", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(min_words__isnull=True) | Q(max_words__isnull=True) | Q(min_words__lte=F("max_words")),
                name="question_word_limits",
                violation_error_message=_("The smallest number of words cannot be above the largest."),
            ),
            models.CheckConstraint(
                condition=Q(at_least__isnull=True) | Q(at_most__isnull=True) | Q(at_least__lte=F("at_most")),
                name="question_number_limits",
                violation_error_message=_("The smallest cannot be above the largest."),
            ),
            models.CheckConstraint(
                condition=Q(not_before__isnull=True) | Q(not_after__isnull=True) | Q(not_before__lte=F("not_after")),
                name="question_date_limits",
                violation_error_message=_("The first day cannot be after the last."),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def save(self, *args, **kwargs):
        """Answers keep the words that they were given to: the first change of a label writes the earlier one beside them."""
        super().save(*args, **kwargs)
        label = self._stored.get("label")
        if label and label != self.label:
            self.answers.filter(asked="").update(asked=label)
        # What was deferred is in no hurry to be fetched.
        self._stored = {name: self.__dict__[name] for name in REMEMBERED if name in self.__dict__}

    _stored: dict[str, object] = {}

    @classmethod
    def from_db(cls, db, field_names, values, *, fetch_mode=None):
        """Remembers what was stored, to notice when it changes after people have answered."""
        question = super().from_db(db, field_names, values, fetch_mode=fetch_mode)
        stored = dict(zip(field_names, values, strict=True))
        question._stored = {name: stored[name] for name in REMEMBERED if name in stored}
        return question

    def clean(self):
        """Refuses limits that make no sense for the kind, and what would betray those who have answered already.

        A sensitive question is never shown to reviewers, whatever is ticked.
        """
        super().clean()
        if self.sensitive:
            self.shown_to_reviewers = False
        errors = limit_errors(self)
        if self.asked_of != self.AskedOf.MEMBER and self.kind == self.Kind.FILE:
            errors["kind"] = ValidationError(
                _("Only applications take files. Ask for an address on the web instead."), code="kind"
            )
        if self.pk and (broken := self._promises_broken()) and self._is_answered():
            errors |= broken
        elif (
            self.kind == self.Kind.RATING and self.pk and self._stored.get("choices") != self.choices and "choices" not in errors
        ):
            highest = self._highest_answer()
            if highest > len(self.steps):
                errors["choices"] = ValidationError(
                    _("Somebody has answered with step %(highest)s: keep at least so many steps."),
                    code="answered",
                    params={"highest": highest},
                )
        if errors:
            raise ValidationError(errors)

    def _is_answered(self) -> bool:
        """Whether somebody has handed in an answer: with an application, or in a form for people who help."""
        from .volunteer import Volunteer

        if self._stored.get("asked_of", self.asked_of) == self.AskedOf.MEMBER:
            return self.answers.exists()
        return self.pk in Volunteer.objects.filter(session=self.session_id).answered_questions()

    def _promises_broken(self) -> dict[str, ValidationError]:
        """What cannot change once there are answers: of which kind they are, and that fewer people read them than now."""
        broken = {}
        if self._stored.get("kind", self.kind) != self.kind:
            broken["kind"] = _(
                "People have answered this question already, and their answers are of the kind that it has. Stop asking it, and "
                "add a new question of the other kind."
            )
        if self._stored.get("asked_of", self.asked_of) != self.asked_of:
            broken["asked_of"] = _(
                "People have answered this question already. Stop asking it, and add a new one for the others."
            )
        if self._stored.get("sensitive") and not self.sensitive:
            broken["sensitive"] = _(
                "People have answered this question because only organisers read it. Stop asking it, and add a new question."
            )
        elif self._stored.get("shown_to_reviewers", True) is False and self.shown_to_reviewers:
            broken["shown_to_reviewers"] = _(
                "People have answered this question because reviewers do not read it. Stop asking it, and add a new question."
            )
        return {name: ValidationError(words, code="answered") for name, words in broken.items()}

    def _highest_answer(self) -> int:
        values = self.answers.values_list("value", flat=True)
        return max((value for value in values if isinstance(value, int)), default=0)

    @property
    def tells_experience(self) -> bool:
        """Whether its answers can be put in order from least to most, and may be used for it: what is sensitive may not.

        Choices are meant in the order in which they stand; a single one says nothing. Only applicants are placed by it.
        """
        if self.asked_of != self.AskedOf.MEMBER or self.sensitive or self.kind not in self.IN_ORDER:
            return False
        return self.kind not in (self.Kind.CHOICE, self.Kind.CHOICES) or len(self.choice_list) > 1

    @property
    def choice_list(self) -> list[str]:
        """The choices in order, blank lines and repeats left out."""
        return list(dict.fromkeys(line.strip() for line in self.choices.splitlines() if line.strip()))

    @property
    def steps(self) -> list[tuple[int, str]]:
        """The steps of a rating from 1 upwards, each with its words; without words there are five."""
        words = self.choice_list or [""] * PLAIN_STEPS
        return list(enumerate(words, start=1))


class AnswerQuerySet(models.QuerySet["Answer"]):
    def visible_to(self, user):
        """Own answers; all of a session for its organisers and the operator; for reviewers those meant for them."""
        from .application import Application

        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        meant_for_reviewers = Q(question__shown_to_reviewers=True, question__sensitive=False)
        return self.filter(
            Q(application__applicant=user)
            | Q(application__session__in=access.organised_sessions(user))
            | (meant_for_reviewers & Q(application__in=Application.objects.reviewable_by(user)))
        )


class Answer(models.Model):
    """The submitted answer to one question, as `cohorts.questions.parse_answer` makes it from what was typed."""

    application = models.ForeignKey("cohorts.Application", models.CASCADE, related_name="answers", verbose_name=_("application"))
    question = models.ForeignKey(Question, models.PROTECT, related_name="answers", verbose_name=_("question"))
    value = models.JSONField(_("answer"))
    file = models.OneToOneField(
        "cohorts.AnswerFile",
        models.RESTRICT,
        null=True,
        blank=True,
        editable=False,
        related_name="answer",
        verbose_name=_("file"),
    )
    asked = models.CharField(
        _("asked as"), max_length=300, blank=True, editable=False, help_text=_("The words of the question when it was answered.")
    )

    objects = AnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["question__order", "question_id"]
        constraints = [models.UniqueConstraint(fields=["application", "question"], name="answer_once")]

    def __str__(self) -> str:
        return str(self.display)

    @property
    def display(self) -> str:
        """The answer as people read it: plain text, which a template escapes. The question should be loaded.

        It never fails, whatever became of the question since, and it never tells the name of a file.
        """
        value = self.value
        if isinstance(value, bool):
            return str(_("Yes") if value else _("No"))
        if isinstance(value, list):
            return "\n".join(map(str, value))
        if self.file_id is not None:
            return str(self.file)
        kind = self.question.kind
        if kind == Question.Kind.FILE and isinstance(value, int):
            return str(_("File"))
        if kind == Question.Kind.DATE:
            return _day(value)
        if kind == Question.Kind.RATING and isinstance(value, int):
            return _step(self.question, value)
        return str(value)

    @property
    def link(self) -> str:
        """The address in the answer to a question for one, where it is a plain one of the web: templates make a link of it."""
        return web_address(self.value) if self.question.kind == Question.Kind.URL else ""

    @property
    def asked_otherwise(self) -> str:
        """The words of the question when it was answered, where they are other words today; else empty."""
        return self.asked if self.asked != self.question.label else ""


def _day(value: object) -> str:
    try:
        return date_format(datetime.date.fromisoformat(str(value)), "DATE_FORMAT")
    except ValueError:
        return str(value)


def _step(question: Question, value: int) -> str:
    words = dict(question.steps).get(value, "")
    if words:
        return f"{value}: {words}"
    return str(_("%(step)s of %(steps)s") % {"step": value, "steps": len(question.steps)})
