"""Error pages that say what to do next."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form came from an old page, or without the cookie: say how to send it again without losing it."""
    return render(request, "403_csrf.html", status=403)
