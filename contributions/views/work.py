"""One piece of work: its story, what the member says about it, and what is left to do before maintainers are asked."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.signed_in import signed_in
from contributions import statements
from contributions.by_hand import may_revise
from contributions.forms import PartForm, PartnerForm, StatementForm
from contributions.models import Contribution, MemberSync
from contributions.preflight import applies_to, preflight, to_do
from contributions.reading import Row, is_older
from contributions.row_facts import with_facts
from contributions.story import story_of, what_happened
from contributions.sync import looked
from contributions.typed_words import forget_words, keeps_words, kept_words

PAGE = "contributions/work.html"


@keeps_words
@signed_in
@require_http_methods(["GET", "POST"])
def work(request, pk):
    """An item as one member's contribution. The member may write about it; each field saves itself."""
    contribution = _contribution(request.user, pk)
    may_edit = statements.may_edit(request.user, contribution)
    if request.method == "POST":
        if not may_edit:
            raise Http404
        return _save(request, contribution)
    looked(contribution.membership.cohort.session)
    kept = kept_words(request, pk) if may_edit else None
    form = None
    if may_edit:
        form = StatementForm(instance=contribution, initial=kept, save_url=request.path)
    return render(request, PAGE, _context(request, contribution, form) | {"is_kept": bool(kept)})


def _save(request, contribution):
    """One field from htmx, or the whole form. Nothing that was typed is lost: what cannot be saved stays in the form."""
    form = StatementForm(request.POST, instance=contribution, save_url=request.path)
    form.is_valid()
    field = request.POST.get("field", "")
    names = [field] if field in form.fields else list(form.fields)
    # A choice that lacks its sentence is kept all the same: the page asks for the sentence.
    values = {name: form.cleaned_data.get(name, "") for name in names if _is_storable(form, name)}
    # Checking the form has written into it.
    contribution.refresh_from_db(fields=statements.FIELDS)
    try:
        statements.describe(contribution, by=request.user, values=values, seen=request.POST.get("seen"))
    except statements.ChangedElsewhere as error:
        return _elsewhere(request, error.contribution, form)
    forget_words(request, contribution.pk)
    saved_at = timezone.now()
    if request.htmx:
        problem = " ".join(form.errors.get(field, [])) if field not in values else ""
        context = _context(request, contribution, form) | {"saved_at": saved_at, "problem": problem, "swapped": True}
        return render(request, f"{PAGE}#saved", context)
    if form.errors:
        return render(request, PAGE, _context(request, contribution, form))
    messages.success(
        request, _("Saved %(time)s. Your cohort can read it.") % {"time": time_format(timezone.localtime(saved_at), "H:i")}
    )
    return redirect("work", pk=contribution.pk)


def _is_storable(form, name) -> bool:
    """Whether a field's words fit; that they are not enough yet is no reason to drop them."""
    return name in form.cleaned_data or (name == "ai_disclosure" and not form.data.get(name, "").strip())


def _elsewhere(request, stored, form):
    """Both texts are shown; what was typed stays in the form, and saving again keeps it."""
    if request.htmx:
        problem = _("Another tab saved other words. Yours are still here: press “Save” to compare.")
        return render(request, f"{PAGE}#saved", {"problem": problem})
    return render(request, PAGE, _context(request, stored, form) | {"elsewhere": stored}, status=409)


@signed_in
@require_POST
def part(request, pk):
    """Say what the own part is."""
    contribution = _own(request.user, pk)
    form = PartForm(request.POST)
    if form.is_valid():
        try:
            statements.change_part(contribution, form.cleaned_data["role"], by=request.user)
        except statements.StatementError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Your part is “%(part)s” now.") % {"part": contribution.get_role_display()})
    return redirect("work", pk=pk)


@signed_in
@require_POST
def together(request, pk):
    """“We worked on this together”: it becomes a contribution of the other member too."""
    contribution = _own(request.user, pk)
    form = PartnerForm(request.POST, partners=statements.partners(contribution))
    if not form.is_valid():
        messages.error(request, _("Choose a member of your cohort."))
        return redirect("work", pk=pk)
    partner = form.cleaned_data["partner"]
    try:
        statements.work_together(contribution, partner, by=request.user)
    except statements.StatementError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(name)s sees it too now, as a co-author.") % {"name": partner.user})
    return redirect("work", pk=pk)


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


def _context(request, contribution, form) -> dict:
    item = contribution.work_item
    yours = form is not None
    [row] = with_facts([Row(contribution, timezone.now(), yours)], request.user)
    points = preflight(row)
    others = Contribution.objects.visible_to(request.user).shown().filter(work_item=item).exclude(pk=contribution.pk)
    shared = list(others.select_related("membership__user", "membership__cohort")[:10])
    may_pair = yours and item.kind == item.Kind.PULL_REQUEST and contribution.role in statements.OWN_PARTS
    partners = statements.partners(contribution).exclude(contributions__work_item=item) if may_pair else None
    return {
        "contribution": contribution,
        "membership": contribution.membership,
        "person": contribution.membership.user,
        "item": item,
        "checked_at": _checked_at(contribution),
        "row": row,
        "yours": yours,
        "form": form,
        "version": statements.version_of(contribution),
        "story": story_of(item),
        "happened": what_happened(item),
        "has_points": applies_to(row),
        "points": points,
        "left": len(to_do(points)),
        "older": is_older(contribution),
        "may_revise": may_revise(request.user, contribution),
        "together": shared,
        "part_form": PartForm(initial={"role": contribution.role}) if yours and row.service else None,
        "partner_form": PartnerForm(partners=partners) if partners is not None and partners.exists() else None,
    }


def _checked_at(contribution):
    """When the site last knew that this is how it stands: a sync leaves alone what has not changed since it was fetched."""
    item = contribution.work_item
    if item.fetched_at is None or item.tracker or item.problem or not item.is_open:
        return item.fetched_at
    synced_at = MemberSync.objects.filter(membership=contribution.membership_id).values_list("synced_at", flat=True).first()
    return max(item.fetched_at, synced_at or item.fetched_at)


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
