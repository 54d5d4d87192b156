"""Each request counted, timed, and written to the log: by its route, never by its address, and without who made it."""

import logging
import time

from .logs import route_of
from .metrics.counting import counted

logger = logging.getLogger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestsMiddleware:
    """Stands before all that can answer, so that nothing is left out, but behind the health probe and the metrics themselves."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        began = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - began
        method = request.method if request.method in METHODS else "OTHER"
        route = route_of(request)
        counted.request(method, route, response.status_code, seconds)
        logger.info(
            "%s %s %s",
            method,
            route,
            response.status_code,
            extra={"method": method, "route": route, "status": response.status_code, "milliseconds": round(seconds * 1000)},
        )
        return response
