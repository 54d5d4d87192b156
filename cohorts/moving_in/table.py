"""From the bytes of a file to a table: rows with the numbers that a spreadsheet shows, under names that are each there once.

Pure. Forms and spreadsheets save in many ways: other letters, other separators, a title above the names, names in two lines, columns
that end in nothing. What is understood is in `docs/how-to/move-in.md`.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from django.utils.translation import gettext as _

from cohorts.csv_cells import plain_cell
from cohorts.questions import clean_text

MEGABYTE = 1024 * 1024
LARGEST = 10 * MEGABYTE
MOST_ROWS = 10_000
MOST_COLUMNS = 200
LONGEST_NAME = 300
#: The names of the columns stand in one of the first lines.
SEARCHED = 10

#: The column that the download of refused rows has besides.
REASON = "import_problem"
#: The line in which some programs tell the separator; no spreadsheet shows it.
_SEPARATOR = re.compile(r'"?sep=([^"\r])"?', re.IGNORECASE)
_SEPARATORS = (",", ";", "\t", "|")


class TableError(Exception):
    """Nothing of the file can be read. The text is for whoever sent it."""


class Row(NamedTuple):
    """`number` counts from 1 as a spreadsheet does, `cells` are as many as there are columns."""

    number: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """`names` of the columns, each once; `lines`: how many lines they take, the last of which has the number `header`."""

    names: list[str]
    rows: list[Row]
    header: int
    lines: int

    @property
    def key(self) -> str:
        """Alike for two files with the same names in the same order; what we write beside refused rows is none of them."""
        names = (name.casefold() for name in self.names if name != REASON)
        return hashlib.sha256("\x1f".join(names).encode()).hexdigest()

    def column(self, place: int) -> list[str]:
        """What stands in a column, empty cells left out."""
        return [row.cells[place] for row in self.rows if row.cells[place]]


def read_table(content: bytes, *, header: int | None = None) -> Table:
    """The table in `content`. `header`: the number of the line with the names, for when it is not the one that looks like it.

    Raises `TableError` where it is no table, is larger than a table may be, or has no line of that number.
    """
    if len(content) > LARGEST:
        raise TableError(_("The file is larger than 10 MB. Split it, and import the parts one after the other."))
    rows = list(islice(_rows(_text(content)), MOST_ROWS + SEARCHED + 1))
    if not rows:
        raise TableError(_("The file is empty."))
    place = _place_of_header(rows, header)
    names, lines = _names(rows, place)
    body = rows[place + 1 :]
    if len(body) > MOST_ROWS:
        raise TableError(_("The file has more than 10,000 rows. Split it, and import the parts one after the other."))
    width = _width(names, body)
    if not width:
        raise TableError(_("No column has a name. Choose the line with the names, or write them above the columns."))
    if width > MOST_COLUMNS:
        raise TableError(_("The file has more than 200 columns. Delete those that are not needed, and choose it again."))
    return Table(
        _each_once(names, width),
        [Row(number, (cells + [""] * width)[:width]) for number, cells in body],
        rows[place].number,
        lines,
    )


def first_rows(content: bytes) -> list[Row]:
    """The first rows that hold anything, among which the names of the columns stand. Raises `TableError` as `read_table`."""
    return list(islice(_rows(_text(content)), SEARCHED))


def _text(content: bytes) -> str:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError(_("This is a spreadsheet, not a CSV file. Save it as “CSV UTF-8” and choose that file."))
    if content.startswith((b"%PDF", b"<!DOCTYPE", b"<html", b"{\\rtf", b"\x1f\x8b")):
        raise TableError(_("This is no table. Export it as CSV and choose that file."))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in content[:1]:
        encodings = ["utf-16-be"]
    elif b"\0" in content[1:2]:
        encodings = ["utf-16-le"]
    else:
        # What is no UTF-8 was saved by a spreadsheet on Windows, whose letters are Latin-1 and some more.
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text.removeprefix("\ufeff")
    raise TableError(_("The letters of the file cannot be read. Save it as “CSV UTF-8” and choose that file."))


def _rows(text: str) -> Iterator[Row]:
    """The rows that hold anything, each with its number; cells are trimmed, and free of what we write for spreadsheets."""
    first, _newline, rest = text.partition("\n")
    told = _SEPARATOR.fullmatch(first.strip())
    if told:
        separator, text = told[1], rest
    else:
        separator = _separator(text)
    # No cell of a file within its size is longer than the file.
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, cells in enumerate(reader, 1):
            clean = [clean_text(plain_cell(cell)).strip().strip("\u200b\ufeff\xa0").strip() for cell in cells]
            if any(cell.strip(",;|") for cell in clean):
                yield Row(number, clean)
    except csv.Error as error:
        words = _("Near line %(line)s the file is no table: quotation marks are missing. Save it as CSV once more.")
        raise TableError(words % {"line": reader.line_num}) from error


def _separator(text: str) -> str:
    """The sign that stands between the cells of the first lines: outside of quotation marks, and most often in all of them."""
    counts = dict.fromkeys(_SEPARATORS, 0)
    quoted, lines = False, 0
    for character in text[:200_000]:
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character == "\n":
            lines += 1
            if lines >= SEARCHED:
                break
        elif character in counts:
            counts[character] += 1
    return max(_SEPARATORS, key=lambda one: counts[one])


def _place_of_header(rows: Sequence[Row], wanted: int | None) -> int:
    """Which of `rows` holds the names: the first that fills as many cells as the widest of the first ones, or nearly."""
    if wanted is not None:
        place = next((place for place, row in enumerate(rows[:SEARCHED]) if row.number == wanted), None)
        if place is None:
            raise TableError(_("The line with the names of the columns has to be one of the first, and may not be empty."))
        return place
    filled = [sum(map(bool, row.cells)) for row in rows[:SEARCHED]]
    widest = max(filled)
    return next(place for place, count in enumerate(filled) if count * 2 > widest)


def _names(rows: Sequence[Row], place: int) -> tuple[list[str], int]:
    """The names, and how many lines they take. Two where cells of the line above span several columns of the one below."""
    names = [" ".join(cell.split()) for cell in rows[place].cells]
    if place == 0 or rows[place - 1].number != rows[place].number - 1:
        return names, 1
    above = [" ".join(cell.split()) for cell in rows[place - 1].cells]
    groups = [number for number, cell in enumerate(above[: len(names)]) if cell]
    # A title stands alone in the first cell, and a line as full as the names is no heading of theirs.
    if not 2 <= len(groups) < sum(map(bool, names)):
        return names, 1
    group, found = "", []
    for number, name in enumerate(names):
        group = above[number] if number < len(above) and above[number] else group
        found.append(f"{group}: {name}" if group and name else name or (above[number] if number < len(above) else ""))
    return found, 2


def _width(names: Sequence[str], body: Sequence[Row]) -> int:
    """Up to the last column that has a name or a value: spreadsheets save empty ones behind it."""
    named = max((number for number, name in enumerate(names, 1) if name), default=0)
    if not named:
        return 0
    return max(named, max((_last_filled(row.cells) for row in body), default=0))


def _last_filled(cells: Sequence[str]) -> int:
    return max((number for number, cell in enumerate(cells, 1) if cell), default=0)


def _each_once(names: Sequence[str], width: int) -> list[str]:
    """The names of all columns. One without gets the letter that a spreadsheet shows; one that is there again gets a number."""
    seen: Counter[str] = Counter()
    found = []
    for number, name in enumerate([*names, *[""] * width][:width]):
        name = (name or _("Column %(letter)s") % {"letter": letter_of(number)})[:LONGEST_NAME]
        seen[name.casefold()] += 1
        times = seen[name.casefold()]
        found.append(name if times == 1 else f"{name[: LONGEST_NAME - 8]} ({times})")
    return found


def letter_of(place: int) -> str:
    """What a spreadsheet calls the column at `place`, counted from 0: A to Z, AA …"""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
