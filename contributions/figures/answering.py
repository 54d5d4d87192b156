"""How long our members wait for a first answer from a project, over the last year. Public: it is about projects.

Kept in the cache for everybody alike, so a page that anybody may open costs nothing.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from django.core.cache import cache
from django.utils import timezone

from contributions.meaning.reviews import waited_for_response
from contributions.models import Contribution, WorkItem
from contributions.waiting import AUTHORS

from .waits import ENOUGH_PEOPLE, Waits, is_enough, summary

YEAR = datetime.timedelta(days=365)
KEPT = datetime.timedelta(hours=1)
KEY = "figures:answering:1"


@dataclass(frozen=True)
class Answering:
    """`waits` of the pull requests of a year; hidden where too few of too few people were answered.

    `waiting`: how many were not answered yet; 0 also where they are those of too few people.
    """

    waits: Waits
    waiting: int = 0


def answering(now: datetime.datetime | None = None) -> dict[int, Answering]:
    """By project id, as of at most an hour ago. Projects without a pull request of a member are missing."""
    found = cache.get(KEY)
    if found is None:
        found = answering_now(now or timezone.now())
        cache.set(KEY, found, KEPT.total_seconds())
    return found


def answering_now(now: datetime.datetime) -> dict[int, Answering]:
    """Two queries. A pull request of two members counts once; what nobody was asked to look at, a draft, does not count."""
    contributions = Contribution.objects.shown().filter(membership__role="member", role__in=AUTHORS)
    items = WorkItem.objects.filter(
        kind=WorkItem.Kind.PULL_REQUEST,
        tracked_repository__isnull=False,
        ready_at__gte=now - YEAR,
        ready_at__lte=now,
        contributions__in=contributions,
    )
    stories = dict(
        items.filter(first_response_at__isnull=False, first_response_after=None).order_by().values_list("pk", "events")
    )
    people: dict[int, set[int]] = defaultdict(set)
    rows: dict[int, tuple] = {}
    for pk, user, *values in items.order_by().values_list(
        "pk",
        "contributions__membership__user",
        "tracked_repository__project",
        "state",
        "ready_at",
        "first_response_at",
        "first_response_after",
    ):
        people[pk].add(user)
        rows[pk] = tuple(values)
    times: dict[int, list[datetime.timedelta]] = defaultdict(list)
    answered: dict[int, set[int]] = defaultdict(set)
    waiting: dict[int, list[set[int]]] = defaultdict(list)
    for pk, (project, state, ready_at, answered_at, after) in rows.items():
        if after is None and answered_at is not None:
            after = waited_for_response(stories.get(pk, []), ready_at=ready_at, first_response_at=answered_at)
        # Who still waits says nothing about how many people the answers are about.
        answered[project] |= people[pk] if after is not None else set()
        if after is not None:
            times[project].append(after)
        elif state == WorkItem.State.OPEN:
            waiting[project].append(people[pk])
    return {project: _answering(times[project], len(answered[project]), waiting[project]) for project in answered}


def _answering(times: list[datetime.timedelta], people: int, waiting: list[set[int]]) -> Answering:
    if not is_enough(len(times), people):
        return Answering(Waits(hidden=True))
    return Answering(summary(times), len(waiting) if len(set().union(*waiting)) >= ENOUGH_PEOPLE else 0)
