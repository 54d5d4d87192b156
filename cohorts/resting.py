"""Who rests, now and before: no day of rest counts for anybody's age of anything."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from .models import CheckIn, Membership, Week
from .stages import week_on
from .working_days import working_days


@dataclass
class Rest:
    """A member's weeks of rest, and whether the member rests `now`: this week, or until they say otherwise."""

    membership: Membership
    weeks: list[Week] = field(default_factory=list)
    now: bool = False

    def age(self, since: datetime.datetime, now: datetime.datetime) -> int:
        """Working days of the session since then that the member did not rest."""
        return working_days(self.membership.cohort.session, since, now, resting=self.weeks)


def rests_of(memberships: Sequence[Membership], now: datetime.datetime) -> dict[int, Rest]:
    """Rest by membership id, for members with `cohort__session` loaded. One query."""
    rests = {membership.pk: Rest(membership) for membership in memberships}
    for checkin in CheckIn.objects.filter(membership__in=memberships, resting=True).select_related("week"):
        rests[checkin.membership_id].weeks.append(checkin.week)
    for rest in rests.values():
        today = now.astimezone(rest.membership.cohort.session.zone).date()
        rest.now = rest.membership.state == Membership.State.RESTING or week_on(today, rest.weeks) is not None
    return rests
