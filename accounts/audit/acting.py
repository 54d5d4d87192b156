"""Who acts right now, for what is noted far from any page: which request this thread works on."""

from contextvars import ContextVar

from django.http import HttpRequest

_request: ContextVar[HttpRequest | None] = ContextVar("audit_request", default=None)


class ActingMiddleware:
    """Remembers the request while it is answered. After the one that knows who is logged in."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        token = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)


def acting():
    """Whoever is logged in where a page is being answered; None in tasks and commands, and for visitors."""
    request = _request.get()
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None
