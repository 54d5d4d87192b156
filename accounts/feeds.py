"""Calendar feeds: a token that opens one person's dates to a calendar program, and the dates as iCalendar (RFC 5545)."""

import datetime
import hashlib
import secrets
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from . import people_registry
from .models import CalendarFeed, User
from .people_registry import CalendarEntry


def create_feed(user: User) -> str:
    """Give `user` a new calendar address and return its token, which is shown once and not stored. An older one stops working."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        revoke_feed(user)
        CalendarFeed.objects.create(user=user, token_hash=hash_token(token))
    return token


def revoke_feed(user: User) -> bool:
    """Make the calendar address of `user` stop working. Returns whether there was one."""
    return bool(CalendarFeed.objects.working().filter(user=user).update(revoked_at=timezone.now()))


def feed_owner(token: str) -> User | None:
    """Whose dates `token` opens; None for an unknown or revoked one, and for a closed account."""
    feed = (
        CalendarFeed.objects.working().filter(token_hash=hash_token(token), user__is_active=True).select_related("user").first()
    )
    return feed.user if feed else None


def hash_token(token: str) -> str:
    """SHA-256: the token has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def entries_for(user: User) -> list[CalendarEntry]:
    """Everything that the apps know of for the calendar of `user`, in order."""
    found = [entry for source in people_registry.calendar_sources for entry in source(user)]
    return sorted(found, key=lambda entry: (entry.starts_on, entry.uid))


def render_calendar(entries: Iterable[CalendarEntry], *, name: str, origin: str, now: datetime.datetime) -> str:
    """Entries as a VCALENDAR text. `origin` is scheme and host of this site, `now` an aware time."""
    host = origin.partition("://")[2]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//{_escape(name)}//calendar//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_escape(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT12H",
    ]
    for entry in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{entry.uid}@{host}",
            f"DTSTAMP:{now.astimezone(datetime.UTC):%Y%m%dT%H%M%SZ}",
            f"DTSTART;VALUE=DATE:{entry.starts_on:%Y%m%d}",
            # The end of an all-day entry is the day after it.
            f"DTEND;VALUE=DATE:{entry.ends_on + datetime.timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_escape(entry.summary)}",
            "TRANSP:TRANSPARENT",
        ]
        if entry.description:
            lines.append(f"DESCRIPTION:{_escape(entry.description)}")
        if entry.path:
            lines.append(f"URL:{origin}{entry.path}")
        lines.append("END:VEVENT")
    lines.append("END:VCALENDAR")
    return "".join(f"{_fold(line)}\r\n" for line in lines)


def _escape(text: str) -> str:
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(text.splitlines())


def _fold(line: str) -> str:
    """Lines have 75 bytes at most; what is longer goes on in the next line after a space. Never inside a character."""
    parts, part, size = [], "", 0
    for character in line:
        width = len(character.encode())
        if size + width > 75:
            parts.append(part)
            part, size = " ", 1
        part += character
        size += width
    return "\r\n".join([*parts, part])
