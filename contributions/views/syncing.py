"""*Sync now*: asking for a sync and watching it, with htmx or without."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling, trigger_client_event

from accounts.limits import TOO_OFTEN, within_limit
from accounts.signed_in import signed_in
from cohorts.models import Cohort, Membership
from contributions.freshness import Freshness, freshness_of_membership, freshness_of_session
from contributions.models import SyncRun
from contributions.sync import request_sync

#: What a run does, by the word that it writes down.
DOING = {
    "identify": gettext_lazy("looking up people and repositories"),
    "discover": gettext_lazy("looking for new work"),
    "sweep": gettext_lazy("looking at open work"),
    "refresh": gettext_lazy("fetching what changed"),
    "gone": gettext_lazy("looking for what vanished"),
    "pasted": gettext_lazy("fetching pasted links"),
}
PARTIAL = "contributions/sync.html"
#: A sync that waited so long probably waits for a worker that is not there.
WAITS_LONG = datetime.timedelta(minutes=2)


def sync_context(request, freshness: Freshness, *, membership: Membership | None = None, cohort: Cohort | None = None) -> dict:
    """What the part of a page about freshness needs. Members may sync themselves, those who lead a whole session."""
    if membership is not None:
        start, status = reverse("sync", args=[membership.pk]), reverse("sync_status", args=[membership.pk])
        back = reverse("progress", args=[membership.pk])
    else:
        start, status = reverse("cohort_sync", args=[cohort.pk]), reverse("cohort_sync_status", args=[cohort.pk])
        back = reverse("cohort", args=[cohort.pk])
    run = freshness.run
    return {
        "freshness": freshness,
        "run": run,
        "run_waits_long": run is not None and run.started_at is None and timezone.now() - run.queued_at > WAITS_LONG,
        "run_doing": DOING.get(run.doing, "") if run else "",
        "sync_url": start,
        "sync_status_url": status,
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


def _start(request, session, *, membership=None, cohort=None):
    if not within_limit(request, "sync"):
        return _too_often(request, session, membership=membership, cohort=cohort)
    try:
        request_sync(session, by=request.user, membership=membership, trigger=SyncRun.Trigger.PERSON)
    except PermissionDenied:
        raise Http404 from None
    if not request.htmx:
        messages.info(request, _("The sync is on its way. It takes a moment: reload the page to see what it found."))
        return redirect(sync_context(request, Freshness(), membership=membership, cohort=cohort)["back_url"])
    freshness = freshness_of_membership(membership) if membership else freshness_of_session(session)
    context = sync_context(request, freshness, membership=membership, cohort=cohort)
    return render(request, PARTIAL, context | {"may_sync": True, "announce": True})


def _too_often(request, session, *, membership, cohort):
    """Each sync costs points of GitHub's, which all members share."""
    freshness = freshness_of_membership(membership) if membership else freshness_of_session(session)
    context = sync_context(request, freshness, membership=membership, cohort=cohort)
    if request.htmx:
        return render(request, PARTIAL, context | {"may_sync": True, "problem": TOO_OFTEN})
    messages.warning(request, TOO_OFTEN)
    return redirect(context["back_url"])


def _status(request, context):
    """The state of the run; when it is over, polling ends and the page fetches its lists again."""
    if not request.htmx:
        return redirect(context["back_url"])
    context = {"may_sync": True, **context, "now": timezone.now()}
    if context["run"] is not None:
        return render(request, PARTIAL, context)
    page = render(request, PARTIAL, context | {"announce": True, "just_done": True})
    response = HttpResponseStopPolling(page.content)
    return trigger_client_event(response, "synced")


def _membership(user, pk):
    memberships = Membership.objects.visible_to(user).members()
    return get_object_or_404(memberships.select_related("user", "cohort__session"), pk=pk)
