"""iCalendar (RFC 5545): events as the text that calendar programs read, in feeds and beside mails (RFC 5546, RFC 6047).

Times are written in UTC, so that no reader needs to know our zones. Lines end with CRLF and have 75 bytes at most.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

#: What a calendar is sent for: to be read, to be answered, or to be taken out again.
Method = Literal["PUBLISH", "REQUEST", "CANCEL"]

#: How often programs that subscribe may look again, as a duration.
REFRESH = "PT1H"
_LONGEST_LINE = 75


@dataclass(frozen=True)
class Person:
    """Somebody in a calendar: who invites, or who is invited. `answer` is for those: `NEEDS-ACTION`, `ACCEPTED`, `TENTATIVE`, `DECLINED`."""

    address: str
    name: str = ""
    answer: str = "NEEDS-ACTION"


@dataclass(frozen=True)
class Event:
    """An entry of a calendar: whole days where `starts` and `ends` are dates, else aware times. `ends` is no part of it any more.

    `uid` is the same for the same thing for ever, `sequence` grows with each change that people have to be told of.
    """

    uid: str
    starts: datetime.date | datetime.datetime
    ends: datetime.date | datetime.datetime
    summary: str
    description: str = ""
    location: str = ""
    url: str = ""
    sequence: int = 0
    cancelled: bool = False
    organizer: Person | None = None
    attendees: tuple[Person, ...] = ()

    @property
    def is_timed(self) -> bool:
        return isinstance(self.starts, datetime.datetime)

    @property
    def starts_on(self) -> datetime.date:
        """The day in UTC on which it begins."""
        if isinstance(self.starts, datetime.datetime):
            return self.starts.astimezone(datetime.UTC).date()
        return self.starts


def render(events: Iterable[Event], *, method: Method, product: str, stamp: datetime.datetime, name: str = "") -> str:
    """`events` as a VCALENDAR. `product` names who wrote it, `name` the calendar that people subscribe to; `stamp` is when it was written."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//{escape(product)}//calendar//EN",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method}",
    ]
    if name:
        lines += [f"X-WR-CALNAME:{escape(name)}", f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}", f"X-PUBLISHED-TTL:{REFRESH}"]
    for event in events:
        lines += _event(event, stamp)
    lines.append("END:VCALENDAR")
    return "".join(f"{fold(line)}\r\n" for line in lines)


def _event(event: Event, stamp: datetime.datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{escape(event.uid)}"
    yield f"DTSTAMP:{_utc(stamp)}"
    yield _moment("DTSTART", event.starts)
    yield _moment("DTEND", event.ends)
    yield f"SEQUENCE:{event.sequence}"
    yield f"SUMMARY:{escape(event.summary)}"
    if event.is_timed:
        yield f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}"
    # Weeks and days on which something is due take nobody's time; what is called off no more than those.
    yield f"TRANSP:{'OPAQUE' if event.is_timed and not event.cancelled else 'TRANSPARENT'}"
    if event.description:
        yield f"DESCRIPTION:{escape(event.description)}"
    if event.location:
        yield f"LOCATION:{escape(event.location)}"
    if event.url:
        yield f"URL:{_one_line(event.url)}"
    if event.organizer is not None:
        yield f"ORGANIZER{_name(event.organizer)}:{_mailto(event.organizer)}"
    for person in event.attendees:
        # Answers are given on the site: nobody reads those that programs would mail to the organisers.
        yield (
            f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={person.answer};RSVP=FALSE{_name(person)}:{_mailto(person)}"
        )
    yield "END:VEVENT"


def _moment(name: str, value: datetime.date | datetime.datetime) -> str:
    if isinstance(value, datetime.datetime):
        return f"{name}:{_utc(value)}"
    return f"{name};VALUE=DATE:{value:%Y%m%d}"


def _utc(moment: datetime.datetime) -> str:
    return f"{moment.astimezone(datetime.UTC):%Y%m%dT%H%M%SZ}"


def escape(text: str) -> str:
    """`text` as a value of a property."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(_printable(line) for line in text.splitlines())


def _one_line(text: str) -> str:
    return _printable("".join(text.split()))


def _printable(text: str) -> str:
    # Control characters, and halves of characters, which no calendar can hold.
    return "".join(one for one in text if one == "\t" or (one >= " " and one != "\x7f" and not "\ud800" <= one <= "\udfff"))


def _name(person: Person) -> str:
    # Between quotation marks everything may stand but these.
    name = _printable(" ".join(person.name.split())).replace('"', "'")
    return f';CN="{name}"' if name else ""


def _mailto(person: Person) -> str:
    return "mailto:" + quote(person.address, safe="@+-._~!$'*=&")


def fold(line: str) -> str:
    """What is longer than a line goes on in the next one after a space. Never inside a character."""
    parts, part, size = [], "", 0
    for character in line:
        width = len(character.encode())
        if size + width > _LONGEST_LINE:
            parts.append(part)
            part, size = " ", 1
        part += character
        size += width
    return "\r\n".join([*parts, part])
