"""What everybody may read about the site: code of conduct, privacy, maintainers; and writing to its people."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits import TOO_OFTEN, within_limit
from accounts.terms import TERMS_VERSION
from cohorts.concerns.waiting import KEPT_AFTER_CLOSING
from cohorts.contacting import KEPT, SITE, ContactError, send
from cohorts.forms.contact import ContactForm
from cohorts.models import ConcernContact, Session
from cohorts.retention import times_kept


@require_safe
def code_of_conduct(request):
    """The text, and to whom one can turn: those of the site, and those of each session."""
    contacts = ConcernContact.objects.visible_to(request.user).reachable().select_related("user", "session")
    of_sessions: dict[Session, list[ConcernContact]] = {}
    of_site = []
    for contact in contacts:
        if contact.session is None:
            of_site.append(contact)
        else:
            of_sessions.setdefault(contact.session, []).append(contact)
    sessions = sorted(of_sessions.items(), key=lambda one: (one[0].starts_on, one[0].pk), reverse=True)
    context = {"terms_version": TERMS_VERSION, "of_site": of_site, "of_sessions": sessions}
    return render(request, "cohorts/code_of_conduct.html", context)


@require_safe
def privacy(request):
    context = {
        "terms_version": TERMS_VERSION,
        "kept": times_kept(),
        "contact_days": KEPT.days,
        "concern_days": KEPT_AFTER_CLOSING.days,
    }
    return render(request, "cohorts/privacy.html", context)


@require_safe
def maintainers(request):
    """How members of a cohort work with those who look after a project."""
    return render(request, "cohorts/maintainers.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request):
    """A form that becomes a mail; who sent it gets the answer at the address that they typed."""
    if request.method == "POST":
        form = ContactForm(request.POST, by=request.user)
        if form.is_valid():
            data = {name: form.cleaned_data[name] for name in ("to", "name", "address", "subject", "text")}
            if not within_limit(request, "contact", key="all"):
                form.add_error(None, TOO_OFTEN)
                return render(request, "cohorts/contact.html", {"form": form}, status=429)
            try:
                send(by=request.user, **data)
            except ContactError as error:
                form.add_error("to", str(error))
            else:
                sent = _("Thank you. Your message is on its way, and the answer comes to %(address)s.")
                messages.success(request, sent % {"address": data["address"]})
                return redirect("contact")
        return render(request, "cohorts/contact.html", {"form": form}, status=422)
    initial = {"to": _asked_for(request)}
    if request.user.is_authenticated:
        initial |= {"name": request.user.name, "address": request.user.email}
    return render(request, "cohorts/contact.html", {"form": ContactForm(by=request.user, initial=initial)})


def _asked_for(request):
    slug = request.GET.get("session", "")[:60]
    return f"session-{slug}" if slug else SITE
