"""Reading a table of scores that somebody filled in with a spreadsheet: from bytes to reviews, with all that is wrong in it.

Pure: knows the criteria of a session and nothing else of the database. The first line names the columns; each other line is one
review. `docs/how-to/import-scores.md` describes the format.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from django.utils.translation import gettext as _

from .csv_cells import plain_cell
from .models import Criterion, Review
from .questions import clean_text
from .reviews import LONGEST_COMMENT

MEGABYTE = 1024 * 1024
LARGEST = 2 * MEGABYTE
MOST_ROWS = 10_000
#: Far above what a session has criteria.
MOST_COLUMNS = 500

APPLICATION, REVIEWER = "application", "reviewer"
COMMENTS = ("private_comment", "shareable_comment")
CONFIDENCE = "confidence"
NOT_APPLICABLE = "N/A"
#: How people write that a criterion does not apply.
_NOT_APPLICABLE = frozenset({"n/a", "na", "n.a.", "n. a.", "not applicable", "-", "–", "—"})
#: The line in which some programs tell the separator.
_SEPARATOR = re.compile("sep=", re.IGNORECASE)
_WHOLE = re.compile(r"\d{1,9}(?:[.,]0{1,6})?")


class FileError(Exception):
    """Nothing of the file can be read. The text is for whoever sent it."""


class Problem(NamedTuple):
    """Something that is wrong: `row` counts from 1, the line of names included, as a spreadsheet does; `column` is its name."""

    row: int
    column: str
    text: str


@dataclass(frozen=True)
class Line:
    """A review as a row of the file says it. `scores`: criterion id → score, or None for N/A; one without an answer is left out."""

    row: int
    application: int
    #: In small letters.
    reviewer: str
    scores: Mapping[int, int | None]
    private_comment: str = ""
    shareable_comment: str = ""
    confidence: int | None = None

    @property
    def scores_in_words(self) -> str:
        """The scores in the order of the criteria."""
        return " · ".join(NOT_APPLICABLE if value is None else str(value) for value in self.scores.values()) or "–"


@dataclass
class ScoreFile:
    """What a file says. `empty`: how many rows name an application and nothing else, as in a template that is not filled in."""

    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    empty: int = 0


def columns_of(criteria: Sequence[Criterion]) -> dict[str, Criterion]:
    """The column of each criterion: its name, with its number where another column is called the same."""
    reserved = {APPLICATION, REVIEWER, CONFIDENCE, *COMMENTS}
    names = [" ".join(one.name.split()) for one in criteria]
    keys = [_key(name) for name in names]
    found: dict[str, Criterion] = {}
    for number, (name, key, criterion) in enumerate(zip(names, keys, criteria, strict=True), 1):
        is_alone = keys.count(key) == 1 and key not in reserved
        which = _("criterion %(number)s") % {"number": number}
        found[name if is_alone else f"{name} ({which})"] = criterion
    return found


def header_of(criteria: Sequence[Criterion]) -> list[str]:
    """The names of all columns, in their order."""
    return [APPLICATION, REVIEWER, *columns_of(criteria), *COMMENTS, CONFIDENCE]


def row_of(criteria: Sequence[Criterion], *, application: int, email: str, review: Review | None = None, scores=None) -> list:
    """A row for `header_of`. `scores`: criterion id → score or None for N/A; what is not in it is an empty cell."""
    given = scores or {}
    cells = ["" if one.pk not in given else NOT_APPLICABLE if given[one.pk] is None else given[one.pk] for one in criteria]
    comments = [getattr(review, name) if review else "" for name in COMMENTS]
    return [application, email, *cells, *comments, review.confidence if review else None]


def read_scores(content: bytes, criteria: Sequence[Criterion]) -> ScoreFile:
    """What `content` says, with every problem found in it. Raises `FileError` where it is no table of scores at all."""
    if len(content) > LARGEST:
        raise FileError(_("The file is larger than 2 MB. Split it, and import the parts one after the other."))
    rows = list(islice(_rows(content), MOST_ROWS + 2))
    if not rows:
        raise FileError(_("The file is empty."))
    if len(rows) - 1 > MOST_ROWS:
        raise FileError(_("The file has more than 10,000 rows. Split it, and import the parts one after the other."))
    result = ScoreFile()
    (header_row, header), *others = rows
    if len(header) > MOST_COLUMNS:
        raise FileError(_("The first line has more than 500 columns. Is it the line with their names?"))
    places = _places(header_row, header, criteria, result.problems)
    if not result.problems:
        reader = _Reader(criteria, places, len(header), result)
        for number, cells in others:
            reader.read(number, cells)
    return result


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, each with its number, cells trimmed."""
    text = _text(content).lstrip("\ufeff")
    lines = (line for line in text.splitlines() if line.strip(' ,;\t"') and not _SEPARATOR.match(line))
    # A spreadsheet takes the separator of its country.
    separator = max("\t;,", key=next(lines, "").count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, cells in enumerate(reader, 1):
            is_filled = any(cell.strip(" ,;\t") for cell in cells)
            if is_filled and not (number == 1 and _SEPARATOR.match(cells[0])):
                yield number, [clean_text(plain_cell(cell)).strip() for cell in cells]
    except csv.Error as error:
        words = _("Near line %(line)s the file is no table: quotation marks are missing. Save it as CSV once more.")
        raise FileError(words % {"line": reader.line_num}) from error


def _text(content: bytes) -> str:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise FileError(_("This is a spreadsheet, not a CSV file. Save it as “CSV UTF-8” and choose that file."))
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig"]
    # Without a mark: every other byte of plain letters is nothing.
    if content[1:2] == b"\0":
        encodings = ["utf-16-le"]
    elif content[:1] == b"\0":
        encodings = ["utf-16-be"]
    try:
        return content.decode(encodings[0])
    except UnicodeDecodeError as error:
        raise FileError(_("The letters of the file cannot be read. Save it as “CSV UTF-8” and choose that file.")) from error


def _key(name: str) -> str:
    """Column names are alike whatever their capitals and spaces."""
    return " ".join(name.split()).casefold()


def _places(row: int, header: list[str], criteria: Sequence[Criterion], problems: list[Problem]) -> dict[str, int]:
    """The place of each known column, by its name in `header_of`."""
    known = {_key(name): name for name in header_of(criteria)}
    places: dict[str, int] = {}
    for place, cell in enumerate(header):
        name = known.get(_key(cell))
        if name is None:
            if cell:
                words = _("This column is not known. The columns are: %(names)s.")
                problems.append(Problem(row, cell, words % {"names": ", ".join(known.values())}))
        elif name in places:
            problems.append(Problem(row, cell, _("This column is there twice.")))
        else:
            places[name] = place
    for name in (APPLICATION, REVIEWER):
        if name not in places:
            problems.append(Problem(row, name, _("This column is missing. The template has all columns.")))
    for name, criterion in columns_of(criteria).items():
        if criterion.required and name not in places:
            problems.append(Problem(row, name, _("This column is missing. Each review needs a score for it, or N/A.")))
    return places


class _Reader:
    """Reads row after row into `result`."""

    def __init__(self, criteria: Sequence[Criterion], places: Mapping[str, int], width: int, result: ScoreFile):
        self.columns, self.places, self.width, self.result = columns_of(criteria), places, width, result
        self.seen: dict[tuple[int, str], int] = {}

    def read(self, row: int, cells: list[str]) -> None:
        problems: list[Problem] = []
        if any(cells[self.width :]):
            problems.append(Problem(row, "", _("This row has more cells than there are columns. Is a quotation mark missing?")))
        named = {name: cells[place] if place < len(cells) else "" for name, place in self.places.items()}
        if not any(text for name, text in named.items() if name not in (APPLICATION, REVIEWER)):
            self.result.empty += 1
            return
        application = _whole(named[APPLICATION])
        if application is None:
            problems.append(Problem(row, APPLICATION, _("Give the number of the application.")))
        reviewer = named[REVIEWER].lower()
        if "@" not in reviewer:
            problems.append(Problem(row, REVIEWER, _("Give the email address of the reviewer.")))
        scores = dict(self._scores(row, named, problems))
        for name in COMMENTS:
            if len(named.get(name, "")) > LONGEST_COMMENT:
                problems.append(Problem(row, name, _("A comment may have 10,000 characters.")))
        confidence = _whole(named.get(CONFIDENCE, ""))
        if named.get(CONFIDENCE) and confidence not in Review.Confidence.values:
            problems.append(Problem(row, CONFIDENCE, _("Give 1 (unsure), 2 (fairly sure), 3 (sure), or nothing.")))
        if application is not None and not problems:
            earlier = self.seen.setdefault((application, reviewer), row)
            if earlier != row:
                words = _("The same application and reviewer are in row %(row)s already.")
                problems.append(Problem(row, REVIEWER, words % {"row": earlier}))
        self.result.problems += problems
        if application is not None and not problems:
            comments = {name: named.get(name, "") for name in COMMENTS}
            self.result.lines.append(Line(row, application, reviewer, scores, confidence=confidence, **comments))

    def _scores(self, row: int, named: Mapping[str, str], problems: list[Problem]) -> Iterable[tuple[int, int | None]]:
        for name, criterion in self.columns.items():
            text = named.get(name, "")
            value = _whole(text)
            if text.casefold() in _NOT_APPLICABLE:
                yield criterion.pk, None
            elif value is not None and value <= criterion.highest:
                yield criterion.pk, value
            elif text:
                words = _("Give a whole number from 0 to %(highest)s, or N/A.")
                problems.append(Problem(row, name, words % {"highest": criterion.highest}))
            elif criterion.required:
                problems.append(Problem(row, name, _("This review needs a score here, or N/A.")))


def _whole(text: str) -> int | None:
    """A whole number as spreadsheets write it, such as “3” or “3.0”; None for anything else."""
    return int(re.split("[.,]", text)[0]) if text.isascii() and _WHOLE.fullmatch(text) else None
