"""*Sync now*: asking for a sync and watching it, with htmx or without."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling, trigger_client_event

from accounts.limits import TOO_OFTEN, within_limit
from accounts.signed_in import signed_in
from cohorts import roles
from cohorts.models import Cohort, Membership, Session
from contributions.freshness import Freshness, freshness_of_membership, freshness_of_session
from contributions.models import SyncRun
from contributions.news import marker_of
from contributions.sync import request_sync

#: What a run does, by the word that it writes down.
DOING = {
    "identify": gettext_lazy("looking up people and repositories"),
    "discover": gettext_lazy("looking for new work"),
    "reviews": gettext_lazy("looking for reviews given"),
    "sweep": gettext_lazy("looking at open work"),
    "refresh": gettext_lazy("fetching what changed"),
    "gone": gettext_lazy("looking for what vanished"),
    "pasted": gettext_lazy("fetching pasted links"),
}
PARTIAL = "contributions/sync.html"


def sync_context(
    request,
    freshness: Freshness,
    *,
    membership: Membership | None = None,
    cohort: Cohort | None = None,
    session: Session | None = None,
) -> dict:
    """What the part of a page about freshness needs. Members may sync themselves, those who lead a whole session.

    One of `membership`, `cohort` and `session` says whose page it is. `look_url` is asked now and then while the page is open:
    it answers 204 as long as nothing is new.
    """
    if membership is not None:
        start, status = reverse("sync", args=[membership.pk]), reverse("sync_status", args=[membership.pk])
        back = reverse("progress", args=[membership.pk])
        marker = marker_of(membership.cohort.session, Membership.objects.filter(pk=membership.pk))
    elif cohort is not None:
        start, status = reverse("cohort_sync", args=[cohort.pk]), reverse("cohort_sync_status", args=[cohort.pk])
        back = reverse("cohort", args=[cohort.pk])
        marker = marker_of(cohort.session, Membership.objects.filter(cohort=cohort))
    else:
        start, status = reverse("session_sync", args=[session.slug]), reverse("session_sync_status", args=[session.slug])
        back = reverse("session_board", args=[session.slug])
        marker = marker_of(session, Membership.objects.filter(cohort__session=session))
    run = freshness.run
    return {
        "freshness": freshness,
        "run": run,
        "run_doing": DOING.get(run.doing, "") if run else "",
        "sync_url": start,
        "sync_status_url": status,
        "marker": marker,
        "look_url": f"{status}?seen={marker}",
        "back_url": back,
    }


@signed_in
@require_POST
def sync(request, pk):
    """Ask for a sync of one member's work."""
    membership = _membership(request.user, pk)
    return _start(request, membership.cohort.session, membership=membership)


@signed_in
@require_safe
def sync_status(request, pk):
    """How the sync of one member is getting on."""
    membership = _membership(request.user, pk)
    return _status(request, sync_context(request, freshness_of_membership(membership), membership=membership))


@signed_in
@require_POST
def cohort_sync(request, pk):
    """Ask for a sync of the whole session, from the board of a cohort."""
    cohort = get_object_or_404(Cohort.objects.led_by(request.user).select_related("session"), pk=pk)
    return _start(request, cohort.session, cohort=cohort)


@signed_in
@require_safe
def cohort_sync_status(request, pk):
    """How the sync of a session is getting on."""
    cohort = get_object_or_404(Cohort.objects.visible_to(request.user).select_related("session"), pk=pk)
    context = sync_context(request, freshness_of_session(cohort.session), cohort=cohort)
    return _status(request, context | {"may_sync": Cohort.objects.led_by(request.user).filter(pk=pk).exists()})


@signed_in
@require_POST
def session_sync(request, slug):
    """Ask for a sync of a session, from the board of all its cohorts."""
    session = organised_session(request.user, slug)
    return _start(request, session)


@signed_in
@require_safe
def session_sync_status(request, slug):
    """How the sync of a session is getting on, for those who organise it."""
    session = organised_session(request.user, slug)
    return _status(request, sync_context(request, freshness_of_session(session), session=session))


def organised_session(user, slug) -> Session:
    """The session, for its organisers and the operator; others get 404."""
    session = get_object_or_404(Session.objects.visible_to(user), slug=slug)
    if not roles.organises(user, session):
        raise Http404
    return session


def _start(request, session, *, membership=None, cohort=None):
    page = {"membership": membership, "cohort": cohort, "session": session}
    if not within_limit(request, "sync"):
        return _too_often(request, page)
    try:
        request_sync(session, by=request.user, membership=membership, trigger=SyncRun.Trigger.PERSON)
    except PermissionDenied:
        raise Http404 from None
    if not request.htmx:
        messages.info(request, _("The sync is on its way. It takes a moment: reload the page to see what it found."))
        return redirect(sync_context(request, Freshness(), **page)["back_url"])
    return render(request, PARTIAL, sync_context(request, _freshness(page), **page) | {"may_sync": True, "announce": True})


def _too_often(request, page):
    """Each sync costs points of GitHub's, which all members share."""
    context = sync_context(request, _freshness(page), **page)
    if request.htmx:
        return render(request, PARTIAL, context | {"may_sync": True, "problem": TOO_OFTEN})
    messages.warning(request, TOO_OFTEN)
    return redirect(context["back_url"])


def _freshness(page) -> Freshness:
    return freshness_of_membership(page["membership"]) if page["membership"] else freshness_of_session(page["session"])


def _status(request, context):
    """The state of the run; when it is over, polling ends and the page fetches its lists again.

    A page that merely stays open says what it has `seen`: where that is all there is, the answer is empty.
    """
    if not request.htmx:
        return redirect(context["back_url"])
    context = {"may_sync": True, **context, "now": timezone.now()}
    if context["run"] is not None:
        return render(request, PARTIAL, context)
    if "seen" in request.GET:
        if request.GET["seen"] == context["marker"]:
            return HttpResponse(status=204)
        return trigger_client_event(render(request, PARTIAL, context), "synced")
    page = render(request, PARTIAL, context | {"announce": True, "just_done": True})
    response = HttpResponseStopPolling(page.content)
    return trigger_client_event(response, "synced")


def _membership(user, pk):
    memberships = Membership.objects.visible_to(user).members()
    return get_object_or_404(memberships.select_related("user", "cohort__session"), pk=pk)
