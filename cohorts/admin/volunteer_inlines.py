"""Questions to people who offer to help, and their training, on the page of a session."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cohorts.models import Question, TrainingTask, Volunteer

from .access import DATES
from .question_inline import QuestionForm, QuestionFormSet
from .session_inlines import SessionPartInline


class VolunteerQuestionForm(QuestionForm):
    asked_of = forms.ChoiceField(label=_("Asked of"), choices=[("", "---------"), *Question.AskedOf.choices[1:]])
    kind = forms.ChoiceField(
        label=_("Kind of answer"),
        choices=[choice for choice in Question.Kind.choices if choice[0] != Question.Kind.FILE],
        initial=Question.Kind.LONG_TEXT,
    )


class VolunteerQuestionFormSet(QuestionFormSet):
    @classmethod
    def get_default_prefix(cls):
        return "volunteer_questions"

    def get_queryset(self):
        """Marks those that somebody has answered: they are not deleted by tidying up."""
        is_new = not hasattr(self, "_queryset")
        questions = super().get_queryset()
        if is_new and self.instance.pk:
            answered = Volunteer.objects.filter(session=self.instance).answered_questions()
            for question in questions:
                question.is_used = question.pk in answered
        return questions


class VolunteerQuestionInline(SessionPartInline, admin.StackedInline):
    model = Question
    form = VolunteerQuestionForm
    formset = VolunteerQuestionFormSet
    fieldsets = [
        (None, {"fields": [("asked_of", "order", "kind"), "label", "help_text", "choices", "required"]}),
        (
            _("Limits"),
            {
                "classes": ["collapse"],
                "fields": [("min_words", "max_words"), ("at_least", "at_most"), ("not_before", "not_after")],
            },
        ),
        (None, {"fields": ["retired"]}),
    ]
    classes = ["collapse"]
    formfield_overrides = DATES
    verbose_name_plural = _("questions to people who offer to help")

    def get_queryset(self, request):
        return super().get_queryset(request).exclude(asked_of=Question.AskedOf.MEMBER).order_by("asked_of", "order", "pk")

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        formset.by = request.user
        return formset

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name in ("help_text", "choices"):
            kwargs["widget"] = forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"})
        elif db_field.name == "label":
            kwargs["widget"] = forms.TextInput(attrs={"class": "vLargeTextField", "dir": "auto"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class TrainingTaskInline(SessionPartInline, admin.StackedInline):
    model = TrainingTask
    fields = [("role", "order", "due_on"), "title", "text", "link"]
    classes = ["collapse"]
    formfield_overrides = DATES
    verbose_name_plural = _("training before the session begins")

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "text":
            kwargs["widget"] = forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)
