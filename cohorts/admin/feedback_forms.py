"""The form of a feedback form: its words, and a row for each question. `cohorts.feedback.editing` judges."""

from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext_lazy as _

from cohorts.feedback.editing import MOST_QUESTIONS, OF_A_FORM, OF_A_QUESTION, Asked, asked_by
from cohorts.models import FeedbackForm, FeedbackQuestion

#: Empty rows at the end of the page.
SPARE = 2


class FeedbackFormForm(forms.ModelForm):
    class Meta:
        model = FeedbackForm
        fields = OF_A_FORM
        widgets = {
            "intro": forms.Textarea(attrs={"rows": 3}),
            "direction": forms.RadioSelect(),
            "checkpoint": forms.RadioSelect(),
        }
        labels = {"direction": _("Who is asked, about what")}
        help_texts = {
            "title": _("People see it as the name of the form."),
            "week_number": _("Only for “In a week”."),
            "days_to_answer": _(
                "At the start and in the middle they end with the week; at the end they begin with the last day."
            ),
        }

    def __init__(self, data=None, *, row: FeedbackForm | None = None):
        super().__init__(data, instance=FeedbackForm(**_values(row)), label_suffix="")
        self.fields["title"].widget.attrs["class"] = "vLargeTextField"
        self.fields["checkpoint"].choices = FeedbackForm.Checkpoint.choices
        self.fields["direction"].choices = FeedbackForm.Direction.choices

    def clean(self):
        # What belongs together `editing` checks, in words: the constraints would say it once more, in theirs.
        return self.cleaned_data

    def show_errors(self, errors: Mapping[str, list[str]]) -> None:
        for field, texts in errors.items():
            for text in texts:
                self.add_error(field if field in self.fields else None, text)


def _values(row: FeedbackForm | None) -> dict:
    return {name: getattr(row, name) for name in OF_A_FORM} if row is not None else {"checkpoint": FeedbackForm.Checkpoint.WEEK}


class QuestionRowForm(forms.Form):
    """One question. A row whose question is empty is none; the order is that of the numbers."""

    place = forms.IntegerField(label=_("Place"), min_value=1, max_value=999, required=False)
    label = forms.CharField(label=_("Question"), max_length=300, required=False, widget=forms.TextInput(attrs={"dir": "auto"}))
    help_text = forms.CharField(label=_("Help"), max_length=500, required=False)
    kind = forms.ChoiceField(label=_("Kind of answer"), choices=FeedbackQuestion.Kind.choices)
    choices = forms.CharField(
        label=_("Choices"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line. For a scale: the words of its five steps, or of the first and the last."),
    )
    measure = forms.SlugField(
        label=_("Measures"),
        max_length=40,
        required=False,
        help_text=_("A scale with the same word here at the start and at the end is compared. Example: comfort"),
    )
    required = forms.BooleanField(label=_("Needs an answer"), required=False)
    organisers_only = forms.BooleanField(label=_("Only for organisers"), required=False)
    remove = forms.BooleanField(label=_("Take this question away"), required=False)

    def is_question(self) -> bool:
        return bool(self.cleaned_data.get("label", "").strip()) and not self.cleaned_data.get("remove")


class QuestionFormSet(forms.BaseFormSet):
    def asked(self) -> list[Asked]:
        """The questions in their order. Call it on a valid formset."""
        return [
            Asked(**{name: _plain(form.cleaned_data[name]) for name in OF_A_QUESTION if name in form.cleaned_data})
            for form in self._rows()
        ]

    def show_errors(self, errors: Mapping[int, Mapping[str, list[str]]]) -> None:
        """Put errors by the place of a question and its field into the rows."""
        rows = self._rows()
        for place, found in errors.items():
            for field, texts in found.items():
                for text in texts:
                    rows[place].add_error(field, text)

    def _rows(self) -> list:
        rows = [
            (form.cleaned_data.get("place") or 1000, number, form) for number, form in enumerate(self.forms) if form.is_question()
        ]
        return [form for _place, _number, form in sorted(rows, key=lambda each: each[:2])]


def _plain(value):
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def question_formset(data=None, *, row: FeedbackForm | None = None) -> QuestionFormSet:
    """The rows for the questions of `row`, or of what was posted; with `more` in it, with further empty ones."""
    if data is not None and "more" in data:
        data = data.copy()
        total = data.get("questions-TOTAL_FORMS", "")
        data["questions-TOTAL_FORMS"] = str(
            min(int(total) + SPARE, MOST_QUESTIONS) if total.isdecimal() and len(total) < 4 else SPARE
        )
        first = int(data["questions-TOTAL_FORMS"]) - SPARE
        for number in range(max(first, 0), first + SPARE):
            data.setdefault(f"questions-{number}-kind", FeedbackQuestion.Kind.SCALE)
    initial = []
    for place, asked in enumerate(asked_by(row) if row is not None else [], 1):
        initial.append({"place": place, **{name: getattr(asked, name) for name in OF_A_QUESTION}})
    factory = forms.formset_factory(
        QuestionRowForm, formset=QuestionFormSet, extra=SPARE, max_num=MOST_QUESTIONS, absolute_max=MOST_QUESTIONS + SPARE
    )
    return factory(data, initial=initial, prefix="questions", form_kwargs={"label_suffix": ""})
