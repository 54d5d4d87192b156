"""Meetings for calendar programs: one as a file, and those of a cohort at an address that only its people know."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.feeds import answer_with_feed
from accounts.icalendar import render as render_calendar
from accounts.links import absolute_url
from accounts.signed_in import signed_in
from cohorts import meeting_feeds
from cohorts.meeting_events import event_of
from cohorts.models import Cohort, Meeting


@signed_in
@require_safe
def meeting_file(request, pk):
    """One meeting as a file that calendar programs open, for who gets no mail."""
    meeting = get_object_or_404(
        Meeting.objects.visible_to(request.user).exclude(state=Meeting.State.POLLING).select_related("session", "cohort"),
        pk=pk,
        starts_at__isnull=False,
    )
    text = render_calendar([event_of(meeting)], method="PUBLISH", product=settings.SITE_NAME, stamp=timezone.now())
    return HttpResponse(
        text.encode(),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="meeting.ics"', "Cache-Control": "no-store"},
    )


@require_safe
def cohort_feed(request, token):
    """The meetings of a cohort; 404 for a token that is unknown or was revoked."""
    feed = meeting_feeds.working_cohort_feed(token)
    if feed is None:
        raise Http404
    with translation.override(settings.LANGUAGE_CODE), timezone.override(feed.cohort.session.zone):
        name = f"{feed.cohort} ({feed.cohort.session.name})"
        return answer_with_feed(request, feed, meeting_feeds.cohort_events(feed.cohort), name=name, filename="cohort.ics")


@signed_in
@require_POST
@never_cache
def create_cohort_feed(request, pk):
    """Make the calendar address of a cohort, and show it, once."""
    cohort = _cohort(request.user, pk)
    try:
        token = meeting_feeds.create_cohort_feed(cohort, by=request.user)
    except PermissionDenied:
        raise Http404 from None
    address = absolute_url(reverse("cohort_feed", args=[token]))
    return render(request, "cohorts/cohort_feed_created.html", {"cohort": cohort, "address": address})


@signed_in
@require_POST
def revoke_cohort_feed(request, pk):
    """Have the calendar address of a cohort stop working."""
    cohort = _cohort(request.user, pk)
    try:
        was_there = meeting_feeds.revoke_cohort_feed(cohort, by=request.user)
    except PermissionDenied:
        raise Http404 from None
    if was_there:
        messages.success(request, _("The calendar address of this cohort no longer works."))
    return redirect(f"{reverse('meetings', args=[pk])}#calendar")


def _cohort(user, pk):
    return get_object_or_404(Cohort.objects.visible_to(user).select_related("session"), pk=pk)
