"""The application form, made from a session's questions. It shows and reads; `cohorts.entries` judges."""

from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cohorts.accommodations import LONGEST_ACCOMMODATIONS
from cohorts.entries import LONGEST_WARNING, Entry, preference_name, question_name, ranks
from cohorts.models import AnswerFile, Question, Session
from cohorts.questions import asked_questions, clean_text, form_questions, typed_choices

from .question_fields import FileField, TypedField, question_field

Kind = Question.Kind


class ApplicationForm(forms.Form):
    """Shows an `Entry` in the form of a session, with the errors that submitting it brought up, by the field's name.

    `github` is the applicant's proven GitHub identity, if any: then nothing is asked about it. `files` are the uploaded ones that
    the entry names, as `cohorts.files.named_files` finds them; what it does not find is shown as gone.
    """

    use_required_attribute = False

    def __init__(
        self,
        session: Session,
        entry: Entry,
        *,
        github=None,
        errors: Mapping[str, list] | None = None,
        files: Mapping[tuple[int, str], AnswerFile] | None = None,
    ):
        self.session, self.entry, self.github, self.found = session, entry, github, errors or {}
        self.uploaded = files or {}
        self.questions = asked_questions(session)
        self.projects = list(session.projects.all())
        super().__init__(data=self._as_data(entry), label_suffix="")
        for question in self.questions:
            typed = entry.texts.get(question.pk, "")
            stored = self.uploaded.get((question.pk, typed.strip()))
            self.fields[question_name(question.pk)] = question_field(question, typed, stored)
        for rank in ranks(self.projects):
            self.fields[preference_name(rank)] = self._preference_field(rank)
        if github is None:
            self.fields["github_login"] = TypedField(
                label=_("Your GitHub login"),
                required=False,
                widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
                help_text=_("So that we find your work on GitHub during the session. You can add it later."),
            )
        self.fields["content_warning"] = TypedField(
            label=_("What readers should know first"),
            required=False,
            widget=forms.TextInput(attrs={"dir": "auto", "maxlength": str(LONGEST_WARNING)}),
            help_text=_("In a few words, for example “mentions the death of a relative”. Reviewers read it before your answers."),
        )
        self.fields["accommodations"] = TypedField(
            label=_("In your own words"),
            required=False,
            widget=forms.Textarea(attrs={"rows": "3", "dir": "auto", "maxlength": str(LONGEST_ACCOMMODATIONS)}),
            help_text=_(
                "For example captions in calls, more time, or no meetings on certain days. Leave it empty if nothing comes to mind."
            ),
        )

    def _as_data(self, entry: Entry) -> dict[str, str | list[str]]:
        data: dict[str, str | list[str]] = {question_name(pk): text for pk, text in entry.texts.items()}
        for question in self.questions:
            if question.kind == Kind.CHOICES:
                data[question_name(question.pk)] = typed_choices(entry.texts.get(question.pk, ""))
        data |= {preference_name(rank): str(pk) for rank, pk in enumerate(entry.preferences, start=1)}
        return data | {
            "github_login": entry.github_login,
            "content_warning": entry.content_warning,
            "accommodations": entry.accommodations,
        }

    def _preference_field(self, rank: int) -> forms.Field:
        choices = [("", gettext_lazy("No choice")), *((str(project.pk), project.name) for project in self.projects)]
        return TypedField(label=_("Choice %(rank)s") % {"rank": rank}, required=False, widget=forms.Select(choices=choices))

    def clean(self):
        for name, errors in self.found.items():
            self.add_error(name if name in self.fields else None, errors)

    def question_fields(self):
        """The questions' bound fields, in their order."""
        return [self[question_name(question.pk)] for question in self.questions]

    def no_longer_asked(self) -> list[tuple[str, str]]:
        """What was typed to questions that were retired since, as (label, text)."""
        retired = [question for question in form_questions(self.session) if question.retired_at and question.kind != Kind.FILE]
        return [(question.label, text) for question in retired if (text := self.entry.texts.get(question.pk, "")).strip()]

    def preference_fields(self):
        return [self[preference_name(rank)] for rank in ranks(self.projects)]

    def as_read(self) -> list[tuple[str, str]]:
        """The entry as (label, text) for reading, in the form's order. What was left empty is left out."""
        read = [(field.label, self._text(field)) for field in self.question_fields()]
        read += self.no_longer_asked()
        read.append((_("Projects"), self._preferences(self.entry)))
        read.append((_("Your GitHub login"), self.entry.github_login))
        read.append((_("What readers should know first"), self.entry.content_warning))
        read.append((_("What would help you take part?"), self.entry.accommodations))
        return [(str(label), text) for label, text in read if text.strip()]

    def differing_from(self, other: Entry) -> dict[str, str]:
        """Where another entry says something else: its text for reading, by the field's name."""
        shown = ApplicationForm(self.session, other, github=self.github, files=self.uploaded)
        beside = {}
        for name in self.entry.differences(other) & set(self.fields):
            is_preference = name == preference_name(1)
            beside[name] = self._preferences(other) if is_preference else shown._text(shown[name])
        return beside

    @staticmethod
    def _text(field) -> str:
        if isinstance(field.field, FileField):
            stored = field.field.stored
            return f"{stored.name} ({stored})" if stored else ""
        value = field.data or ""
        names = {str(key): str(name) for key, name in getattr(field.field.widget, "choices", None) or ()}
        if isinstance(value, list):
            return "\n".join(names.get(choice, choice) for choice in value)
        return names.get(value, value) if value else ""

    def _preferences(self, entry: Entry) -> str:
        names = {project.pk: project.name for project in self.projects}
        return ", ".join(names[pk] for pk in entry.preferences if pk in names)


def read_entry(session: Session, data: Mapping[str, str]) -> Entry:
    """The entry in submitted form data. Fields that the session does not have are ignored, whatever they hold.

    What somebody typed to a question that was retired while the form was open is in it, too.
    """
    texts = {question.pk: _typed(question, data) for question in form_questions(session)}
    retired = {question.pk for question in form_questions(session) if question.retired_at}
    texts = {pk: text for pk, text in texts.items() if pk not in retired or text.strip()}
    projects = {str(project.pk): project.pk for project in session.projects.all()}
    chosen = [data.get(preference_name(rank), "") for rank in ranks(projects)]
    preferences = tuple(projects[value] for value in chosen if value in projects)
    accommodations = clean_text(data.get("accommodations", ""))
    warning = " ".join(clean_text(data.get("content_warning", "")).split())
    return Entry(texts, preferences, clean_text(data.get("github_login", ""))[:200], accommodations, warning)


def _typed(question: Question, data: Mapping[str, str]) -> str:
    """The raw text that the field of `question` holds: for several choices, one a line."""
    name = question_name(question.pk)
    if question.kind == Kind.CHOICES and hasattr(data, "getlist"):
        return clean_text("\n".join(data.getlist(name)))
    return clean_text(data.get(name, ""))
