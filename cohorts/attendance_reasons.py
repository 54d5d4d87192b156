"""Who missed meetings one after the other without a word. Somebody who was excused said a word."""

import datetime
from collections.abc import Iterator, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .attention import Reason
from .models import Meeting, MeetingPerson, Membership
from .resting import Rest, rests_of

Attendance = MeetingPerson.Attendance
#: One missed meeting is nothing. Two in a row are worth a friendly question.
MISSED_AFTER = 2
#: Where nobody has noted attendance for so many working days, the last meetings are an old story.
MISSED_COUNTS = 10


def attendance_reasons(memberships: Sequence[Membership], now: datetime.datetime) -> Iterator[Reason]:
    """A source for `cohorts.attention`; two queries: the weeks of rest, and the attendance that was noted."""
    session = memberships[0].cohort.session
    if not session.begins_at <= now < session.ends_at:
        return
    rests, missed = rests_of(memberships, now), _missed(memberships, now)
    for membership in memberships:
        rest, row = rests[membership.pk], missed.get(membership.user_id, [])
        row = [(meeting, at) for meeting, at in row if not _was_rest(at, rest)]
        if len(row) < MISSED_AFTER or rest.now or rest.age(row[-1][1], now) > MISSED_COUNTS:
            continue
        text = ngettext("missed the last %(count)d meeting", "missed the last %(count)d meetings", len(row)) % {"count": len(row)}
        help = _("Ask how they are, and whether the hour still fits, before you ask anything else.")
        page = reverse("progress", args=[membership.pk])
        yield Reason(
            membership, "missed", text, "mine", row[-1][1], page,
            topic="silent", help=help, action=_("See the progress"), key=f"meeting-{row[0][0]}", private=True,
        )  # fmt: skip


def _was_rest(at: datetime.datetime, rest: Rest) -> bool:
    day = at.astimezone(rest.membership.cohort.session.zone).date()
    return any(span.starts_on <= day <= span.ends_on for span in rest.weeks)


def _missed(memberships: Sequence[Membership], now: datetime.datetime) -> dict[int, list[tuple[int, datetime.datetime]]]:
    """The meetings that each missed since the last one at which they were, or were excused from, oldest first, by user id. One query."""
    cohorts = {membership.user_id: membership.cohort_id for membership in memberships}
    rows = (
        MeetingPerson.objects.filter(
            meeting__session=memberships[0].cohort.session, meeting__state=Meeting.State.CONFIRMED, meeting__starts_at__lte=now,
            user__in=list(cohorts),
        )
        .exclude(attendance="")
        .order_by("meeting__starts_at", "meeting_id")
    )  # fmt: skip
    missed: dict[int, list[tuple[int, datetime.datetime]]] = {}
    values = rows.values_list("user_id", "meeting__cohort_id", "meeting_id", "meeting__starts_at", "attendance")
    for user, cohort, meeting, at, attendance in values:
        if at is None or (cohort is not None and cohort != cohorts[user]):
            continue
        if attendance == Attendance.ABSENT:
            missed.setdefault(user, []).append((meeting, at))
        else:
            missed.pop(user, None)
    return missed
