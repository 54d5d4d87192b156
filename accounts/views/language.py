"""In which language the site speaks, by choice."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.access.safe_next import safe_next
from accounts.language import choose_language, is_spoken


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the choice, in the account of who is logged in and in this browser, and go back. An unknown language changes nothing."""
    response = HttpResponseRedirect(safe_next(request.POST.get("next"), reverse("home")))
    chosen = request.POST.get("language", "")
    if is_spoken(chosen):
        if request.user.is_authenticated:
            choose_language(request.user, chosen)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
            secure=request.is_secure(),
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        )
    return response
