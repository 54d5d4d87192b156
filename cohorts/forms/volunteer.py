"""The form for people who offer to help in a role, made from the session's questions to them. It shows and reads; `cohorts.entries` judges."""

from collections.abc import Mapping

from django import forms
from django.utils.html import format_html, format_html_join, urlize
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from accounts.templatetags.interface import icon
from cohorts.entries import Entry, question_name
from cohorts.models import Question, Session
from cohorts.questions import asked_questions, clean_text, form_questions, limits_in_words, typed_choices
from cohorts.volunteers import WITH_PROJECTS

from .application import TypedField
from .question_fields import question_widget

Kind = Question.Kind
PROJECTS = "projects"


class VolunteerForm(forms.Form):
    """Asks the questions of one role, as they stand now, with what an entry says. Errors come from outside."""

    use_required_attribute = False

    def __init__(self, session: Session, role: str, entry: Entry, *, errors: Mapping[str, list] | None = None):
        self.session, self.role, self.entry, self.found = session, role, entry, errors or {}
        self.questions = [one for one in asked_questions(session, role) if one.kind != Kind.FILE]
        data: dict[str, str | list[str]] = {}
        for question in self.questions:
            text = entry.texts.get(question.pk, "")
            data[question_name(question.pk)] = typed_choices(text) if question.kind == Kind.CHOICES else text
        data[PROJECTS] = [str(pk) for pk in entry.preferences]
        super().__init__(data=data, label_suffix="")
        for question in self.questions:
            self.fields[question_name(question.pk)] = TypedField(
                label=question.label,
                required=question.required,
                widget=question_widget(question, entry.texts.get(question.pk, "")),
                help_text=_help(question),
            )
        projects = list(session.projects.all()) if role in WITH_PROJECTS else []
        if len(projects) > 1:
            self.fields[PROJECTS] = TypedField(
                label=_("Projects that you could guide a cohort in"),
                required=False,
                widget=forms.CheckboxSelectMultiple(choices=[(str(project.pk), project.name) for project in projects]),
                help_text=_("Tick as many as you like."),
            )

    def clean(self):
        for name, errors in self.found.items():
            self.add_error(name if name in self.fields else None, errors)

    def differing_from(self, other: Entry) -> dict[str, str]:
        """Where another entry says something else: its text for reading, by the field's name."""
        shown = VolunteerForm(self.session, self.role, other)
        names = self.entry.differences(other)
        if self.entry.preferences != other.preferences:
            names.add(PROJECTS)
        return {name: shown.as_text(name) for name in names & set(self.fields)}

    def as_text(self, name: str) -> str:
        """What stands in a field, for reading."""
        field = self[name]
        value = field.data or ""
        names = {str(key): str(words) for key, words in getattr(field.field.widget, "choices", None) or ()}
        if isinstance(value, list):
            return "\n".join(names.get(choice, choice) for choice in value)
        return names.get(value, value) if value else ""


def _help(question: Question):
    """The organisers' words, escaped, with addresses made into links; then the limits. Only organisers read what is answered."""
    written = urlize(question.help_text, autoescape=True)
    parts = [mark_safe(written), limits_in_words(question)]  # noqa: S308 (urlize has escaped it)
    words = format_html_join(" ", "<bdi>{}</bdi>", ((part,) for part in parts if part))
    return format_html('{} <span class="readers">{} {}</span>', words, icon("lock"), _("Only organisers read this."))


def read_volunteer_entry(session: Session, role: str, data: Mapping[str, str]) -> Entry:
    """The entry in submitted form data; fields that the form does not have are ignored, whatever they hold."""
    texts = {}
    for question in form_questions(session, role):
        name = question_name(question.pk)
        several = question.kind == Kind.CHOICES and hasattr(data, "getlist")
        text = clean_text("\n".join(data.getlist(name)) if several else data.get(name, ""))  # type: ignore[attr-defined]
        if question.retired_at is None or text.strip():
            texts[question.pk] = text
    chosen = set(data.getlist(PROJECTS)) if hasattr(data, "getlist") else set()
    projects = [project.pk for project in session.projects.all() if str(project.pk) in chosen] if role in WITH_PROJECTS else []
    return Entry(texts, tuple(projects))
