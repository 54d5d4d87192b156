"""Takes GitHub's webhooks before Django does: of a request that has no session, no language and no page, little is left to do.

A delivery costs less than a tenth of a page then, so a burst of them takes little from people, and none has to wait for long.
"""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings

from .deliveries import spool
from .webhooks import receive

#: As in `contributions.urls`.
PATH = "/hooks/github/"

REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class WebhookFront:
    """A WSGI application in front of the site's. What is no delivery, or comes without https, goes on to the site."""

    def __init__(self, site: Callable[..., Iterable[bytes]]) -> None:
        self.site = site

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        kept = spool()
        if kept is not None and not kept.has_begun:
            # A process before this one may have left some behind.
            kept.begin()
        if environ.get("PATH_INFO") != PATH or environ["REQUEST_METHOD"] != "POST" or not _is_secure(environ):
            return self.site(environ, start_response)
        status, message = receive(
            length=environ.get("CONTENT_LENGTH", ""),
            read=environ["wsgi.input"].read,
            signature=environ.get("HTTP_X_HUB_SIGNATURE_256", ""),
            event=environ.get("HTTP_X_GITHUB_EVENT", ""),
            guid=environ.get("HTTP_X_GITHUB_DELIVERY", ""),
            content_type=environ.get("CONTENT_TYPE", ""),
        )
        body = json.dumps({"error": message}).encode() if message else b""
        headers = [("Content-Length", str(len(body)))]
        if body:
            headers.append(("Content-Type", "application/json"))
        start_response(REASONS[status], headers)
        return [body]


def _is_secure(environ: dict[str, Any]) -> bool:
    """As `HttpRequest.is_secure`, or True where the site does not ask for it."""
    if not settings.SECURE_SSL_REDIRECT:
        return True
    if settings.SECURE_PROXY_SSL_HEADER:
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        given = environ.get(name)
        if given is not None:
            return given.partition(",")[0].strip() == secure
    return environ.get("wsgi.url_scheme") == "https"
