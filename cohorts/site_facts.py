"""How long the site keeps what people write, in words for the privacy page: each part of the site says its own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kept:
    """One line: what, and for how long; both are texts in the language of the page, or lazy ones."""

    label: Any
    time: Any


#: Functions without arguments that yield lines.
_sources: list[Callable[[], Iterable[Kept]]] = []


def register_kept(source: Callable[[], Iterable[Kept]]) -> None:
    """Have the lines of `source` on the privacy page."""
    if source not in _sources:
        _sources.append(source)


def kept_for() -> list[Kept]:
    """All lines, in the order in which they were registered."""
    return [line for source in _sources for line in source()]
