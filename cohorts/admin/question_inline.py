"""The questions of a session, on its page."""

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from cohorts.models import Answer, Question
from cohorts.retiring import retire, unretire

from .access import DATES
from .session_inlines import KeepsUsedFormSet, SessionPartInline


class QuestionForm(forms.ModelForm):
    """A question, with a box to stop asking it once there are answers: then it cannot be deleted."""

    retired = forms.BooleanField(
        label=_("Ask it no longer"),
        required=False,
        help_text=_("It leaves the form. Answers that were given stay readable. Take the tick away to ask it again."),
    )

    class Meta:
        labels = {"at_least": _("At least"), "at_most": _("At most")}
        help_texts = {
            "order": _("Questions with a smaller number come first."),
            "at_least": _("The smallest number; for texts so many characters; for several choices so many of them."),
            "at_most": _("The largest number; so many characters or choices; for files so many megabytes."),
            "choices": _(
                "One a line, for questions with choices. For a rating: the words of each step from 1 upwards; empty is 1 to 5."
            ),
            "sensitive": _("Only organisers read the answers. The form says so."),
            "shown_to_reviewers": _("The form says whether reviewers read the answers. Sensitive ones are never shown to them."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        question = self.instance
        self.fields["retired"].initial = question.retired_at is not None
        if question.retired_at is None and not getattr(question, "is_used", False):
            # Nobody has answered it: it can be deleted.
            self.fields["retired"].disabled = True
            self.fields["retired"].widget = forms.HiddenInput()


class QuestionFormSet(KeepsUsedFormSet):
    """Saves the questions, and stops asking those whose box is ticked. `by` is the organiser who saves."""

    why = _("Has answers: stays")
    by = None

    def save(self, commit=True):
        saved = super().save(commit)
        for form in self.initial_forms if commit else ():
            if form in self.deleted_forms or "retired" not in form.changed_data:
                continue
            change = retire if form.cleaned_data["retired"] else unretire
            change(form.instance, by=self.by)
        return saved


class QuestionInline(SessionPartInline, admin.StackedInline):
    model = Question
    form = QuestionForm
    formset = QuestionFormSet
    fieldsets = [
        (None, {"fields": [("order", "kind"), "label", "help_text", "choices", "required", "sensitive", "shown_to_reviewers"]}),
        (
            _("Limits"),
            {
                "classes": ["collapse"],
                "description": _(
                    "Fill in only what fits the kind of answer, and leave the rest empty. Texts: words, and characters with “at least” and "
                    "“at most”. Numbers: smallest and largest. Several choices: how many of them. Dates: the first and the last day. "
                    "Files: the largest size in megabytes, under “at most”."
                ),
                "fields": [("min_words", "max_words"), ("at_least", "at_most"), ("not_before", "not_after")],
            },
        ),
        (None, {"fields": ["retired"]}),
    ]
    classes = ["collapse"]
    formfield_overrides = DATES

    def get_queryset(self, request):
        return super().get_queryset(request).of_form().annotate(is_used=Exists(Answer.objects.filter(question=OuterRef("pk"))))

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
