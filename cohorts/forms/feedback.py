"""The form of a feedback: a field for each question. They show and pass on what was typed; `cohorts.feedback.writing` judges."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.html import format_html, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.templatetags.interface import icon
from cohorts.feedback.values import options_of, typed_of
from cohorts.models import FeedbackForm, FeedbackQuestion

from .checkin import trigger

Kind, Direction = FeedbackQuestion.Kind, FeedbackForm.Direction


class FeedbackEntryForm(forms.Form):
    """`values` are the stored answers by question id. With `save_url` each field saves itself as it is left."""

    def __init__(self, feedback_form: FeedbackForm, data=None, *, values: Mapping[str, Any] | None = None, save_url: str = ""):
        super().__init__(data, label_suffix="")
        self.questions = list(feedback_form.questions.all())
        for question in self.questions:
            name = f"q{question.pk}"
            field = _field(question, feedback_form)
            field.initial = typed_of((values or {}).get(str(question.pk)))
            if save_url:
                field.widget.attrs |= {
                    "hx-post": save_url,
                    "hx-trigger": trigger(while_typing=question.kind == Kind.TEXT),
                    "hx-params": f"{name},version,page,save,field",
                    "hx-vals": json.dumps({"save": "draft", "field": name}),
                }
            self.fields[name] = field

    def typed(self, only: str = "") -> dict[int, str]:
        """What was sent, by question id: of one field, or of all. What was not sent at all is not emptied."""
        names = [only] if only else list(self.fields)
        return {int(name[1:]): self.data[name] for name in names if name in self.fields and name in self.data}

    def show_errors(self, errors: Mapping[int, str]) -> None:
        """Put what the domain found wrong beside the fields. Call it on a form with data."""
        self.is_valid()
        for pk, text in errors.items():
            self.add_error(f"q{pk}", text)


class _TypedField(forms.Field):
    """Passes on what was typed. Marked as required for people; what is missing is said at handing in, and not by browsers before."""

    def clean(self, value):
        return value


def _field(question: FeedbackQuestion, feedback_form: FeedbackForm) -> forms.Field:
    field = _TypedField(label=question.label, required=question.required, help_text=_help(question, feedback_form))
    options = options_of(question)
    if question.kind == Kind.TEXT:
        field.widget = forms.Textarea(attrs={"rows": 4})
    else:
        if not question.required:
            # An answer can be taken back.
            options = [*options, ("", _("no answer"))]
        field.widget = forms.RadioSelect(choices=options)
    # A draft may leave out what is required at the end.
    field.widget.is_required = False
    return field


def _help(question: FeedbackQuestion, feedback_form: FeedbackForm) -> SafeString:
    """The organisers' words, escaped, with addresses made into links; then who reads the answer."""
    words = mark_safe(urlize(question.help_text, autoescape=True))  # noqa: S308 (urlize has escaped it)
    mark = icon("lock" if _only_for_organisers(question, feedback_form) else "review")
    readers = who_reads(question, feedback_form)
    if question.required:
        readers = _("Needs an answer. %(readers)s") % {"readers": readers}
    return format_html('<bdi>{}</bdi> <span class="readers">{} {}</span>', words, mark, readers)


def _only_for_organisers(question: FeedbackQuestion, feedback_form: FeedbackForm) -> bool:
    about_a_person = feedback_form.direction in (Direction.LEADER_MEMBER, Direction.MEMBER_LEADER)
    return question.organisers_only or question.kind == Kind.TEXT or about_a_person


def who_reads(question: FeedbackQuestion, feedback_form: FeedbackForm) -> str:
    """Who reads the answer to a question, in a few words."""
    if feedback_form.direction == Direction.LEADER_MEMBER:
        return _("Only organisers read it, with your name.")
    if _only_for_organisers(question, feedback_form):
        return _("Only organisers read it, without your name.")
    return _("Counted, without your name.")
