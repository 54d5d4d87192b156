"""Links that other apps put on the page of a row in the admin, such as “sync now” on that of a session."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import models


@dataclass(frozen=True)
class PageLink:
    """A link among the tools of a page. What it leads to asks before it does anything."""

    label: str
    url: str


#: Returns the links for a row and the person who looks at it; it looks after permissions itself.
Source = Callable[..., Iterable[PageLink]]
_sources: dict[type[models.Model], list[Source]] = {}


def register_page_links(model: type[models.Model], source: Source) -> None:
    """Have `source(row, user)` asked for links when a row of `model` is shown."""
    sources = _sources.setdefault(model, [])
    if source not in sources:
        sources.append(source)


def page_links(row: models.Model, user) -> list[PageLink]:
    """The links of all sources for `row`."""
    return [link for source in _sources.get(type(row), []) for link in source(row, user)]
