"""Writing what a file says, in one transaction: all of it, or nothing."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.github import github_host
from accounts.identity import set_github_login
from accounts.models import User
from cohorts.exporting import member_section_keys
from cohorts.models import Application, Cohort, Membership, MembershipEvent, Project, Repository, Session, SessionRole, Tracker
from cohorts.place_history import note_change
from cohorts.placing import give_free, start, take_kept_place
from cohorts.weeks import generate_weeks

from .document import CohortEntry, Document, Person, ProjectEntry, read_document
from .errors import ImportFailed

State = Membership.State


@dataclass
class Result:
    """What an import did: counts by outcome (`created`, `updated`, `unchanged`) and kind, and what was left as it was."""

    session: Session
    outcomes: dict[str, Counter] = field(
        default_factory=lambda: {outcome: Counter() for outcome in ("created", "updated", "unchanged")}
    )
    notes: list[str] = field(default_factory=list)

    def count(self, kind: str, outcome: str) -> None:
        self.outcomes[outcome][kind] += 1

    def total(self, outcome: str) -> int:
        return self.outcomes[outcome].total()


def import_session(value: Any) -> Result:
    """Create or update a session with its projects, cohorts and people from parsed JSON (see docs/reference/import-export.md).

    Emails and slugs identify; doing it again changes nothing; what the file leaves out stays. The session becomes public, and
    published where the file places people and nobody's application waits for a decision. People are created without a password,
    and nobody is told. Raises `ImportFailed` with every problem found, and then nothing was written.
    """
    document = read_document(value, ignored_of_people=member_section_keys())
    try:
        with transaction.atomic():
            return _Writer(document).write()
    except IntegrityError as error:
        reason = str(error).splitlines()[0]
        raise ImportFailed([f"Something else was written at the same time; try again ({reason})."]) from error


class _Writer:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[str] = []

    def write(self) -> Result:
        self._write_session()
        people = self._write_people()
        projects = self._write_projects()
        self._write_roles(people)
        self._write_cohorts(people, projects)
        if self.problems:
            raise ImportFailed(self.problems)
        self._publish()
        return self.result

    def _write_session(self) -> None:
        values = self.document.values
        session = Session.objects.select_for_update().filter(slug=self.document.slug).first()
        outcome = "unchanged" if session else "created"
        session = session or Session(slug=self.document.slug)
        before = _dates(session)
        changed = _assign(session, values)
        if (session.applications_open_at is None) != (session.applications_close_at is None):
            raise ImportFailed(["session: give both applications_open_at and applications_close_at, or neither."])
        opens, closes = session.applications_open_at, session.applications_close_at
        if opens and closes and opens >= closes:
            raise ImportFailed(["session.applications_close_at: must be after applications_open_at, which the site has already."])
        if session.announced_at is None:
            session.announced_at = timezone.now()
            changed = True
        if outcome == "created" or changed:
            session.save()
        if outcome == "created" or before != _dates(session) or not session.calendar.exists():
            generate_weeks(session)
        self.session = session
        self.result = Result(session)
        self.result.count("session", "updated" if changed and outcome != "created" else outcome)

    def _write_people(self) -> dict[str, User]:
        """The account of each person the file names, by address in small letters."""
        named: dict[str, list[Person]] = {}
        for person in self.document.people():
            named.setdefault(person.key, []).append(person)
        accounts = {
            user.email.lower(): user
            for user in User.objects.annotate(key=Lower("email")).filter(key__in=named).select_related("github")
        }
        for key, entries in named.items():
            values = {
                name: next((value for entry in entries if (value := getattr(entry, name))), None)
                for name in ("name", "time_zone", "github")
            }
            accounts[key] = self._write_person(accounts.get(key), entries[0], values)
        return accounts

    def _write_person(self, user: User | None, entry: Person, values: dict[str, str | None]) -> User:
        login = values.pop("github")
        given = {name: value for name, value in values.items() if value}
        if user is None:
            user = User.objects.create_user(entry.email, **given)
            outcome = "created"
        elif _assign(user, given):
            user.save(update_fields=list(given))
            outcome = "updated"
        else:
            outcome = "unchanged"
        if login and self._write_login(user, login) and outcome == "unchanged":
            outcome = "updated"
        self.result.count("person", outcome)
        return user

    def _write_login(self, user: User, login: str) -> bool:
        """Whether the GitHub login was changed. A proven one stays, and so does whose account it proves."""
        identity = getattr(user, "github", None)
        if identity is not None and identity.login.lower() == login.lower():
            return False
        try:
            set_github_login(user, login, by=user)
        except ValidationError as error:
            if error.code == "verified":
                self.result.notes.append(f"{user.email}: the GitHub login stays as it is, since a log-in has proven it.")
            else:
                self.result.notes.append(f"{user.email}: the GitHub login {login} was left out. Somebody else has proven it.")
            return False
        return True

    def _write_projects(self) -> dict[str, Project]:
        """The projects of the file by slug, and those of the site that its cohorts name."""
        entries = self.document.projects
        slugs = {entry.slug for entry in entries} | {cohort.project for cohort in self.document.cohorts if cohort.project}
        known = {
            project.slug: project
            for project in Project.objects.filter(slug__in=slugs).select_related("tracker").prefetch_related("repositories")
        }
        host = github_host()
        names = {full_name.lower() for entry in entries for _path, full_name in entry.repositories}
        repositories = {
            repository.full_name.lower(): repository
            for repository in Repository.objects.annotate(key=Lower("full_name"))
            .filter(host=host, key__in=names)
            .select_related("project")
        }
        for entry in entries:
            known[entry.slug] = self._write_project(known.get(entry.slug), entry)
            for path, full_name in entry.repositories:
                self._write_repository(known[entry.slug], repositories.get(full_name.lower()), host, path, full_name)
        missing = set(known) - set(self.session.projects.values_list("slug", flat=True))
        self.session.projects.add(*(known[slug] for slug in sorted(missing)))
        return known

    def _write_project(self, project: Project | None, entry: ProjectEntry) -> Project:
        outcome = "unchanged" if project else "created"
        project = project or Project(slug=entry.slug)
        if _assign(project, entry.values):
            outcome = "updated" if project.pk else "created"
            project.save()
        if entry.tracker:
            tracker = getattr(project, "tracker", None) or Tracker(project=project)
            if _assign(tracker, entry.tracker) or tracker.pk is None:
                tracker.save()
                outcome = "updated" if outcome == "unchanged" else outcome
        self.result.count("project", outcome)
        return project

    def _write_repository(self, project: Project, repository: Repository | None, host: str, path: str, full_name: str) -> None:
        if repository is None:
            Repository.objects.create(project=project, host=host, full_name=full_name)
            self.result.count("repository", "created")
        elif repository.project_id == project.pk:
            self.result.count("repository", "unchanged")
        else:
            self.problems.append(f"{path}: {full_name} belongs to the project “{repository.project.slug}” on this site.")

    def _write_roles(self, people: dict[str, User]) -> None:
        present = set(SessionRole.objects.filter(session=self.session).values_list("user_id", "role"))
        for role, person in self.document.roles:
            user = people[person.key]
            if (user.pk, role.value) in present:
                self.result.count("role", "unchanged")
            else:
                SessionRole.objects.create(session=self.session, user=user, role=role)
                self.result.count("role", "created")

    def _write_cohorts(self, people: dict[str, User], projects: dict[str, Project]) -> None:
        known = {cohort.name.lower(): cohort for cohort in self.session.cohorts.all()}
        written = [self._write_cohort(known.get(entry.name.lower()), entry, projects) for entry in self.document.cohorts]
        memberships = Membership.objects.filter(cohort__session=self.session)
        self.rows = {(row.cohort_id, row.user_id): row for row in memberships.select_related("cohort")}
        self.member_rows = {
            row.user_id: row for row in self.rows.values() if row.role == Membership.Role.MEMBER and row.state != State.LEFT
        }
        for cohort, entry in zip(written, self.document.cohorts, strict=True):
            for role, person in entry.people:
                if cohort is not None:
                    self.result.count("place", self._write_membership(cohort, people[person.key], role))

    def _write_cohort(self, cohort: Cohort | None, entry: CohortEntry, projects: dict[str, Project]) -> Cohort | None:
        values: dict[str, Any] = {"name": entry.name}
        if entry.project:
            if entry.project not in projects:
                self.problems.append(
                    f"{entry.path}.project: there is no project “{entry.project}”, neither in the file nor on this site."
                )
                return None
            values["project"] = projects[entry.project]
        outcome = "unchanged" if cohort else "created"
        cohort = cohort or Cohort(session=self.session)
        if _assign(cohort, values):
            outcome = "updated" if cohort.pk else "created"
            cohort.save()
        self.result.count("cohort", outcome)
        return cohort

    def _write_membership(self, cohort: Cohort, user: User, role: Membership.Role) -> str:
        """The outcome. A member of another cohort of the session moves here, with what belongs to the membership."""
        row = self.rows.get((cohort.pk, user.pk))
        elsewhere = self.member_rows.get(user.pk) if role == Membership.Role.MEMBER else None
        if elsewhere is not None and elsewhere.cohort_id != cohort.pk:
            self.result.notes.append(f"{user.email}: moved from {elsewhere.cohort} to {cohort}.")
            if row is None:
                elsewhere.cohort, row = cohort, elsewhere
                row.save(update_fields=["cohort"])
            else:
                give_free(elsewhere, by=None)
            self._fill(row, role)
            return "updated"
        if row is None:
            start(cohort, user, role, by=None)
            return "created"
        return "updated" if self._fill(row, role) else "unchanged"

    def _fill(self, row: Membership, role: Membership.Role) -> bool:
        """Give a membership the role of the file, and make it present: kept places are taken, those who left come back."""
        changed = _assign(row, {"role": role.value})
        if changed:
            row.save(update_fields=["role"])
        if row.state == State.LEFT:
            note_change(row, MembershipEvent.What.RETURNED, by=None)
        elif row.state == State.INVITED:
            take_kept_place(row, by=None)
        else:
            return changed
        return True

    def _publish(self) -> None:
        """Show the cohorts to their people, unless that would run ahead of decisions that are still to be made."""
        if self.session.published_at is not None or not any(cohort.people for cohort in self.document.cohorts):
            return
        waiting = _undecided(self.session).count()
        if waiting:
            some = "1 application of this session awaits" if waiting == 1 else f"{waiting} applications of this session await"
            self.result.notes.append(f"Not published: {some} a decision.")
            return
        self.session.published_at = timezone.now()
        self.session.save(update_fields=["published_at", "updated_at"])


def _undecided(session: Session) -> models.QuerySet[Application]:
    """Applications that await a decision: handed in, decided but not published, or still being written in the open window."""
    undecided = models.Q(status=Application.Status.SUBMITTED) | ~models.Q(pending_decision=Application.Decision.NONE)
    if session.applications_close_at and session.applications_close_at > timezone.now():
        undecided |= models.Q(status=Application.Status.DRAFT)
    return session.applications.filter(undecided)


def _dates(session: Session) -> tuple:
    return session.starts_on, session.weeks, session.has_week_zero, session.pause


def _assign(row: models.Model, values: dict[str, Any]) -> bool:
    """Set the fields that differ; whether any did."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)
