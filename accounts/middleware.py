"""Shows times in the visitor's zone."""

import zoneinfo

from django.utils import timezone

#: The browser's own zone, set by static/js/site.js for those who are not logged in.
COOKIE = "tz"


class TimeZoneMiddleware:
    """Activates the zone of the person logged in, else the one the browser told in a cookie, else UTC."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated:
            zone = request.user.zone
        else:
            zone = zone_from_cookie(request.COOKIES.get(COOKIE, ""))
        with timezone.override(zone):
            return self.get_response(request)


def zone_from_cookie(name: str) -> zoneinfo.ZoneInfo:
    """The named zone, or UTC for anything that is not the name of one (the cookie is the visitor's to write)."""
    if name in zoneinfo.available_timezones():
        return zoneinfo.ZoneInfo(name)
    return zoneinfo.ZoneInfo("UTC")
