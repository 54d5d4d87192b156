"""Everything that a row of a page about work is shown with, beside what the contribution itself holds."""

from collections.abc import Sequence

from .preflight import preflight
from .reading import Row, with_linked, with_pull_requests, with_reviews


def with_facts(rows: Sequence[Row], user) -> Sequence[Row]:
    """The same rows, with pull requests of tickets, linked issues, reviews given and what is left to do. Three queries at most."""
    with_reviews(with_linked(with_pull_requests(rows, user), user))
    for row in rows:
        row.points = preflight(row)
    return rows
