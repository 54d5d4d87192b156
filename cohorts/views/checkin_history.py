"""All check-ins of one membership on one quiet page."""

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.signed_in import signed_in
from cohorts import checkins
from cohorts.checkin_threads import threads_of
from cohorts.models import CheckIn, Membership

from .checkins import member_seen_by


@signed_in
@require_safe
def checkin_history(request, membership):
    """Every week that has begun, the latest first, with what was written and said to it. A constant number of queries."""
    user, now = request.user, timezone.now()
    membership = member_seen_by(user, membership)
    session, yours = membership.cohort.session, membership.user_id == user.pk
    rows = list(CheckIn.objects.visible_to(user).filter(membership=membership).select_related("week"))
    for row in rows:
        row.membership = membership
    by_week = {row.week_id: row for row in rows}
    threads = threads_of(user, rows, now=now)
    begun = [week for week in session.calendar.all() if week.starts_on <= now.astimezone(session.zone).date()]
    for week in begun:
        week.session = session
    writes = checkins.may_write(user, membership)
    weeks = [
        {
            "week": week,
            "checkin": by_week.get(week.pk),
            "thread": threads[by_week[week.pk].pk] if week.pk in by_week else None,
            "is_open": checkins.is_open(week, now),
            "may_write": writes and checkins.is_open(week, now),
        }
        for week in reversed(begun)
    ]
    others = Membership.objects.visible_to(user).members().filter(user=membership.user_id).exclude(pk=membership.pk)
    context = {
        "membership": membership,
        "session": session,
        "yours": yours,
        "private": checkins.may_see_private(user, membership),
        "weeks": weeks,
        "others": others.select_related("cohort__session").order_by("-cohort__session__starts_on", "-pk"),
    }
    return render(request, "cohorts/checkin_history.html", context)
