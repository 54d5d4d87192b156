"""A person's dates for calendar programs, which have no log-in: the token in the address opens them."""

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.feeds import answer_with_feed, entries_for, working_feed
from accounts.language import as_reads


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The calendar of whoever made the token; 404 for one that is unknown or was revoked."""
    found = working_feed(token)
    if found is None:
        raise Http404
    with as_reads(found.user):
        return answer_with_feed(request, found, entries_for(found.user), name=settings.SITE_NAME)
