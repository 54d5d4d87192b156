"""The application form, made from a session's questions. It shows and reads; `cohorts.entries` judges."""

from collections.abc import Mapping

from django import forms
from django.utils.html import conditional_escape, format_html, urlize
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cohorts.accommodations import LONGEST_ACCOMMODATIONS
from cohorts.entries import Entry, preference_name, question_name, ranks
from cohorts.models import Question, Session
from cohorts.questions import NO, YES, asked_questions, clean_text, limits_in_words

Kind = Question.Kind

#: With more choices than this a list that opens is easier to read than radio buttons.
MOST_RADIO_BUTTONS = 8


class TypedField(forms.Field):
    """Passes on what was typed: the judgement is that of `cohorts.entries`, the same wherever an entry comes from."""

    def clean(self, value):
        return value


class ApplicationForm(forms.Form):
    """Shows an `Entry` in the form of a session, with the errors that submitting it brought up, by the field's name.

    `github` is the applicant's proven GitHub identity, if any: then nothing is asked about it.
    """

    use_required_attribute = False

    def __init__(self, session: Session, entry: Entry, *, github=None, errors: Mapping[str, list] | None = None):
        self.session, self.entry, self.github, self.found = session, entry, github, errors or {}
        self.questions = asked_questions(session)
        self.projects = list(session.projects.all())
        super().__init__(data=self._as_data(entry), label_suffix="")
        for question in self.questions:
            self.fields[question_name(question.pk)] = question_field(question)
        for rank in ranks(self.projects):
            self.fields[preference_name(rank)] = self._preference_field(rank)
        if github is None:
            self.fields["github_login"] = TypedField(
                label=_("Your GitHub login"),
                required=False,
                widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
                help_text=_("So that we find your work on GitHub during the session. You can add it later."),
            )
        self.fields["accommodations"] = TypedField(
            label=_("What would help you take part?"),
            required=False,
            widget=forms.Textarea(attrs={"rows": "3", "dir": "auto", "maxlength": str(LONGEST_ACCOMMODATIONS)}),
            help_text=_(
                "For example captions in calls, more time, or no meetings on certain days. Leave it empty if nothing comes to mind."
            ),
        )

    @staticmethod
    def _as_data(entry: Entry) -> dict[str, str]:
        data = {question_name(pk): text for pk, text in entry.texts.items()}
        data |= {preference_name(rank): str(pk) for rank, pk in enumerate(entry.preferences, start=1)}
        return data | {"github_login": entry.github_login, "accommodations": entry.accommodations}

    def _preference_field(self, rank: int) -> forms.Field:
        choices = [("", gettext_lazy("No choice")), *((str(project.pk), project.name) for project in self.projects)]
        return TypedField(label=_("Choice %(rank)s") % {"rank": rank}, required=False, widget=forms.Select(choices=choices))

    def clean(self):
        for name, errors in self.found.items():
            self.add_error(name if name in self.fields else None, errors)

    def question_fields(self):
        """The questions' bound fields, in their order."""
        return [self[question_name(question.pk)] for question in self.questions]

    def preference_fields(self):
        return [self[preference_name(rank)] for rank in ranks(self.projects)]

    def as_read(self) -> list[tuple[str, str]]:
        """The entry as (label, text) for reading, in the form's order. What was left empty is left out."""
        read = [(field.label, self._text(field)) for field in self.question_fields()]
        read.append((_("Projects"), self._preferences(self.entry)))
        read.append((_("Your GitHub login"), self.entry.github_login))
        read.append((_("What would help you take part?"), self.entry.accommodations))
        return [(str(label), text) for label, text in read if text.strip()]

    def differing_from(self, other: Entry) -> dict[str, str]:
        """Where another entry says something else: its text for reading, by the field's name."""
        shown = ApplicationForm(self.session, other, github=self.github)
        beside = {}
        for name in self.entry.differences(other) & set(self.fields):
            is_preference = name == preference_name(1)
            beside[name] = self._preferences(other) if is_preference else shown._text(shown[name])
        return beside

    @staticmethod
    def _text(field) -> str:
        value = field.data or ""
        choices = getattr(field.field.widget, "choices", None)
        return str(dict(choices).get(value, value)) if choices and value else str(value)

    def _preferences(self, entry: Entry) -> str:
        names = {project.pk: project.name for project in self.projects}
        return ", ".join(names[pk] for pk in entry.preferences if pk in names)


def read_entry(session: Session, data: Mapping[str, str]) -> Entry:
    """The entry in submitted form data. Fields that the session does not have are ignored, whatever they hold."""
    texts = {q.pk: clean_text(data.get(question_name(q.pk), "")) for q in asked_questions(session)}
    projects = {str(project.pk): project.pk for project in session.projects.all()}
    chosen = [data.get(preference_name(rank), "") for rank in ranks(projects)]
    preferences = tuple(projects[value] for value in chosen if value in projects)
    accommodations = clean_text(data.get("accommodations", ""))
    return Entry(texts, preferences, clean_text(data.get("github_login", ""))[:200], accommodations)


def question_field(question: Question) -> forms.Field:
    """The field that asks `question`; its help ends with the limits in words."""
    return TypedField(
        label=question.label, required=question.required, widget=question_widget(question), help_text=question_help(question)
    )


def question_help(question: Question) -> str:
    """The organisers' words, escaped, with addresses made into links; then the limits."""
    words = conditional_escape(limits_in_words(question))
    written = urlize(question.help_text, autoescape=True)
    if written and words:
        return format_html("{} {}", mark_safe(written), words)  # noqa: S308 (urlize has escaped it)
    return mark_safe(written) if written else words  # noqa: S308 (urlize has escaped it)


def question_widget(question: Question) -> forms.Widget:
    if question.kind == Kind.YES_NO:
        return forms.RadioSelect(choices=_choices(question, [(YES, _("Yes")), (NO, _("No"))]))
    if question.kind == Kind.CHOICE:
        choices = _choices(question, [(choice, choice) for choice in question.choice_list])
        if len(choices) > MOST_RADIO_BUTTONS:
            return forms.Select(choices=choices if choices[0][0] == "" else [("", _("Choose one")), *choices])
        return forms.RadioSelect(choices=choices)
    limits = {"data-min-words": question.min_words, "data-max-words": question.max_words}
    attrs = {name: str(value) for name, value in limits.items() if value}
    attrs["dir"] = "auto"
    if question.kind == Kind.SHORT_TEXT:
        return forms.TextInput(attrs=attrs)
    return forms.Textarea(attrs=attrs | {"rows": "7"})


def _choices(question: Question, choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """An optional question can be emptied again: radio buttons have no other way back."""
    return choices if question.required else [("", _("No answer")), *choices]
