"""Reading values out of JSON: each is checked, and what is wrong is noted with its path."""

import datetime
import re
import zoneinfo
from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.core.exceptions import ValidationError

#: Years outside would run over the end of the calendar once weeks are counted from them.
FIRST_YEAR, LAST_YEAR = 2000, 2999

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


class Fields:
    """The keys of one JSON object, read one by one.

    Every method returns the value, or None where the key is absent, null or wrong; what is wrong goes to `problems`. A key
    that is required and missing is a problem too. `done` complains about keys that nobody asked for.
    """

    def __init__(self, value: Any, path: str, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        self.known: set[str] = set()
        self.is_object = isinstance(value, dict)
        self.values: dict[str, Any] = value if isinstance(value, dict) else {}
        if not self.is_object:
            self.problems.append(f"{path or 'The file'}: must be an object, not {kind_of(value)}.")
        for key in getattr(value, "repeated", []):
            self.problem(key, "stands here more than once.")

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def problem(self, key: str, text: str) -> None:
        self.problems.append(f"{self.at(key)}: {text}")

    def done(self, ignored: Collection[str] = ()) -> None:
        for key in self.values:
            if key not in self.known and key not in ignored:
                self.problem(key, f"unknown key. Known here: {', '.join(sorted(self.known))}.")

    def _take(self, key: str, kind: type, *, required: bool) -> Any:
        self.known.add(key)
        value = self.values.get(key)
        if value is None:
            if required and self.is_object:
                self.problem(key, "is required.")
            return None
        if not isinstance(value, kind) or isinstance(value, bool):
            wanted = {str: "text", int: "a whole number", list: "a list", dict: "an object"}[kind]
            self.problem(key, f"must be {wanted}, not {kind_of(value)}.")
            return None
        return value

    def text(
        self,
        key: str,
        *,
        longest: int,
        required: bool = False,
        validators: Collection[Callable[[str], None]] = (),
    ) -> str | None:
        """One line of text without spaces around it. An empty one counts as missing where the key is required."""
        value = self._take(key, str, required=required)
        if value is None:
            return None
        value = value.strip()
        if not value:
            if required:
                self.problem(key, "must not be empty.")
                return None
            return ""
        if len(value) > longest:
            self.problem(key, f"is longer than {longest} characters.")
        elif _CONTROL.search(value) or "\n" in value or not _encodable(value):
            self.problem(key, "holds a character that cannot be stored.")
        else:
            try:
                for validate in validators:
                    validate(value)
            except ValidationError as error:
                self.problem(key, f"{error.messages[0]} (“{value}”)")
            else:
                return value
        return None

    def choice(self, key: str, choices: Collection[str], *, required: bool = False) -> str | None:
        value = self.text(key, longest=100, required=required)
        if value is None or value in choices:
            return value
        self.problem(key, f"must be one of {', '.join(choices)}, not “{value}”.")
        return None

    def whole(self, key: str, smallest: int, largest: int) -> int | None:
        value = self._take(key, int, required=False)
        if value is not None and not smallest <= value <= largest:
            self.problem(key, f"must be from {smallest} to {largest}.")
            return None
        return value

    def zone(self, key: str) -> str | None:
        value = self.text(key, longest=64)
        if value and value not in zoneinfo.available_timezones():
            self.problem(key, f"“{value}” is not a time zone we know. Example: Europe/Rome.")
            return None
        return value or None

    def date(self, key: str, *, required: bool = False) -> datetime.date | None:
        value = self.text(key, longest=40, required=required)
        if not value:
            return None
        try:
            if not _DATE.fullmatch(value):
                raise ValueError
            found = datetime.date.fromisoformat(value)
        except ValueError:
            self.problem(key, f"must be a date such as 2027-02-01, not “{value}”.")
            return None
        return found if self._in_range(key, found.year) else None

    def moment(self, key: str) -> datetime.datetime | None:
        value = self.text(key, longest=40)
        if not value:
            return None
        try:
            if not _MOMENT.fullmatch(value):
                raise ValueError
            found = datetime.datetime.fromisoformat(value)
        except ValueError:
            self.problem(key, f"must be a time such as 2026-12-01T12:00:00Z, not “{value}”.")
            return None
        if found.tzinfo is None:
            self.problem(key, f"must say its zone, as in {value}Z or {value}+01:00.")
            return None
        return found if self._in_range(key, found.year) else None

    def _in_range(self, key: str, year: int) -> bool:
        if FIRST_YEAR <= year <= LAST_YEAR:
            return True
        self.problem(key, f"must be between the years {FIRST_YEAR} and {LAST_YEAR}.")
        return False

    def items(self, key: str, *, required: bool = False) -> Iterator[tuple[str, Any]]:
        """The elements of a list, each with its path."""
        for number, element in enumerate(self._take(key, list, required=required) or []):
            yield f"{self.at(key)}[{number}]", element

    def objects(self, key: str) -> Iterator["Fields"]:
        """The elements of a list of objects."""
        for path, element in self.items(key):
            yield Fields(element, path, self.problems)

    def nested(self, key: str, *, required: bool = False) -> "Fields | None":
        value = self._take(key, dict, required=required)
        return None if value is None else Fields(value, self.at(key), self.problems)


class Element:
    """One value of a list, read with the rules of `Fields`; problems name the path of the element."""

    def __init__(self, value: Any, path: str, problems: list[str]) -> None:
        self._fields = Fields({path: value}, "", problems)
        self._path = path

    def text(self, **rules: Any) -> str | None:
        return self._fields.text(self._path, **rules)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
