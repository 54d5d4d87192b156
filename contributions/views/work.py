"""One piece of work: its story, and what the member says about it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.signed_in import signed_in
from contributions import statements
from contributions.forms import StatementForm
from contributions.models import Contribution
from contributions.reading import Row, is_older, with_pull_requests
from contributions.story import story_of


@signed_in
@require_http_methods(["GET", "POST"])
def work(request, pk):
    """An item as one member's contribution. The member may write about it."""
    contribution = _contribution(request.user, pk)
    may_edit = statements.may_edit(request.user, contribution)
    form = None
    if request.method == "POST":
        if not may_edit:
            raise Http404
        form = StatementForm(request.POST, instance=contribution)
        if form.is_valid():
            statements.describe(contribution, by=request.user, values=form.cleaned_data)
            messages.success(request, _("Saved. Your cohort can read it."))
            return redirect("work", pk=pk)
    elif may_edit:
        form = StatementForm(instance=contribution)
    item = contribution.work_item
    [row] = with_pull_requests([Row(contribution, timezone.now(), may_edit)], request.user)
    together = Contribution.objects.visible_to(request.user).shown().filter(work_item=item).exclude(pk=pk)
    context = {
        "contribution": contribution,
        "membership": contribution.membership,
        "person": contribution.membership.user,
        "item": item,
        "row": row,
        "yours": may_edit,
        "form": form,
        "story": story_of(item),
        "older": is_older(contribution),
        "together": together.select_related("membership__user", "membership__cohort")[:10],
    }
    return render(request, "contributions/work.html", context)


@signed_in
@require_POST
def hide(request, pk):
    """“This is not mine”: off every list."""
    contribution = _own(request.user, pk)
    statements.hide(contribution, by=request.user)
    messages.success(
        request,
        _("“%(title)s” is hidden. Nobody but you sees it; you can show it again.") % {"title": contribution.work_item.title},
    )
    return redirect("progress", pk=contribution.membership_id)


@signed_in
@require_POST
def restore(request, pk):
    """Show it again."""
    contribution = _own(request.user, pk)
    statements.restore(contribution, by=request.user)
    messages.success(request, _("“%(title)s” is shown again.") % {"title": contribution.work_item.title})
    return redirect("progress", pk=contribution.membership_id)


def _contribution(user, pk):
    contributions = Contribution.objects.visible_to(user).select_related(
        "work_item__tracked_repository__project", "membership__user", "membership__cohort__session"
    )
    return get_object_or_404(contributions, pk=pk)


def _own(user, pk):
    contribution = _contribution(user, pk)
    if not statements.may_edit(user, contribution):
        raise Http404
    return contribution
