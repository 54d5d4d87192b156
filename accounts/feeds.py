"""Calendar feeds: a token that opens one person's dates to a calendar program, and the answer to such a program."""

import dataclasses
import datetime
import email.utils
import hashlib
import secrets
from collections.abc import Iterable
from functools import partial

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from . import people_registry
from .icalendar import Event, Person, render
from .links import absolute_url
from .models import CalendarFeed, User
from .models.feed import FeedState
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
    feed = working_feed(token)
    return feed.user if feed else None


def working_feed(token: str) -> CalendarFeed | None:
    """The feed that `token` opens, with its `user`; None as for `feed_owner`."""
    feeds = CalendarFeed.objects.working().filter(token_hash=hash_token(token), user__is_active=True)
    return feeds.select_related("user").first()


def hash_token(token: str) -> str:
    """SHA-256: the token has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def entries_for(user: User) -> list[CalendarEntry | Event]:
    """Everything that the apps know of for the calendar of `user`, in order."""
    found = [entry for source in people_registry.calendar_sources for entry in source(user)]
    return sorted(found, key=lambda entry: (entry.starts_on, entry.uid))


def render_calendar(entries: Iterable[CalendarEntry | Event], *, name: str, origin: str, now: datetime.datetime) -> str:
    """Entries as the VCALENDAR of a feed. `origin` is scheme and host of this site, `now` an aware time."""
    events = [entry if isinstance(entry, Event) else _event(entry, origin) for entry in entries]
    # Who publishes an entry has to be named (RFC 5546, 3.2.1): the site, where nobody else is.
    site = Person(settings.CONTACT_EMAIL or email.utils.parseaddr(settings.DEFAULT_FROM_EMAIL)[1], settings.SITE_NAME)
    events = [event if event.organizer else dataclasses.replace(event, organizer=site) for event in events]
    return render(events, method="PUBLISH", product=settings.SITE_NAME, name=name, stamp=now)


def _event(entry: CalendarEntry, origin: str) -> Event:
    return Event(
        uid=f"{entry.uid}@{origin.partition('://')[2]}",
        starts=entry.starts_on,
        # The end of an all-day entry is the day after it.
        ends=entry.ends_on + datetime.timedelta(days=1),
        summary=entry.summary,
        description=entry.description,
        url=f"{origin}{entry.path}" if entry.path else "",
    )


def answer_with_feed(
    request: HttpRequest, feed: FeedState, entries: Iterable[CalendarEntry | Event], *, name: str, filename: str = "calendar.ics"
) -> HttpResponseBase:
    """The answer to a calendar program that asks for the entries of `feed`: the calendar, or 304 where it has this one already.

    What was shown last is noted with the feed: then “not changed since” is right also where something went without a trace.
    """
    entries = list(entries)
    write = partial(render_calendar, entries, name=name, origin=absolute_url(""))
    changed_at = _note_content(feed, hash_token(write(now=datetime.datetime.fromtimestamp(0, datetime.UTC))))
    content = write(now=changed_at).encode()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response = HttpResponse(
        content,
        content_type="text/calendar; charset=utf-8",
        headers={
            "ETag": etag,
            "Last-Modified": http_date(changed_at.timestamp()),
            "Content-Disposition": f'inline; filename="{filename}"',
            # Programs keep it, and ask each time whether it is still this one.
            "Cache-Control": "private, no-cache",
            # The address is a secret: it must not travel on as a referrer, nor end up in a search engine.
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
        },
    )
    return get_conditional_response(request, etag=etag, last_modified=int(changed_at.timestamp()), response=response) or response


def _note_content(feed: FeedState, content_hash: str) -> datetime.datetime:
    """When the content of `feed` became what it is now, in whole seconds; each content has a later second than the one before."""
    if feed.content_hash == content_hash and feed.content_changed_at is not None:
        return feed.content_changed_at
    now = timezone.now().replace(microsecond=0)
    if feed.content_changed_at is not None:
        now = max(now, feed.content_changed_at + datetime.timedelta(seconds=1))
    rows = type(feed)._default_manager.filter(pk=feed.pk)
    if not rows.filter(content_hash=feed.content_hash, content_changed_at=feed.content_changed_at).update(
        content_hash=content_hash, content_changed_at=now
    ):
        # Somebody else asked at the same moment; what they noted counts where it is the same content.
        stored = rows.filter(content_hash=content_hash).values_list("content_changed_at", flat=True).first()
        return stored or now
    return now
