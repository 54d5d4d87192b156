"""The end for one person: the farewell, and the certificate."""

import secrets

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.signed_in import signed_in
from cohorts import farewells
from cohorts.certificates import certificate_of
from cohorts.forms.farewell import FarewellForm, NameForm
from cohorts.kept_words import forget_words, keeps_words, kept_words
from cohorts.models import Farewell, Membership
from cohorts.testimonials import may_write as may_write_testimonial


@never_cache
@keeps_words(farewells.WORDS, "cohorts/farewell.html#saved")
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def farewell(request, membership):
    """One's own farewell: a form while it can be written, else what was written, or when it opens."""
    found = _own(request, membership)
    stored = Farewell.objects.visible_to(request.user).filter(membership=found).first()
    against = farewells.obstacle_to_writing(found, by=request.user)
    if request.method == "POST" and against is None:
        return _save(request, found, stored)
    kept = kept_words(request)
    form = None if against else FarewellForm(instance=stored, initial=kept, save_url=request.path)
    context = _context(request, found, stored, form) | {"against": against, "is_kept": bool(kept)}
    if request.method == "POST":
        context["typed"] = [(field.label, field.value()) for field in FarewellForm(request.POST) if field.name in farewells.WORDS]
    return render(request, "cohorts/farewell.html", context, status=409 if request.method == "POST" else 200)


def _save(request, membership, stored):
    form = FarewellForm(request.POST, instance=stored or Farewell(membership=membership), save_url=request.path)
    form.is_valid()
    field, draft = request.POST.get("field", ""), request.POST.get("save") == "draft"
    names = [field] if field in form.fields else list(form.fields)
    values = {name: form.cleaned_data[name] for name in names if name in form.cleaned_data}
    # The form has written what was typed into its instance: the stored row is read again.
    write = farewells.save_draft if draft or form.errors else farewells.hand_in
    known = {"version": _version(request), "form": request.POST.get("tab", "")}
    try:
        saved = write(membership, by=request.user, values=values, **known)
    except farewells.FarewellClosed as error:
        messages.error(request, str(error))
        return redirect(request.path)
    except farewells.FarewellStale as error:
        return _elsewhere(request, membership, form, error)
    except farewells.NothingWritten as error:
        form.add_error(None, str(error))
        return render(request, "cohorts/farewell.html", _context(request, membership, stored, form), status=422)
    forget_words(request, values)
    problem = " ".join(form.errors[field]) if field in form.errors else ""
    if request.htmx:
        return render(request, "cohorts/farewell.html#saved", {"saved": saved, "problem": problem})
    if form.errors:
        return render(request, "cohorts/farewell.html", _context(request, membership, saved, form), status=422)
    if draft:
        at = time_format(timezone.localtime(saved.updated_at), "H:i")
        messages.success(request, _("Saved %(time)s.") % {"time": at})
        return redirect(request.path)
    messages.success(request, _("Thank you. Your cohort can read it now."))
    return redirect("closing" if membership.state != Membership.State.LEFT else "farewell", _target(membership))


def _target(membership) -> int:
    """Who left does not see the pages of the cohort any more."""
    return membership.pk if membership.state == Membership.State.LEFT else membership.cohort_id


def _elsewhere(request, membership, form, error):
    """Both texts are shown; what was typed stays in the form, and saving again keeps it."""
    if request.htmx:
        problem = _("Another tab saved other words. Yours are still here: press “Save draft” to compare.")
        return render(request, "cohorts/farewell.html#saved", {"problem": problem})
    words = [(form[name].label, getattr(error.farewell, name)) for name in farewells.WORDS if getattr(error.farewell, name)]
    context = _context(request, membership, error.farewell, form) | {"elsewhere": words}
    return render(request, "cohorts/farewell.html", context, status=409)


@signed_in
@require_POST
def take_back(request, membership):
    """Show one's farewell to nobody any more."""
    found = _own(request, membership)
    try:
        farewells.take_back(found, by=request.user)
    except farewells.FarewellClosed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Only you see it now. Your words are still here."))
    return redirect("farewell", found.pk)


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def certificate(request, membership):
    """One's own certificate, to print. The name that is posted stands on this one answer and is kept nowhere."""
    found = _own(request, membership)
    made = certificate_of(found)
    if made is None:
        raise Http404
    form = NameForm(request.POST or None, initial={"name": request.user.name})
    name = form.cleaned_data["name"] if form.is_bound and form.is_valid() else request.user.get_full_name()
    context = {"membership": found, "session": found.cohort.session, "certificate": made, "form": form, "name": name}
    return render(request, "cohorts/certificate.html", context, status=422 if form.errors else 200)


def _context(request, membership, stored, form):
    session = membership.cohort.session
    return {
        "membership": membership,
        "session": session,
        "farewell": stored,
        "form": form,
        "yours": True,
        "tab": request.POST.get("tab") or secrets.token_urlsafe(12),
        "version": stored.version if stored else 0,
        "opens_at": farewells.opens_at(session),
        "may_write_testimonial": may_write_testimonial(request.user, session),
        "has_words": bool(stored and any(getattr(stored, name).strip() for name in farewells.WORDS)),
    }


def _own(request, pk):
    memberships = Membership.objects.visible_to(request.user).filter(user=request.user)
    found = get_object_or_404(memberships.select_related("user", "cohort__session", "cohort__project"), pk=pk)
    try:
        farewells.obstacle_to_writing(found, by=request.user)
    except PermissionDenied:
        # A place that is kept, or one of a session that is not published.
        raise Http404 from None
    return found


def _version(request) -> int | None:
    """Which version the page that was sent knew; None for anything unreadable."""
    typed = request.POST.get("version", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None
