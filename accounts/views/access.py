"""Pages about getting in: setting a second step up, going on after a proof, and the browsers in which somebody is logged in."""

from allauth.mfa.adapter import get_adapter as mfa_adapter
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache

from accounts.access import devices, proving, second_factor
from accounts.access.safe_next import safe_next
from accounts.signed_in import signed_in

#: In the browser session: where somebody wanted to go when they were asked for a second step.
NEXT = "second_factor_next"


@signed_in
@never_cache
def second_step(request: HttpRequest) -> HttpResponse:
    """Why a second step is asked for, and the two ways to one. With one, on to the page that was asked for."""
    wanted = safe_next(request.GET.get("next")) or safe_next(request.session.get(NEXT))
    if not second_factor.is_missing(request.user):
        request.session.pop(NEXT, None)
        return redirect(wanted or "home")
    if request.session.get(NEXT, "") != wanted:
        request.session[NEXT] = wanted
    return render(request, "accounts/second_factor.html")


@signed_in
@never_cache
def proven(request: HttpRequest) -> HttpResponse:
    """After the proof: one press more, and what was asked for goes on as it was sent."""
    form = proving.waiting_form(request)
    if form is None:
        messages.info(request, _("Thank you. Nothing waits any more: open the page again."))
        return redirect("home")
    return render(request, "accounts/proven.html", {"form": form})


class RemoveKeyView(RemoveWebAuthnView):
    """allauth's page, which asks for an app with codes, and not for a security key, whether the last one may go."""

    def form_valid(self, form) -> HttpResponse:
        if not second_factor.may_be_removed(self.get_object()):
            messages.error(self.request, mfa_adapter().error_messages["cannot_delete_authenticator"])
            return redirect("mfa_list_webauthn")
        return super().form_valid(form)


remove_key = RemoveKeyView.as_view()


@signed_in
@never_cache
def devices_page(request: HttpRequest) -> HttpResponse:
    """Where I am logged in, and ending that: in one browser, or in all others."""
    key = request.session.session_key
    if request.method == "POST":
        chosen = request.POST.get("device", "")
        if chosen:
            _end_one(request, chosen, key)
        else:
            ended = devices.end_others(request.user, session_key=key)
            words = ngettext("Logged out in %(count)s other browser.", "Logged out in %(count)s other browsers.", ended)
            messages.success(request, words % {"count": ended})
        return redirect("usersessions_list")
    return render(request, "usersessions/usersession_list.html", {"devices": devices.devices_of(request.user, session_key=key)})


def _end_one(request: HttpRequest, chosen: str, key: str | None) -> None:
    known = {str(one.pk): one for one in devices.devices_of(request.user, session_key=key)}
    one = known.get(chosen)
    if one is not None and one.is_this_one:
        messages.info(request, _("This is the browser that you use. To leave here, press “Log out”."))
    elif one is not None and devices.end_one(request.user, one.pk):
        messages.success(request, _("Logged out: %(browser)s.") % {"browser": one.name})
    else:
        messages.info(request, _("You were not logged in there any more."))
