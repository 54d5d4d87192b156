"""Pages that anybody may read: the front page, the sessions, one session."""

from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cohorts.figures import figures_of, more_figures
from cohorts.late_access import late_until
from cohorts.models import Application, Session
from cohorts.next_steps import next_steps
from cohorts.public_status import public_status, with_public_status
from cohorts.roles import organises
from cohorts.stages import Stage, current_week, stage_of
from cohorts.volunteers import open_roles

#: Sessions come in these groups, the one that matters most to a visitor first.
GROUPS = {
    Stage.DRAFT: "drafts",
    Stage.OPEN: "open",
    Stage.RUNNING: "running",
    Stage.ANNOUNCED: "coming",
    Stage.REVIEWING: "coming",
    Stage.DECIDING: "coming",
    Stage.UPCOMING: "coming",
    Stage.FINISHED: "past",
    Stage.ARCHIVED: "past",
}

#: The front page names so many of the sessions that neither run nor take applications; the rest stands on their own page.
MOST_COMING = 2


@require_safe
def home(request):
    groups = _grouped(request.user)
    return render(
        request,
        "cohorts/home.html",
        {
            "steps": next_steps(request.user),
            "groups": groups,
            "coming": groups["coming"][:MOST_COMING],
        },
    )


@require_safe
def sessions(request):
    groups = _grouped(request.user)
    figures = figures_of(groups["past"])
    for session in groups["past"]:
        session.figures = figures[session.pk]
    return render(request, "cohorts/sessions.html", {"groups": groups})


@require_safe
def session(request, slug):
    found = get_object_or_404(
        Session.objects.visible_to(request.user).prefetch_related("calendar", "projects"),
        slug=slug,
    )
    described = _described(found)
    application = None
    if request.user.is_authenticated:
        mine = Application.objects.filter(session=found, applicant=request.user).select_related("session", "applicant")
        application = with_public_status(mine).first()
    is_over = described.stage in (Stage.FINISHED, Stage.ARCHIVED)
    return render(
        request,
        "cohorts/session.html",
        {
            "session": described,
            "application": application,
            "status": application and public_status(application),
            "late_until": None if application or described.stage == Stage.OPEN else late_until(found, request.user),
            "figures": figures_of([found])[found.pk] if is_over else None,
            "more_figures": more_figures(found, request.user, timezone.now()),
            "is_organiser": organises(request.user, found),
            "open_roles": open_roles(found),
        },
    )


def _grouped(user) -> dict[str, list[Session]]:
    """The sessions that `user` may see, described, by group: those still to come by date, past ones newest first."""
    groups: dict[str, list[Session]] = {name: [] for name in GROUPS.values()}
    own = Application.objects.filter(applicant=user) if user.is_authenticated else []
    applications = {application.session_id: application for application in own}
    for found in Session.objects.visible_to(user).prefetch_related("calendar", "projects").order_by("starts_on", "name"):
        described = _described(found)
        described.application = applications.get(found.pk)
        groups[GROUPS[described.stage]].append(described)
    groups["past"].reverse()
    return groups


def _described(found: Session) -> Session:
    """The session with what templates ask of it: its stage and the week it is in."""
    now = timezone.now()
    found.stage = stage_of(found, now)
    found.week = current_week(found, now)
    found.today = now.astimezone(found.zone).date()
    return found
