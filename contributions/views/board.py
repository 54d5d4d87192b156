"""A cohort's board: for its members, and for those who lead it."""

import datetime

from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.signed_in import signed_in
from cohorts import roles
from cohorts.announcements import announcements_for
from cohorts.cohort_people import cohort_people
from cohorts.handing_over import hand_overs_of
from cohorts.meetings_next import next_meetings
from cohorts.models import Cohort
from cohorts.places import changes_in
from contributions.board import board_rows, people_of, people_who_left, wins_of, work_of
from contributions.freshness import freshness_of_session
from contributions.matters import EVERYTHING, about, choices_of, chosen_topic, empty_words, matters_of
from contributions.reading import calendar_of
from contributions.sync import looked
from contributions.views.syncing import sync_context

CHANGES_SHOWN = 6
WINS_OF = datetime.timedelta(days=7)
#: The name of the filter in addresses.
FILTER = "help"


@signed_in
@require_safe
def cohort(request, pk):
    """Who is in the cohort, what each works on, who waits for whom; for those who lead, whom to look after."""
    user, now = request.user, timezone.now()
    cohort = get_object_or_404(Cohort.objects.visible_to(user).select_related("session", "project"), pk=pk)
    session = cohort.session
    looked(session)
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
        "hand_overs": hand_overs_of(cohort, now),
        "place_changes": changes_in([cohort], viewer=user, until=now, most=CHANGES_SHOWN) if leads else [],
        "gone": [] if members else people_who_left(user, cohort),
        "rows": board_rows(user, members, contributions, calendar, now),
        "announcements": announcements_for(user, session),
        "next_meetings": next_meetings(cohort, reader=user, now=now),
        "people": cohort_people([*leaders, *members], now, timezone.get_current_timezone()),
        "wins": wins_of(contributions, now - WINS_OF, now),
        "cohorts": list(Cohort.objects.visible_to(user).filter(session=session).order_by("name", "pk")),
        "you": next((membership for membership in members if membership.user_id == user.pk), None),
        "organises": roles.organises(user, session),
        **filtered(request, matters_of(user, members, leaders, now, leads=leads), leads=leads),
        **sync_context(request, freshness_of_session(session), cohort=cohort),
        "may_sync": leads,
    }
    return render_board(request, "contributions/board.html", context)


def filtered(request, matters, *, leads: bool) -> dict:
    """What the reader chose to see of `matters`, and what else could be chosen."""
    chosen = chosen_topic(request.GET.get(FILTER))
    return {
        "choices": choices_of(matters, chosen, leads=leads),
        "chosen": chosen,
        "matters": about(matters, chosen),
        "nobody": empty_words(chosen),
        # The lists ask for themselves again with the same filter.
        "part_url": f"{request.path}?{FILTER}={chosen}" if chosen != EVERYTHING else request.path,
    }


def render_board(request, template, context):
    """The page, or the part of it that htmx asked for. Browsers must not take one for the other."""
    part = request.htmx and request.headers.get("HX-Target") == "work"
    response = render(request, f"{template}#work" if part else template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
