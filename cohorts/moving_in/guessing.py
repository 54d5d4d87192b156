"""What the columns of a table most likely are: by their names, then by what stands in them. Pure; people look at it before it counts."""

import re
from collections.abc import Sequence

from cohorts.models import Question, TableImport
from cohorts.numbers import NumberUnclear, read_number

from .fields import NEW, QUESTION, REPEATABLE, Column, fields_of
from .table import REASON, Table
from .values import NO_WORDS, YES_WORDS, Unclear, email_of, key_of, looks_like_dates

Kind = Question.Kind

#: Values of a column that are looked at.
SAMPLE = 200
#: A column with so few different values, each there more than once on average, is a choice.
MOST_CHOICES = 12
LONGEST_CHOICE = 80

#: Words in the name of a column that only organisers should read.
_PRIVATE = re.compile(
    r"gender|pronoun|ethnic|race\b|disab|health|access|accommodat|need|religio|orient|income|phone|mobile|address|birth|\bage\b|"
    r"visa|passport|nationality|score|points|rating|note|comment|decision|genere|telefono|salute|nascita|punteggio",
    re.IGNORECASE,
)
#: Columns that programs write for themselves.
_OF_PROGRAMS = frozenset(
    [
        "number",
        "id",
        "row",
        "record id",
        "response id",
        "respondent id",
        "network id",
        "ip address",
        "token",
        "start date utc",
        "stage date utc",
        "tags",
        "response type",
        "#",
        "user agent",
        "latitude",
        "longitude",
        "eligibility",
        "eligibility reason",
        "pending decision",
        "pending rank",
        "reviews",
        "mean",
        "median",
        "lowest",
        "highest",
        "earlier sessions",
        "session",
    ]
)
#: How forms begin a question for something plain.
_ASKING = re.compile(
    r"^(?:what s|what is|what are|whats|please)?\s*(?:enter|write|give|share|provide)?\s*(?:us )?(?:your|the|a link to your)?\s+"
)
_RANKED = re.compile(r"\b([1-9])(?:st|nd|rd|th)?\b|\b(first|second|third|fourth|fifth)\b")


def guess(kind: str, table: Table, *, questions: Sequence[Question] = ()) -> list[Column]:
    """What each column of `table` most likely is; for applications every other column becomes an answer, and nothing is lost unasked."""
    fields = fields_of(kind)
    by_name = {key_of(name): one.key for one in fields for name in one.names}
    by_label = {key_of(question.label): question.pk for question in questions}
    taken: set[str] = set()
    found: list[Column] = []
    for name in table.names:
        # A name in two lines is looked up as a whole, then by its second part.
        keys = [key_of(name), key_of(name.rpartition(":")[2]), key_of(re.sub(r"\(.*?\)", "", name))]
        keys += [_ASKING.sub("", key) for key in keys]
        to = next((by_name[key] for key in keys if key in by_name and by_name[key] not in taken), "")
        label = next((by_label[key] for key in keys if key in by_label), None)
        if label is not None and f"{QUESTION}{label}" not in taken:
            to = f"{QUESTION}{label}"
        if to and to not in REPEATABLE:
            taken.add(to)
        found.append(Column(name, to))
    if "email" in {one.key for one in fields} - taken:
        _find_addresses(table, found)
    if kind == TableImport.Kind.APPLICATIONS:
        _find_preferences(found)
        found = [column if column.to else _as_question(column.name, table.column(place)) for place, column in enumerate(found)]
    return found


def _find_addresses(table: Table, found: list[Column]) -> None:
    """The first column that holds nothing but addresses."""
    for place, column in enumerate(found):
        values = table.column(place)[:SAMPLE]
        if values and not column.to and all(map(_is_address, values)):
            found[place] = Column(column.name, "email")
            return


def _find_preferences(found: list[Column]) -> None:
    """Columns such as “Which project? (1st choice)”, unless another one of the kind is a question already."""
    for place, column in enumerate(found):
        key = key_of(column.name)
        if not column.to and ("project" in key or "choice" in key or "preference" in key) and _RANKED.search(key):
            found[place] = Column(column.name, "preference")


def _as_question(name: str, values: Sequence[str]) -> Column:
    """A new question; columns without a value, and those that programs write for themselves, are left out."""
    if name == REASON or not key_of(name) or key_of(name) in _OF_PROGRAMS or not values:
        return Column(name)
    return Column(name, f"{NEW}{kind_of(values)}", only_organisers=bool(_PRIVATE.search(name)))


def kind_of(values: Sequence[str]) -> str:
    """The kind of question that such answers answer."""
    sample = list(values[:SAMPLE])
    if all(value.casefold() in YES_WORDS | NO_WORDS for value in sample):
        return Kind.NUMBER if all(value.isdecimal() for value in sample) else Kind.YES_NO
    if all(map(_is_address, sample)):
        return Kind.EMAIL
    if all(re.fullmatch(r"https?://\S+", value) for value in sample):
        return Kind.URL
    if looks_like_dates(sample):
        return Kind.DATE
    if all(map(_is_number, sample)):
        return Kind.NUMBER
    if any("\n" in value or len(value) > LONGEST_CHOICE * 2 for value in sample):
        return Kind.LONG_TEXT
    if _are_choices(sample):
        return Kind.CHOICE
    parts = [part.strip() for value in sample for part in re.split("[;,]", value)]
    if any(re.search("[;,]", value) for value in sample) and _are_choices(parts):
        return Kind.CHOICES
    return Kind.SHORT_TEXT if max(map(len, sample)) <= 60 else Kind.LONG_TEXT


def _are_choices(values: Sequence[str]) -> bool:
    different = set(values)
    few = len(different) <= MOST_CHOICES and len(values) >= 2 * len(different)
    return few and len(different) > 1 and max(map(len, different)) <= LONGEST_CHOICE


def _is_address(text: str) -> bool:
    try:
        email_of(text)
    except Unclear:
        return False
    return True


def _is_number(text: str) -> bool:
    try:
        read_number(text)
    except (ValueError, NumberUnclear):
        return False
    return True
