"""What somebody typed into an application form, before anybody judged it: kept as a draft, checked on submitting."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.plain_line import plain_line

from .accommodations import LONGEST_ACCOMMODATIONS, accommodations_of
from .models import Application, Project, Question, Session
from .questions import Value, as_typed, asked_questions, parse_answer

#: What one draft may hold, in characters: far above any honest answer, far below what would hurt.
LARGEST_ENTRY = 400_000

#: In characters: a line, not a text of its own.
LONGEST_WARNING = 300

#: So many projects can be ranked; a session with fewer asks for all of them.
MOST_PREFERENCES = 6


class EntryInvalid(Exception):
    """An entry that cannot be submitted. `errors` holds lists of `ValidationError` by the name of the form's field."""

    def __init__(self, errors: dict[str, list[ValidationError]]):
        super().__init__(", ".join(errors))
        self.errors = errors


class EntryTooLarge(Exception):
    """More text than a draft holds. The text is for the person who typed it."""

    def __init__(self):
        super().__init__(_("This is more text than the form can keep. Shorten it, then save again."))


@dataclass(frozen=True)
class Entry:
    """Raw text by question id, project ids in order of preference, a GitHub login, and what would help. Nothing in it is checked.

    `content_warning` says what readers should know before they read, in the applicant's own words.
    `accommodations` is private: it is stored apart from the draft (see `cohorts.accommodations`), so `as_draft` leaves it out.
    """

    texts: Mapping[int, str] = field(default_factory=dict)
    preferences: tuple[int, ...] = ()
    github_login: str = ""
    accommodations: str = ""
    content_warning: str = ""

    @classmethod
    def from_draft(cls, draft: Mapping[str, Any], *, accommodations: str = "") -> "Entry":
        """The entry of a stored draft; whatever does not belong in one is left out."""
        return cls(
            texts={int(key): str(text) for key, text in draft.items() if key.isdecimal()},
            preferences=tuple(pk for pk in draft.get("preferences", ()) if isinstance(pk, int)),
            github_login=str(draft.get("github_login", "")),
            accommodations=accommodations,
            content_warning=str(draft.get("content_warning", "")),
        )

    @classmethod
    def of(cls, application: Application) -> "Entry":
        """What the form of `application` shows: its draft, else the answers that were submitted."""
        if application.draft:
            return cls.from_draft(application.draft, accommodations=accommodations_of(application))
        return cls.of_answers(application)

    @classmethod
    def of_answers(cls, application: Application) -> "Entry":
        """The submitted answers to what is still asked, as they would be typed.

        The login is that of the applicant's unproven GitHub identity.
        """
        answers = application.answers.filter(question__retired_at__isnull=True).select_related("question")
        preferences = application.project_preferences.order_by("rank").values_list("project_id", flat=True)
        return cls(
            texts={answer.question_id: as_typed(answer.question, answer.value) for answer in answers},
            preferences=tuple(preferences),
            github_login=typed_login(application.applicant),
            accommodations=accommodations_of(application),
            content_warning=application.content_warning,
        )

    def as_draft(self) -> dict[str, Any]:
        """As it is stored, without the accommodations. Raises `EntryTooLarge`."""
        if self.length > LARGEST_ENTRY or len(self.accommodations) > LONGEST_ACCOMMODATIONS:
            raise EntryTooLarge
        return {
            **{str(pk): text for pk, text in self.texts.items()},
            "preferences": list(self.preferences),
            "github_login": self.github_login,
            "content_warning": self.content_warning,
        }

    @property
    def length(self) -> int:
        """In characters, all that was typed."""
        return sum(map(len, self.texts.values())) + len(self.github_login + self.accommodations + self.content_warning)

    def same_as(self, other: "Entry") -> bool:
        """Whether both say the same; a question left out is one left empty."""
        return not self.differences(other)

    def differences(self, other: "Entry") -> set[str]:
        """Names of the form's fields in which the two differ; all preferences count as one, `preference_1`."""
        questions = self.texts.keys() | other.texts.keys()
        names = {question_name(pk) for pk in questions if self.texts.get(pk, "") != other.texts.get(pk, "")}
        if self.preferences != other.preferences:
            names.add(preference_name(1))
        if self.github_login != other.github_login:
            names.add("github_login")
        if self.accommodations != other.accommodations:
            names.add("accommodations")
        if self.content_warning != other.content_warning:
            names.add("content_warning")
        return names

    def over(self, below: "Entry") -> "Entry":
        """This entry laid over another one: where this one is empty, the other shows through."""
        texts = dict(below.texts) | {pk: text for pk, text in self.texts.items() if text.strip()}
        return Entry(
            texts,
            self.preferences or below.preferences,
            self.github_login or below.github_login,
            self.accommodations if self.accommodations.strip() else below.accommodations,
            self.content_warning if self.content_warning.strip() else below.content_warning,
        )

    def with_texts(self, texts: Mapping[int, str]) -> "Entry":
        """The same with other texts."""
        return replace(self, texts=texts)

    def is_blank(self) -> bool:
        typed = any(text.strip() for text in (*self.texts.values(), self.accommodations, self.content_warning))
        return not (typed or self.preferences or self.github_login)


@dataclass(frozen=True)
class Checked:
    """What may be submitted: typed values by question, projects in order, and the content warning as one line."""

    values: dict[Question, Value]
    preferences: list[Project]
    content_warning: str = ""


def question_name(pk: int) -> str:
    """The name of a question's field in the form."""
    return f"question_{pk}"


def preference_name(rank: int) -> str:
    """The name of the field that asks for the project of this rank, 1 being the favourite."""
    return f"preference_{rank}"


def ranks(projects: Iterable[Project]) -> range:
    """The ranks that a form asks for: none where there is nothing to choose between."""
    number = len(list(projects))
    return range(1, min(number, MOST_PREFERENCES) + 1) if number > 1 else range(0)


def typed_login(user) -> str:
    """The login that a person typed and never proved; empty where there is none or it is proven."""
    github = getattr(user, "github", None)
    return github.login if github and not github.verified else ""


def check_entry(session: Session, entry: Entry, form: str = Question.AskedOf.MEMBER) -> Checked:
    """What `entry` says to the questions of `session` in one form; answers to others are left out. Raises `EntryInvalid`.

    The GitHub login is not judged here: that is the business of `accounts.identity`.
    """
    errors: dict[str, list[ValidationError]] = {}
    values: dict[Question, Value] = {}
    for question in asked_questions(session, form):
        try:
            value = parse_answer(question, entry.texts.get(question.pk, ""))
        except ValidationError as error:
            errors[question_name(question.pk)] = error.error_list
        else:
            if value is not None:
                values[question] = value
    projects = {project.pk: project for project in session.projects.all()}
    preferences: list[Project] = []
    for rank, pk in enumerate(entry.preferences, start=1):
        project = projects.get(pk)
        if project in preferences:
            twice = ValidationError(_("You chose %(project)s twice."), code="twice", params={"project": project})
            errors[preference_name(rank)] = [twice]
        elif project:
            preferences.append(project)
    warning = " ".join(plain_line(entry.content_warning).split())
    if len(warning) > LONGEST_WARNING:
        too_long = _("At most %(longest)s characters fit here. You wrote %(written)s.")
        params = {"longest": LONGEST_WARNING, "written": len(warning)}
        errors["content_warning"] = [ValidationError(too_long, code="too_long", params=params)]
    if errors:
        raise EntryInvalid(errors)
    return Checked(values, preferences, warning)
