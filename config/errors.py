"""Error pages that say what to do next."""

import logging

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from accounts.typed_texts import typed_texts
from operations.room import cache_keeps

logger = logging.getLogger(__name__)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form came from an old page, or without the cookie: say how to send it again without losing it."""
    return render(request, "403_csrf.html", {"texts": typed_texts(request)}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What cannot be read. Where it was too much, say so, and that the text is still in the form one page back."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return render(request, "413.html", status=413)
    return defaults.bad_request(request, exception)


def too_often(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A limit was reached. One that could not be counted, because nothing can be written, is no fault of who asked: say that instead."""
    if not cache_keeps():
        logger.error("The cache keeps nothing, so limits refuse everybody. Is the disk of the database full?")
        return render(request, "503.html", status=503)
    return render(request, "429.html", status=429)
