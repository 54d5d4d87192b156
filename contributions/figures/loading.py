"""Reads what figures are made of: a number of queries that depends neither on people, nor on items, nor on sessions."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Q, QuerySet

from accounts.web_addresses import web_address
from cohorts.models import Membership, Project, Session
from contributions.meaning.reviews import waited_for_response
from contributions.models import Contribution, ReviewGiven, WorkItem
from contributions.reading import may_be_older, touched_since
from contributions.waiting import AUTHORS

from .counting import LANDED, State
from .facts import Facts, Given, Person, Work

_ITEM = (
    "kind", "other_kind", "state", "created_at", "merged_at", "closed_at", "ready_at", "first_response_at", "first_response_after",
    "first_of_author", "title", "url", "tracked_repository__project", "tracked_repository__is_private",
)  # fmt: skip
_MEMBER = "membership__cohort__session"


def members_of(sessions: Collection[Session]) -> QuerySet[Membership]:
    """Everybody whose work counts: members, also those who left later; not who never answered."""
    members = Membership.objects.members().filter(cohort__session__in=[session.pk for session in sessions])
    return members.exclude(state=Membership.State.INVITED)


def facts_of(sessions: Collection[Session]) -> dict[int, Facts]:
    """The facts of each session, by its id. Five queries."""
    if not sessions:
        return {}
    projects = dict(Project.objects.values_list("pk", "name"))
    people: dict[int, dict[int, Person]] = {session.pk: {} for session in sessions}
    rows = (
        members_of(sessions)
        .order_by()
        .values_list("cohort__session", "user", "user__name", "user__consent_statistics", "user__is_active")
    )
    for session_id, user_id, name, agrees, is_active in rows:
        # Without a name of one's own there is only the address, and nobody agreed to that.
        people[session_id][user_id] = Person(name.strip(), bool(agrees and is_active and name.strip()))
    works = _works(sessions)
    reviews = _reviews(sessions)
    return {session.pk: Facts(works[session.pk], reviews[session.pk], people[session.pk], projects) for session in sessions}


def _shown(sessions: Collection[Session]) -> QuerySet[Contribution]:
    return Contribution.objects.shown().filter(membership__in=members_of(sessions))


def _works(sessions: Collection[Session]) -> dict[int, list[Work]]:
    begins = {session.pk: session.begins_at for session in sessions}
    contributions = _shown(sessions)
    stories = _stories(contributions, max(begins.values()))
    parts: dict[tuple[int, int], list[tuple[str, str, int]]] = defaultdict(list)
    items: dict[int, dict[str, Any]] = {}
    rows = contributions.order_by("pk").values_list(
        _MEMBER, "membership__user", "role", "source", "work_item", *(f"work_item__{name}" for name in _ITEM)
    )
    for session_id, user_id, role, source, item_id, *values in rows.iterator(chunk_size=5000):
        parts[session_id, item_id].append((role, source, user_id))
        if item_id not in items:
            items[item_id] = dict(zip(_ITEM, values, strict=True))
    works: dict[int, list[Work]] = {pk: [] for pk in begins}
    waited = {pk: _waited(item, stories.get(pk, [])) for pk, item in items.items()}
    for (session_id, item_id), members in parts.items():
        item = items[item_id]
        older = all(
            may_be_older(source, item["created_at"], begins[session_id])
            and not touched_since(stories.get(item_id, []), begins[session_id])
            for _role, source, _user in members
        )
        works[session_id].append(_work(item_id, item, members, older, waited[item_id]))
    return works


def _stories(contributions: QuerySet[Contribution], newest_begin: datetime.datetime) -> dict[int, list[dict]]:
    """The events of the items that have to be asked: is it older, and how long did its first answer take? Most need neither."""
    unknown_wait = Q(first_response_at__isnull=False, first_response_after=None)
    asked = WorkItem.objects.filter(Q(created_at__lt=newest_begin) | unknown_wait, pk__in=contributions.values("work_item"))
    return dict(asked.order_by().values_list("pk", "events"))


def _waited(item: dict[str, Any], events: Iterable[dict]) -> datetime.timedelta | None:
    if item["kind"] != WorkItem.Kind.PULL_REQUEST or item["first_response_at"] is None:
        return None
    if item["first_response_after"] is not None:
        return item["first_response_after"]
    ready_at = item["ready_at"] or item["created_at"]
    return waited_for_response(list(events), ready_at=ready_at, first_response_at=item["first_response_at"])


def _work(pk: int, item: dict[str, Any], members: Iterable[tuple[str, str, int]], older: bool, waited) -> Work:
    parts = [(role, user_id) for role, _source, user_id in members]
    # What not everybody may see is counted, and never told of.
    is_hidden = item["state"] == State.GONE or bool(item["tracked_repository__is_private"])
    return Work(
        pk=pk,
        kind=item["kind"],
        other_kind=item["other_kind"],
        state=item["state"],
        opened_at=item["created_at"],
        ended_at=(item["merged_at"] or item["closed_at"]) if item["state"] in LANDED else None,
        closed_at=item["closed_at"],
        first=item["first_of_author"],
        waited=waited,
        answered=item["first_response_at"] is not None,
        older=older,
        project=item["tracked_repository__project"],
        makers=frozenset(user_id for role, user_id in parts if role in AUTHORS),
        own=frozenset(user_id for role, user_id in parts if role == Contribution.Role.AUTHOR),
        people=frozenset(user_id for _role, user_id in parts),
        title="" if is_hidden else item["title"],
        url="" if is_hidden else web_address(item["url"]),
    )


def _reviews(sessions: Collection[Session]) -> dict[int, list[Given]]:
    found: dict[int, list[Given]] = {session.pk: [] for session in sessions}
    rows = (
        ReviewGiven.objects.filter(contribution__in=_shown(sessions))
        # A remark on a pull request of one's own is an answer, not a review.
        .exclude(contribution__role=Contribution.Role.AUTHOR)
        .order_by()
        .values_list(
            f"contribution__{_MEMBER}",
            "submitted_at",
            "contribution__membership__user",
            "contribution__work_item",
            "contribution__work_item__tracked_repository__project",
        )
    )
    for session_id, at, person, work, project in rows.iterator(chunk_size=5000):
        found[session_id].append(Given(at, person, work, project))
    return found
