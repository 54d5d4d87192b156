"""Row after row: what it says, what would become of it, and all that is wrong with it. Asks nothing of the database.

`Known` is what the site has; a row that names what is there already changes nothing.
"""

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.utils.text import slugify
from django.utils.translation import gettext as _

from cohorts.models import Application, Membership, Question, Session, TableImport

from .answering import answer_of, question_of, without_limits
from .entries import ApplicationEntry, Entry, Outcome, PersonEntry, SessionEntry
from .fields import Column
from .known import Known
from .row_judging import Judged, RowJudge
from .table import Table
from .values import Unclear, email_of, key_of, parts_of, role_of, state_of, status_of, yes_or_no, zone_of

Role, Status, State = Membership.Role, Application.Status, Membership.State

MOST_WEEKS = 52
#: Of the name of a session.
MOST_OF_NAME = 120
#: Statuses of a session whose decisions nobody published yet.
UNDECIDED = (Status.SUBMITTED, Status.WITHDRAWN)


def emails_in(table: Table, columns: Sequence[Column]) -> set[str]:
    """Every address that a row names, in small letters; what is none is left out."""
    place = next((number for number, column in enumerate(columns) if column.to == "email"), None)
    found = set()
    for text in table.column(place) if place is not None else ():
        try:
            found.add(email_of(text))
        except Unclear:
            continue
    return found


def judge(kind: str, table: Table, columns: Sequence[Column], choices: Mapping[str, str], known: Known) -> Judged:
    """Judge all rows. `choices`: what the organiser chose beside the columns (`status`, `role`, `cohort`, `dates`), empty texts where nothing."""
    judges = {
        TableImport.Kind.SESSIONS: _Sessions,
        TableImport.Kind.PEOPLE: _People,
        TableImport.Kind.APPLICATIONS: _Applications,
    }
    judge_of = judges[TableImport.Kind(kind)](table, columns, choices, known)
    for row in table.rows:
        judge_of.row = row
        judge_of.begin()
    judge_of.result.problems.sort(key=lambda one: one.row)
    return judge_of.result


class _Sessions(RowJudge):
    def __init__(self, *args):
        super().__init__(*args)
        self.seen: dict[str, int] = {}

    def read(self) -> SessionEntry | None:
        name = self.needed("name")
        if len(name) > MOST_OF_NAME:
            self.problem("name", _("This is longer than %(most)s characters. Shorten it.") % {"most": MOST_OF_NAME})
        zone_name = self.value("time_zone", zone_of) or self.choices.get("time_zone") or "UTC"
        starts_on, ends_on = self.day("starts_on"), self.day("ends_on")
        if starts_on is None and not self.text("starts_on"):
            self.problem("starts_on", _("Write the first day of week 1, such as 2024-03-04."))
        weeks = self._weeks(starts_on, ends_on)
        zone = Session(time_zone=zone_name).zone
        opens, closes = (self.moment(key, zone) for key in ("applications_open_at", "applications_close_at"))
        if bool(opens) != bool(closes) and not self.wrong:
            self.problem("applications_open_at", _("Give both when applications opened and when they closed, or neither."))
        if opens and closes and opens >= closes:
            self.problem("applications_close_at", _("Applications must open before they close."))
        slug = self._slug(name)
        archived = self.value("archived", yes_or_no)
        if self.wrong or starts_on is None:
            return None
        first = self.seen.setdefault(slug, self.row.number)
        if first != self.row.number:
            self.problem(
                "slug" if self.text("slug") else "name", _("The same session is in row %(row)s already.") % {"row": first}
            )
        values = {
            "name": name,
            "starts_on": starts_on,
            "weeks": weeks,
            "time_zone": zone_name,
            "applications_open_at": opens,
            "applications_close_at": closes,
            "description": self.short("description"),
            "member_label": self.short("member_label"),
        }
        there = self.known.sessions.get(key_of(slug)) or self.known.sessions.get(key_of(name))
        if there is None and slug in self.known.slugs:
            self.problem("slug" if self.text("slug") else "name", _("Another session has the address “%(slug)s”. Give a short name of your own.") % {"slug": slug})  # fmt: skip
        return SessionEntry(self.row.number, slug, values, bool(archived), Outcome.THERE if there else Outcome.NEW)

    def _weeks(self, starts_on: datetime.date | None, ends_on: datetime.date | None) -> int:
        text = self.text("weeks").casefold().removesuffix("weeks").removesuffix("week").strip()
        weeks = 0
        if text:
            match = re.fullmatch(r"(\d{1,3})(?:[.,]\d{1,9})?", text)
            weeks = int(match[1]) if match else 0
            if not 1 <= weeks <= MOST_WEEKS:
                self.problem("weeks", _("Write a number of weeks from 1 to 52."))
        elif starts_on and ends_on:
            weeks = math.ceil(((ends_on - starts_on).days + 1) / 7)
            if not 1 <= weeks <= MOST_WEEKS:
                self.problem("ends_on", _("The last day lies before the first, or more than a year behind it."))
        elif not self.text("ends_on"):
            self.problem("weeks" if "weeks" in self.places else "ends_on", _("Write the number of weeks, or the last day."))
        return weeks

    def _slug(self, name: str) -> str:
        slug = self.text("slug").strip().lower() or slugify(name)[:60]
        try:
            validate_slug(slug)
        except ValidationError:
            self.problem("slug" if self.text("slug") else "name", _("Give a short name for addresses: letters, digits and hyphens, such as 2024-1."))  # fmt: skip
        if len(slug) > 60:
            self.problem("slug", _("This is longer than %(most)s characters. Shorten it.") % {"most": 60})
        return slug


class _Placing(RowJudge):
    """Rows that may put somebody into a cohort."""

    def _may_be_placed(self, session: Session, email: str) -> None:
        """A part in what still goes on is asked for: nobody is in a cohort without having said yes, and nobody learns by it whose account an
        address is."""
        if self.known.now < session.ends_at and not self.known.by.is_superuser and email not in self.known.familiar:
            self.problem(
                "email",
                _(
                    "This session is not over, and nobody with this address is in a session of yours. Add the address on the page of the "
                    "cohort: they get a mail, and say yes or no."
                ),
            )


class _People(_Placing):
    def __init__(self, *args):
        super().__init__(*args)
        self.seen: dict[tuple, int] = {}

    def read(self) -> PersonEntry | None:
        email, person, session = self.email(), self.person(), self._session()
        label = session.member_label if session else ""
        role = self.value("role", lambda text: role_of(text, self.words("role"), members=[label, f"{label}s"]))
        if role is None:
            role = self.choices.get("role") or Role.MEMBER.value
        cohort = self.short("cohort") or self.choices.get("cohort", "")
        in_cohort = role in Role.values
        if in_cohort and not cohort and not self.wrong:
            self.problem("cohort", _("Give the cohort, or choose one for people without a cohort."))
        project = self.project(self.places["project"][0], self.text("project")) if self.text("project") and in_cohort else None
        state = self.value("state", lambda text: state_of(text, self.words("state"))) or ""
        left_on = self.day("left_on")
        if left_on and session and left_on < session.first_day:
            self.problem("left_on", _("This day lies before the session began."))
        if left_on and not state:
            state = State.LEFT
        if session is None or self.wrong:
            return None
        self._may_have_place(session, role, state, email)
        entry = PersonEntry(
            self.row.number,
            email,
            person,
            session.pk,
            role,
            cohort if in_cohort else "",
            project,
            state if in_cohort else "",
            left_on,
        )
        self._compare(entry)
        return entry

    def _session(self) -> Session | None:
        text = self.text("session")
        if not text:
            if self.known.session is None:
                self.problem("session", _("Write the name of the session."))
            return self.known.session
        found = self.known.sessions.get(key_of(text))
        if found is None:
            self.problem("session", _("You organise no session of this name. Import the sessions first, or correct the name."))
        elif self.known.session is not None and found.pk != self.known.session.pk:
            self.problem("session", _("The whole table is for %(session)s. Choose “the rows say it” to import people of several sessions.") % {"session": self.known.session})  # fmt: skip
        return found

    def _may_have_place(self, session: Session, role: str, state: str, email: str) -> None:
        """Whether the person can be given this here."""
        if role not in Role.values and self.known.now < session.ends_at and not self.known.by.is_superuser:
            self.problem("role", _("This session is not over: ask people on its page to take this role. They get a mail."))
        elif role == Role.MEMBER and session.published_at is None:
            self.problem("role", _("The decisions of this session are not published: its members come by their applications."))
        elif role in Role.values:
            self._may_be_placed(session, email)
        if role == Role.MEMBER and session.published_at is not None:
            if state == State.ACTIVE and self.known.now >= session.ends_at:
                self.problem("state", _("This session is over: its people have completed it, or left."))
            elif state == State.COMPLETED and self.known.now < session.ends_at:
                self.problem("state", _("This session is not over. Leave the cell empty for who takes part."))

    def _compare(self, entry: PersonEntry) -> None:
        """With the rows before, and with what the site has."""
        user = self.known.people.get(entry.email)
        cohort = self.known.cohorts.get((entry.session, entry.cohort.casefold()))
        key = (entry.email, entry.session, entry.cohort.casefold() or entry.role)
        first = self.seen.setdefault(key, self.row.number)
        if first != self.row.number:
            self.problem("email", _("The same person is in row %(row)s already.") % {"row": first})
            return
        if entry.role == Role.MEMBER:
            first = self.seen.setdefault((entry.email, entry.session), self.row.number)
            elsewhere = self.known.member_of.get((entry.session, user)) if user else None
            if first != self.row.number:
                self.problem(
                    "cohort", _("This person is a member of another cohort in row %(row)s: a member has one.") % {"row": first}
                )
            elif elsewhere is not None and elsewhere.casefold() != entry.cohort.casefold():
                self.problem(
                    "cohort", _("This person is a member of %(cohort)s already: a member has one cohort.") % {"cohort": elsewhere}
                )
        if user is None:
            return
        if entry.cohort:
            there = self.known.places.get((cohort, user)) if cohort else None
            if there is not None and there != entry.role:
                self.problem(
                    "role", _("This person has another part in this cohort already. Change it on the page of the cohort.")
                )
            elif there is not None:
                entry.outcome = Outcome.THERE
        elif (entry.session, user, entry.role) in self.known.roles:
            entry.outcome = Outcome.THERE


class _Applications(_Placing):
    def __init__(self, *args):
        super().__init__(*args)
        self.latest: dict[str, ApplicationEntry] = {}
        session = self.known.session
        if session is None:
            raise ValueError("Applications belong to a session.")
        self.session = session
        self.is_published = session.published_at is not None
        for place, column in enumerate(self.columns):
            question = question_of(column, place, self.table, self.known.questions)
            if question is not None:
                self.result.questions[place] = question
        self.free = {place: without_limits(question) for place, question in self.result.questions.items()}

    def read(self) -> ApplicationEntry | None:
        email, person = self.email(), self.person()
        status = self._status()
        submitted_at = self.moment("submitted_at", self.session.zone) or self._closed_at()
        if submitted_at > self.known.now:
            self.problem("submitted_at", _("This moment is still to come."))
        tier = self._tier()
        cohort = self.short("cohort")
        if cohort and status not in ("", Status.ACCEPTED):
            self.problem("cohort", _("Only who was accepted has a place in a cohort. Correct the status, or empty this cell."))
        if cohort and not self.is_published:
            self.problem("cohort", _("The decisions of this session are not published: give places when you form cohorts here."))
        elif cohort and email:
            self._may_be_placed(self.session, email)
        projects, answers = self._projects(), self._answers()
        if email and email == self.known.by.email.lower() and self.known.now < self.session.ends_at:
            self.problem("email", _("Nobody brings in their own application to a session that is not over."))
        if self.wrong:
            return None
        status = status or (Status.ACCEPTED.value if cohort else self._status_without())
        return ApplicationEntry(self.row.number, email, person, status, submitted_at, tier, cohort, projects, answers)

    def begin(self) -> None:
        before = len(self.result.entries)
        super().begin()
        if len(self.result.entries) > before:
            self._compare(self.result.entries[-1])

    def _compare(self, entry: Entry) -> None:
        """Forms are sent twice: the later one counts. What the site has stays as it is."""
        if not isinstance(entry, ApplicationEntry):
            return
        other = self.latest.get(entry.email)
        if other is None or entry.submitted_at >= other.submitted_at:
            self.latest[entry.email] = entry
            if other is not None:
                other.outcome = Outcome.OLDER
        else:
            entry.outcome = Outcome.OLDER
        user = self.known.people.get(entry.email)
        if user is None or entry.outcome == Outcome.OLDER:
            return
        if (self.session.pk, user) in self.known.applications:
            entry.outcome = Outcome.THERE
            return
        elsewhere = self.known.member_of.get((self.session.pk, user))
        if entry.cohort and elsewhere is not None and elsewhere.casefold() != entry.cohort.casefold():
            self.problem(
                "cohort", _("This person is a member of %(cohort)s already: a member has one cohort.") % {"cohort": elsewhere}
            )
            self.result.problems += self.wrong
            self.result.entries.pop()

    def _status(self) -> str:
        status = self.value("status", lambda text: status_of(text, self.words("status"))) or ""
        if status in (Status.DRAFT, Status.OFFERED):
            self.problem("status", _("An offer is made here, so that its mail and its date are right. Import it as submitted."))
        elif status and not self.is_published and status not in UNDECIDED:
            self.problem("status", _("The decisions of this session are not published. Import it as submitted, and decide here."))
        return status

    def _status_without(self) -> str:
        """Of rows that say none."""
        return self.choices.get("status") or (Status.NOT_SELECTED if self.is_published else Status.SUBMITTED).value

    def _closed_at(self) -> datetime.datetime:
        """When somebody applied of whom the table does not say it."""
        session = self.session
        found = session.applications_close_at or session.begins_at
        # Where that is still to come, when the file came: the same whenever the table is read again, so that the plan is.
        return min(found, self.known.brought_at or self.known.now)

    def _tier(self) -> int | None:
        text = self.text("tier")
        if not text:
            return None
        match = re.fullmatch(r"0*(\d{1,2})(?:\.0)?", text)
        if match is None:
            self.problem("tier", _("Write a whole number from 0 (best) to 99, or empty the cell."))
            return None
        return int(match[1])

    def _projects(self) -> list[int]:
        """The wished projects in their order: from columns of their own, or from one cell."""
        names = [(place, self.row.cells[place]) for place in self.places.get("preference", ()) if self.row.cells[place]]
        if text := self.text("preferences"):
            names += [(self.places["preferences"][0], part) for part in parts_of(text)]
        found = [self.project(place, name) for place, name in names]
        return list(dict.fromkeys(one for one in found if one is not None))

    def _answers(self) -> dict[int, Any]:
        found = {}
        for place, question in self.free.items():
            text = self.row.cells[place]
            if not text:
                continue
            try:
                value = answer_of(question, text, self.order(place) if question.kind == Question.Kind.DATE else "")
            except Unclear as unclear:
                self.problem(place, unclear)
                continue
            if value is not None and value != []:
                found[place] = value
        return found
