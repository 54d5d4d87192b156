"""The order of a session's waitlist: who is on it, published or noted, and putting it in another order without gaps.

Each organiser sees and orders what that organiser may decide on. Others (the own application, those with a conflict of interest)
keep their place while the rest moves around them, and the numbers that are shown are counted without them: they tell nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from .locking import lock_applications
from .models import Application, Conflict, Membership, Session
from .pending import BATCH, LAST_RANK, DecisionError, session_to_decide
from .phases import obstacle_to_deciding
from .placing import placements

Status = Application.Status
Decision = Application.Decision

#: The two lists: those who are on the waitlist and know it, and those who are noted for it. Each with the field of its ranks.
PUBLISHED, PENDING = "published", "pending"
RANKS = {PUBLISHED: "waitlist_rank", PENDING: "pending_rank"}


class Place(NamedTuple):
    """One line: the number is counted from 1 among those that are shown; None for somebody without a rank."""

    application: Application
    number: int | None
    #: The place in a cohort that the person has by now, or that is kept for the person; then no offer follows.
    membership: Membership | None = None


@dataclass
class Standing:
    """The waitlist as one organiser sees it."""

    published: list[Place] = field(default_factory=list)
    pending: list[Place] = field(default_factory=list)
    #: Whether the organiser applied here, or declared a conflict of interest: some may be left out. It says nothing of where they stand.
    leaves_out: bool = False

    def fingerprint(self, which: str) -> str:
        return fingerprint_of(self.published if which == PUBLISHED else self.pending)


def fingerprint_of(places: Sequence[Place]) -> str:
    parts = [f"{one.application.pk}:{one.number}" for one in places]
    return hashlib.sha256(",".join(parts).encode()).hexdigest()


def standing(session: Session, *, by) -> Standing:
    """Who is on the waitlist of `session` and who is noted for it, by rank, as far as `by` decides on them. Five queries."""
    seen = set(Application.objects.decided_by(by).filter(session=session).values_list("pk", flat=True))
    placed = placements(session)
    found = Standing()
    for which in RANKS:
        rows = [row for row in _rows(session, which).select_related("applicant") if row.pk in seen]
        number = len([one for one in found.published if one.number]) if which == PENDING else 0
        lines = []
        for row in rows:
            row.session = session
            if getattr(row, RANKS[which]) is not None:
                number += 1
                lines.append(Place(row, number, placed.get(row.applicant_id)))
            else:
                lines.append(Place(row, None, placed.get(row.applicant_id)))
        setattr(found, which, lines)
    applied = Application.objects.filter(session=session, applicant=by).exists()
    found.leaves_out = applied or Conflict.objects.filter(application__session=session, reviewer=by).exists()
    return found


def _rows(session: Session, which: str) -> QuerySet[Application]:
    rows = Application.objects.filter(session=session).defer("draft")
    rows = rows.filter(status=Status.WAITLISTED) if which == PUBLISHED else rows.filter(pending_decision=Decision.WAITLIST)
    return rows.order_by(F(RANKS[which]).asc(nulls_last=True), "submitted_at", "pk")


def reorder(
    session: Session, which: str, typed: Mapping[int, int | None], *, by, expected: str, step: tuple[int, int] | None = None
) -> int:
    """Order one of the lists by the numbers that were typed (application id → number, or None for no rank), closed up.

    Whoever is not in `typed` keeps the number. Of equal numbers the one comes first that was moved up to it. `step` moves one
    application afterwards: (its id, -1 up or +1 down). Returns how many ranks changed. Raises `DecisionError` where `by` does not
    organise the session, the list is another one than `expected` (its fingerprint), or nobody decides in this phase.
    """
    with transaction.atomic():
        locked = session_to_decide(session, by=by)
        lock_applications(locked)
        if locked.archived_at is not None:
            raise DecisionError(_("This session is archived: its waitlist stays as it ended."))
        seen = standing(locked, by=by)
        if seen.fingerprint(which) != expected:
            raise DecisionError(_("The list has changed since you looked. Nothing was moved: look at it again."))
        against = obstacle_to_deciding(locked) if which == PENDING else None
        if against is not None:
            raise DecisionError(against)
        places = seen.published if which == PUBLISHED else seen.pending
        wanted = _wanted(places, typed)
        if step is not None:
            _take_step(wanted, *step)
        return _write(locked, which, [one.pk for one in wanted], {one.application.pk for one in places})


def close_ranks(session: Session) -> int:
    """Close the gaps in the published ranks that people left who were offered a place or went. Returns how many ranks changed.

    People read their number on their own page: it should tell how many are before them.
    """
    with transaction.atomic():
        locked = Session.objects.select_for_update().get(pk=session.pk)
        lock_applications(locked)
        return _write(locked, PUBLISHED, [], set())


def _wanted(places: Sequence[Place], typed: Mapping[int, int | None]) -> list[Application]:
    """Those who are to have a rank, in their new order."""
    keys = []
    for index, place in enumerate(places):
        number = typed.get(place.application.pk, place.number)
        if number is None:
            continue
        before = LAST_RANK if place.number is None else place.number
        keys.append(((number, (number > before) - (number < before), index), place.application))
    return [application for _key, application in sorted(keys, key=lambda one: one[0])]


def _take_step(wanted: list[Application], number: int, by: int) -> None:
    index = next((index for index, one in enumerate(wanted) if one.pk == number), None)
    if index is not None and 0 <= index + by < len(wanted):
        wanted[index], wanted[index + by] = wanted[index + by], wanted[index]


def _write(session: Session, which: str, wanted: Sequence[int], seen: set[int]) -> int:
    """Number the list from what comes before it on, without gaps: `wanted` in this order, others where they stood."""
    name = RANKS[which]
    rows = list(_rows(session, which))
    by_number = {row.pk: row for row in rows}
    ranked = [row for row in rows if getattr(row, name) is not None]
    order: list[Application] = [by_number[pk] for pk in wanted]
    for index, row in enumerate(ranked):
        if row.pk not in seen:
            order.insert(min(index, len(order)), row)
    # Those who are noted come after all who are on the waitlist already.
    on_it = Application.objects.filter(session=session, status=Status.WAITLISTED, waitlist_rank__isnull=False)
    first = 1 + (on_it.count() if which == PENDING else 0)
    ranks: dict[int, int | None] = dict.fromkeys(seen)
    ranks |= {row.pk: rank for rank, row in enumerate(order, start=first)}
    changed, now = [], timezone.now()
    for pk, rank in ranks.items():
        row = by_number[pk]
        if getattr(row, name) != rank:
            setattr(row, name, rank)
            row.updated_at = now
            changed.append(row)
    Application.objects.bulk_update(changed, [name, "updated_at"], batch_size=BATCH)
    return len(changed)
