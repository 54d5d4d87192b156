"""Answers `/healthz` before anything that could fail or redirect."""

from .health import healthz


class HealthMiddleware:
    """Stands first. A probe comes over plain http, by IP address and perhaps with somebody's cookie while the database
    is down: neither the redirect to https, nor the check of the host's name, nor the session may come before the answer.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info == "/healthz":
            return healthz(request)
        return self.get_response(request)
