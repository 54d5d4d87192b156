"""The open work of several members at once, as attention and waits read it."""

import datetime
from collections import defaultdict
from collections.abc import Sequence

from cohorts.models import Membership

from .models import Contribution, WorkItem
from .reading import is_older

#: What is read of an item, of perhaps thousands.
READ = ("kind", "state", "title", "author_login", "created_at", "events", "turn", "turn_since", "turn_reason")


def open_work(memberships: Sequence[Membership]) -> dict[int, list[Contribution]]:
    """Shown contributions to open items, by membership id, what has waited longest first. One query.

    Items from before the session that nobody has touched since are left out.
    """
    by_id = {membership.pk: membership for membership in memberships}
    found: dict[int, list[Contribution]] = defaultdict(list)
    rows = (
        Contribution.objects.shown()
        .filter(membership__in=memberships, work_item__state__in=WorkItem.OPEN_STATES)
        .exclude(work_item__kind=WorkItem.Kind.OTHER)
        .select_related("work_item")
        .only("membership", "source", "role", *(f"work_item__{name}" for name in READ))
    )
    for contribution in rows.order_by("work_item__turn_since", "pk"):
        contribution.membership = by_id[contribution.membership_id]
        if not is_older(contribution):
            found[contribution.membership_id].append(contribution)
    return found


def last_ended(memberships: Sequence[Membership]) -> dict[int, datetime.datetime]:
    """When each finished something last (merged, landed, closed, shared), by membership id. One query."""
    last: dict[int, datetime.datetime] = {}
    rows = Contribution.objects.shown().filter(membership__in=memberships).exclude(work_item__state__in=WorkItem.OPEN_STATES)
    fields = ("membership_id", "work_item__merged_at", "work_item__closed_at", "work_item__created_at")
    for pk, merged_at, closed_at, created_at in rows.values_list(*fields):
        moment = merged_at or closed_at or created_at
        if moment is not None and (pk not in last or moment > last[pk]):
            last[pk] = moment
    return last
