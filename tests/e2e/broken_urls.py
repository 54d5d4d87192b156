"""The site's addresses, and one more at which each kind of trouble can be had."""

from allauth.core.ratelimit import respond_429
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.csrf import csrf_failure

from config.urls import handler400 as handler400
from config.urls import urlpatterns as addresses_of_the_site

RAISED = {
    400: SuspiciousOperation("odd"),
    403: PermissionDenied(),
    404: Http404(),
    413: RequestDataTooBig("too much"),
    500: RuntimeError("broken"),
}


def trouble(request: HttpRequest, status: int) -> HttpResponse:
    if status == 429:
        return respond_429(request)
    if status in RAISED:
        raise RAISED[status]
    return csrf_failure(request)


urlpatterns = [path("trouble/<int:status>/", trouble), *addresses_of_the_site]
