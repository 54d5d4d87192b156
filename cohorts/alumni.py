"""Who went through the program, in public: only people who agreed, as long as they agree, and only after the end."""

import datetime
from dataclasses import dataclass, field

from .models import Membership, Session


@dataclass
class Class:
    """The people of one session who agreed to be named, by name."""

    session: Session
    members: list[Membership] = field(default_factory=list)
    leaders: list[Membership] = field(default_factory=list)


def classes(now: datetime.datetime) -> list[Class]:
    """The alumni by session, the latest first; sessions of which nobody agreed are not there. One query.

    Whoever never gave a name is not named: the address would stand there.
    """
    rows = (
        Membership.objects.filter(
            state=Membership.State.COMPLETED,
            user__consent_alumni=True,
            user__is_active=True,
            cohort__session__announced_at__lte=now,
            cohort__session__published_at__lte=now,
        )
        .exclude(user__name="")
        .select_related("user", "cohort__session", "cohort__project")
        .order_by("-cohort__session__starts_on", "cohort__session__name", "cohort__session_id", "user__name", "pk")
    )
    found: dict[int, Class] = {}
    for membership in rows:
        session = membership.cohort.session
        if now >= session.ends_at:
            one = found.setdefault(session.pk, Class(session))
            (one.leaders if membership.leads else one.members).append(membership)
    return list(found.values())
