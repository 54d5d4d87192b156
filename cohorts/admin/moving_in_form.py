"""The forms of moving in: a file to upload, and what its columns mean."""

from dataclasses import dataclass, field

from django import forms
from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cohorts.models import Application, Membership, Project, Question, TableImport
from cohorts.moving_in.fields import LEFT_OUT, NEW, NEW_KINDS, OF_PROJECTS, QUESTION, WITH_WORDS, Column, columns_from, fields_of
from cohorts.moving_in.known import known_sessions
from cohorts.moving_in.row_judging import order_in_all
from cohorts.moving_in.table import LARGEST, Table
from cohorts.moving_in.values import (
    DAY_FIRST,
    MONTH_FIRST,
    Unclear,
    day_of,
    key_of,
    knows,
    looks_like_dates,
    order_in,
    parts_of,
    roles,
)

Kind, Status = TableImport.Kind, Application.Status

#: Values of a column that the page shows, and characters of each.
EXAMPLES, LONGEST_EXAMPLE = 3, 60
#: Words of a column that an organiser can explain.
MOST_WORDS = 30


class UploadForm(forms.Form):
    """A file, what is in it, and the session that it is for."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is in the table"),
        choices=Kind.choices,
        widget=forms.RadioSelect,
        initial=Kind.APPLICATIONS,
        error_messages={"required": gettext_lazy("Choose what is in the table.")},
    )
    session = forms.ChoiceField(
        label=gettext_lazy("Session"),
        required=False,
        help_text=gettext_lazy("Applications need one. Sessions themselves need none."),
    )
    file = forms.FileField(
        label=gettext_lazy("File (CSV, up to 10 MB and 10,000 rows)"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        error_messages={"empty": gettext_lazy("The file is empty.")},
    )

    def __init__(self, *args, user, is_dropped: bool = False, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.sessions = {str(one.pk): one for one in known_sessions(user)}
        self.fields["session"].choices = [("", _("The rows say it")), *((pk, str(one)) for pk, one in self.sessions.items())]
        self.is_dropped = is_dropped

    def clean_file(self):
        file = self.cleaned_data["file"]
        if self.is_dropped or (file is not None and file.size > LARGEST):
            raise ValidationError(_("The file is larger than 10 MB. Split it, and import the parts one after the other."))
        if file is None:
            raise ValidationError(_("Choose a file."))
        return file

    def clean(self):
        if self.cleaned_data.get("kind") == Kind.APPLICATIONS and not self.cleaned_data.get("session"):
            self.add_error("session", _("Choose the session of these applications."))
        return self.cleaned_data

    @property
    def chosen_session(self):
        return self.sessions.get(self.cleaned_data.get("session", ""))


@dataclass
class Word:
    """A word of a column that nobody knows: what it means is asked."""

    text: str
    name: str
    chosen: str


@dataclass
class Line:
    """A column as the page shows it. `groups`: what it can be, by heading."""

    column: Column
    place: int
    examples: list[str]
    filled: int
    groups: list[tuple[str, list[tuple[str, str]]]]
    words: list[Word] = field(default_factory=list)
    meanings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_left_out(self) -> bool:
        return not self.column.to


class MappingForm:
    """What the columns of a table mean. No Django form: its fields are as many as the columns, and nothing in it can be typed wrong."""

    def __init__(self, table_import: TableImport, table: Table, data=None):
        self.table_import, self.table = table_import, table
        self.questions = _questions(table_import)
        stored = columns_from(table_import.mapping)
        self.columns = self._read(data, stored) if data is not None else stored
        self.choices = {**table_import.choices, **(self._read_choices(data) if data is not None else {})}
        self.header = data.get("header", "") if data is not None else ""

    @property
    def lines(self) -> list[Line]:
        groups = _groups(self.table_import.kind, self.questions)
        found = []
        for place, column in enumerate(self.columns):
            values = self.table.column(place)
            line = Line(column, place, _examples(values), len(values), groups)
            if column.to in WITH_WORDS:
                line.words = [
                    Word(text, f"word-{place}-{key}", column.words.get(key, "")) for key, text in self._unknown(place).items()
                ]
                line.meanings = self._meanings(column.to)
            found.append(line)
        return found

    @property
    def asks_dates(self) -> bool:
        """Whether some column holds days that could be read in two ways."""
        if order_in_all(self.table, self.columns):
            return False
        columns = (self.table.column(place) for place, column in enumerate(self.columns) if column.to)
        return any(looks_like_dates(values[:200]) and _is_ambiguous(values) for values in columns)

    @property
    def date_orders(self) -> list[tuple[str, str]]:
        return [(DAY_FIRST, _("The day first: 3/4/2027 is 3 April")), (MONTH_FIRST, _("The month first: 3/4/2027 is March 4"))]

    @property
    def statuses(self) -> list[tuple[str, str]]:
        session = self.table_import.session
        if session is None or session.published_at is None:
            offered = [Status.SUBMITTED, Status.WITHDRAWN]
        else:
            offered = [Status.NOT_SELECTED, Status.ACCEPTED, Status.WAITLISTED, Status.WITHDRAWN, Status.DECLINED, Status.EXPIRED]
        return [(one.value, str(one.label)) for one in offered]

    @property
    def roles(self) -> list[tuple[str, str]]:
        return list(roles().items())

    def _unknown(self, place: int) -> dict[str, str]:
        """Words of a column that need an explanation, by their key: those that have one stay on the page."""
        to, found = self.columns[place].to, {}
        for text in dict.fromkeys(self.table.column(place)):
            for part in parts_of(text) if to == "preferences" else [text]:
                if len(found) < MOST_WORDS and len(part) <= LONGEST_EXAMPLE and not self._knows(to, part):
                    found.setdefault(key_of(part), part)
        return {key: text for key, text in found.items() if key}

    @cached_property
    def projects(self) -> dict[str, str]:
        """The name of each project by its number."""
        return {str(pk): name for pk, name in Project.objects.order_by(Lower("name"), "pk").values_list("pk", "name")}

    @cached_property
    def _known_projects(self) -> set[str]:
        return {key_of(name) for pair in Project.objects.values_list("name", "slug") for name in pair}

    def _knows(self, to: str, text: str) -> bool:
        return key_of(text) in self._known_projects if to in OF_PROJECTS else knows(to, text)

    def _meanings(self, to: str) -> list[tuple[str, str]]:
        return [(LEFT_OUT, _("Leave it out")), *self.projects.items()] if to in OF_PROJECTS else meanings(to)

    def _read(self, data, stored: list[Column]) -> list[Column]:
        allowed = {value for _heading, options in _groups(self.table_import.kind, self.questions) for value, _label in options}
        names = self.table.names
        known = {column.name: column for column in stored}
        found = []
        for place, name in enumerate(names):
            to = data.get(f"to-{place}")
            to = to if to in allowed else known[name].to if name in known and to is None else ""
            found.append(Column(name, to, only_organisers=f"only-{place}" in data))
        self.columns = found
        return [
            Column(column.name, column.to, column.only_organisers, self._words(place, data)) for place, column in enumerate(found)
        ]

    def _words(self, place: int, data) -> dict[str, str]:
        to = self.columns[place].to
        if to not in WITH_WORDS:
            return {}
        offered = {value for value, _label in self._meanings(to)}
        said = {key: data.get(f"word-{place}-{key}", "") for key in self._unknown(place)}
        return {key: value for key, value in said.items() if value in offered}

    def _read_choices(self, data) -> dict[str, str]:
        found = {}
        for name, offered in (
            ("dates", {DAY_FIRST, MONTH_FIRST}),
            ("status", {value for value, _label in self.statuses}),
            ("role", set(roles())),
        ):
            value = data.get(name, "")
            found[name] = value if value in offered else ""
        found["cohort"] = " ".join(data.get("cohort", "").replace("\x00", "").split())[:80]
        return found


def meanings(to: str) -> list[tuple[str, str]]:
    """What a word can mean, for the fields whose words can be explained."""
    if to == "role":
        return list(roles().items())
    if to == "state":
        states = Membership.State
        return [(one.value, str(one.label)) for one in (states.COMPLETED, states.LEFT, states.ACTIVE)]
    return [(one.value, str(one.label)) for one in Status if one not in (Status.DRAFT, Status.OFFERED)]


def _questions(table_import: TableImport) -> list[Question]:
    if table_import.kind != Kind.APPLICATIONS or table_import.session is None:
        return []
    return [one for one in table_import.session.questions.of_form() if one.kind != Question.Kind.FILE]


def _groups(kind: str, questions: list[Question]) -> list[tuple[str, list[tuple[str, str]]]]:
    groups = [(_("About the row"), [(one.key, str(one.label)) for one in fields_of(kind)])]
    if questions:
        groups.append((_("Answers a question of the form"), [(f"{QUESTION}{one.pk}", one.label) for one in questions]))
    if kind == Kind.APPLICATIONS:
        new = [(f"{NEW}{one.value}", _("New question: %(kind)s") % {"kind": one.label}) for one in NEW_KINDS]
        groups.append((_("Answers a new question"), new))
    return groups


def _examples(values: list[str]) -> list[str]:
    found = dict.fromkeys(" ".join(value.split()) for value in values[:500])
    return [one if len(one) <= LONGEST_EXAMPLE else one[: LONGEST_EXAMPLE - 1] + "…" for one in list(found)[:EXAMPLES]]


def _is_ambiguous(values: list[str]) -> bool:
    """Whether days such as 3/4/2027 stand in it, and none of them tells which number is the day."""
    if order_in(values):
        return False
    for value in values[:500]:
        try:
            day_of(value)
        except Unclear:
            return True
    return False
