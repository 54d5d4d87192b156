"""Who says something in digests. Apps register their sections once, as they do with reasons for attention."""

from collections.abc import Callable, Iterable

from .lines import Line, Reader
from .look import Look

#: What says a section's lines to one reader: no query, in the language and the zone that are active.
Saying = Callable[[Reader], Iterable[Line]]
#: Reads what it needs of a session, once, with a number of queries that does not depend on the number of people.
Section = Callable[[Look], Saying]

_sections: list[Section] = []


def register_section(section: Section) -> None:
    """Add a section, once. Under each heading lines stand in the order in which sections were registered."""
    if section not in _sections:
        _sections.append(section)


def sections() -> list[Section]:
    return list(_sections)
