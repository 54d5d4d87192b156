"""A cohort's board: for its members, and for those who lead it."""

import datetime

from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.signed_in import signed_in
from cohorts import roles
from cohorts.attention import gather
from cohorts.models import Cohort, access
from contributions.board import board_rows, people_of, people_to_look_after, wins_of, work_of
from contributions.freshness import freshness_of_session
from contributions.reading import calendar_of
from contributions.views.syncing import sync_context

WINS_OF = datetime.timedelta(days=7)


@signed_in
@require_safe
def cohort(request, pk):
    """Who is in the cohort, what each works on and waits for; for those who lead, whom to look after."""
    user, now = request.user, timezone.now()
    cohort = get_object_or_404(Cohort.objects.visible_to(user).select_related("session", "project"), pk=pk)
    session = cohort.session
    calendar = calendar_of(session, now)
    leads = roles.leads(user, cohort)
    members, leaders = people_of(user, cohort)
    for membership in [*members, *leaders]:
        membership.cohort = cohort
    contributions = work_of(user, members)
    by_id = {membership.pk: membership for membership in members}
    for contribution in contributions:
        contribution.membership = by_id[contribution.membership_id]
    context = {
        "cohort": cohort,
        "session": session,
        "calendar": calendar,
        "now": now,
        "leads": leads,
        "leaders": leaders,
        "rows": board_rows(user, members, contributions, calendar, now),
        "wins": wins_of(contributions, now - WINS_OF, now),
        "cohorts": list(Cohort.objects.visible_to(user).filter(session=session).order_by("name", "pk")),
        "you": next((membership for membership in members if membership.user_id == user.pk), None),
        **sync_context(request, freshness_of_session(session), cohort=cohort),
        "may_sync": leads,
    }
    if request.htmx and request.headers.get("HX-Target") == "work":
        return render(request, "contributions/board.html#work", _with_attention(context, members, now))
    return render(request, "contributions/board.html", _with_attention(context, members, now))


def _with_attention(context, members, now):
    if not context["leads"]:
        return context
    present = [membership for membership in members if membership.state in access.PRESENT]
    alarms, quiet = people_to_look_after(gather(present, now)) if present else ([], [])
    return context | {"alarms": alarms, "quiet": quiet}
