"""What a certificate says: that somebody came through a session. No figures: nobody is compared with anybody."""

import datetime
from dataclasses import dataclass

from .models import Membership, MembershipEvent, SessionRole
from .places import last_day_of


@dataclass(frozen=True)
class Certificate:
    """`organisers` are the names below it; `completed_on` the day on which the session was completed."""

    membership: Membership
    first_day: datetime.date
    last_day: datetime.date
    weeks: int
    completed_on: datetime.date
    organisers: list[str]


def certificate_of(membership: Membership) -> Certificate | None:
    """The certificate of a place, with `cohort__session` loaded; None before the session is completed. Two queries."""
    if membership.state != Membership.State.COMPLETED:
        return None
    session = membership.cohort.session
    completed = membership.events.filter(what=MembershipEvent.What.COMPLETED).order_by("-at", "-pk").first()
    last_day = last_day_of(membership)
    organisers = SessionRole.objects.filter(session=session, role=SessionRole.Role.ORGANISER, user__is_active=True).exclude(
        user__name=""
    )
    return Certificate(
        membership=membership,
        first_day=session.first_day,
        last_day=last_day,
        weeks=session.weeks,
        completed_on=completed.at.astimezone(session.zone).date() if completed else last_day,
        organisers=list(organisers.order_by("user__name", "pk").values_list("user__name", flat=True)),
    )
