"""Browsers in which somebody is logged in: which they are, in words, when they were last here, and ending them."""

import datetime
import re
from dataclasses import dataclass

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

#: Of names that appear together the first one counts: Edge says that it is Chrome, and Chrome that it is Safari.
_BROWSERS = (
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Vivaldi/", "Vivaldi"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chromium/", "Chromium"),
    (r"Chrome/|CriOS/", "Chrome"),
    (r"Safari/", "Safari"),
)
_SYSTEMS = (
    (r"iPhone|iPod", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"CrOS", "ChromeOS"),
    (r"Windows", "Windows"),
    (r"Macintosh|Mac OS X", "macOS"),
    (r"Linux|X11", "Linux"),
)


#: When this process noted a browser, by the key of its session; never more than so many.
_noted: dict[str, datetime.datetime] = {}
MOST_NOTED = 10_000


@dataclass(frozen=True)
class Device:
    """A browser with somebody logged in."""

    pk: int
    name: str
    address: str
    since: datetime.datetime
    last_seen: datetime.datetime
    is_this_one: bool


def browser_in_words(user_agent: str) -> str:
    """What a browser says of itself, as people call it: “Firefox on Windows”. It may lie; nothing relies on it."""
    said = user_agent[:400]
    browser = next((name for pattern, name in _BROWSERS if re.search(pattern, said)), "")
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, said)), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")


def devices_of(user, *, session_key: str | None) -> list[Device]:
    """Where `user` is logged in: this browser first, then the one that was here last."""
    found = [
        Device(
            pk=one.pk,
            name=browser_in_words(one.user_agent),
            address=one.ip,
            since=one.created_at,
            last_seen=one.last_seen_at,
            is_this_one=one.session_key == session_key,
        )
        # Leaves out, and forgets, those that ended by themselves or with a changed password.
        for one in UserSession.objects.purge_and_list(user)
    ]
    return sorted(found, key=lambda one: (not one.is_this_one, -one.last_seen.timestamp(), one.pk))


def note_seen(user, *, session_key: str | None, now: datetime.datetime | None = None) -> None:
    """Note that this browser is here; each process does so at most every `LAST_SEEN_MINUTES`, so that reading pages costs no writes."""
    minutes = settings.LAST_SEEN_MINUTES
    if not minutes or not session_key:
        return
    now = now or timezone.now()
    noted = _noted.get(session_key)
    if noted is not None and abs(now - noted) < datetime.timedelta(minutes=minutes):
        return
    if len(_noted) >= MOST_NOTED:
        _noted.clear()
    _noted[session_key] = now
    UserSession.objects.filter(user=user, session_key=session_key).update(last_seen_at=now)


def end_one(user, pk: int) -> bool:
    """Log `user` out of one browser. False where it is over already, or another person's."""
    return bool(_end(UserSession.objects.filter(user=user, pk=pk)))


def end_others(user, *, session_key: str | None) -> int:
    """Log `user` out everywhere but here; returns of how many browsers."""
    return _end(UserSession.objects.filter(user=user).exclude(session_key=session_key or ""))


def end_all(user) -> int:
    """Log `user` out everywhere; returns of how many browsers."""
    return _end(UserSession.objects.filter(user=user))


def _end(rows) -> int:
    with transaction.atomic():
        keys = list(rows.values_list("session_key", flat=True))
        Session.objects.filter(session_key__in=keys).delete()
        UserSession.objects.filter(session_key__in=keys).delete()
    return len(keys)
