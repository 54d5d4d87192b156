"""The weekly check-in: writing, reading, resting."""

import datetime

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.signed_in import signed_in
from cohorts import checkins
from cohorts.forms.checkin import CheckInForm
from cohorts.models import CheckIn, Membership


@signed_in
@require_http_methods(["GET", "POST"])
def checkin(request, membership, number):
    """One member's check-in of one week: a form for the member while it is open, else what was written."""
    membership = _member(request.user, membership)
    week = get_object_or_404(membership.cohort.session.calendar, number=number)
    week.session = membership.cohort.session
    stored = CheckIn.objects.visible_to(request.user).filter(membership=membership, week=week).first()
    writes = checkins.may_write(request.user, membership)
    if request.method == "POST":
        if not writes:
            raise Http404
        return _save(request, membership, week, stored)
    form = None
    if writes and checkins.is_open(week):
        form = CheckInForm(instance=stored, save_url=request.path)
    return render(request, "cohorts/checkin.html", _context(request, membership, week, stored, form))


@signed_in
@require_POST
def rest(request, membership):
    """Rest in the week that runs, or take it back (`undo`)."""
    membership = _member(request.user, membership)
    if not checkins.may_write(request.user, membership):
        raise Http404
    try:
        week = checkins.week_to_rest(membership)
        if "undo" in request.POST:
            checkins.stop_resting(membership, week, by=request.user)
            messages.success(request, _("Welcome back. You no longer rest this week."))
        else:
            checkins.rest(membership, week, by=request.user)
            messages.success(request, _("You rest this week. Nothing is expected of you; your cohort sees that you rest."))
    except checkins.CheckInClosed as error:
        messages.error(request, str(error))
    return redirect(_next(request) or reverse("progress", args=[membership.pk]))


def _save(request, membership, week, stored):
    form = CheckInForm(request.POST, instance=stored or CheckIn(membership=membership, week=week), save_url=request.path)
    form.is_valid()
    field, draft = request.POST.get("field", ""), request.POST.get("save") == "draft"
    names = [field] if field in form.fields else list(form.fields)
    values = {name: form.cleaned_data[name] for name in names if name in form.cleaned_data}
    write = checkins.save_draft if draft or form.errors else checkins.hand_in
    try:
        saved = write(membership, week, by=request.user, values=values, seen=_seen(request))
    except checkins.CheckInClosed as error:
        return _refused(request, membership, week, form, str(error))
    except checkins.ChangedElsewhere as error:
        return _elsewhere(request, membership, week, form, error)
    except checkins.NothingWritten as error:
        form.add_error(None, str(error))
        return render(request, "cohorts/checkin.html", _context(request, membership, week, stored, form))
    problem = " ".join(form.errors[field]) if field in form.errors else ""
    if request.htmx:
        return render(request, "cohorts/checkin.html#saved", {"saved": saved, "problem": problem})
    if form.errors:
        return render(request, "cohorts/checkin.html", _context(request, membership, week, saved, form))
    if draft:
        at = time_format(timezone.localtime(saved.updated_at), "H:i")
        messages.success(
            request,
            _("Saved %(time)s. Only you see it until you hand it in.") % {"time": at}
            if not saved.written_at
            else _("Saved %(time)s.") % {"time": at},
        )
        return redirect(request.path)
    messages.success(request, _("Thank you. Your cohort can read it now."))
    return redirect("progress", pk=membership.pk)


def _elsewhere(request, membership, week, form, error):
    """Both texts are shown; what was typed stays in the form, and saving again keeps it."""
    if request.htmx:
        return render(
            request,
            "cohorts/checkin.html#saved",
            {"problem": _("Another tab saved other words. Yours are still here: press “Save draft” to compare.")},
        )
    context = _context(request, membership, week, error.checkin, form) | {"elsewhere": error.checkin}
    return render(request, "cohorts/checkin.html", context, status=409)


def _refused(request, membership, week, form, problem):
    if request.htmx:
        return render(request, "cohorts/checkin.html#saved", {"problem": problem})
    stored = CheckIn.objects.filter(membership=membership, week=week).first()
    typed = [(field.label, field.value()) for field in form if field.name in checkins.WORDS and field.value()]
    context = _context(request, membership, week, stored, None) | {"refused": problem, "typed": typed}
    return render(request, "cohorts/checkin.html", context, status=409)


def _context(request, membership, week, stored, form):
    now = timezone.now()
    session = membership.cohort.session
    weeks = [other for other in session.calendar.all() if other.starts_on <= now.astimezone(session.zone).date()]
    private = checkins.may_see_private(request.user, membership)
    return {
        "membership": membership,
        "session": session,
        "week": week,
        "weeks": weeks,
        "checkin": stored,
        "form": form,
        "yours": membership.user_id == request.user.pk,
        "private": private,
        "opens_at": checkins.opens_at(week),
        "last_minute": checkins.last_minute(week),
        "before": _week_before(request.user, membership, week) if form else None,
        "not_begun": now < checkins.opens_at(week),
    }


def _week_before(user, membership, week):
    """What the member wrote last, to go on from there."""
    written = CheckIn.objects.visible_to(user).written().filter(membership=membership, week__number__lt=week.number)
    return written.select_related("week").order_by("-week__number").first()


def _member(user, pk):
    memberships = Membership.objects.visible_to(user).members()
    return get_object_or_404(memberships.select_related("user", "cohort__session", "cohort__project"), pk=pk)


def _seen(request):
    """When the page that was sent last knew the check-in; None for a new one or for anything unreadable."""
    try:
        seen = datetime.datetime.fromisoformat(request.POST.get("seen", ""))
    except ValueError:
        return None
    return seen if seen.tzinfo else None


def _next(request):
    url = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return url if safe else ""
