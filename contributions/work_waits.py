"""For whom each open piece of work waits: its author, a reviewer, the maintainers. A source for `cohorts.waits`."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy

from accounts.models import GitHubIdentity
from cohorts.models import Membership, access
from cohorts.resting import Rest, rests_of
from cohorts.waits import Party, Wait

from .models import Contribution, WorkItem
from .open_work import open_work, stories_of
from .waiting import ASKED, AUTHORS

Turn = WorkItem.Turn
PARTIES = {Turn.MEMBER: Party.MEMBER, Turn.REVIEWER: Party.REVIEWER, Turn.MAINTAINER: Party.MAINTAINER}
#: After these a reviewer who has spoken before is asked to look again, so it is known who.
SPOKEN = ("approved", "changes_requested", "reviewed", "commented")
LOOK_AGAIN = ("pushed_since", "answered")
#: What others are asked for.
ASKED_OF_OTHERS = {
    "approved": gettext_lazy("approved, to be merged"),
    "pushed_since": gettext_lazy("another look at what was pushed"),
    "answered": gettext_lazy("another look after an answer"),
}
#: Where no rule says more.
NEXT_STEP, ANSWER, REVIEW = gettext_lazy("the next step"), gettext_lazy("an answer"), gettext_lazy("a review")


def work_waits(memberships: Sequence[Membership], now: datetime.datetime) -> Iterator[Wait]:
    """What waits, from the start of the session on; what waits for a member who rests is left out. Five queries."""
    if now < memberships[0].cohort.session.begins_at:
        return
    rests, people = rests_of(memberships, now), _people_by_login(memberships)
    waiting = [
        contribution
        for work in open_work(memberships).values()
        for contribution in work
        if contribution.role in AUTHORS and contribution.work_item.turn in PARTIES
    ]
    stories = stories_of(contribution for contribution in waiting if _is_to_look_again(contribution.work_item))
    for contribution in waiting:
        wait = _of_item(contribution, rests[contribution.membership_id], people, stories)
        if wait is not None:
            yield wait


#: Who is known by a login in a cohort: the user's id, and the party to which they belong there.
People = dict[tuple[int, str], tuple[int, Party]]


def _people_by_login(memberships: Sequence[Membership]) -> People:
    """The people of the same cohorts, by cohort and login: who reviews a member's work may be another member or the navigator."""
    rows = GitHubIdentity.objects.filter(
        user__memberships__cohort__in={membership.cohort_id for membership in memberships},
        user__memberships__state__in=access.PRESENT,
    ).values_list("user__memberships__cohort_id", "user__memberships__role", "login", "user_id")
    return {
        (cohort, login.casefold()): (user, Party.LEADER if role in access.LEADING else Party.MEMBER)
        for cohort, role, login, user in rows
        if login
    }


def _is_to_look_again(item: WorkItem) -> bool:
    return item.turn == Turn.REVIEWER and item.turn_reason in LOOK_AGAIN


def _of_item(contribution: Contribution, rest: Rest, people: People, stories: Mapping[int, list[dict]]) -> Wait | None:
    item, membership = contribution.work_item, contribution.membership
    values: dict[str, Any] = {
        "membership": membership, "key": f"work-{item.pk}", "title": item.title, "since": item.turn_since,
        "url": reverse_lazy("work", args=[contribution.pk]), "topic": "checks" if item.turn_reason == "ci_failing" else "reviews",
    }  # fmt: skip
    if item.turn == Turn.MEMBER:
        if rest.now:
            return None
        return Wait(
            party=Party.MEMBER, text=ASKED.get(item.turn_reason, NEXT_STEP), awaited=frozenset([membership.user_id]), **values
        )
    if item.turn == Turn.MAINTAINER:
        return Wait(party=Party.MAINTAINER, text=ASKED_OF_OTHERS.get(item.turn_reason, ANSWER), **values)
    login = _reviewer(item, stories[item.pk]) if item.pk in stories else ""
    text = ASKED_OF_OTHERS.get(item.turn_reason, REVIEW)
    if (membership.cohort_id, login.casefold()) in people:
        user, party = people[membership.cohort_id, login.casefold()]
        return Wait(party=party, text=text, awaited=frozenset([user]), **values)
    return Wait(party=Party.REVIEWER, text=text, awaited_name=login, **values)


def _reviewer(item: WorkItem, story: Sequence[Mapping]) -> str:
    """The login of the person who last said something about it and is not its author."""
    author = item.author_login.casefold()
    for event in reversed(story):
        by = str(event.get("by") or "")
        if event.get("what") in SPOKEN and event.get("human") and by and by.casefold() != author:
            return by
    return ""
