"""A member's progress: the page on which members and those who lead them see the work."""

from django.conf import settings
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import GitHubIdentity
from accounts.signed_in import signed_in
from cohorts import checkins
from cohorts.meetings_next import next_meetings
from cohorts.models import CheckIn, Cohort, Membership
from contributions.forms import TrackForm
from contributions.freshness import freshness_of_membership
from contributions.models import Contribution
from contributions.reading import address_of, calendar_of, grouped, rows_of
from contributions.row_facts import with_facts, work_of_member
from contributions.strip import strip_of
from contributions.sync import looked
from contributions.views.syncing import sync_context


@signed_in
@require_safe
def my_progress(request):
    """The newest cohort in which the visitor is a member; without one, what to do next."""
    mine = list(_memberships(request.user).filter(user=request.user))
    if not mine:
        led = Cohort.objects.visible_to(request.user).select_related("session").order_by("-session__starts_on", "name")
        return render(request, "contributions/no_progress.html", {"cohorts": led[:12]})
    return page_of(request, mine[0], others=mine[1:])


@signed_in
@require_safe
def progress(request, pk):
    """One member's progress, for the member and for everybody who may see it."""
    return page_of(request, get_object_or_404(_memberships(request.user), pk=pk))


def _memberships(user):
    """Newest first."""
    memberships = Membership.objects.visible_to(user).members().order_by("-cohort__session__starts_on", "-pk")
    return memberships.select_related("user__github", "cohort__session", "cohort__project")


def page_of(request, membership, *, others=None, track_form=None):
    """The page of one member's progress, which the visitor was found to see.

    `others`: the same person's other memberships, where they are known; `track_form`: where work could not be tracked yet.
    """
    user, now = request.user, timezone.now()
    yours = membership.user_id == user.pk
    session = membership.cohort.session
    calendar = calendar_of(session, now)
    if others is None:
        others = _memberships(user).filter(user=membership.user_id).exclude(pk=membership.pk)
    looked(session)
    everything = work_of_member(membership, by_the_member=yours)
    rows = rows_of([contribution for contribution in everything if not contribution.hidden], now=now, yours=yours)
    groups = grouped(with_facts(rows, user), yours=yours)
    freshness = freshness_of_membership(membership)
    context = {
        "membership": membership,
        "person": membership.user,
        "session": session,
        "cohort": membership.cohort,
        "yours": yours,
        "now": now,
        "calendar": calendar,
        "groups": groups,
        "has_turn": any(group.key == "yours" for group in groups),
        "now_groups": [group for group in groups if not group.is_past],
        "past_groups": [group for group in groups if group.is_past and not group.is_folded],
        "folded_groups": [group for group in groups if group.is_folded],
        "repositories": _places(membership.cohort.project) if yours and not groups else [],
        "strip": strip_of(rows, calendar, now),
        **sync_context(request, freshness, membership=membership),
        "may_sync": True,
    }
    if request.htmx and request.headers.get("HX-Target") == "work":
        return render(request, "contributions/progress.html#work", context)
    private = checkins.may_see_private(user, membership)
    context |= {
        "private": private,
        "next_meetings": next_meetings(membership.cohort, reader=user, now=now) if yours else [],
        "github_url": settings.GITHUB_URL.rstrip("/"),
        "may_write": checkins.may_write(user, membership),
        "hidden": [contribution for contribution in everything if contribution.hidden] if yours else [],
        "hidden_count": 0 if yours or not private else Contribution.objects.filter(membership=membership, hidden=True).count(),
        "projects": _projects(membership, rows),
        "identity": _identity(user, membership),
        "others": others,
        "track_form": track_form or TrackForm(membership=membership),
        **_checkins(user, membership, calendar, now),
    }
    return render(request, "contributions/progress.html", context)


def _identity(user, membership):
    """The person's GitHub login, if it is known and the visitor may see it. One's own costs no query."""
    if membership.user_id == user.pk:
        return getattr(membership.user, "github", None)
    return GitHubIdentity.objects.visible_to(user).filter(user=membership.user_id).first()


def _projects(membership, rows):
    """What the page tells about projects: the cohort's own, then those of the open work."""
    projects = {membership.cohort.project.pk: membership.cohort.project} if membership.cohort.project else {}
    for row in rows:
        if row.is_open and row.project:
            projects.setdefault(row.project.pk, row.project)
    return list(projects.values())


def _places(project):
    """Where to look for a first issue: names and addresses of the project's repositories."""
    return [(str(repository), address_of(repository)) for repository in project.repositories.all()] if project else []


def _seen_by(user, membership):
    """Check-ins of a member: all to the member, to others what they may see."""
    checkins_of = CheckIn.objects.all() if membership.user_id == user.pk else CheckIn.objects.visible_to(user)
    return checkins_of.filter(membership=membership)


def _checkins(user, membership, calendar, now):
    """This week's check-in, the one before while it is open and unwritten, and the last words."""
    rows = {checkin.week_id: checkin for checkin in _seen_by(user, membership).select_related("week")}
    for week in calendar.weeks:
        week.session = membership.cohort.session
    open_weeks = [week for week in calendar.weeks if checkins.is_open(week, now)]
    late = [week for week in open_weeks if week != calendar.current]
    missing = next((week for week in late if not (week.pk in rows and (rows[week.pk].written_at or rows[week.pk].resting))), None)
    written = [rows[week.pk] for week in calendar.weeks if week.pk in rows and rows[week.pk].written_at]
    return {
        "checkin": rows.get(calendar.current.pk) if calendar.current else None,
        "missing_week": missing,
        "missing_until": checkins.last_minute(missing) if missing else None,
        "last_checkin": written[-1] if written else None,
        "checkin_weeks": [checkin.week for checkin in rows.values() if checkin.written_at],
    }
