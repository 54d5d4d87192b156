"""Accepting the code of conduct and the privacy terms as they stand."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access.safe_next import safe_next
from accounts.models import TermsAcceptance
from accounts.signed_in import signed_in
from accounts.terms import ACCEPT_FIELD, TERMS_VERSION, accept_terms, has_accepted_terms


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: HttpRequest) -> HttpResponse:
    """What is new in the terms, what one accepted when, and accepting them; then back to where one came from."""
    back = safe_next(request.POST.get("next") or request.GET.get("next"))
    if request.method == "POST" and request.POST.get(ACCEPT_FIELD) == TERMS_VERSION:
        if not has_accepted_terms(request.user):
            accept_terms(request.user)
        return HttpResponseRedirect(back or reverse("home"))
    context = {
        "back": back,
        "accept_field": ACCEPT_FIELD,
        "terms_version": TERMS_VERSION,
        "is_accepted": has_accepted_terms(request.user),
        "history": TermsAcceptance.objects.filter(user=request.user).order_by("-at", "-pk"),
    }
    return render(request, "accounts/terms.html", context, status=422 if request.method == "POST" else 200)
