"""The learning log: list, writing, deleting, and the file to keep."""

import secrets

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.signed_in import signed_in
from cohorts.kept_words import forget_words, keeps_words, kept_words
from cohorts.models import Membership
from cohorts.stages import week_on
from contributions import learning
from contributions.learning_form import LearningForm
from contributions.models import LearningEntry

PAGE = "contributions/learning_edit.html"
ENTRIES_A_PAGE = 20


@signed_in
@require_safe
def log(request, pk):
    """The entries of one member: all for the member, shared ones for others."""
    membership = _member(request.user, pk)
    entries = learning.entries_of(membership, request.user)
    others = Membership.objects.visible_to(request.user).members().filter(user=membership.user_id).exclude(pk=membership.pk)
    context = {
        "membership": membership,
        "session": membership.cohort.session,
        "yours": membership.user_id == request.user.pk,
        "may_write": learning.may_write(request.user, membership),
        "page": Paginator(entries, ENTRIES_A_PAGE).get_page(request.GET.get("page")),
        "others": others.select_related("cohort__session").order_by("-cohort__session__starts_on", "-pk"),
    }
    return render(request, "contributions/learning.html", context)


@keeps_words(learning.WORDS, "contributions/learning_edit.html#saved")
@signed_in
@require_http_methods(["GET", "POST"])
def new(request, pk):
    """A new entry. It is made with the first words that save themselves; `?work=` names a contribution that it is about."""
    membership = _member(request.user, pk)
    if not learning.may_write(request.user, membership):
        raise Http404
    if request.method == "POST":
        return _save(request, membership, None)
    today = timezone.now().astimezone(membership.cohort.session.zone).date()
    initial = {"week": week_on(today, learning.weeks_of(membership))}
    work = request.GET.get("work", "")
    if work.isdecimal():
        initial["contributions"] = learning.linkable(membership).filter(pk=int(work[:18]))
    kept = kept_words(request)
    form = LearningForm(membership=membership, initial=initial | kept, save_url=request.path)
    return render(request, PAGE, _context(request, membership, None, form) | {"is_kept": bool(kept)})


@keeps_words(learning.WORDS, "contributions/learning_edit.html#saved")
@signed_in
@require_http_methods(["GET", "POST"])
def entry(request, pk):
    """One entry: a form for the member, the words for others."""
    stored = _entry(request.user, pk)
    membership = stored.membership
    if not learning.may_write(request.user, membership):
        if request.method == "POST":
            raise Http404
        context = {"membership": membership, "session": membership.cohort.session, "entry": stored}
        return render(request, "contributions/learning_entry.html", context | {"yours": membership.user_id == request.user.pk})
    if request.method == "POST":
        return _save(request, membership, stored)
    kept = kept_words(request)
    form = LearningForm(membership=membership, instance=stored, initial=kept, save_url=request.path)
    return render(request, PAGE, _context(request, membership, stored, form) | {"is_kept": bool(kept)})


@signed_in
@require_http_methods(["GET", "POST"])
def delete(request, pk):
    """Delete one's own entry; asks first."""
    stored = _entry(request.user, pk)
    if stored.membership.user_id != request.user.pk:
        raise Http404
    if request.method == "POST":
        learning.delete_entry(stored, by=request.user)
        messages.success(request, _("The entry is deleted."))
        return redirect("learning", pk=stored.membership_id)
    return render(request, "contributions/delete_learning.html", {"entry": stored, "membership": stored.membership})


@signed_in
@require_safe
def export(request, pk):
    """The member's whole log as a Markdown file."""
    membership = _member(request.user, pk)
    if membership.user_id != request.user.pk:
        raise Http404
    text = learning.as_markdown(membership, learning.entries_of(membership, request.user))
    name = learning.file_name(membership)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(text, content_type="text/markdown; charset=utf-8", headers=headers)


def _save(request, membership, stored):
    """One field from htmx, or the whole form. What cannot be saved stays in the form."""
    is_new = stored is None
    stored = stored or _made_by_this_page(request, membership)
    form = LearningForm(request.POST, membership=membership, instance=stored, save_url=request.path)
    form.is_valid()
    field = request.POST.get("field", "")
    draft = request.POST.get("save") == "draft"
    names = [field] if draft and field in form.fields else list(form.fields)
    values = {name: form.cleaned_data[name] for name in names if name in form.cleaned_data and name in learning.FIELDS}
    chosen = form.cleaned_data.get("contributions") if "contributions" in names else None
    if form.errors and not draft:
        # Nothing is shared with a part of it missing.
        values.pop("shared", None)
    try:
        saved = learning.save_entry(
            membership,
            stored,
            by=request.user,
            values=values,
            contributions=chosen,
            version=_version(request),
            form=_name_of(request),
            finished=not (draft or form.errors),
        )
    except learning.ChangedElsewhere as error:
        return _elsewhere(request, membership, error.entry, form)
    except learning.LearningError as error:
        if request.htmx:
            return render(request, f"{PAGE}#saved", {"problem": str(error)})
        form.add_error(None, str(error))
        return render(request, PAGE, _context(request, membership, stored, form), status=422)
    forget_words(request, values)
    problem = " ".join(form.errors[field]) if field in form.errors else ""
    if request.htmx:
        response = render(request, f"{PAGE}#saved", {"saved": saved, "problem": problem})
        if is_new:
            # Whoever loads the page again finds the entry, not an empty form.
            response["HX-Replace-Url"] = reverse("learning_entry", args=[saved.pk])
        return response
    if form.errors:
        return render(request, PAGE, _context(request, membership, saved, form), status=422)
    at = time_format(timezone.localtime(saved.updated_at), "H:i")
    if saved.shared:
        messages.success(request, _("Saved %(time)s. Your cohort can read it.") % {"time": at})
    else:
        messages.success(request, _("Saved %(time)s. Only you see it.") % {"time": at})
    return redirect("learning", pk=membership.pk)


def _made_by_this_page(request, membership):
    """The entry that a page for a new one has made meanwhile; None before that."""
    number = request.POST.get("entry", "")
    if not number.isdecimal() or len(number) > 18:
        return None
    found = LearningEntry.objects.filter(membership=membership, pk=int(number)).first()
    return found or LearningEntry(pk=int(number), membership=membership)


def _elsewhere(request, membership, stored, form):
    """Both texts are shown; what was typed stays in the form, and saving again keeps it."""
    if request.htmx:
        problem = _("Another tab saved other words. Yours are still here: press “Save” to compare.")
        return render(request, f"{PAGE}#saved", {"problem": problem})
    context = _context(request, membership, stored, form) | {"elsewhere": stored}
    return render(request, PAGE, context, status=409)


def _context(request, membership, stored, form):
    return {
        "membership": membership,
        "session": membership.cohort.session,
        "entry": stored,
        "form": form,
        "form_name": _name_of(request) or secrets.token_hex(8),
        "yours": True,
    }


def _version(request) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _name_of(request) -> str:
    return request.POST.get("form", "")[:40]


def _member(user, pk):
    memberships = Membership.objects.visible_to(user).members()
    return get_object_or_404(memberships.select_related("user", "cohort__session", "cohort__project"), pk=pk)


def _entry(user, pk):
    """An entry that `user` sees, of somebody whose page they see; without words it is the member's alone."""
    found = get_object_or_404(LearningEntry.objects.visible_to(user).select_related("membership"), pk=pk)
    membership = _member(user, found.membership_id)
    stored = get_object_or_404(learning.entries_of(membership, user), pk=pk)
    stored.membership = membership
    return stored
