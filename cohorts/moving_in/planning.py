"""What importing a table would do at this moment, and whether it is still what somebody agreed to."""

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cohorts.models import ImportedRow, Membership, Question, Session, TableImport

from .entries import ApplicationEntry, Entry, Outcome, PersonEntry, Problem, SessionEntry
from .fields import Column, columns_from, obstacles_to_mapping
from .judging import emails_in, judge
from .keeping import content_of
from .known import Known, load_known
from .row_judging import Judged
from .table import Table, read_table

What = ImportedRow.What


@dataclass
class Plan:
    """What would be written. With `obstacles`, or with problems that nobody agreed to leave out, nothing is."""

    table: Table
    columns: list[Column]
    judged: Judged = field(default_factory=Judged)
    obstacles: list[str] = field(default_factory=list)
    known: Known | None = None

    @property
    def problems(self) -> list[Problem]:
        return self.judged.problems

    @property
    def entries(self) -> list[Entry]:
        """The rows that would be written, in their order."""
        return [one for one in self.judged.entries if one.outcome == Outcome.NEW]

    @property
    def refused(self) -> set[int]:
        """The numbers of the rows with a problem."""
        return self.judged.refused

    def count(self, outcome: str) -> int:
        """How many rows come to an outcome: see `Outcome`."""
        return sum(one.outcome == outcome for one in self.judged.entries)

    @property
    def new_questions(self) -> list[Question]:
        return [one for one in self.judged.questions.values() if one.pk is None]

    @property
    def made(self) -> dict[str, int]:
        """How many rows of each kind would be made. Not how many accounts: who has one here is nobody's to learn from a table."""
        counts: Counter[str] = Counter()
        cohorts: set[tuple[int, str]] = set()
        session = self.known.session.pk if self.known and self.known.session else 0
        for one in self.entries:
            if isinstance(one, SessionEntry):
                counts[What.SESSION] += 1
                continue
            in_session = one.session if isinstance(one, PersonEntry) else session
            counts[What.APPLICATION] += isinstance(one, ApplicationEntry)
            counts[What.MEMBERSHIP] += bool(one.cohort)
            counts[What.ROLE] += isinstance(one, PersonEntry) and not one.cohort
            if one.cohort:
                cohorts.add((in_session, one.cohort.casefold()))
        counts[What.COHORT] = len(cohorts - set(self.known.cohorts if self.known else ()))
        counts[What.QUESTION] = len(self.new_questions) if self.entries else 0
        return {what: counts[what] for what in What.values if counts[what]}

    @property
    def people(self) -> int:
        """How many different people the rows to be written are about."""
        return len({one.email for one in self.entries if not isinstance(one, SessionEntry)})

    def notices(self, now: datetime.datetime | None = None) -> list[str]:
        """What an organiser should know before importing, in sentences."""
        now = now or timezone.now()
        found = []
        older = self.count(Outcome.OLDER)
        if older:
            words = ngettext(
                "%(count)s row is an earlier application of somebody who applied again: the later one counts.",
                "%(count)s rows are earlier applications of people who applied again: the later ones count.",
                older,
            )
            found.append(words % {"count": older})
        sessions = {one.pk: one for one in (self.known.sessions.values() if self.known else ())}
        running = {
            one.session
            for one in self.entries
            if isinstance(one, PersonEntry) and one.role in Membership.Role.values and now < sessions[one.session].ends_at
        }
        for pk in sorted(running):
            words = _("%(session)s is not over: its people get its reminders and digests from now on.")
            found.append(words % {"session": sessions[pk]})
        if self.new_questions and self.known and self.known.session and not _is_past_form(self.known.session, now):
            found.append(
                _("The new questions become part of the application form of this session, and nobody has to answer them.")
            )
        return found

    def can_be_written(self, *, without_refused: bool) -> bool:
        return not self.obstacles and bool(self.entries) and (without_refused or not self.problems)

    @property
    def fingerprint(self) -> str:
        """Changes whenever anything of what would be written does."""
        parts = [
            [one.as_json() for one in self.columns],
            [[one.row, vars(one)] for one in self.judged.entries],
            [[one.row, one.column] for one in self.problems],
        ]
        return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()


def _is_past_form(session: Session, now: datetime.datetime) -> bool:
    """Whether nobody fills in the application form of `session` any more."""
    return session.applications_close_at is not None and session.applications_close_at <= now


def plan_import(table_import: TableImport, *, by, now: datetime.datetime | None = None) -> Plan:
    """What the file of `table_import` would do as it is mapped now, brought in by `by`.

    The number of queries grows by one for 900 different addresses, and by nothing else. Raises `TableError` where the file cannot be
    read, and `GoneError` where it was deleted.
    """
    now = now or timezone.now()
    choices = table_import.choices
    table = read_table(content_of(table_import), header=choices.get("header"))
    columns = columns_from(table_import.mapping)
    plan = Plan(table, columns)
    if [column.name for column in columns] != table.names:
        plan.obstacles.append(_("Say first what the columns mean."))
        return plan
    plan.obstacles += obstacles_to_mapping(table_import.kind, columns, has_session=table_import.session_id is not None)
    session = table_import.session
    if session is not None and not Session.objects.organised_by(by).filter(pk=session.pk).exists():
        plan.obstacles.append(_("Only the organisers of this session bring something in."))
    if plan.obstacles:
        return plan
    plan.known = load_known(session, emails_in(table, columns), by=by, now=now)
    plan.known.brought_at = table_import.created_at
    plan.obstacles += _gone_questions(columns, plan.known)
    if not plan.obstacles:
        plan.judged = judge(table_import.kind, table, columns, choices, plan.known)
    return plan


def _gone_questions(columns: Sequence[Column], known: Known) -> list[str]:
    there = {one.pk for one in known.questions if one.kind != Question.Kind.FILE}
    words = _("The question of the column “%(name)s” takes no answers from a table. Choose another.")
    return [words % {"name": column.name} for column in columns if column.question is not None and column.question not in there]
