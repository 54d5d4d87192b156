"""Reads forms as they were made, speaks the visitor's language, shows times in their zone, and keeps what is theirs out of caches."""

import zoneinfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control

#: The browser's own zone, set by static/js/site.js for those who are not logged in.
COOKIE = "tz"


class FormEncodingMiddleware:
    """Reads what is sent as UTF-8, as all our pages are, whatever the request says it is.

    Django believes the request: with `charset=unicode_escape` somebody makes letters of it that no page can show and no database
    takes, and with other names of Python's codecs an error. Before everything that reads the form.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.encoding = "utf-8"
        return self.get_response(request)


class LanguageMiddleware:
    """The language that somebody chose in their account counts before that of the browser, which `LocaleMiddleware` has found.

    It stays active until the next request activates its own: what stands before this one says of the answer in which language it is.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        chosen = request.user.language if request.user.is_authenticated else ""
        if chosen and chosen != request.LANGUAGE_CODE and chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


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


class PrivatePagesMiddleware:
    """Pages for somebody who is logged in are that person's: no cache between here and the browser may keep them for others."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True)
        return response


def zone_from_cookie(name: str) -> zoneinfo.ZoneInfo:
    """The named zone, or UTC for anything that is not the name of one (the cookie is the visitor's to write)."""
    if name in zoneinfo.available_timezones():
        return zoneinfo.ZoneInfo(name)
    return zoneinfo.ZoneInfo("UTC")
