"""Who rests, now and before: no day of rest counts for anybody's age of anything."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .models import CheckIn, Membership, MembershipEvent, Week
from .working_days import Span, working_days

What = MembershipEvent.What
#: What ends a rest of which the member did not know how long it would be.
ENDS_A_REST = (What.BACK, What.LEFT, What.RETURNED, What.COMPLETED, What.HANDED_OVER)


@dataclass
class Rest:
    """A member's weeks of rest and longer rests, and whether the member rests `now`: this week, or until they say otherwise."""

    membership: Membership
    weeks: list[Week | Span] = field(default_factory=list)
    now: bool = False

    def age(self, since: datetime.datetime, now: datetime.datetime) -> int:
        """Working days of the session since then that the member did not rest."""
        return working_days(self.membership.cohort.session, since, now, resting=self.weeks)


def rests_of(memberships: Sequence[Membership], now: datetime.datetime) -> dict[int, Rest]:
    """Rest by membership id, for members with `cohort__session` loaded. Two queries."""
    rests = {membership.pk: Rest(membership) for membership in memberships}
    for checkin in CheckIn.objects.filter(membership__in=memberships, resting=True).select_related("week"):
        rests[checkin.membership_id].weeks.append(checkin.week)
    for pk, spans in _long_rests(rests).items():
        rests[pk].weeks += spans
    for rest in rests.values():
        today = now.astimezone(rest.membership.cohort.session.zone).date()
        rest.now = rest.membership.state == Membership.State.RESTING or _holds(today, rest.weeks)
    return rests


def _holds(day: datetime.date, rests: Sequence[Week | Span]) -> bool:
    return any(rest.starts_on <= day <= rest.ends_on for rest in rests)


def _long_rests(rests: Mapping[int, Rest]) -> dict[int, list[Span]]:
    """Rests that began and ended (or still last) apart from weeks, by membership id: the day of coming back counts again."""
    found: dict[int, list[Span]] = {}
    began: dict[int, datetime.date] = {}
    events = MembershipEvent.objects.filter(membership__in=list(rests), what__in=(What.RESTING, *ENDS_A_REST))
    for pk, what, at in events.order_by("at", "pk").values_list("membership_id", "what", "at"):
        day = at.astimezone(rests[pk].membership.cohort.session.zone).date()
        if what == What.RESTING:
            began.setdefault(pk, day)
        elif pk in began and began[pk] < day:
            found.setdefault(pk, []).append(Span(began.pop(pk), day - datetime.timedelta(days=1)))
        else:
            began.pop(pk, None)
    for pk, day in began.items():
        found.setdefault(pk, []).append(Span(day, datetime.date.max))
    return found
