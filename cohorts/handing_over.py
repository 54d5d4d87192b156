"""Changing who leads a cohort: one hands over to another, and nothing that was written changes hands.

Notes and meetings stay with who wrote them. Private notes stay private; who takes over reads those that were shared.
"""

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User

from .locking import locked_session
from .models import Application, Cohort, Membership, MembershipEvent
from .place_history import What, note_change
from .places import PlaceError, private_note
from .placing import placements

State = Membership.State

#: So long a cohort is told that somebody else leads it now.
TOLD_FOR = datetime.timedelta(days=14)


@dataclass(frozen=True)
class HandOver:
    """That somebody took over from somebody, as everybody in the cohort may know it: without a reason."""

    new: Membership
    old: Membership | None
    at: datetime.datetime


def hand_over(leader: Membership, to: User, *, by, note: str = "", now: datetime.datetime | None = None) -> Membership:
    """Have `to` lead the cohort instead of `leader`, in the same role; returns the new place.

    `note` is read by both, by those who lead and by the organisers. Raises `PlaceError` with the reason where `by` does not organise
    the session, the one does not lead any more, or the other has another part in the session.
    """
    with transaction.atomic():
        session = locked_session(leader.cohort.session, by=by)
        if session is None:
            raise PlaceError(_("Only the organisers of this session decide who leads a cohort."))
        if session.archived_at is not None:
            raise PlaceError(_("This session is archived: its places stay as they are."))
        cohort = Cohort.objects.select_for_update(of=("self",)).get(pk=leader.cohort_id)
        rows = Membership.objects.select_for_update(of=("self",)).select_related("user")
        old = rows.leading().filter(pk=leader.pk, cohort=cohort).first()
        if old is None:
            raise PlaceError(_("This person does not lead the cohort any more."))
        _check_new(old, to, session, by=by)
        earlier = rows.filter(cohort=cohort, user=to).first()
        if earlier is not None and earlier.role == Membership.Role.MEMBER:
            raise PlaceError(_("%(person)s was a member of this cohort: their weeks stay theirs.") % {"person": to})
        new = earlier or Membership(cohort=cohort, user=to)
        new.role, new.state = old.role, State.ACTIVE
        new.save()
        words = private_note(note)
        note_change(old, What.HANDED_OVER, by=by, note=words, other=new, now=now)
        note_change(new, What.TOOK_OVER, by=by, note=words, other=old, now=now)
    return new


def _check_new(old: Membership, to: User, session, *, by) -> None:
    if not to.is_active:
        raise PlaceError(_("This account is closed."))
    if to.pk == old.user_id:
        raise PlaceError(_("%(person)s leads this cohort already.") % {"person": to})
    part = placements(session, [to.pk]).get(to.pk)
    # A kept place that `by` may not know of is told of in no words: what follows says what everybody is told.
    if part is not None and part.state != State.INVITED:
        raise PlaceError(
            _("%(person)s is %(role)s of %(cohort)s, and one person has one cohort in a session.")
            % {"person": to, "role": part.get_role_display().lower(), "cohort": part.cohort}
        )
    waits = Application.objects.filter(session=session, applicant=to, status__in=(*Application.UNDER_REVIEW, "offered"))
    if waits.exists():
        raise PlaceError(_("%(person)s applied to this session, and that is not decided or answered yet.") % {"person": to})


def hand_overs_of(cohort: Cohort, now: datetime.datetime) -> list[HandOver]:
    """Who took over lately, the latest first, for everybody who sees the cohort. One query."""
    events = MembershipEvent.objects.filter(
        membership__cohort=cohort,
        what=What.TOOK_OVER,
        at__gt=now - TOLD_FOR,
        at__lte=now,
        membership__state__in=("active", "resting"),
    )
    rows = events.select_related("membership__user", "other__user").order_by("-at", "-pk")
    return [HandOver(event.membership, event.other, event.at) for event in rows]
