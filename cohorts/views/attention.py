"""Marking what calls for attention as handled, and taking that back: for those who lead and organise."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.signed_in import signed_in
from cohorts import nudges
from cohorts.models import Membership, Nudge

from .checkins import next_page


@signed_in
@require_POST
def handle(request, membership):
    """Mark reasons about a member (each `reason` is its kind and its key) as handled, with a note. Leads back to the board."""
    members = Membership.objects.visible_to(request.user).members().select_related("user", "cohort__session")
    member = get_object_or_404(members, pk=membership)
    if not nudges.may_handle(request.user, member):
        raise Http404
    note = request.POST.get("note", "")
    chosen = [tuple(text.partition(" ")[::2]) for text in request.POST.getlist("reason")]
    if not chosen:
        messages.warning(request, _with_note(_("Tick what you have looked after."), note))
        return redirect(_board(request, member))
    try:
        nudges.handle_several(member, chosen, by=request.user, note=note)
    except (nudges.AlreadyHandled, nudges.NothingToHandle) as problem:
        messages.warning(request, _with_note(str(problem), note))
    else:
        name = member.user.get_short_name()
        messages.success(
            request, _("Marked as handled. It stays under “Handled” until it is over for %(name)s.") % {"name": name}
        )
    return redirect(_board(request, member))


@signed_in
@require_POST
def take_back(request, pk):
    """Say that it is not handled after all."""
    nudge = get_object_or_404(Nudge.objects.visible_to(request.user).select_related("membership__cohort"), pk=pk)
    try:
        nudges.take_back(nudge, by=request.user)
    except PermissionDenied:
        raise Http404 from None
    messages.success(request, _("Taken back. Those who lead see it again."))
    return redirect(_board(request, nudge.membership))


def _with_note(problem: str, note: str) -> str:
    """What was typed is not lost."""
    return _("%(problem)s Your note was: “%(note)s”") % {"problem": problem, "note": note.strip()} if note.strip() else problem


def _board(request, member):
    """Where the form stood, else the page of the cohort."""
    return next_page(request) or reverse("cohort", args=[member.cohort_id])
