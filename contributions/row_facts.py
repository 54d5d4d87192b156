"""Everything that a row of a page about work is shown with, beside what the contribution itself holds."""

from collections.abc import Sequence

from cohorts.models import Membership, Repository

from .models import Contribution, WorkItem
from .models.work import ContributionQuerySet
from .reading import Row, seen_by, with_pull_requests
from .reviewing import reviews_of

Kind = WorkItem.Kind
LINKED_KINDS = (Kind.ISSUE, Kind.TICKET)


def work_of_member(membership: Membership, *, by_the_member: bool) -> list[Contribution]:
    """All contributions of a membership that the reader was found to see: two queries. Hidden ones are the member's alone.

    One membership, one repository and one project stand for all: a row costs one object for the contribution and one for the item.
    """
    found = Contribution.objects.filter(membership=membership).select_related("work_item")
    contributions = list((found if by_the_member else found.shown()).order_by("-work_item__created_at", "-pk"))
    ids = {contribution.work_item.tracked_repository_id for contribution in contributions} - {None}
    repositories = Repository.objects.select_related("project").in_bulk(ids) if ids else {}
    for contribution in contributions:
        contribution.membership = membership
        contribution.work_item.tracked_repository = repositories.get(contribution.work_item.tracked_repository_id)
    return contributions


def with_facts(rows: Sequence[Row], user) -> Sequence[Row]:
    """The same rows, with pull requests of tickets, linked issues and reviews given. Four queries at most."""
    seen = seen_by(user, rows) if _wanted(rows) or any(row.item.kind == Kind.TICKET for row in rows) else None
    if seen is not None:
        with_linked(with_pull_requests(rows, user, seen), seen)
    return with_reviews(rows)


def with_reviews(rows: Sequence[Row]) -> Sequence[Row]:
    """The same rows, those of other people's pull requests with the reviews that the member gave. One query at most."""
    found = reviews_of(row.contribution for row in rows)
    for row in rows:
        row.reviews = found.get(row.contribution.pk, [])
    return rows


def with_linked(rows: Sequence[Row], seen: ContributionQuerySet) -> Sequence[Row]:
    """The same rows, open pull requests with the issues and tickets that they name, as far as they are among `seen`."""
    here = {row.item.url: row.item for row in rows if row.item.kind in LINKED_KINDS}
    missing = _wanted(rows) - set(here)
    if missing:
        found = WorkItem.objects.filter(url__in=missing, kind__in=LINKED_KINDS, pk__in=seen.values("work_item"))
        for item in found.only("url", "kind", "state", "stage", "flags", "labels", "fetched_at"):
            here[item.url] = item
    for row in rows:
        row.known = here
    return rows


def _wanted(rows: Sequence[Row]) -> set[str]:
    """Addresses that open pull requests are linked with."""
    return {
        str(link["url"]) for row in rows if row.is_pull_request and row.is_open for link in row.item.linked if link.get("url")
    }
