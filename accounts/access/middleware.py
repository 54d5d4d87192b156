"""Asks for a second step, and for a recent proof, before a view runs; notes which browsers are in use."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from accounts.typed_texts import typed_texts

from . import devices, proving, second_factor


class SecondFactorMiddleware:
    """Whoever must have a second step and has none comes to the set-up, from every page that is not public or their own."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            devices.note_seen(request.user, session_key=request.session.session_key)
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs) -> HttpResponse | None:
        if not request.user.is_authenticated or second_factor.is_open(request.resolver_match):
            return None
        if not second_factor.is_missing(request.user):
            return None
        if request.method not in ("GET", "HEAD"):
            # Nothing of it is done; what was written comes back to be copied.
            context = {"texts": typed_texts(request), "was_sent": True}
            return render(request, "accounts/second_factor.html", context, status=403)
        is_part = bool(getattr(request, "htmx", False))
        back = request.htmx.current_url_abs_path or reverse("home") if is_part else request.get_full_path()
        address = f"{reverse('second_factor')}?{urlencode({'next': back})}"
        return HttpResponseClientRedirect(address) if is_part else HttpResponseRedirect(address)


class RecentProofMiddleware:
    """Sensitive requests go on only shortly after the person proved who they are: see `proving`."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs) -> HttpResponse | None:
        if not proving.is_sensitive(request, request.resolver_match):
            return None
        answer = proving.ask_first(request)
        if answer is None:
            proving.forget_form(request)
        return answer
