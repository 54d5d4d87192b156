"""When what goes from a session, how much that is, and who may change it."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from cohorts.locking import locked_session
from cohorts.models import RetentionRule, RetentionRun, Session

from .kinds import LONGEST, Kind, kinds


@dataclass(frozen=True)
class Line:
    """One kind of one session: its days, the instant at which it goes, how much there is to go now, and what went before."""

    kind: Kind
    days: int
    goes_at: datetime.datetime
    count: int | None = None
    last_run: RetentionRun | None = None

    def is_due(self, now: datetime.datetime | None = None) -> bool:
        return self.goes_at <= (now or timezone.now())

    @property
    def is_usual(self) -> bool:
        return self.days == self.kind.days


def days_of(session: Session) -> dict[str, int]:
    """The days of each kind that is known, by its key: the session's own, or the usual ones."""
    own = dict(RetentionRule.objects.filter(session=session).values_list("kind", "days"))
    return {kind.key: min(own.get(kind.key, kind.days), LONGEST) for kind in kinds()}


def goes_at(session: Session, days: int) -> datetime.datetime:
    """The instant at which something goes that is kept for `days` after the session."""
    return session.ends_at + datetime.timedelta(days=days)


def schedule_of(session: Session, *, counted: bool = False) -> list[Line]:
    """A line for each kind. With `counted` it is a dry run: how much there is of it now, and when some of it went last."""
    days = days_of(session)
    last: dict[str, RetentionRun] = {}
    if counted:
        for run in RetentionRun.objects.filter(session=session).order_by("started_at", "pk"):
            last[run.kind] = run
    return [
        Line(
            kind,
            days[kind.key],
            goes_at(session, days[kind.key]),
            kind.count(session) if counted else None,
            last.get(kind.key),
        )
        for kind in kinds()
    ]


def due_at_once(session: Session, wanted: Mapping[str, int], now: datetime.datetime | None = None) -> list[Line]:
    """What would go with the next removal only because of the days that are `wanted`: nobody should be surprised by it."""
    now = now or timezone.now()
    lines = []
    for line in schedule_of(session):
        days = wanted.get(line.kind.key, line.days)
        would_go = goes_at(session, days)
        if would_go <= now < line.goes_at and (count := line.kind.count(session)):
            lines.append(Line(line.kind, days, would_go, count))
    return lines


def set_days(session: Session, wanted: Mapping[str, int], *, by: Any) -> list[str]:
    """Give kinds their days; those that are the usual ones need no row. Returns the keys of what changed.

    Raises `PermissionDenied` for whoever does not organise the session, `ValidationError` for days that are none.
    """
    if not all(1 <= days <= LONGEST for days in wanted.values()):
        raise ValidationError(_("Give days from 1 to %(most)s.") % {"most": LONGEST})
    with transaction.atomic():
        locked = locked_session(session, by=by)
        if locked is None:
            raise PermissionDenied("Only the organisers of a session say how long it keeps something.")
        before = days_of(locked)
        changed = [kind for kind in kinds() if wanted.get(kind.key, before[kind.key]) != before[kind.key]]
        for kind in changed:
            if wanted[kind.key] == kind.days:
                RetentionRule.objects.filter(session=locked, kind=kind.key).delete()
            else:
                RetentionRule.objects.update_or_create(session=locked, kind=kind.key, defaults={"days": wanted[kind.key]})
        if changed:
            days = [f"{kind.key}: {before[kind.key]} → {wanted[kind.key]}" for kind in changed]
            record("retention.changed", by=by, about=locked, scope=locked, details={"days": days})
    return [kind.key for kind in changed]


def gone_at(session: Session, key: str) -> datetime.datetime | None:
    """When something of the kind `key` was removed from `session` last; None where nothing was."""
    runs = RetentionRun.objects.filter(session=session, kind=key, removed__gt=0)
    return runs.order_by("-started_at").values_list("started_at", flat=True).first()


def times_kept(session: Session | None = None, *, of_applying: bool = False) -> list[tuple[Kind, int]]:
    """What is kept how many days after the end: of `session`, or usually. `of_applying`: what applicants should know alone."""
    days = days_of(session) if session is not None else {}
    return [(kind, days.get(kind.key, kind.days)) for kind in kinds() if kind.of_applying or not of_applying]
