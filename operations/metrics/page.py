"""`/metrics`: for programs that have the token. Without one in the settings there is no such page."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from background.trouble import DATABASE_ERRORS

from .counting import counted
from .figures import Figure, sources
from .text import CONTENT_TYPE, request_figures, written

logger = logging.getLogger(__name__)

PATH = "/metrics"


class MetricsMiddleware:
    """Answers before what could redirect or refuse: who collects figures comes over plain http, from the same machine, by IP address."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info == PATH and request.method in {"GET", "HEAD"} and has_token(request):
            return metrics(request)
        # A page that is not there, as any other.
        return self.get_response(request)


def has_token(request: HttpRequest) -> bool:
    """Whether the request names the token: `Authorization: Bearer TOKEN`. Takes as long for a wrong one, whatever it is."""
    token = settings.METRICS_TOKEN
    kind, _space, given = request.headers.get("Authorization", "").partition(" ")
    return bool(token) and kind.lower() == "bearer" and constant_time_compare(given.strip(), token)


def metrics(request: HttpRequest) -> HttpResponse:
    """All figures. Those that cannot be asked for are left out, and `up` says so: the others matter most just then."""
    figures: list[Figure] = []
    up = []
    for name, source in sources().items():
        try:
            found = list(source())
        except DATABASE_ERRORS as error:
            logger.warning("The figures “%s” cannot be told: %s.", name, type(error).__name__)
            up.append(({"part": name}, 0))
        # One app's mistake must not hide all others.
        except Exception:
            logger.exception("The figures “%s” cannot be told.", name)
            up.append(({"part": name}, 0))
        else:
            figures += found
            up.append(({"part": name}, 1))
    figures.append(Figure("up", "Whether each part could tell its figures.", up))
    figures += request_figures(counted.altogether())
    response = HttpResponse(written(figures), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response
