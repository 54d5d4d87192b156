"""Step 8: reviews that members gave on other people's pull requests in the tracked repositories.

GitHub tells for each pull request the review that was submitted last. The earlier ones come with the pull request itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import batched
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from contributions.github import documents_reviews as documents
from contributions.github.errors import AccessDenied, GitHubError, InvalidQuery, TooHeavy, Unavailable
from contributions.meaning.plain import LARGEST_ID, nodes_of, parse_time, part_of, text_of, whole_of
from contributions.meaning.references import is_web_address
from contributions.models import Contribution, ReviewGiven, SessionSync, WorkItem

from .batches import ask_in_batches
from .context import Given, Member, Sync
from .discover import MOST_PAGES, is_older, iso, stored_of
from .partial import answers_by_index, incomplete, is_sound
from .store import link_known

#: GitHub refuses longer stretches.
LONGEST = timedelta(days=365)
#: Reviews that are written in one transaction.
A_BATCH = 500
STATES = {
    "APPROVED": ReviewGiven.State.APPROVED,
    "CHANGES_REQUESTED": ReviewGiven.State.CHANGES_REQUESTED,
    "COMMENTED": ReviewGiven.State.COMMENTED,
    "DISMISSED": ReviewGiven.State.DISMISSED,
}


def ask_for_reviews(sync: Sync) -> None:
    """Ask whose pull requests the members reviewed, where that is due, and want those that are new or changed.

    A failure leaves everything else of the sync as it is; only a limit or a token that is not accepted stops it.
    """
    members = [member for member in sync.members if member.node_id and not member.problem]
    if not sync.asks_for_reviews or not sync.repositories or sync.now < sync.session.begins_at:
        return
    if members:
        sync.log.step("reviews", len(members))
    try:
        ask_in_batches(members, size=sync.sizes["reviews"], ask=partial(_ask, sync), give_up=partial(_fails, sync))
    except (AccessDenied, InvalidQuery, TooHeavy, Unavailable) as error:
        sync.log.problem(error.code, where="reviews", about="", message=error.message)
    else:
        sync.has_all_reviews = True


def note_reviews(sync: Sync, node: Mapping) -> set[int]:
    """Note the reviews that stand in the story of a fetched pull request; returns the membership ids of who gave them."""
    if sync.run is None or node.get("__typename") != "PullRequest" or sync.repository_of(node.get("repository")) is None:
        return set()
    reviewers = set()
    for connection in (node.get("timelineItems"), node.get("recent")):
        for entry in nodes_of(connection):
            if entry.get("__typename") != "PullRequestReview":
                continue
            for membership_id in sync.memberships_of.get(_id_of(entry.get("author")), ()):
                if _note(sync, membership_id, node, entry):
                    reviewers.add(membership_id)
    return reviewers


def keep_reviews(sync: Sync) -> None:
    """Store the reviews that were found; what is the same already is not written."""
    for batch in batched(sync.given.values(), A_BATCH):
        _keep(sync.host, batch)
    if sync.has_all_reviews and sync.run is not None and sync.run.is_whole:
        SessionSync.objects.update_or_create(session=sync.session, defaults={"reviews_at": sync.now})


def _window(sync: Sync) -> tuple[datetime, datetime]:
    end = min(sync.now, max(sync.ends_for.values(), default=sync.session.ends_at))
    return max(sync.session.begins_at, end - LONGEST), end


def _ask(sync: Sync, members: list[Member]) -> None:
    start, end = _window(sync)
    variables = {"ids": [member.node_id for member in members], "from": iso(start), "to": iso(end)}
    answer = sync.client.query(documents.REVIEWS, variables)
    found: list[tuple[int, Mapping]] = []
    for member, result in zip(members, answers_by_index(answer, len(members)), strict=True):
        connection = _connection(result.node)
        if connection is None:
            if not result.not_found:
                _problem(sync, member, "incomplete", incomplete())
            continue
        try:
            found += [(member.membership_id, node) for node in _pages(sync, member, connection, variables)]
        except _TooMany:
            message = _("%(login)s gave more reviews than a sync can look through.") % {"login": member.login}
            _problem(sync, member, "too_many", message)
        except GitHubError as error:
            if error.code not in ("too_heavy", "timed_out"):
                raise
            _fails(sync, member, error)
    _compare(sync, found)
    sync.log.advance(len(members))


class _TooMany(Exception):
    pass


def _pages(sync: Sync, member: Member, connection: Mapping, variables: dict[str, Any]) -> Iterator[Mapping]:
    for _page in range(MOST_PAGES):
        yield from nodes_of(connection)
        page = part_of(connection, "pageInfo")
        if not page.get("hasNextPage") or not page.get("endCursor"):
            return
        of_one = {"id": member.node_id, "after": page["endCursor"], "from": variables["from"], "to": variables["to"]}
        answer = sync.client.query(documents.MORE_REVIEWS, of_one)
        more = _connection(answer.data.get("node"))
        if more is None:
            _problem(sync, member, "incomplete", incomplete())
            return
        connection = more
    raise _TooMany


def _connection(user: object) -> Mapping | None:
    collection = user.get("contributionsCollection") if isinstance(user, Mapping) else None
    connection = collection.get("pullRequestReviewContributions") if isinstance(collection, Mapping) else None
    return connection if isinstance(connection, Mapping) else None


def _compare(sync: Sync, found: Iterable[tuple[int, Mapping]]) -> None:
    """Note the reviews, and want the pull requests that are not stored or older than on GitHub."""
    reviewed: list[tuple[int, Mapping]] = []
    for membership_id, node in found:
        pull_request, review = node.get("pullRequest"), node.get("pullRequestReview")
        if not isinstance(pull_request, Mapping) or not isinstance(review, Mapping):
            continue
        if not is_sound(pull_request, "fullDatabaseId") or sync.repository_of(pull_request.get("repository")) is None:
            continue
        if _note(sync, membership_id, pull_request, review):
            reviewed.append((membership_id, pull_request))
    kind = str(WorkItem.Kind.PULL_REQUEST)
    stored = stored_of(sync, ((kind, int(pull_request["fullDatabaseId"])) for _member, pull_request in reviewed))
    links = []
    for membership_id, pull_request in reviewed:
        known = stored.get((kind, int(pull_request["fullDatabaseId"])))
        node_id = str(pull_request["id"])
        about = f"{part_of(pull_request, 'repository').get('nameWithOwner')}#{pull_request.get('number')}"
        if known is None:
            sync.want(node_id, kind, reviewer_ids={membership_id}, about=about)
            continue
        links.append((membership_id, known.pk))
        if is_older(known, parse_time(pull_request.get("updatedAt"))):
            sync.want(node_id, kind, reviewer_ids={membership_id}, item_pk=known.pk, about=about)
        else:
            sync.examined.add(known.pk)
    link_known(links, role=Contribution.Role.REVIEWER)


def _note(sync: Sync, membership_id: int, pull_request: Mapping, review: Mapping) -> bool:
    """Note one review, unless it is none that counts: of the own pull request, outside the session, or not submitted."""
    submitted_at = parse_time(review.get("submittedAt"))
    state = STATES.get(str(review.get("state")))
    item, database_id = (whole_of(node.get("fullDatabaseId"), LARGEST_ID) for node in (pull_request, review))
    if submitted_at is None or state is None or not item or not database_id:
        return False
    if not sync.session.begins_at <= submitted_at < sync.ends_for.get(membership_id, sync.session.ends_at):
        return False
    author = _id_of(pull_request.get("author"))
    if author and membership_id in sync.memberships_of.get(author, ()):
        return False
    url = text_of(review.get("url"), 500)
    given = Given(membership_id, item, database_id, state, submitted_at, url if is_web_address(url) else "")
    before = sync.given.get((membership_id, database_id))
    if before is None or before.state != ReviewGiven.State.DISMISSED:
        sync.given[membership_id, database_id] = given
    return True


def _id_of(actor: object) -> str:
    return str(actor.get("id") or "") if isinstance(actor, Mapping) else ""


@transaction.atomic
def _keep(host: str, batch: Iterable[Given]) -> None:
    """Write what is new or changed: four statements at most. A review that was dismissed stays so: nothing undoes that."""
    batch = list(batch)
    contributions = {
        (membership_id, item): pk
        for pk, membership_id, item in Contribution.objects.filter(
            membership__in={given.membership_id for given in batch},
            work_item__host=host, work_item__kind=WorkItem.Kind.PULL_REQUEST,
            work_item__database_id__in={given.item for given in batch},
        ).values_list("pk", "membership_id", "work_item__database_id")
    }  # fmt: skip
    there = {
        (row.contribution_id, row.database_id): row
        for row in ReviewGiven.objects.filter(
            contribution__in=contributions.values(), database_id__in={given.database_id for given in batch}
        )
    }
    rows = []
    for given in batch:
        # An item that could not be stored has none: then its reviews come with the next asking.
        contribution_id = contributions.get((given.membership_id, given.item))
        if contribution_id is None:
            continue
        row = there.get((contribution_id, given.database_id))
        if row is None:
            row = ReviewGiven(contribution_id=contribution_id, database_id=given.database_id)
        elif row.state == ReviewGiven.State.DISMISSED or _is_same(row, given):
            continue
        row.state, row.submitted_at, row.url = given.state, given.submitted_at, given.url
        rows.append(row)
    if rows:
        ReviewGiven.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["contribution", "database_id"],
            update_fields=["state", "submitted_at", "url"],
        )


def _is_same(row: ReviewGiven, given: Given) -> bool:
    return (row.state, row.submitted_at, row.url) == (given.state, given.submitted_at, given.url)


def _problem(sync: Sync, member: Member, code: str, message: str) -> None:
    sync.log.problem(code, where="reviews", about=member.login, message=message)


def _fails(sync: Sync, member: Member, error: GitHubError) -> None:
    _problem(sync, member, error.code, error.message)
