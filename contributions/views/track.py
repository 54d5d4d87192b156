"""Adding work by hand, and changing or deleting what was added: what no code host knows of."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.limits import TOO_OFTEN, within_limit
from accounts.signed_in import signed_in
from cohorts.models import Membership
from contributions import by_hand
from contributions.by_hand import OtherWorkError
from contributions.forms import OtherWorkForm, TrackForm
from contributions.links import LinkError
from contributions.models import Contribution
from contributions.sync import paste_link

from .progress import page_of


@signed_in
@require_http_methods(["GET", "POST"])
def track(request, pk):
    """Track a pasted link, or work without one. What cannot be tracked yet stays in the form, with the reason.

    With `look` nothing is tracked: the answer is the part of the form that fits the link as typed so far. Who comes back to this
    address later, which the browser showed with the reason, is led to the progress page.
    """
    if request.method == "GET":
        return redirect("progress", pk=pk)
    members = Membership.objects.visible_to(request.user).members().filter(user=request.user).exclude(state=Membership.State.LEFT)
    membership = get_object_or_404(members.select_related("user", "cohort__session", "cohort__project"), pk=pk)
    form = TrackForm(request.POST, membership=membership)
    valid = form.is_valid()
    if "look" in request.POST:
        return _look(request, form)
    if valid and not form.lacks_details:
        if not within_limit(request, "track"):
            form.add_error("url", TOO_OFTEN)
        else:
            contribution = _track(form, membership, by=request.user)
            if contribution is not None:
                messages.success(request, _("This is tracked now."))
                return redirect("work", pk=contribution.pk)
    form.take_focus()
    return page_of(request, membership, track_form=form)


def _look(request, form):
    """The rest of the form for what is typed; nothing where that is on the page already."""
    same = form.asks == request.POST.get("asked", "") and form.data.get("guessed", "") == request.POST.get("guessed", "")
    if same:
        return HttpResponse(status=204)
    # The person is still typing: nothing is wrong yet.
    form.errors.clear()
    return render(
        request, "contributions/track.html#details", {"track_form": form, "membership": form.membership, "looked": True}
    )


def _track(form, membership, *, by):
    """The contribution, or None with the reason in the form."""
    given = form.cleaned_data
    facts = {name: given[name] for name in ("title", "other_kind", "on")}
    try:
        if form.without_link:
            return by_hand.add_without_link(membership, **facts, by=by)
        return paste_link(membership, given["url"], **facts, role=given["role"], by=by)
    except LinkError as error:
        form.add_error("url", str(error))
    except OtherWorkError as error:
        form.add_error(error.field, str(error))
    except PermissionDenied:
        raise Http404 from None
    return None


@signed_in
@require_http_methods(["GET", "POST"])
def edit(request, pk):
    """Title, kind and day of other work."""
    contribution = _own(request.user, pk)
    item, membership = contribution.work_item, contribution.membership
    if request.method == "POST":
        form = OtherWorkForm(request.POST, membership=membership)
        if form.is_valid():
            try:
                by_hand.revise(contribution, **form.cleaned_data, by=request.user)
            except OtherWorkError as error:
                form.add_error(error.field, str(error))
            else:
                messages.success(request, _("Saved."))
                return redirect("work", pk=pk)
    else:
        initial = {"title": item.title, "other_kind": item.other_kind, "on": by_hand.day_of(contribution)}
        form = OtherWorkForm(initial=initial, membership=membership)
    return render(request, "contributions/edit_work.html", {"contribution": contribution, "item": item, "form": form})


@signed_in
@require_http_methods(["GET", "POST"])
def delete(request, pk):
    """Asks, then deletes other work."""
    contribution = _own(request.user, pk)
    if request.method == "POST":
        by_hand.delete(contribution, by=request.user)
        messages.success(request, _("“%(title)s” is deleted.") % {"title": contribution.work_item.title})
        return redirect("progress", pk=contribution.membership_id)
    return render(request, "contributions/delete_work.html", {"contribution": contribution, "item": contribution.work_item})


def _own(user, pk):
    contributions = Contribution.objects.visible_to(user).select_related("work_item", "membership__user")
    contribution = get_object_or_404(contributions, pk=pk)
    if not by_hand.may_revise(user, contribution):
        raise Http404
    return contribution
