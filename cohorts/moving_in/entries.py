"""What a table comes to once its cells are read: entries, and what is wrong with its rows. Plain data."""

import datetime
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

#: Characters of a cell that are shown beside what is wrong with it.
SHOWN = 60


class Outcome(TextChoices):
    """What would become of a row."""

    NEW = "new", _("Imported")
    THERE = "there", _("There already")
    OLDER = "older", _("An earlier one of the same person")


class Problem(NamedTuple):
    """What is wrong: `row` counts from 1 as a spreadsheet does, `value` is what stands there, `text` says what to do."""

    row: int
    column: str
    value: str
    text: str

    @property
    def shown(self) -> str:
        """The beginning of the value, in one line."""
        line = " ".join(self.value.split())
        return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


@dataclass
class SessionEntry:
    """A session as a row says it."""

    row: int
    slug: str
    values: dict[str, Any]
    archived: bool = False
    outcome: str = Outcome.NEW


@dataclass
class PersonEntry:
    """A person in a session. `person`: name, pronouns, time zone and GitHub login, for a new account. `role` is one of a cohort or a session."""

    row: int
    email: str
    person: dict[str, str]
    session: int
    role: str
    cohort: str = ""
    project: int | None = None
    state: str = ""
    left_on: datetime.date | None = None
    outcome: str = Outcome.NEW


@dataclass
class ApplicationEntry:
    """An application. `answers`: by the place of the column, as `cohorts.questions.parse_answer` makes them. `projects` in order."""

    row: int
    email: str
    person: dict[str, str]
    status: str
    submitted_at: datetime.datetime
    tier: int | None = None
    cohort: str = ""
    projects: list[int] = field(default_factory=list)
    answers: dict[int, Any] = field(default_factory=dict)
    outcome: str = Outcome.NEW


Entry = SessionEntry | PersonEntry | ApplicationEntry
