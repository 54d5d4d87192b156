"""Takes GitHub's webhooks before anything that is for people: a delivery has no session, no cookie, no language and no form."""

from django.conf import settings
from django.urls import reverse
from django.utils.functional import cached_property

from .webhooks import github_webhook


class WebhookMiddleware:
    """Stands before the others, so that a flood of deliveries costs little. What proves a delivery is its signature.

    For ASGI and tests: under WSGI `contributions.front` has taken them before. One that comes without https goes on to where it is sent to https.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    @cached_property
    def path(self) -> str:
        return reverse("github_webhook")

    def __call__(self, request):
        if request.path == self.path and (request.is_secure() or not settings.SECURE_SSL_REDIRECT):
            response = github_webhook(request)
            # Else it would go in chunks, which is more to send than the answer.
            response.headers["Content-Length"] = str(len(response.content))
            return response
        return self.get_response(request)
