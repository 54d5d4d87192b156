"""A session's figures as one person may read them, and as everybody may."""

from collections.abc import Sequence
from dataclasses import dataclass

from cohorts.models import Session

from . import telling
from .counting import Line, Overview, count
from .facts import Facts, Person
from .loading import facts_of
from .weeks import Slot, Weeks, weeks_of
from .withholding import public
from .words import slot_dates, slot_words


@dataclass
class Report:
    """`shown` is for who reads the page: all numbers where `in_full`, else what `published` holds, which is for everybody."""

    session: Session
    in_full: bool
    weeks: Weeks
    facts: Facts
    shown: Overview
    published: Overview

    @property
    def projects(self) -> dict[int, str]:
        return dict(self.facts.projects)

    def slot(self, number: str) -> Slot | None:
        """The week of that number, as an address gives it; None where the session has no such week."""
        return next((slot for slot in self.weeks.slots if slot.kind == "week" and str(slot.number) == number), None)

    def story(self, slot: Slot | None = None) -> telling.Story:
        return telling.story_of(self.facts, self.weeks, slot)

    def markdown(self, slot: Slot | None = None) -> str:
        """To be copied and published: what everybody may read, of one week or of the whole session."""
        line = self._published_line(slot)
        others = self.published.others if slot is None else None
        if slot is None:
            title = f"{self.session.name} ({slot_dates(_whole(self.session))})"
        else:
            title = f"{self.session.name}, {slot_words(slot)} ({slot_dates(slot)})"
        return telling.markdown(title, line, self.story(slot), others=others)

    def _published_line(self, slot: Slot | None) -> Line:
        found = self.published.line(slot.key) if slot else None
        return found or self.published.total


def reports_of(sessions: Sequence[tuple[Session, bool]]) -> list[Report]:
    """Each session with whether it is read in full. The same number of queries for any number of sessions."""
    facts = facts_of([session for session, _in_full in sessions])
    return [_report(session, in_full, facts[session.pk]) for session, in_full in sessions]


def report_of(session: Session, *, in_full: bool) -> Report:
    return reports_of([(session, in_full)])[0]


def public_total(session: Session) -> Line:
    """What everybody may read of the whole session, whoever agreed to be named: it may be kept for a while."""
    facts = facts_of([session])[session.pk]
    facts.people = {pk: Person(person.name) for pk, person in facts.people.items()}
    return public(count(facts, weeks_of(session))).total


def _report(session: Session, in_full: bool, facts: Facts) -> Report:
    weeks = weeks_of(session)
    everything = count(facts, weeks)
    published = public(everything, facts.agreed)
    return Report(session, in_full, weeks, facts, everything if in_full else published, published)


def _whole(session: Session) -> Slot:
    return Slot("week", 0, session.first_day, session.last_day)
