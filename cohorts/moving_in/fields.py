"""What a column of a table can be, for each kind of table; and what was said about the columns of one. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cohorts.models import Question, TableImport

Kind = TableImport.Kind

#: Prefixes of what a column can be besides a field: an answer to a question that is there, or to a new one of a kind.
QUESTION, NEW = "question:", "new:"

#: Kinds that a new question can have. Files stay where they are; what a form exports is their address.
NEW_KINDS = (
    Question.Kind.LONG_TEXT,
    Question.Kind.SHORT_TEXT,
    Question.Kind.NUMBER,
    Question.Kind.DATE,
    Question.Kind.CHOICE,
    Question.Kind.CHOICES,
    Question.Kind.URL,
    Question.Kind.EMAIL,
    Question.Kind.YES_NO,
)
#: Fields whose words an organiser can explain.
WITH_WORDS = ("status", "role", "state", "project", "preference", "preferences")
#: Those of them that name projects; and what is said of one that is to be left out.
OF_PROJECTS = ("project", "preference", "preferences")
LEFT_OUT = "-"
#: Fields that may stand above several columns.
REPEATABLE = ("preference",)


@dataclass(frozen=True)
class Field:
    """`names`: how people call such a column, in small letters; the first is the one that the template has."""

    key: str
    label: Any
    names: tuple[str, ...]
    required: bool = False


def _field(key: str, label, names: str, *, required: bool = False) -> Field:
    return Field(key, label, (key, *names.split("|")), required)


_EMAIL = _field(
    "email",
    _("Email address"),
    "e mail|mail|email address|e mail address|your email|your email address|username|respondent email|contact email|indirizzo email",
    required=True,
)
_PERSON = [
    _field("name", _("Name"), "full name|your name|your full name|participant|applicant|person|nome e cognome|preferred name"),
    _field("first_name", _("First name"), "given name|forename|first|nome"),
    _field("last_name", _("Last name"), "family name|surname|last|cognome"),
    _field("pronouns", _("Pronouns"), "your pronouns|preferred pronouns|pronomi"),
    _field("time_zone", _("Time zone"), "timezone|tz|your time zone|your timezone|fuso orario"),
    _field("github", _("GitHub login"), "github username|github user|github handle|github profile|github url|github account|your github username"),
]  # fmt: skip
_PLACE = [
    _field("cohort", _("Cohort"), "team|group|squad|cohort name|team name|squadra|gruppo"),
]

_FIELDS: dict[str, list[Field]] = {
    Kind.SESSIONS: [
        _field("name", _("Name of the session"), "session|session name|title|program|edition|cohort|batch", required=True),
        _field("slug", _("Short name for addresses"), "short name|id|code|key|session id"),
        _field(
            "starts_on",
            _("First day of week 1"),
            "start|starts|start date|begins|begin|from|first day|started|start day|week 1 begins on|inizio",
            required=True,
        ),
        _field("ends_on", _("Last day"), "end|ends|end date|until|to|last day|finished|ended|fine"),
        _field("weeks", _("Number of weeks"), "number of weeks|length|duration|length in weeks|settimane"),
        _field("applications_open_at", _("Applications open"), "applications open|opens|open date|applications from|call opens"),
        _field("applications_close_at", _("Applications close"), "applications close|closes|deadline|applications until|call closes"),
        _field("time_zone", _("Time zone"), "timezone|tz"),
        _field("description", _("Description"), "about|summary|descrizione"),
        _field("member_label", _("What members are called"), "member label|members are called"),
        _field("archived", _("Archived (yes or no)"), "is archived|closed"),
    ],
    Kind.PEOPLE: [
        _EMAIL,
        *_PERSON,
        _field("session", _("Session"), "edition|program|batch|session name|cohort year|sessione"),
        _field("role", _("Role"), "roles|position|type|part|ruolo"),
        *_PLACE,
        _field("project", _("Project of the cohort"), "cohort project|team project|project name|repository|progetto"),
        _field("state", _("How it ended (completed or left)"), "outcome|result|completed|finished|graduated|membership status|esito"),
        _field("left_on", _("Left on"), "left|left at|date left|end date"),
    ],
    Kind.APPLICATIONS: [
        _EMAIL,
        *_PERSON,
        _field("status", _("Status"), "decision|outcome|result|application status|state|accepted|stato|esito"),
        _field(
            "submitted_at",
            _("Submitted on"),
            "timestamp|submitted|submit date|submit date utc|submission date|date submitted|submission time|created|created at|created time|completed at|completion time|date|end date utc|informazioni cronologiche",
        ),
        _field("tier", _("Tier"), "group of scores|band"),
        *_PLACE,
        _field(
            "preference",
            _("A wished project (in order)"),
            "1st choice|2nd choice|3rd choice|4th choice|5th choice|first choice|second choice|third choice|choice 1|choice 2|choice 3|preference 1|preference 2|preference 3|project 1|project 2|project 3|1st choice project|2nd choice project|3rd choice project|first choice project|second choice project|third choice project|prima scelta|seconda scelta|terza scelta",
        ),
        _field("preferences", _("Wished projects in one cell"), "projects|project preferences|preferred projects|project choices"),
    ],
}  # fmt: skip


def fields_of(kind: str) -> list[Field]:
    """What the columns of a table of this kind can be, the needed ones first."""
    return sorted(_FIELDS[kind], key=lambda one: not one.required)


@dataclass(frozen=True)
class Column:
    """What is said about one column. `to`: the key of a field, `question:` with an id, `new:` with a kind, or empty: left out.

    `only_organisers`: of a new question. `words`: what words in it mean, by `values.key_of` them.
    """

    name: str
    to: str = ""
    only_organisers: bool = False
    words: dict[str, str] = field(default_factory=dict)

    @property
    def question(self) -> int | None:
        return int(self.to.removeprefix(QUESTION)) if self.to.startswith(QUESTION) else None

    @property
    def new_kind(self) -> str:
        return self.to.removeprefix(NEW) if self.to.startswith(NEW) else ""

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "to": self.to, "only_organisers": self.only_organisers, "words": self.words}


def columns_from(stored: Iterable[dict[str, Any]]) -> list[Column]:
    """The other way of `Column.as_json`."""
    return [Column(one["name"], one["to"], one["only_organisers"], dict(one["words"])) for one in stored]


def obstacles_to_mapping(kind: str, columns: Sequence[Column], *, has_session: bool) -> list[str]:
    """What is wrong with what was said about the columns, in words; empty where rows can be judged."""
    found: list[str] = []
    chosen = [column.to for column in columns if column.to]
    for one in fields_of(kind):
        if one.required and one.key not in chosen:
            found.append(gettext("No column is “%(field)s”, which each row needs.") % {"field": one.label})
        if one.key not in REPEATABLE and chosen.count(one.key) > 1:
            found.append(gettext("Two columns are “%(field)s”. Leave one of them out.") % {"field": one.label})
    for key in {one for one in chosen if one.startswith(QUESTION) and chosen.count(one) > 1}:
        names = ", ".join(f"“{column.name}”" for column in columns if column.to == key)
        found.append(gettext("These columns answer the same question: %(names)s. Leave all but one out.") % {"names": names})
    if kind == Kind.PEOPLE and not has_session and "session" not in chosen:
        found.append(gettext("No column is “Session”. Choose the session of the whole table, or the column that says it."))
    if "preference" in chosen and "preferences" in chosen:
        found.append(gettext("Wished projects stand in one cell or in several columns, not in both. Leave one of them out."))
    return found
