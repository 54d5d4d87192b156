"""What the site tells in figures, as Prometheus reads them: names, what they mean, and one number for each set of labels."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """`name` without the prefix “cohorts_”; `values` by labels, as `[({"state": "waiting"}, 3)]`. `kind`: gauge or counter."""

    name: str
    help: str
    values: Iterable[tuple[Mapping[str, str], float]]
    kind: str = "gauge"
    #: Lines of a histogram, already written, in place of values.
    lines: tuple[str, ...] = field(default=())


def one(name: str, help: str, value: float | None, kind: str = "gauge") -> Figure:
    """A figure without labels; without any value where there is none to tell."""
    return Figure(name, help, [] if value is None else [({}, value)], kind)


#: Asked at each look, so a few quick queries at most.
Source = Callable[[], Iterable[Figure]]
_sources: dict[str, Source] = {}


def register_figures(name: str, source: Source) -> None:
    """Add figures of an app to `/metrics`, or replace those of this name."""
    _sources[name] = source


def sources() -> dict[str, Source]:
    return _sources
