"""The file as plain data: what it says, checked as far as that goes without the database."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.core.validators import EmailValidator, URLValidator, validate_slug

from accounts.models.identity import github_login_validator
from cohorts.models import Membership, Project, SessionRole, tracker_kinds
from cohorts.models.project import full_name_validator

from .errors import ImportFailed
from .fields import Element, Fields

#: What the file calls the people of a session and of a cohort, and what they are.
SESSION_LISTS = {
    "organisers": SessionRole.Role.ORGANISER,
    "reviewers": SessionRole.Role.REVIEWER,
    "storytellers": SessionRole.Role.STORYTELLER,
}
COHORT_LISTS = {
    "navigators": Membership.Role.NAVIGATOR,
    "captains": Membership.Role.CAPTAIN,
    "members": Membership.Role.MEMBER,
}

_email = EmailValidator("Enter an email address.")
_address = URLValidator(schemes=["http", "https"], message="Enter an address that begins with https:// or http://.")


@dataclass
class Person:
    """Where a value is None or empty, the file says nothing about it."""

    path: str
    email: str
    name: str | None
    github: str | None
    time_zone: str | None

    @property
    def key(self) -> str:
        return self.email.lower()


@dataclass
class ProjectEntry:
    path: str
    slug: str
    values: dict[str, Any]
    repositories: list[tuple[str, str]]
    tracker: dict[str, str] | None


@dataclass
class CohortEntry:
    path: str
    name: str
    project: str | None
    people: list[tuple[Membership.Role, Person]] = field(default_factory=list)


@dataclass
class Document:
    """A whole file. `values` are the fields of the session that the file gives; repositories are pairs of path and name."""

    slug: str
    values: dict[str, Any]
    roles: list[tuple[SessionRole.Role, Person]]
    projects: list[ProjectEntry]
    cohorts: list[CohortEntry]

    def people(self) -> list[Person]:
        """Everybody the file names, as often as it names them."""
        return [person for _role, person in self.roles] + [person for cohort in self.cohorts for _role, person in cohort.people]


def read_document(value: Any, ignored_of_people: Collection[str] = ()) -> Document:
    """Check parsed JSON and return what it says. Raises `ImportFailed` with every problem and its path.

    `ignored_of_people` are keys of people that an export adds and an import leaves alone.
    """
    problems: list[str] = []
    top = Fields(value, "", problems)
    reader = _Reader(problems, ignored_of_people)
    session = top.nested("session", required=True)
    roles: list[tuple[SessionRole.Role, Person]] = []
    slug = ""
    values: dict[str, Any] = {}
    if session is not None:
        slug, values = reader.session(session)
        for key, role in SESSION_LISTS.items():
            roles += [(role, person) for person in reader.people(session, key)]
        session.done()
    projects = [reader.project(entry) for entry in top.objects("projects")]
    cohorts = [reader.cohort(entry) for entry in top.objects("cohorts")]
    top.done()
    document = Document(slug, values, roles, projects, cohorts)
    if not problems:
        problems += _contradictions(document)
    if problems:
        raise ImportFailed(problems)
    return document


#: What a session has that does not say how many.
DEFAULT_WEEKS = 6


class _Reader:
    def __init__(self, problems: list[str], ignored_of_people: Collection[str]) -> None:
        self.problems = problems
        self.ignored_of_people = ignored_of_people

    def session(self, fields: Fields) -> tuple[str, dict[str, Any]]:
        slug = fields.text("slug", longest=60, required=True, validators=[validate_slug])
        values = {
            "name": fields.text("name", longest=120, required=True),
            "starts_on": fields.date("starts_on", required=True),
            "weeks": fields.whole("weeks", 1, 52),
            "pause_after": fields.whole("pause_after", 1, 51),
            "pause_weeks": fields.whole("pause_weeks", 1, 8),
            "time_zone": fields.zone("time_zone"),
            "applications_open_at": fields.moment("applications_open_at"),
            "applications_close_at": fields.moment("applications_close_at"),
        }
        return slug or "", {key: value for key, value in values.items() if value is not None}

    def project(self, fields: Fields) -> ProjectEntry:
        slug = fields.text("slug", longest=60, required=True, validators=[validate_slug])
        values = {
            "name": fields.text("name", longest=120, required=True),
            "url": fields.text("url", longest=300, validators=[_address]),
            "ai_policy": fields.choice("ai_policy", Project.AIPolicy.values) or None,
            "ai_policy_url": fields.text("ai_policy_url", longest=300, validators=[_address]),
        }
        repositories = []
        for path, name in fields.items("repositories", required=True):
            one = Element(name, path, self.problems)
            if full_name := one.text(longest=200, required=True, validators=[full_name_validator]):
                repositories.append((path, full_name))
        tracker = None
        if (nested := fields.nested("tracker")) is not None:
            kind = nested.choice("kind", [kind for kind, _name in tracker_kinds()], required=True)
            url = nested.text("url", longest=300, required=True, validators=[_address])
            nested.done()
            tracker = {"kind": kind or "", "url": (url or "").rstrip("/")}
        fields.done()
        given = {key: value for key, value in values.items() if value is not None}
        return ProjectEntry(fields.path, slug or "", given, repositories, tracker)

    def cohort(self, fields: Fields) -> CohortEntry:
        name = fields.text("name", longest=80, required=True)
        cohort = CohortEntry(fields.path, name or "", fields.text("project", longest=60) or None)
        for key, role in COHORT_LISTS.items():
            cohort.people += [(role, person) for person in self.people(fields, key)]
        fields.done()
        return cohort

    def people(self, fields: Fields, key: str) -> list[Person]:
        return [self.person(entry) for entry in fields.objects(key)]

    def person(self, fields: Fields) -> Person:
        person = Person(
            path=fields.path,
            email=fields.text("email", longest=254, required=True, validators=[_email]) or "",
            name=fields.text("name", longest=150),
            github=fields.text("github", longest=60, validators=[github_login_validator]),
            time_zone=fields.zone("time_zone"),
        )
        fields.done(self.ignored_of_people)
        return person


def _contradictions(document: Document) -> list[str]:
    """What each part allows and the whole does not."""
    return [
        *_window(document.values),
        *_repeated([(f"{entry.path}.slug", entry.slug) for entry in document.projects], "this project"),
        *_repeated([pair for entry in document.projects for pair in entry.repositories], "this repository"),
        *_repeated([(f"{entry.path}.name", entry.name) for entry in document.cohorts], "a cohort of this name"),
        *_different_words_about_one_person(document.people()),
        *_same_role_twice(document.roles),
        *_places(document.cohorts),
    ]


def _window(values: dict[str, Any]) -> list[str]:
    opens: datetime.datetime | None = values.get("applications_open_at")
    closes: datetime.datetime | None = values.get("applications_close_at")
    problems = []
    if opens and closes and opens >= closes:
        problems.append("session.applications_close_at: must be after applications_open_at.")
    if "pause_after" in values and values["pause_after"] >= values.get("weeks", DEFAULT_WEEKS):
        problems.append("session.pause_after: must be a week before the last one.")
    return problems


def _repeated(entries: list[tuple[str, str]], what: str) -> list[str]:
    """Names that stand twice, without regard to case."""
    first: dict[str, str] = {}
    problems = []
    for path, name in entries:
        if (earlier := first.setdefault(name.lower(), path)) != path:
            problems.append(f"{path}: {what} (“{name}”) stands at {earlier} already.")
    return problems


def _different_words_about_one_person(people: list[Person]) -> list[str]:
    first: dict[tuple[str, str], tuple[str, str]] = {}
    problems = []
    for person in people:
        for key in ("name", "github", "time_zone"):
            if value := getattr(person, key):
                path, earlier = first.setdefault((person.key, key), (person.path, value))
                if earlier != value:
                    problems.append(f"{person.path}.{key}: differs from {path}.{key}, for the same person.")
    return problems


def _same_role_twice(roles: list[tuple[SessionRole.Role, Person]]) -> list[str]:
    first: dict[tuple[str, str], str] = {}
    problems = []
    for role, person in roles:
        if (earlier := first.setdefault((role, person.key), person.path)) != person.path:
            problems.append(f"{person.path}: this person stands at {earlier} already.")
    return problems


def _places(cohorts: list[CohortEntry]) -> list[str]:
    """One place for a person in a cohort, and one cohort for a member."""
    member_at: dict[str, str] = {}
    problems = []
    for cohort in cohorts:
        in_cohort: dict[str, str] = {}
        for role, person in cohort.people:
            if (earlier := in_cohort.setdefault(person.key, person.path)) != person.path:
                problems.append(f"{person.path}: this person stands at {earlier} already. A cohort has one place for each.")
            elif role == Membership.Role.MEMBER and (earlier := member_at.setdefault(person.key, person.path)) != person.path:
                problems.append(f"{person.path}: this person is a member at {earlier} already. A member has one cohort.")
    return problems
