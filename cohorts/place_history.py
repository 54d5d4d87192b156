"""The one writer of what becomes of a place in a cohort: each change of its state leaves an event that says what, when and by whom."""

import datetime
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from accounts.audit import record

from .models import Membership, MembershipEvent

State = Membership.State
What = MembershipEvent.What

#: The state that each change leads to. Going on longer makes somebody active again who had completed, and changes nothing else.
STATE_AFTER: dict[str, State] = {
    What.JOINED: State.ACTIVE,
    What.RESTING: State.RESTING,
    What.BACK: State.ACTIVE,
    What.LEFT: State.LEFT,
    What.RETURNED: State.ACTIVE,
    What.COMPLETED: State.COMPLETED,
    What.TOOK_OVER: State.ACTIVE,
    What.HANDED_OVER: State.LEFT,
}
#: States of those who are on their way through the session.
ON_THE_WAY = (State.ACTIVE, State.RESTING)


def note_change(
    membership: Membership,
    what: str,
    *,
    by,
    note: str = "",
    other: Membership | None = None,
    now: datetime.datetime | None = None,
    **fields: Any,
) -> MembershipEvent:
    """Write a change of a place and the event that tells of it. Inside a transaction only; whether it may be is the caller's to know.

    `by` is None where the site did it by itself. `note` (at most 500 characters) is private: see `MembershipEvent`. `fields` are
    further fields of the membership that change with it.
    """
    now = now or timezone.now()
    changes = _changes(membership, what, note, now) | fields
    for name, value in changes.items():
        setattr(membership, name, value)
    if changes:
        membership.save(update_fields=list(changes))
    if by is not None and by.pk != membership.user_id:
        told = {"what": str(what), "role": membership.role}
        record("place.changed", by=by, to=membership.user_id, about=membership, scope=membership.cohort.session_id, details=told)
    return MembershipEvent.objects.create(membership=membership, what=what, actor=by, other=other, note=note, at=now)


def note_many(memberships: Sequence[Membership], what: str, *, now: datetime.datetime) -> None:
    """The same change of many places, by the site itself and with the same fields. Two statements."""
    if not memberships:
        return
    Membership.objects.filter(pk__in=[one.pk for one in memberships]).update(**_changes(memberships[0], what, "", now))
    MembershipEvent.objects.bulk_create([MembershipEvent(membership=one, what=what, at=now) for one in memberships])


def _changes(membership: Membership, what: str, note: str, now: datetime.datetime) -> dict[str, Any]:
    """What a change means for the fields of a membership."""
    state = STATE_AFTER.get(what)
    if state is None:
        return {"state": State.ACTIVE} if membership.state == State.COMPLETED else {}
    changes: dict[str, Any] = {"state": state}
    if state != State.RESTING:
        changes["resting_until"] = None
    if state == State.LEFT:
        # Who hands over leaves no reason: it stands beside the hand-over.
        changes |= {"left_at": now, "leaving_reason": note if what == What.LEFT else ""}
    elif state != State.COMPLETED:
        changes |= {"left_at": None, "leaving_reason": ""}
    if what == What.JOINED:
        changes["joined_at"] = now
    return changes
