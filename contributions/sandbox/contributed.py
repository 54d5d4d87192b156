"""What an account contributed in a stretch of time: GitHub's `ContributionsCollection`, as far as reviews go."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from .paging import Page, page

if TYPE_CHECKING:
    from .entities import Account, Entry

#: Longer stretches are refused; a leap year is not too long.
YEAR = timedelta(days=366)


@dataclass(frozen=True, eq=False)
class ReviewContribution:
    """That somebody reviewed a pull request: the review submitted last counts."""

    pull_request_review: "Entry"

    @property
    def pull_request(self) -> Any:
        return self.pull_request_review.item

    @property
    def occurred_at(self) -> datetime:
        return self.pull_request_review.created_at


@dataclass(eq=False)
class ContributionsCollection:
    account: "Account" = field(repr=False)
    start: datetime
    end: datetime

    @classmethod
    def of(cls, account: "Account", start: datetime | None, end: datetime | None) -> "ContributionsCollection":
        """GitHub's defaults for what is left out. Raises `GraphQLError` for more than a year."""
        if start is None:
            start = (end or account.world.now) - timedelta(days=365)
        if end is None:
            end = min(account.world.now, start + timedelta(days=365))
        if end - start > YEAR:
            raise GraphQLError(
                "The total time spanned by 'from' and 'to' must not exceed 1 year", extensions={"type": "ARGUMENT_ERROR"}
            )
        return cls(account, start, end)

    def pull_request_review_contributions(self, order_by: dict[str, str] | None = None, **bounds: Any) -> Page:
        """One for each pull request that the token can see, by its review submitted last. Pending reviews do not count."""
        latest: dict[int, Entry] = {}
        for review in self.account.world.reviews_by(self.account):
            if review.state == "PENDING" or not review.item.is_visible or not self.start <= review.created_at <= self.end:
                continue
            before = latest.get(review.item.database_id)
            if before is None or before.created_at <= review.created_at:
                latest[review.item.database_id] = review

        def key(given: ReviewContribution) -> str:
            return f"{given.occurred_at.isoformat()} {given.pull_request_review.database_id:012}"

        found = sorted((ReviewContribution(review) for review in latest.values()), key=key)
        if (order_by or {"direction": "DESC"})["direction"] == "DESC":
            found.reverse()
        return page(found, key=key, **bounds)
