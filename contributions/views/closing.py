"""The closing page of a cohort: what each did in their own words, whom they thank, and what went well."""

from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.signed_in import signed_in
from cohorts.farewells import farewells_of, obstacle_to_writing, opens_at
from cohorts.models import Cohort, Farewell, Membership
from cohorts.testimonials import may_write as may_write_testimonial
from contributions.board import people_of, wins_of, work_of

#: So many wins of the whole session are told.
WINS_SHOWN = 20


@signed_in
@require_safe
def closing(request, pk):
    """From the last week on; before that it says when it opens."""
    user, now = request.user, timezone.now()
    cohort = get_object_or_404(Cohort.objects.visible_to(user).select_related("session", "project"), pk=pk)
    session = cohort.session
    opens = opens_at(session)
    is_open = session.published_at is not None and now >= opens
    context = {"cohort": cohort, "session": session, "opens_at": opens, "is_open": is_open, "is_over": now >= session.ends_at}
    if is_open:
        context |= _looking_back(user, cohort, now)
    return render(request, "contributions/closing.html", context)


def _looking_back(user, cohort: Cohort, now) -> dict:
    session = cohort.session
    members, leaders = people_of(user, cohort)
    farewells = farewells_of(cohort, viewer=user)
    by_id = {membership.pk: membership for membership in members}
    contributions = work_of(user, members)
    for contribution in contributions:
        contribution.membership = by_id[contribution.membership_id]
    you = next((one for one in [*members, *leaders] if one.user_id == user.pk and one.state != Membership.State.INVITED), None)
    return {
        "farewells": farewells,
        "wins": wins_of(contributions, session.begins_at, now, most=WINS_SHOWN),
        "you": you,
        "wrote": you is not None and any(one.membership_id == you.pk for one in farewells),
        "began": you is not None and Farewell.objects.visible_to(user).filter(membership=you).exists(),
        "may_write": you is not None and obstacle_to_writing(you, by=user, now=now) is None,
        "may_write_testimonial": you is not None and may_write_testimonial(user, session, now),
    }
