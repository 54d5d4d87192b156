"""A person's place in a cohort: resting, leaving, coming back, going on longer, and who leads the cohort."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import signed_in
from cohorts import places
from cohorts.checkins import may_see_private
from cohorts.forms.places import ExtendForm, HandOverForm, LeaveForm, RestForm, ReturnForm
from cohorts.handing_over import hand_over, hand_overs_of
from cohorts.models import Cohort, Membership
from cohorts.roles import organises


@signed_in
@require_safe
def place(request, membership):
    """What became of somebody's place, and what can be done about it: for the person, those who lead and organisers."""
    return _page(request, _found(request, membership))


@signed_in
@require_POST
def rest(request, membership):
    """Rest until one says otherwise, or until a day."""
    found = _found(request, membership)
    done = _("You rest. Nothing is expected of you until you are back.") if _is_own(request, found) else _("Noted: they rest.")
    return _do(request, found, "rest_form", RestForm(request.POST, prefix="rest"), places.rest, done)


@signed_in
@require_POST
def back(request, membership):
    """End a rest."""
    found = _found(request, membership)
    try:
        places.come_back(found, by=request.user)
    except places.PlaceError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Welcome back.") if _is_own(request, found) else _("Noted: they are back."))
    return redirect("place", found.pk)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request, membership):
    """GET says what leaving means and does nothing; POST leaves."""
    found = _found(request, membership)
    if not _is_own(request, found) and not organises(request.user, found.cohort.session):
        raise Http404
    form = LeaveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            places.leave(found, by=request.user, reason=form.cleaned_data["reason"])
        except places.PlaceError as error:
            messages.error(request, str(error))
        else:
            own = _("You left the cohort. What you did and wrote stays yours. Thank you for having been here.")
            messages.success(request, own if _is_own(request, found) else _("Noted: they left the cohort."))
        return redirect("place", found.pk)
    if "leave" not in places.may(found, by=request.user):
        return redirect("place", found.pk)
    context = {"membership": found, "session": found.cohort.session, "form": form, "yours": _is_own(request, found)}
    context["may"] = places.may(found, by=request.user)
    return render(request, "cohorts/leave.html", context, status=422 if form.errors else 200)


@signed_in
@require_POST
def return_to(request, membership):
    """Let somebody who left come back."""
    found = _found(request, membership)
    done = _("They are back in the cohort, with everything that was theirs.")
    return _do(request, found, "return_form", ReturnForm(request.POST, prefix="return"), places.return_to, done)


@signed_in
@require_POST
def extend(request, membership):
    """Let a member go on after the session's last day."""
    found = _found(request, membership)
    form = ExtendForm(request.POST, prefix="extend")
    return _do(request, found, "extend_form", form, places.extend, _("Noted: they go on longer."))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over_cohort(request, pk):
    """Have somebody else lead a cohort: for organisers of its session."""
    cohort = get_object_or_404(Cohort.objects.visible_to(request.user).select_related("session"), pk=pk)
    if not organises(request.user, cohort.session) or cohort.session.archived_at is not None:
        raise Http404
    leaders = Membership.objects.visible_to(request.user).leading().filter(cohort=cohort).select_related("user")
    form = HandOverForm(request.POST or None, leaders=leaders, by=request.user)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            new = hand_over(given["leader"], given["to"], by=request.user, note=given["note"])
        except places.PlaceError as error:
            form.add_error(None, str(error))
        else:
            words = _("%(new)s leads %(cohort)s now, instead of %(old)s. Tell them both; their cohort reads it on its page.")
            messages.success(request, words % {"new": new.user, "cohort": cohort, "old": given["leader"].user})
            return redirect("cohort", cohort.pk)
    context = {
        "cohort": cohort,
        "session": cohort.session,
        "form": form,
        "leaders": list(leaders),
        "hand_overs": hand_overs_of(cohort, timezone.now()),
    }
    return render(request, "cohorts/hand_over.html", context, status=422 if form.errors else 200)


def _do(request, membership, name, form, change, done):
    """Make a change that its form asks for, or show the page with what is wrong in it."""
    if form.is_valid():
        try:
            change(membership, by=request.user, **form.cleaned_data)
        except places.PlaceError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, done)
            return redirect("place", membership.pk)
    return _page(request, membership, **{name: form})


def _page(request, membership, **forms):
    now = timezone.now()
    may = places.may(membership, by=request.user, now=now)
    context = {
        "membership": membership,
        "session": membership.cohort.session,
        "yours": _is_own(request, membership),
        "private": may_see_private(request.user, membership),
        "may": may,
        "story": places.story_of(membership, viewer=request.user),
        "last_day": places.last_day_of(membership),
        "is_over": now >= places.ends_for(membership),
        "application": _application(request, membership, may, now),
        "rest_form": RestForm(prefix="rest"),
        "return_form": ReturnForm(prefix="return"),
        "extend_form": ExtendForm(prefix="extend", initial={"until": membership.extended_until}),
        **forms,
    }
    return render(request, "cohorts/place.html", context, status=422 if forms else 200)


def _application(request, membership, may, now):
    """Where a member gives the place back before the session begins."""
    before = now < membership.cohort.session.begins_at and _is_own(request, membership) and "leave" not in may
    return places.application_of(membership) if before else None


def _found(request, pk):
    memberships = Membership.objects.visible_to(request.user).select_related("user", "cohort__session", "cohort__project")
    found = get_object_or_404(memberships.exclude(state=Membership.State.INVITED), pk=pk)
    if not places.may_see_story(request.user, found):
        raise Http404
    return found


def _is_own(request, membership) -> bool:
    return membership.user_id == request.user.pk
