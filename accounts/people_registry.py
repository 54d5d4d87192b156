"""What the apps above `accounts` tell it about people, without `accounts` importing them.

Each registry is a plain list or dict of functions that an app fills in its `AppConfig.ready`.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import IO, Any

from django.db.models import Q

from .icalendar import Event

#: Functions of a user that return a `Q` over `accounts.User`: whom that user may see.
people_visible: list[Callable[[Any], Q]] = []

#: Functions of a user that return a `Q` over `accounts.User`: whose email address that user reads in the admin, by organising.
people_organised: list[Callable[[Any], Q]] = []

#: Functions of a user that return a `Q` over `accounts.Message`: which messages to others that user may see.
messages_visible: list[Callable[[Any], Q]] = []


@dataclass(frozen=True)
class MessageGroup:
    """Messages that belong together for whoever reads the outbox, such as those of one session."""

    #: As it stands in the address of the list: `session-12`.
    key: str
    label: str
    #: Returns a `Q` over `accounts.Message`; asked only where the group is chosen.
    messages: Callable[[], Q]


#: Functions of a user that yield the groups by which that user may narrow the outbox.
message_groups: list[Callable[[Any], Iterable[MessageGroup]]] = []

#: Functions of a user that answer whether the admin offers that person the lists of people and messages (each still shows only
#: what `visible_to` grants).
may_browse_people: list[Callable[[Any], bool]] = []

#: Functions of a user that return a queryset of what narrows the audit log (sessions): whose lines that user reads.
audit_scopes: list[Callable[[Any], Any]] = []

#: Actions of the audit log that are about a person's own log-in: the person reads their own.
own_audit_actions: set[str] = set()

#: Named functions of a user that return a JSON-ready value: what belongs in that person's export.
export_sections: dict[str, Callable[[Any], Any]] = {}


@dataclass(frozen=True)
class ExportFile:
    """A file that the person uploaded, for their export. `open` gives its bytes as a stream, or raises `OSError`."""

    #: Below “files”: plain words of Latin letters, such as `applications`.
    folder: str
    name: str
    open: Callable[[], IO[bytes]]


#: Functions of a user that yield the files which that person uploaded.
export_files: list[Callable[[Any], Iterable[ExportFile]]] = []


@dataclass(frozen=True)
class Deletion:
    """What deleting an account does to one app's rows, in sentences for the person's preview.

    `stays` is what other people's records rest on: where an app names anything there, the account is emptied and
    stays as a row without a name. `warnings` are what the person should settle first.
    """

    goes: list[str] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


#: Functions of a user that say what deleting that person's account would do.
deletion_previews: list[Callable[[Any], Deletion]] = []

#: Functions of a user that delete what goes, called inside the transaction that deletes the account.
erasers: list[Callable[[Any], None]] = []


@dataclass(frozen=True)
class CalendarEntry:
    """An all-day entry of a person's calendar, from `starts_on` to `ends_on`, both included.

    `uid` is the same for the same thing for ever (without a host: the feed adds it); `path` is an address on this site.
    """

    uid: str
    starts_on: datetime.date
    ends_on: datetime.date
    summary: str
    description: str = ""
    path: str = ""


#: Functions of a user that yield what belongs in that person's calendar feed: whole days, and what has an hour.
calendar_sources: list[Callable[[Any], Iterable[CalendarEntry | Event]]] = []
