"""A name for each request, in every line of the log that it causes and in its answer: so that people can say which one went wrong."""

import re
import secrets
from contextvars import ContextVar

from django.conf import settings

_current: ContextVar[str] = ContextVar("request_id", default="")
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")
HEADER = "X-Request-ID"


def current_request_id() -> str:
    """Empty outside of a request."""
    return _current.get()


class RequestIdMiddleware:
    """Stands outermost. Takes the name that a proxy of ours gave, or makes one: nobody else's word goes into the log."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.headers.get(HEADER, "") if settings.TRUSTED_PROXIES else ""
        name = given if _ACCEPTED.fullmatch(given) else secrets.token_hex(8)
        token = _current.set(name)
        try:
            response = self.get_response(request)
        finally:
            _current.reset(token)
        response[HEADER] = name
        return response
