"""Everything that a row of a page about work is shown with, beside what the contribution itself holds."""

from collections.abc import Sequence

from .models import WorkItem
from .preflight import preflight
from .reading import Row, with_pull_requests
from .reviewing import reviews_of

Kind = WorkItem.Kind


def with_facts(rows: Sequence[Row], user) -> Sequence[Row]:
    """The same rows, with pull requests of tickets, linked issues, reviews given and what is left to do. Three queries at most."""
    with_reviews(with_linked(with_pull_requests(rows, user), user))
    for row in rows:
        row.points = preflight(row)
    return rows


def with_reviews(rows: Sequence[Row]) -> Sequence[Row]:
    """The same rows, those of other people's pull requests with the reviews that the member gave. One query at most."""
    found = reviews_of(row.contribution for row in rows)
    for row in rows:
        row.reviews = found.get(row.contribution.pk, [])
    return rows


def with_linked(rows: Sequence[Row], user) -> Sequence[Row]:
    """The same rows, open pull requests with the issues and tickets that they name. One query, none without links."""
    wanted = {
        str(link["url"]) for row in rows if row.is_pull_request and row.is_open for link in row.item.linked if link.get("url")
    }
    if not wanted:
        return rows
    found = WorkItem.objects.visible_to(user).filter(url__in=wanted, kind__in=(Kind.ISSUE, Kind.TICKET))
    by_address = {item.url: item for item in found.only("url", "kind", "state", "stage", "flags", "labels", "fetched_at")}
    for row in rows:
        row.known = by_address
    return rows
