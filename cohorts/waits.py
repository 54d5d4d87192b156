"""Who waits for whom. Apps register their sources, as they do with reasons for attention.

A source is a function of (memberships, now), as in `cohorts.attention`, and yields `Wait` rows.
"""

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .models import Membership

State = Membership.State


class Party(models.TextChoices):
    """For whom something waits. The order is that of the page."""

    LEADER = "leader", _("Those who lead")
    MEMBER = "member", _("Members")
    REVIEWER = "reviewer", _("Reviewers")
    MAINTAINER = "maintainer", _("Maintainers")


@dataclass(frozen=True)
class Wait:
    """Something of `membership`'s that waits for `party`.

    `key` is the same for the same thing, so that what two members share is told once. `title` is linked to `url`, `text` says
    what is asked; both may be lazy, since a page may show few of many. `awaited`: ids of the users for whom it waits, where they are known; of leaders it may stay empty, then it
    waits for those of the cohort. `awaited_name`: a name from elsewhere, as a login. `topic` as of a `Reason`. `private`:
    only for those who lead. `reason`: kind and key of the `Reason` that says the same; what is handled there waits no longer.
    """

    membership: Membership
    party: Party
    key: str
    title: str
    text: str | Promise
    url: str | Promise
    since: datetime.datetime | None = None
    topic: str = ""
    awaited: frozenset[int] = frozenset()
    awaited_name: str = ""
    private: bool = False
    reason: tuple[str, str] = ("", "")


Source = Callable[[Sequence[Membership], datetime.datetime], Iterable[Wait]]
_sources: dict[Source, tuple[str, ...]] = {}


def register_source(source: Source, *, states: Sequence[str] = (State.ACTIVE, State.RESTING, State.COMPLETED)) -> None:
    """Add a source, once. `states`: which members it is asked about."""
    _sources[source] = tuple(states)


def gather(memberships: Sequence[Membership], now: datetime.datetime) -> list[Wait]:
    """Everything that waits, of these members of one session: what has waited longest comes first."""
    found: list[Wait] = []
    for source, states in _sources.items():
        concerned = [membership for membership in memberships if membership.state in states]
        if concerned:
            found += source(concerned, now)
    names = {membership.pk: membership.user.get_full_name().casefold() for membership in memberships}
    return sorted(found, key=lambda wait: (wait.since or now, names[wait.membership.pk], wait.key))
