"""The tracked work of members, for the export of a session."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from cohorts.exporting import iso

from .models import Contribution, WorkItem

FAR_PAST = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)


def contributions_of(membership_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """What each membership's member works on, by membership id, in order of creation and then of address. Two queries.

    What a member has hidden as a wrong match is left out.
    """
    rows = (
        Contribution.objects.filter(membership__in=membership_ids)
        .shown()
        .select_related("work_item")
        .prefetch_related("reviews_given")
    )
    found: dict[int, list[Contribution]] = defaultdict(list)
    for row in rows.defer("work_item__events", "work_item__labels", "work_item__trailers"):
        found[row.membership_id].append(row)
    for rows_of_member in found.values():
        rows_of_member.sort(key=lambda row: (row.work_item.created_at or FAR_PAST, row.work_item.url))
    pull_requests = _naming(row.work_item for rows_of_member in found.values() for row in rows_of_member)
    return {pk: [_as_json(row, pull_requests) for row in rows_of_member] for pk, rows_of_member in found.items()}


def _naming(items: Iterable[WorkItem]) -> dict[str, list[str]]:
    """Addresses of the pull requests that name something, by its address, in order."""
    found: dict[str, set[str]] = defaultdict(set)
    for item in items:
        if item.kind == WorkItem.Kind.PULL_REQUEST:
            for link in item.linked:
                found[link["url"]].add(item.url)
    return {url: sorted(urls) for url, urls in found.items()}


def _as_json(contribution: Contribution, pull_requests: Mapping[str, list[str]]) -> dict[str, Any]:
    item: WorkItem = contribution.work_item
    return {
        "kind": item.kind,
        "repository": item.repository,
        "number": item.number,
        "url": item.url,
        "title": item.title,
        "state": item.state,
        "created_at": iso(item.created_at),
        "updated_at": iso(item.updated_at),
        "closed_at": iso(item.closed_at),
        "merged_at": iso(item.merged_at),
        "additions": item.additions,
        "deletions": item.deletions,
        "changed_files": item.changed_files,
        "review_decision": item.review_state or None,
        "ci": item.ci or None,
        "comments": item.comments,
        "first_response_at": iso(item.first_response_at),
        "turn": item.turn or None,
        "linked": [link["url"] for link in item.linked],
        "tracker": item.tracker or None,
        "stage": item.stage or None,
        "resolution": item.resolution or None,
        "flags": item.flags,
        "pull_requests": pull_requests.get(item.url, []) if item.kind == WorkItem.Kind.TICKET else [],
        "source": contribution.source,
        "other_kind": item.other_kind or None,
        "role": contribution.role,
        "ai_use": contribution.ai_use or None,
        "reviews_given": [
            {"state": review.state, "submitted_at": iso(review.submitted_at), "url": review.url}
            for review in contribution.reviews_given.all()
        ],
    }
