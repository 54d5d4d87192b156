"""Why a leader may want to look after a member, as far as check-ins tell: silence, being stuck, wanting to talk, resting."""

import datetime
from collections.abc import Iterator, Sequence

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .attention import Reason
from .models import CheckIn, Membership
from .stages import current_week
from .working_days import working_days

#: A check-in comes once a week; after more than a week of working days without one, somebody should ask.
SILENT_AFTER = 7
#: What a member wrote about being stuck counts for so many working days: afterwards it is an old story.
STUCK_COUNTS = 7
EMPTY = 1


def checkin_reasons(memberships: Sequence[Membership], now: datetime.datetime) -> Iterator[Reason]:
    """A source for `cohorts.attention`; two queries, one for check-ins and one for the weeks."""
    if not memberships:
        return
    said: dict[int, list[CheckIn]] = {membership.pk: [] for membership in memberships}
    rows = CheckIn.objects.filter(membership__in=memberships).select_related("week").order_by("week__number")
    for checkin in rows:
        said[checkin.membership_id].append(checkin)
    session = memberships[0].cohort.session
    if not session.begins_at <= now < session.ends_at:
        return
    week = current_week(session, now)
    for membership in memberships:
        yield from _of_member(membership, said[membership.pk], week, now)


def _of_member(membership: Membership, checkins: list[CheckIn], week, now: datetime.datetime) -> Iterator[Reason]:
    session = membership.cohort.session
    written = [checkin for checkin in checkins if checkin.written_at]
    last = max(written, key=lambda checkin: checkin.written_at or now, default=None)
    written_at = last.written_at if last else None
    resting_weeks = [checkin.week for checkin in checkins if checkin.resting]
    rests = membership.state == Membership.State.RESTING or (week is not None and week in resting_weeks)
    page = reverse("progress", args=[membership.pk])

    recent = written_at is not None and working_days(session, written_at, now, resting=resting_weeks) <= STUCK_COUNTS
    if last is not None and recent:
        read = reverse("checkin", args=[membership.pk, last.week.number])
        if last.wants_to_talk:
            yield Reason(membership, "talk", _("would like to talk"), "trouble", last.written_at, read)
        if last.stuck.strip() and not rests:
            words = Truncator(" ".join(last.stuck.split())).chars(140)
            yield Reason(membership, "stuck", _("is stuck: “%(words)s”") % {"words": words}, "mine", last.written_at, read)
        if last.energy == EMPTY and not rests:
            yield Reason(membership, "energy", _("says that their energy is 1 of 5"), "mine", last.written_at, read)
    if rests:
        yield Reason(membership, "resting", _("rests this week"), "quiet", None, page, alarm=False)
        return
    since = written_at or max(session.begins_at, membership.joined_at)
    days = working_days(session, since, now, resting=resting_weeks)
    if days >= SILENT_AFTER:
        if last:
            text = ngettext("has not written for %(days)d working day", "has not written for %(days)d working days", days)
        else:
            text = ngettext(
                "has not written yet, %(days)d working day into the session",
                "has not written yet, %(days)d working days into the session",
                days,
            )
        yield Reason(membership, "silent", text % {"days": days}, "trouble", since, page)
