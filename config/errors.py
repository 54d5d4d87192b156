"""Error pages that say what to do next."""

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form came from an old page, or without the cookie: say how to send it again without losing it."""
    return render(request, "403_csrf.html", {"texts": _typed_texts(request)}, status=403)


def _typed_texts(request: HttpRequest) -> list[str]:
    """The sentences that were sent from a page of ours, to be copied; never a password, and nothing that another site sent."""
    if request.headers.get("Origin") != f"{request.scheme}://{request.get_host()}":
        return []
    sent = [(name, text.strip()) for name, texts in request.POST.lists() for text in texts if isinstance(text, str)]
    return [text for name, text in sent if " " in text and len(text) > 30 and "password" not in name]


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What cannot be read. Where it was too much, say so, and that the text is still in the form one page back."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return render(request, "413.html", status=413)
    return defaults.bad_request(request, exception)
