"""The open work of several members at once, as attention and waits read it."""

import datetime
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from cohorts.models import Membership

from .models import Contribution, WorkItem
from .reading import may_be_older, touched_since

#: What is read of an item, of perhaps thousands. The story is far larger than all of it, and mostly not needed: see `stories_of`.
READ = ("kind", "state", "title", "author_login", "created_at", "turn", "turn_since", "turn_reason")
ENDED = tuple(state for state in WorkItem.State if state not in WorkItem.OPEN_STATES)


def open_work(memberships: Sequence[Membership]) -> dict[int, list[Contribution]]:
    """Of members of one session, shown contributions to open items, by membership id, what has waited longest first. Two queries.

    Items from before the session that nobody has touched since are left out.
    """
    by_id = {membership.pk: membership for membership in memberships}
    found: dict[int, list[Contribution]] = defaultdict(list)
    rows = (
        Contribution.objects.shown()
        .filter(membership__in=memberships)
        # Not "in the open states": SQLite would look for each member at each open item of the site.
        .exclude(work_item__state__in=ENDED)
        .exclude(work_item__kind=WorkItem.Kind.OTHER)
        .select_related("work_item")
        .only("membership", "source", "role", *(f"work_item__{name}" for name in READ))
    )
    begins_at = memberships[0].cohort.session.begins_at
    contributions = sorted(rows.order_by("pk"), key=_waits_since)
    doubtful = {each.pk: each for each in contributions if may_be_older(each.source, each.work_item.created_at, begins_at)}
    stories = stories_of(doubtful.values())
    for contribution in contributions:
        contribution.membership = by_id[contribution.membership_id]
        if contribution.pk not in doubtful or touched_since(stories.get(contribution.work_item_id, ()), begins_at):
            found[contribution.membership_id].append(contribution)
    return found


def _waits_since(contribution: Contribution) -> float:
    """What waits for nobody comes last. Not left to the database: they disagree about where nothing comes."""
    since = contribution.work_item.turn_since
    return since.timestamp() if since else math.inf


def stories_of(contributions: Iterable[Contribution]) -> dict[int, list[dict]]:
    """What happened to the items of these contributions (`WorkItem.events`), by primary key of the item. One query."""
    items = {contribution.work_item_id for contribution in contributions}
    # Asked also where there is none, so that a page asks as much whatever it is about.
    return dict(WorkItem.objects.filter(pk__in=items or {0}).values_list("pk", "events"))


def last_ended(memberships: Sequence[Membership]) -> dict[int, datetime.datetime]:
    """When each finished something last (merged, landed, closed, shared), by membership id. One query."""
    last: dict[int, datetime.datetime] = {}
    rows = Contribution.objects.shown().filter(membership__in=memberships).exclude(work_item__state__in=WorkItem.OPEN_STATES)
    fields = ("membership_id", "work_item__merged_at", "work_item__closed_at", "work_item__created_at")
    for pk, merged_at, closed_at, created_at in rows.order_by().values_list(*fields):
        moment = merged_at or closed_at or created_at
        if moment is not None and (pk not in last or moment > last[pk]):
            last[pk] = moment
    return last
