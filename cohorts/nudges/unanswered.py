"""About whom nobody who leads has done anything for a week: organisers see these people first."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Max
from django.utils.translation import ngettext

from cohorts.answers import signs_of
from cohorts.attention import Reason, by_name
from cohorts.models import Membership, Nudge, Session
from cohorts.stages import Stage, is_paused, stage_of

from .noticing import Identity

#: After so many days without a sign of those who lead, organisers are told.
WAITS_AFTER = 7


@dataclass(frozen=True)
class Unanswered:
    """A member for whom nobody has done anything for `days`. `asks`: the member asked for something. `nudges`: what stands."""

    membership: Membership
    days: int
    asks: bool
    nudges: tuple[Nudge, ...] = ()

    @property
    def text(self) -> str:
        """“Nobody has answered Ada for 8 days”, without a full stop, in the active language."""
        values = {"name": self.membership.user.get_short_name(), "days": self.days}
        if self.asks:
            text = ngettext(
                "Nobody has answered %(name)s for %(days)d day", "Nobody has answered %(name)s for %(days)d days", self.days
            )
        else:
            text = ngettext(
                "Nobody has looked after %(name)s for %(days)d day",
                "Nobody has looked after %(name)s for %(days)d days",
                self.days,
            )
        return text % values


def unanswered(
    memberships: Sequence[Membership], reasons: Iterable[Reason], nudges: Mapping[Identity, Nudge], now: datetime.datetime
) -> list[Unanswered]:
    """Members of one session with a reason (of `reasons`, as gathered) that has stood for a week without being handled (`nudges`, as
    `standing` has them) and without any sign of those who lead; by name. Three queries, none outside the weeks.

    A sign is an answer to any check-in, a 1:1 that was made, or anything of the member's that was handled. Days are those of the
    calendar, without the session's pause.
    """
    session = memberships[0].cohort.session if memberships else None
    if session is None or stage_of(session, now) != Stage.RUNNING or is_paused(session, now):
        return []
    signs, handled = signs_of(memberships), _last_handled(memberships)
    waiting: dict[int, list[tuple[Reason, Nudge | None]]] = {}
    for reason in reasons:
        nudge = nudges.get(reason.identity)
        if reason.alarm and (nudge is None or nudge.handled_at is None):
            waiting.setdefault(reason.membership.pk, []).append((reason, nudge))
    found = []
    for membership in sorted(memberships, key=by_name):
        seen = [at for at in (signs[membership.pk].last, handled.get(membership.pk)) if at]
        days, asks = 0, False
        for reason, nudge in waiting.get(membership.pk, ()):
            begun = _begun(reason, nudge, now)
            so_long = days_between(session, max([begun, *seen]), now)
            if (so_long, reason.asks) > (days, asks):
                days, asks = so_long, reason.asks
        if days >= WAITS_AFTER:
            standing = tuple(nudge for _reason, nudge in waiting[membership.pk] if nudge is not None)
            found.append(Unanswered(membership, days, asks, standing))
    return found


def _begun(reason: Reason, nudge: Nudge | None, now: datetime.datetime) -> datetime.datetime:
    """From when an answer is due: what somebody asked, from then on; all else from when it was noticed."""
    if reason.asks and reason.since is not None:
        return reason.since
    return nudge.noticed_at if nudge is not None else now


def _last_handled(memberships: Sequence[Membership]) -> dict[int, datetime.datetime]:
    """When anything of each member was marked as handled last, by membership id. One query."""
    rows = Nudge.objects.filter(membership__in=memberships, handled_at__isnull=False).order_by()
    return dict(rows.values("membership").annotate(last=Max("handled_at")).values_list("membership", "last"))


def days_between(session: Session, since: datetime.datetime, now: datetime.datetime) -> int:
    """Days of the calendar in the session's zone, without those of its pause."""
    first, last = since.astimezone(session.zone).date(), now.astimezone(session.zone).date()
    days = (last - first).days
    if session.pause:
        begins, ends = session.pause
        days -= max((min(last, ends) - max(first + datetime.timedelta(days=1), begins)).days + 1, 0)
    return max(days, 0)
