"""Who went through the program, in public: only people who agreed, as long as they agree, and only after the end."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from .models import Membership, Session


@dataclass
class Class:
    """The people of one session who agreed to be named, by name."""

    session: Session
    members: list[Membership] = field(default_factory=list)
    leaders: list[Membership] = field(default_factory=list)


def sessions_with_alumni(now: datetime.datetime) -> list[Session]:
    """The sessions of which somebody is named, the latest first. One query."""
    found = Session.objects.filter(pk__in=_alumni(now).values("cohort__session")).order_by("-starts_on", "name", "pk")
    return [session for session in found if now >= session.ends_at]


def classes(now: datetime.datetime, among: Sequence[Session] | None = None) -> list[Class]:
    """The alumni by session, the latest first, of all or of those `among`; sessions of which nobody agreed are not there. One query."""
    rows = _alumni(now) if among is None else _alumni(now).filter(cohort__session__in=among)
    rows = rows.select_related("user", "cohort__session", "cohort__project").order_by(
        "-cohort__session__starts_on", "cohort__session__name", "cohort__session_id", "user__name", "pk"
    )
    found: dict[int, Class] = {}
    for membership in rows:
        session = membership.cohort.session
        if now >= session.ends_at:
            one = found.setdefault(session.pk, Class(session))
            (one.leaders if membership.leads else one.members).append(membership)
    return list(found.values())


def _alumni(now: datetime.datetime) -> QuerySet[Membership]:
    """Whoever never gave a name is not named: the address would stand there."""
    return Membership.objects.filter(
        state=Membership.State.COMPLETED,
        user__consent_alumni=True,
        user__is_active=True,
        cohort__session__announced_at__lte=now,
        cohort__session__published_at__lte=now,
    ).exclude(user__name="")
