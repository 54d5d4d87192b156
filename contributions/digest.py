"""What tracked work says in weekly digests: what went well since the last one. What waits is said by the sources of `cohorts.waits`."""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from cohorts.digests import Heading, Line, Look, Reader, Role, names_of

from .models import Contribution, WorkItem
from .waiting import AUTHORS

State, Kind = WorkItem.State, WorkItem.Kind
#: What is read of an item. The story of each is far larger than all of it.
READ = ("kind", "state", "title", "created_at", "merged_at", "closed_at", "first_response_at", "turn_reason", "turn_since")


def work_done(look: Look):
    """What was merged, landed, resolved, shared, approved or first answered since. One query, for all of the session."""
    begins = look.session.begins_at
    since = max(look.since, begins)
    recent = (
        Q(work_item__merged_at__gt=since)
        | Q(work_item__closed_at__gt=since)
        | Q(work_item__kind=Kind.OTHER, work_item__created_at__gt=since)
        | Q(work_item__turn_reason="approved", work_item__turn_since__gt=since)
        | Q(work_item__first_response_at__gt=since)
    )
    found = (
        Contribution.objects.shown()
        .filter(recent, membership__in=look.members)
        .select_related("work_item")
        .only("membership", "role", *(f"work_item__{name}" for name in READ))
        .order_by("pk")
    )
    members = {member.pk: member for member in look.members}
    of_item: dict[int, list[Contribution]] = defaultdict(list)
    for contribution in found:
        contribution.membership = members[contribution.membership_id]
        of_item[contribution.work_item_id].append(contribution)
    news = sorted((together for together in of_item.values() if _moment(together[0].work_item)), key=_newest_first)

    of_cohort: dict[int, list[list[Contribution]]] = defaultdict(list)
    for together in news:
        for cohort in {one.membership.cohort_id for one in together}:
            of_cohort[cohort].append(together)

    def say(reader: Reader) -> Iterator[Line]:
        people = {member.pk for member in reader.people}
        known = news if reader.role == Role.ORGANISER else [one for cohort in sorted(reader.cohorts) for one in of_cohort[cohort]]
        told = [concerned for together in known if (concerned := [one for one in together if one.membership_id in people])]
        # The reader's own comes first.
        for concerned in sorted(told, key=lambda found: not any(reader.is_mine(one.membership) for one in found)):
            yield from _of_item(reader, concerned, since)

    return say


def _moment(item: WorkItem) -> datetime.datetime | None:
    """When it ended, or what is new of it happened."""
    return item.merged_at or item.closed_at or item.turn_since or item.first_response_at or item.created_at


def _newest_first(together: Sequence[Contribution]) -> tuple[float, int]:
    moment = _moment(together[0].work_item)
    return -moment.timestamp() if moment else 0.0, together[0].work_item_id


def _of_item(reader: Reader, together: Sequence[Contribution], since: datetime.datetime) -> Iterator[Line]:
    """What is new of one item; `together`: what each of the people whom the reader reads about had to do with it."""
    item = together[0].work_item
    own = next((one for one in together if reader.is_mine(one.membership)), None)
    made = [one for one in together if one.role in AUTHORS]
    helped = [one for one in together if one.role not in AUTHORS]
    text = _news(item, made=bool(made), mine=own is not None and own.role in AUTHORS, since=since)
    if not text:
        return
    if own is None:
        # Whose it is; organisers read of many cohorts.
        names = names_of(one.membership.user for one in made or helped)
        if reader.role == Role.ORGANISER:
            names = f"{names} ({(made or helped)[0].membership.cohort})"
        text = f"{names}: {text}"
    yield Line(Heading.CHANGED, item.title, text, reverse("work", args=[(own or (made or helped)[0]).pk]))


def _news(item: WorkItem, *, made: bool, mine: bool, since: datetime.datetime) -> str:
    """In a few words; empty for what is nobody's joy. `made`: a member wrote it; `mine`: the reader did."""
    if item.kind == Kind.OTHER:
        return _("shared")
    if item.state == State.MERGED:
        return _("merged") if made else _("merged, with their review or help")
    if item.state == State.LANDED:
        return _("landed") if made else _("landed, with their review or help")
    if not made:
        return ""
    if not item.is_open:
        return _("resolved") if item.kind in (Kind.ISSUE, Kind.TICKET) and item.state != State.GONE else ""
    if item.turn_reason == "approved" and item.turn_since and item.turn_since > since:
        return _("approved")
    return _("has its first answer") if mine and item.first_response_at and item.first_response_at > since else ""
