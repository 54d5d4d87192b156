"""Offering to help in a session: which roles are open, the form of each, what somebody offered, taking it back, and invitations."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cohorts import volunteers
from cohorts.entries import EntryInvalid, EntryTooLarge
from cohorts.forms.volunteer import read_volunteer_entry
from cohorts.models import Session, Volunteer
from cohorts.training import open_training
from cohorts.volunteer_invitations import claim, invitation_of, refuse
from cohorts.volunteer_mail import read_key
from cohorts.volunteers import VolunteerError, VolunteerStale

from . import volunteer_pages as pages
from .apply_pages import number
from .forged import is_forged, sees_forged_forms

Role, State = Volunteer.Role, Volunteer.State


@never_cache
@require_safe
def volunteer_roles(request, slug):
    """What one can help with in a session, and where one's own offers stand."""
    session = _session(request, slug)
    own = {one.role: one for one in Volunteer.objects.of(request.user).filter(session=session).order_by("-user_id", "pk")}
    offered = volunteers.open_roles(session)
    if not offered and not own:
        raise Http404
    rows = [pages.role_row(role, own.get(role), role in offered) for role in Role if role in offered or role in own]
    return render(request, "cohorts/volunteer_roles.html", {"session": session, "rows": rows})


@sees_forged_forms
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def volunteer(request, slug, role):
    """GET shows the form of a role with what is saved; POST saves it (`action=save`) or hands it in (anything else)."""
    session, user = _session(request, slug), request.user
    if role not in Role.values:
        raise Http404
    if request.method == "POST":
        entry = read_volunteer_entry(session, role, request.POST)
        own = volunteers.of_person(session, role, user) if user.is_authenticated else None
        if is_forged(request):
            return pages.forged(request, session, role, own, entry)
        if not user.is_authenticated:
            return pages.logged_out(request, session, role, entry)
        if number(request.POST.get("person", "")) not in (0, user.pk):
            return pages.of_another_account(request, session, role, own, entry)
        return _save_or_submit(request, session, role, entry)
    if not user.is_authenticated:
        if role not in volunteers.open_roles(session):
            raise Http404
        return redirect_to_login(request.path)
    own = volunteers.of_person(session, role, user)
    if own is not None and own.state not in volunteers.WRITABLE:
        return redirect("volunteering", pk=own.pk)
    against = volunteers.obstacle_to_writing(session, role, own, by=user)
    if against is not None:
        return pages.closed(request, session, role, own, against)
    return pages.form_page(request, session, role, own, volunteers.typed_entry(own))


def _session(request, slug) -> Session:
    return get_object_or_404(Session.objects.visible_to(request.user).prefetch_related("questions", "projects"), slug=slug)


def _save_or_submit(request, session, role, entry):
    user, typed = request.user, number(request.POST.get("version", ""))
    own = volunteers.of_person(session, role, user)
    try:
        own = volunteers.save_draft(session, role, entry, by=user, version=typed, tab=request.POST.get("tab", ""))
        if request.POST.get("action") == "save":
            return pages.saved(request, session, role, own)
        is_new = volunteers.submit(own, by=user)
    except VolunteerStale as stale:
        return pages.stale(request, session, role, stale.volunteer, entry)
    except (VolunteerError, EntryTooLarge) as error:
        return pages.unsaved(request, session, role, own, entry, str(error))
    except EntryInvalid as invalid:
        return pages.form_page(request, session, role, own, entry, errors=invalid.errors)
    if is_new:
        messages.success(request, _("Thank you. The organisers can read it now, and a mail confirms it soon."))
    else:
        messages.info(request, _("Nothing has changed since you handed it in."))
    return redirect("volunteering", pk=own.pk)


# --- what somebody offered


def _mine(user):
    """Only one's own: organisers read offers in the administration."""
    visible = Volunteer.objects.visible_to(user).of(user).select_related("session", "user")
    return visible.prefetch_related("projects", "session__questions")


@never_cache
@login_required
@require_safe
def my_volunteering(request):
    rows = [pages.summary(one) for one in _mine(request.user).order_by("-session__starts_on", "role", "pk")]
    return render(request, "cohorts/my_volunteering.html", {"rows": rows, "training": open_training(request.user)})


@never_cache
@login_required
@require_safe
def volunteering(request, pk):
    return pages.own_page(request, get_object_or_404(_mine(request.user), pk=pk))


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_volunteer(request, pk):
    """GET asks, POST takes the offer back."""
    own = get_object_or_404(_mine(request.user), pk=pk)
    page = redirect("volunteering", pk=own.pk)
    if request.method != "POST":
        if own.state not in (State.INVITED, State.SUBMITTED, State.ACCEPTED):
            return page
        return render(request, "cohorts/volunteer_withdraw.html", {"volunteer": own, "session": own.session})
    was_asked = own.state == State.INVITED
    try:
        volunteers.withdraw(own, by=request.user)
    except VolunteerError as error:
        messages.error(request, str(error))
        return page
    messages.success(
        request, _("Thank you for telling us.") if was_asked else _("It is taken back. Thank you for having offered your help.")
    )
    return redirect("volunteering", pk=own.pk)


@never_cache
@login_required
@require_POST
def discard_volunteer(request, pk):
    """Forget what was typed and not handed in."""
    own = get_object_or_404(_mine(request.user), pk=pk)
    was_draft = own.state == State.DRAFT
    try:
        volunteers.discard(own, by=request.user)
    except VolunteerError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("What you had typed is forgotten."))
    return redirect("my_volunteering") if was_draft else redirect("volunteering", pk=pk)


# --- invitations


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def volunteer_invitation(request, key):
    """The page behind the link of a mail. Opening it changes nothing; POST says yes (with an account) or no (without one, too)."""
    if read_key(key) is None:
        raise Http404
    found, user = invitation_of(key), request.user
    if found is None:
        return render(request, "cohorts/volunteer_invitation.html", {"invitation": None}, status=410)
    is_mine = found.user_id is not None and found.user_id == user.pk
    if is_mine and found.state != State.INVITED:
        return redirect("volunteering", pk=found.pk)
    if request.method == "POST":
        if request.POST.get("answer") == "no":
            return _refuse(request, key)
        if not user.is_authenticated:
            return redirect_to_login(request.path)
        try:
            own = claim(key, by=user)
        except VolunteerError as error:
            messages.error(request, str(error))
            return redirect(request.path)
        return redirect("volunteer", slug=own.session.slug, role=own.role)
    return render(
        request,
        "cohorts/volunteer_invitation.html",
        {
            "invitation": found,
            "session": found.session,
            "takes": pages.what_it_takes(found.role),
            "is_answered": found.state != State.INVITED,
            "of_another_account": user.is_authenticated and found.user_id is not None and not is_mine,
            "log_in": f"{reverse('account_login')}?next={request.path}",
            "sign_up": f"{reverse('account_signup')}?next={request.path}",
        },
    )


def _refuse(request, key):
    try:
        refuse(key, by=request.user)
    except VolunteerError as error:
        messages.error(request, str(error))
    return redirect(request.path)
