"""A field with its widget for each kind of question. They show and pass on what was typed; `cohorts.questions` judges."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.templatetags.interface import icon
from cohorts.file_types import ACCEPT
from cohorts.models import AnswerFile, Question
from cohorts.models.question_limits import LONGEST
from cohorts.numbers import plain_number
from cohorts.questions import NO, YES, gone_choices, limits_in_words

Kind = Question.Kind
Choices = list[tuple[str, str]]

#: With more choices than this a list that opens is easier to read than radio buttons.
MOST_RADIO_BUTTONS = 8

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class TypedField(forms.Field):
    """Passes on what was typed: the judgement is that of `cohorts.entries`, the same wherever an entry comes from."""

    def clean(self, value):
        return value


class FileField(TypedField):
    """Holds the id of a `stored` file, if there is one; `templates/cohorts/_file_field.html` shows it, and takes another one."""

    accept = ACCEPT

    def __init__(self, question: Question, typed: str, stored: AnswerFile | None, **kwargs):
        super().__init__(**kwargs)
        self.question_pk, self.stored = question.pk, stored
        #: Whether there was one that is not there any more.
        self.is_gone = stored is None and bool(typed.strip())


class DayInput(forms.TextInput):
    """The browser's own calendar; text that is no day, which such a field would not show, in a field that shows it."""

    input_type = "date"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        if value and not _DAY.fullmatch(value):
            context["widget"]["type"] = "text"
        return context


def question_field(question: Question, typed: str = "", stored: AnswerFile | None = None) -> forms.Field:
    """The field that asks `question` of somebody who has `typed` so far. Its help says the limits, and who reads the answer.

    `stored` is the uploaded file that `typed` names, where the question asks for one.
    """
    about: dict[str, Any] = {
        "label": question.label,
        "required": question.required,
        "widget": question_widget(question, typed),
        "help_text": question_help(question),
    }
    return FileField(question, typed, stored, **about) if question.kind == Kind.FILE else TypedField(**about)


def question_help(question: Question) -> SafeString:
    """The organisers' words, escaped, with addresses made into links; then the limits; then who reads the answer."""
    written = urlize(question.help_text, autoescape=True)
    parts = [mark_safe(written), limits_in_words(question)]  # noqa: S308 (urlize has escaped it)
    words = format_html_join(" ", "<bdi>{}</bdi>", ((part,) for part in parts if part))
    mark = icon("lock" if question.sensitive or not question.shown_to_reviewers else "review")
    return format_html('{} <span class="readers">{} {}</span>', words, mark, who_reads(question))


def who_reads(question: Question) -> str:
    """In words, for the person who answers."""
    if question.sensitive:
        return _("Sensitive: only organisers read this.")
    if not question.shown_to_reviewers:
        return _("Not shown to reviewers: only organisers read this.")
    return _("Shown to reviewers.")


def question_widget(question: Question, typed: str = "") -> forms.Widget:
    """What a browser shows for the kind of `question`; a choice in `typed` that is gone stays visible until it is changed."""
    gone = [(choice, _("%(choice)s (no longer a choice)") % {"choice": choice}) for choice in gone_choices(question, typed)]
    return _WIDGETS[Kind(question.kind)](question, gone)


def _line(question: Question, gone: Choices) -> forms.Widget:
    return forms.TextInput(attrs=_counted(question) | {"dir": "auto"})


def _text(question: Question, gone: Choices) -> forms.Widget:
    return forms.Textarea(attrs=_counted(question) | {"dir": "auto", "rows": "7"})


def _counted(question: Question) -> dict[str, str]:
    """The limits that the browser counts along. That of the kind itself is said only when it comes near."""
    limits = {
        "data-min-words": question.min_words,
        "data-max-words": question.max_words,
        "data-min-characters": question.at_least and int(question.at_least),
        "data-max-characters": question.at_most and int(question.at_most),
        "data-longest": LONGEST[question.kind],
    }
    return {name: str(limit) for name, limit in limits.items() if limit}


def _number(question: Question, gone: Choices) -> forms.Widget:
    # Not type="number": browsers drop what they do not understand there, and nobody is told.
    below_zero = question.at_least is not None and question.at_least < 0
    return forms.TextInput(attrs={"inputmode": "text" if below_zero else "decimal", "class": "short"})


def _date(question: Question, gone: Choices) -> forms.Widget:
    limits = {"min": question.not_before, "max": question.not_after}
    return DayInput(attrs={"class": "short"} | {name: day.isoformat() for name, day in limits.items() if day})


def _url(question: Question, gone: Choices) -> forms.Widget:
    return forms.URLInput(attrs={"spellcheck": "false", "placeholder": "https://"})


def _email(question: Question, gone: Choices) -> forms.Widget:
    return forms.EmailInput(attrs={"spellcheck": "false"})


def _yes_no(question: Question, gone: Choices) -> forms.Widget:
    return forms.RadioSelect(choices=_with_none(question, [(YES, _("Yes")), (NO, _("No"))]))


def _choice(question: Question, gone: Choices) -> forms.Widget:
    choices = _with_none(question, [*_same(question.choice_list), *gone])
    if len(question.choice_list) > MOST_RADIO_BUTTONS:
        return forms.Select(choices=choices if choices[0][0] == "" else [("", _("Choose one")), *choices])
    return forms.RadioSelect(choices=choices)


def _choices(question: Question, gone: Choices) -> forms.Widget:
    limits = {"data-least-choices": question.at_least, "data-most-choices": question.at_most}
    attrs = {name: plain_number(limit) for name, limit in limits.items() if limit}
    return forms.CheckboxSelectMultiple(choices=[*_same(question.choice_list), *gone], attrs=attrs)


def _rating(question: Question, gone: Choices) -> forms.Widget:
    steps = [(str(step), f"{step}: {words}" if words else str(step)) for step, words in question.steps]
    return forms.RadioSelect(choices=_with_none(question, [*steps, *gone]))


def _file(question: Question, gone: Choices) -> forms.Widget:
    return forms.HiddenInput()


_WIDGETS: dict[Kind, Callable[[Question, Choices], forms.Widget]] = {
    Kind.SHORT_TEXT: _line,
    Kind.LONG_TEXT: _text,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.URL: _url,
    Kind.EMAIL: _email,
    Kind.RATING: _rating,
    Kind.YES_NO: _yes_no,
    Kind.FILE: _file,
}


def _same(choices: Sequence[str]) -> Choices:
    return [(choice, choice) for choice in choices]


def _with_none(question: Question, choices: Choices) -> Choices:
    """An optional question can be emptied again: radio buttons have no other way back."""
    return choices if question.required else [("", _("No answer")), *choices]
