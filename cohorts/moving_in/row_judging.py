"""What judging has in common, whatever a table holds: reading the cells of a row, and noting what is wrong with them."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from accounts.identity import could_be_login
from cohorts.models import Question

from .entries import Entry, Problem
from .fields import LEFT_OUT, Column
from .known import Known
from .table import Row, Table
from .values import Unclear, day_of, email_of, key_of, login_in, looks_like_dates, moment_of, order_in, zone_of

T = TypeVar("T")

LONGEST = {"name": 150, "pronouns": 60, "cohort": 80, "session": 120, "member_label": 40, "description": 20_000}


@dataclass
class Judged:
    """`problems` in the order of the rows; a row with one has no entry. `questions`: by the place of the column that answers them."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    questions: dict[int, Question] = field(default_factory=dict)

    @property
    def refused(self) -> set[int]:
        return {one.row for one in self.problems}


def order_in_all(table: Table, columns: Sequence[Column]) -> str:
    """Which number of a date is the day: as the columns tell that mean something. Empty: they do not, or not all the same."""
    texts = (table.column(place) for place, column in enumerate(columns) if column.to)
    return order_in(text for values in texts if looks_like_dates(values[:200]) for text in values)


class RowJudge:
    """What judging has in common: reading the cells of the present row, and noting what is wrong with them."""

    row: Row

    def __init__(self, table: Table, columns: Sequence[Column], choices: Mapping[str, str], known: Known):
        self.table, self.columns, self.choices, self.known = table, columns, choices, known
        self.places: dict[str, list[int]] = {}
        for place, column in enumerate(columns):
            if column.to:
                self.places.setdefault(column.to, []).append(place)
        self.result = Judged()
        self._orders: dict[int, str] = {}

    def begin(self) -> None:
        """Read the present row; an entry comes of it where nothing is wrong."""
        self.wrong: list[Problem] = []
        entry = self.read()
        if self.wrong:
            self.result.problems += self.wrong
        elif entry is not None:
            self.result.entries.append(entry)

    def read(self) -> Entry | None:
        raise NotImplementedError

    def text(self, key: str) -> str:
        """What stands in the column of a field; empty where there is none."""
        places = self.places.get(key)
        return self.row.cells[places[0]] if places else ""

    def problem(self, key: str | int, text: Any) -> None:
        """Note what is wrong in the column of a field, or in the one at a place."""
        place = key if isinstance(key, int) else next(iter(self.places.get(key, ())), None)
        name = "" if place is None else self.table.names[place]
        value = "" if place is None else self.row.cells[place]
        self.wrong.append(Problem(self.row.number, name, value, str(text)))

    def value(self, key: str, read: Callable[[str], T]) -> T | None:
        """What `read` makes of the cell of a field; None where it is empty or unclear, which is noted."""
        text = self.text(key)
        if not text:
            return None
        try:
            return read(text)
        except Unclear as unclear:
            self.problem(key, unclear)
            return None

    def needed(self, key: str) -> str:
        """A text that may not be empty."""
        text = self.short(key)
        if not text and not any(one.row == self.row.number for one in self.wrong):
            self.problem(key, _("This cell is empty, and each row needs it."))
        return text

    def short(self, key: str) -> str:
        """A text in one line that is not longer than it may be."""
        text = self.text(key)
        text = text if key == "description" else " ".join(text.split())
        if len(text) > LONGEST.get(key, 300):
            self.problem(key, _("This is longer than %(most)s characters. Shorten it.") % {"most": LONGEST.get(key, 300)})
        return text

    def order(self, place: int) -> str:
        """Which number of a date is the day in this column: as its own dates tell, those of the others, or as it was chosen."""
        if place not in self._orders:
            told = order_in(self.table.column(place)) or order_in_all(self.table, self.columns)
            self._orders[place] = told or self.choices.get("dates", "")
        return self._orders[place]

    def day(self, key: str) -> datetime.date | None:
        return self.value(key, lambda text: day_of(text, self.order(self.places[key][0])))

    def moment(self, key: str, zone) -> datetime.datetime | None:
        return self.value(key, lambda text: moment_of(text, zone, self.order(self.places[key][0])))

    def words(self, key: str) -> Mapping[str, str]:
        return self.columns[self.places[key][0]].words if key in self.places else {}

    def email(self) -> str:
        found = self.value("email", email_of)
        if found is None and not self.text("email"):
            self.problem("email", _("Write the email address: people are known by it."))
        return found or ""

    def person(self) -> dict[str, str]:
        """What a new account gets. What people have said of themselves here is never changed."""
        parts = " ".join(filter(None, (self.short("first_name"), self.short("last_name"))))
        name = self.short("name") or parts
        if name == parts and len(name) > LONGEST["name"]:
            self.problem("last_name", _("The whole name is longer than 150 characters. Shorten it."))
        github = login_in(self.text("github"))
        if github and not could_be_login(github):
            self.problem("github", _("Write the login alone, such as ada-lovelace, or empty the cell."))
        return {
            "name": name,
            "pronouns": self.short("pronouns"),
            "time_zone": self.value("time_zone", zone_of) or "",
            "github": could_be_login(github) if github else "",
        }

    def project(self, place: int, text: str) -> int | None:
        """The number of a project; None for one that is to be left out, and for one that nobody knows, which is noted."""
        said = self.columns[place].words.get(key_of(text), "")
        if said == LEFT_OUT:
            return None
        found = int(said) if said.isdecimal() and int(said) in self.known.projects.values() else None
        found = found or self.known.projects.get(key_of(text))
        if found is None:
            words = _("There is no project “%(name)s” here. Say on the page of columns which one is meant, or to leave it out.")
            self.problem(place, words % {"name": text[:80]})
        return found
