"""A person's dates for calendar programs, which have no log-in: the token in the address opens them."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from accounts.feeds import entries_for, feed_owner, render_calendar
from accounts.links import absolute_url


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar of whoever made the token; 404 for one that is unknown or was revoked."""
    user = feed_owner(token)
    if user is None:
        raise Http404
    with translation.override(settings.LANGUAGE_CODE), timezone.override(user.zone):
        text = render_calendar(entries_for(user), name=settings.SITE_NAME, origin=absolute_url(""), now=timezone.now())
    return HttpResponse(
        text,
        content_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": 'inline; filename="calendar.ics"',
            "Cache-Control": "private, max-age=3600",
            # The address is a secret: it must not travel on as a referrer, nor end up in a search engine.
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
        },
    )
