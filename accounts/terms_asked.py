"""Asks people to accept the terms as they stand before they change something, and loses nothing that they typed."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from .terms import ACCEPT_FIELD, TERMS_VERSION, accept_terms, has_accepted_terms, is_open_without_terms

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_READING = ("GET", "HEAD", "OPTIONS", "TRACE")


class TermsMiddleware:
    """Holds back a form of somebody who has not accepted the terms as they stand, and asks.

    What was typed waits in the page that asks, and goes where it was meant to with the answer. A form with files cannot wait there:
    it is let through, and the question comes after it. What pages save by themselves while somebody types is let through as well, so
    that no word is lost; the line above each page says that there is something to accept.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if getattr(request, "asks_terms_after", False) and 300 <= response.status_code < 400:
            return HttpResponseRedirect(f"{reverse('terms')}?{urlencode({'next': response['Location']})}")
        return response

    def process_view(self, request, view, args, kwargs):
        if request.method in _READING or not request.user.is_authenticated or has_accepted_terms(request.user):
            return None
        if is_open_without_terms(request.resolver_match.url_name or "") or not _is_page_with_form(request):
            return None
        if request.POST.get(ACCEPT_FIELD) == TERMS_VERSION:
            accept_terms(request.user)
            return None
        if request.FILES:
            request.asks_terms_after = True
            return None
        return ask(request)


def _is_page_with_form(request: Any) -> bool:
    """Whether a person sent a form and waits for a page; not what a script of a page sends."""
    if request.htmx or request.content_type not in _FORMS:
        return False
    return request.headers.get("Sec-Fetch-Dest", "document") == "document"


def ask(request: HttpRequest) -> HttpResponse:
    """The page that asks, with the form that was held back. 428: nothing was done, something must come first."""
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in {"csrfmiddlewaretoken", ACCEPT_FIELD}
        for value in values
    ]
    context = {
        "typed": typed,
        "address": request.get_full_path(),
        "accept_field": ACCEPT_FIELD,
        "terms_version": TERMS_VERSION,
        "is_held_back": True,
    }
    response = render(request, "accounts/terms.html", context, status=428)
    response["Cache-Control"] = "no-store"
    return response
