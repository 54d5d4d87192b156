"""What everybody reads of those who were here: the alumni who agreed, and testimonials; and writing one's own."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import signed_in
from cohorts import testimonials as domain
from cohorts.alumni import classes, sessions_with_alumni
from cohorts.forms.farewell import TestimonialForm
from cohorts.models import Session, Testimonial

#: Sessions on one page of alumni, and testimonials on one page of them.
SESSIONS_SHOWN, TESTIMONIALS_SHOWN = 10, 20


@never_cache
@require_safe
def alumni(request):
    now = timezone.now()
    page = Paginator(sessions_with_alumni(now), SESSIONS_SHOWN).get_page(request.GET.get("page"))
    return render(request, "cohorts/alumni.html", {"page": page, "classes": classes(now, list(page.object_list))})


@never_cache
@require_safe
def testimonials(request):
    page = Paginator(domain.published(), TESTIMONIALS_SHOWN).get_page(request.GET.get("page"))
    return render(request, "cohorts/testimonials.html", {"page": page})


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def testimonial(request, slug):
    """Write a testimonial of a session, change it, or read what became of it."""
    session, stored = _own(request, slug)
    shown = stored if stored and stored.state != Testimonial.State.WITHDRAWN else None
    initial = {"text": stored.text, "signed": stored.signed} if stored else {"signed": request.user.name}
    form = TestimonialForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            domain.write(session, by=request.user, **form.cleaned_data)
        except domain.TestimonialError as error:
            form.add_error(None, str(error))
        except PermissionDenied:
            raise Http404 from None
        else:
            messages.success(request, _("Thank you. An organiser reads it before it is shown to everybody."))
            return redirect("testimonial", slug)
    context = {"session": session, "testimonial": shown, "form": form}
    return render(request, "cohorts/testimonial.html", context, status=422 if form.errors else 200)


@signed_in
@require_POST
def take_testimonial_back(request, slug):
    _session, stored = _own(request, slug)
    if stored is not None:
        domain.take_back(stored, by=request.user)
        messages.success(request, _("Taken back. Nobody reads it any more; your words are still in the form."))
    return redirect("testimonial", slug)


def _own(request, slug) -> tuple[Session, Testimonial | None]:
    session = get_object_or_404(Session.objects.visible_to(request.user), slug=slug)
    stored = Testimonial.objects.visible_to(request.user).filter(session=session, author=request.user).first()
    if stored is None and not domain.may_write(request.user, session):
        raise Http404
    return session, stored
