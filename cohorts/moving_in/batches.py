"""One batch of rows: sessions, or people with their places, roles and applications. A constant number of statements for each batch."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import Max
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.login_checks import want_login_check
from accounts.models import GitHubIdentity, User
from cohorts import auditing
from cohorts.models import (
    Answer,
    Application,
    Cohort,
    ImportedRow,
    Membership,
    MembershipEvent,
    ProjectPreference,
    Question,
    Session,
    SessionRole,
    TableImport,
)
from cohorts.moves import bring_in
from cohorts.place_history import note_many
from cohorts.weeks import generate_weeks

from .entries import ApplicationEntry, Entry, PersonEntry, SessionEntry
from .planning import Plan
from .values import key_of

Joined = MembershipEvent.What
State = Membership.State
What = ImportedRow.What


def write_batch(table_import: TableImport, plan: Plan, entries: Sequence[Entry], *, by) -> Counter:
    """Write `entries` of `plan`; returns how many rows of each kind were made. Inside a transaction that holds the lock of the import."""
    batch = _Batch(table_import, plan, by)
    batch.write(entries)
    return batch.counts


class _Batch:
    def __init__(self, table_import: TableImport, plan: Plan, by):
        self.table_import, self.plan, self.by = table_import, plan, by
        self.now = timezone.now()
        self.counts: Counter[str] = Counter()
        self.made: list[ImportedRow] = []

    def write(self, entries: Sequence[Entry]) -> None:
        sessions = [one for one in entries if isinstance(one, SessionEntry)]
        people = [one for one in entries if isinstance(one, PersonEntry)]
        applications = [one for one in entries if isinstance(one, ApplicationEntry)]
        for one in sessions:
            self._session(one)
        if people or applications:
            self._lock({*(one.session for one in people), *([self.table_import.session_id] if applications else [])})
            self._accounts([*people, *applications])
            self._roles([one for one in people if not one.cohort])
            self._places(
                [
                    (one.session, one.cohort, one.project, one.email, one.role, one.state, one.left_on)
                    for one in people
                    if one.cohort
                ]
            )
        if applications:
            self._applications(applications)
            of = self.table_import.session_id
            self._places(
                [(of, one.cohort, None, one.email, Membership.Role.MEMBER, "", None) for one in applications if one.cohort]
            )
        ImportedRow.objects.bulk_create(self.made, batch_size=500, ignore_conflicts=True)

    def note(self, what: str, rows: Iterable[Any]) -> None:
        """Remember what was made, so that it can be taken back."""
        for row in rows:
            self.counts[what] += 1
            as_of = getattr(row, "updated_at", None)
            self.made.append(ImportedRow(table=self.table_import, what=what, made_key=row.pk, as_of=as_of))

    def _lock(self, keys: set[int | None]) -> None:
        found = Session.objects.select_for_update().filter(pk__in=[key for key in keys if key]).order_by("pk")
        self.sessions = {one.pk: one for one in found}

    def _session(self, entry: SessionEntry) -> None:
        """A session whose stage follows from its dates: one that has begun is announced and published, a later one is a draft."""
        if Session.objects.filter(slug=entry.slug).exists():
            return
        session = Session(slug=entry.slug, **entry.values)
        if session.begins_at <= self.now:
            opened = session.applications_open_at or session.begins_at
            session.announced_at = min(opened, session.begins_at)
            closed = session.applications_close_at or session.begins_at
            session.review_closed_at = session.published_at = min(max(closed, session.announced_at), self.now)
        if entry.archived and session.ends_at <= self.now:
            session.archived_at = self.now
        session.save()
        generate_weeks(session)
        self.note(What.SESSION, [session])
        auditing.session_saved(session, by=self.by, changed=(), created=True)
        self._give([SessionRole(session=session, user=self.by, role=SessionRole.Role.ORGANISER)])

    def _accounts(self, entries: Sequence[PersonEntry | ApplicationEntry]) -> None:
        """An account for each address that has none: without a password, and nobody is told."""
        first = {one.email: one for one in reversed(entries)}
        self.users = self._known(first)
        missing = [first[email] for email in sorted(first) if email not in self.users]
        made = User.objects.bulk_create(
            [
                User(
                    email=one.email,
                    name=one.person["name"],
                    pronouns=one.person["pronouns"],
                    time_zone=one.person["time_zone"] or "UTC",
                    password=make_password(None),
                )
                for one in missing
            ]
        )
        self.users |= {one.email: one.pk for one in made}
        self.note(What.PERSON, made)
        self._logins([(self.users[one.email], one.person["github"]) for one in missing if one.person["github"]])

    def _known(self, emails: Iterable[str]) -> dict[str, int]:
        rows = User.objects.annotate(key=Lower("email")).filter(key__in=list(emails))
        return dict(rows.values_list("key", "pk"))

    def _logins(self, logins: Sequence[tuple[int, str]]) -> None:
        """Typed logins of new accounts; not those that somebody has proven to be theirs."""
        keys = [login.lower() for _user, login in logins]
        proven = GitHubIdentity.objects.annotate(key=Lower("login")).filter(verified=True, key__in=keys)
        taken = set(proven.values_list("key", flat=True))
        made = GitHubIdentity.objects.bulk_create(
            [GitHubIdentity(user_id=user, login=login) for user, login in logins if login.lower() not in taken]
        )
        if any(self.now < session.ends_at for session in self.sessions.values()):
            for one in made:
                want_login_check("identity", one.pk)

    def _roles(self, entries: Sequence[PersonEntry]) -> None:
        rows = [SessionRole(session_id=one.session, user_id=self.users[one.email], role=one.role) for one in entries]
        there = set(SessionRole.objects.filter(session__in=self.sessions).values_list("session_id", "user_id", "role"))
        self.note(What.ROLE, self._give([one for one in rows if (one.session_id, one.user_id, one.role) not in there]))

    def _give(self, roles: Sequence[SessionRole]) -> list[SessionRole]:
        """Store roles, each with its line in the audit log: who got them, and by whom."""
        made = SessionRole.objects.bulk_create(roles)
        for one in made:
            record("role.given", by=self.by, to=one.user_id, about=one, scope=one.session_id, details={"role": one.role})
        return made

    def _places(self, wanted: Sequence[tuple[int | None, str, int | None, str, str, str, datetime.date | None]]) -> None:
        """Places that are taken, with the history that their session gives them."""
        if not wanted:
            return
        cohorts = self._cohorts({(of or 0, name): project for of, name, project, *_rest in reversed(wanted)})
        there = set(Membership.objects.filter(cohort__session__in=self.sessions).values_list("cohort_id", "user_id"))
        rows: dict[tuple[int, int], tuple[Membership, Session, str, datetime.date | None]] = {}
        for of, name, _project, email, role, state, left_on in wanted:
            session, cohort, user = self.sessions[of or 0], cohorts[of or 0, name.casefold()], self.users[email]
            if (cohort, user) not in there:
                rows[cohort, user] = (Membership(cohort_id=cohort, user_id=user, role=role), session, state, left_on)
        made = Membership.objects.bulk_create([one for one, *_rest in rows.values()])
        self.note(What.MEMBERSHIP, made)
        self._history(rows.values())

    def _history(self, rows: Iterable[tuple[Membership, Session, str, datetime.date | None]]) -> None:
        changes: dict[tuple[datetime.datetime, str], list[Membership]] = defaultdict(list)
        for membership, session, state, left_on in rows:
            joined = min(session.begins_at, self.now)
            changes[joined, Joined.JOINED].append(membership)
            if state == State.LEFT:
                at = datetime.datetime.combine(left_on, datetime.time(12), tzinfo=session.zone) if left_on else session.ends_at
                changes[min(max(at, joined), self.now), Joined.LEFT].append(membership)
            elif session.ends_at <= self.now:
                changes[session.ends_at, Joined.COMPLETED].append(membership)
        # By the clock: joined before completed.
        for (at, what), memberships in sorted(changes.items(), key=lambda one: (one[0][0], one[0][1] != Joined.JOINED)):
            note_many(memberships, what, now=at)

    def _cohorts(self, wanted: dict[tuple[int, str], int | None]) -> dict[tuple[int, str], int]:
        """The number of each cohort by session and name in small letters; those that are not there are made."""
        rows = Cohort.objects.filter(session__in=self.sessions).values_list("session_id", "name", "pk")
        found = {(of, name.casefold()): pk for of, name, pk in rows}
        new: dict[tuple[int, str], Cohort] = {}
        projects: dict[int, set[int]] = defaultdict(set)
        for (of, name), project in wanted.items():
            key = (of, name.casefold())
            if key not in found:
                new.setdefault(key, Cohort(session_id=of, name=name, project_id=project))
                if project:
                    projects[of].add(project)
        made = Cohort.objects.bulk_create(new.values())
        for of, numbers in projects.items():
            self.sessions[of].projects.add(*numbers)
        self.note(What.COHORT, made)
        return found | {(one.session_id, one.name.casefold()): one.pk for one in made}

    def _applications(self, entries: Sequence[ApplicationEntry]) -> None:
        session = self.sessions[self.table_import.session_id or 0]
        questions = self._questions(session)
        people = [self.users[one.email] for one in entries]
        # Drafts as well: what somebody is writing stays theirs.
        there = set(Application.objects.filter(session=session, applicant__in=people).values_list("applicant_id", flat=True))
        new = [one for one in entries if self.users[one.email] not in there]
        rows = [
            Application(
                session=session,
                applicant_id=self.users[one.email],
                status=one.status,
                submitted_at=one.submitted_at,
                version=1,
                submitted_version=1,
                tier=one.tier,
            )
            for one in new
        ]
        bring_in(rows, by=self.by, note=_("Brought in from a table"))
        self.note(What.APPLICATION, rows)
        answers = [
            Answer(application=row, question_id=questions[place], value=value)
            for row, one in zip(rows, new, strict=True)
            for place, value in one.answers.items()
        ]
        Answer.objects.bulk_create(answers, batch_size=500)
        wishes = [
            ProjectPreference(application=row, project_id=project, rank=rank)
            for row, one in zip(rows, new, strict=True)
            for rank, project in enumerate(one.projects, 1)
        ]
        ProjectPreference.objects.bulk_create(wishes, batch_size=500)
        self._offer_projects(session, {project for one in new for project in one.projects})

    def _offer_projects(self, session: Session, projects: set[int]) -> None:
        """What people wished for was to be had in that session."""
        if projects:
            session.projects.add(*projects)

    def _questions(self, session: Session) -> dict[int, int]:
        """The number of the question that each column answers; new ones are made behind those that are there."""
        wanted = self.plan.judged.questions
        there = {(key_of(one.label), one.kind): one.pk for one in session.questions.of_form()}
        last = session.questions.of_form().aggregate(last=Max("order"))["last"] or 0
        found: dict[int, int] = {}
        made: list[Question] = []
        for place, question in wanted.items():
            known = question.pk or there.get((key_of(question.label), question.kind))
            if known is None:
                last += 1
                question.session, question.order = session, last
                question.save(force_insert=True)
                made.append(question)
                known = question.pk
            found[place] = known
        self.note(What.QUESTION, made)
        return found
