"""Meetings as pages show them: when they are for the reader, who comes, and what the hour is where each of them is."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.zones import zone_label

from .cohort_people import AWAKE
from .meeting_people import people_of
from .models import Cohort, Meeting, MeetingPerson, Membership

Answer, Attendance = MeetingPerson.Answer, MeetingPerson.Attendance

#: From then on the link to join is the main thing on a page.
JOIN_BEFORE = datetime.timedelta(minutes=15)
#: So many meetings that are over are on the list at once; older ones on the pages after it.
PAST_SHOWN = 20


@dataclass(frozen=True)
class Span:
    """When a meeting that has a time is, on the clock of the reader. Texts, because templates would turn times into another zone."""

    meeting: Meeting
    now: datetime.datetime

    @property
    def begins(self) -> datetime.datetime:
        return timezone.localtime(self.meeting.starts_at)

    @property
    def ends(self) -> datetime.datetime:
        return timezone.localtime(self.meeting.ends_at)

    @property
    def day(self) -> str:
        """“Tuesday 24 November”, with the year where it is another one."""
        return date_format(self.begins, "l j F" if self.begins.year == timezone.localtime(self.now).year else "l j F Y")

    @property
    def hours(self) -> str:
        """“14:00 to 15:00”; past midnight with the day on which it ends."""
        ends = time_format(self.ends, "H:i")
        if self.ends.date() != self.begins.date():
            ends = f"{date_format(self.ends, 'l')}, {ends}"
        return _("%(begins)s to %(ends)s") % {"begins": time_format(self.begins, "H:i"), "ends": ends}

    @property
    def zone(self) -> str:
        return zone_label(self.begins)

    @property
    def in_utc(self) -> str:
        """The same in UTC; empty where the reader's clock is that one."""
        return date_format(self.begins.astimezone(datetime.UTC), "j F, H:i") if self.begins.utcoffset() else ""

    @property
    def is_over(self) -> bool:
        return self.ends <= self.now

    @property
    def is_running(self) -> bool:
        return self.begins <= self.now < self.ends

    @property
    def may_join(self) -> bool:
        """Whether people join about now."""
        return self.begins - JOIN_BEFORE <= self.now < self.ends


@dataclass(frozen=True)
class Comer:
    """Somebody who is expected, as a reader sees them. `attendance` is None where it is not the reader's to know."""

    user: User
    role: str
    clock: str
    day: str
    zone: str
    is_night: bool
    answer: str
    attendance: str | None

    @property
    def answer_label(self) -> str:
        return str(Answer(self.answer).label) if self.answer else ""

    @property
    def attendance_label(self) -> str:
        return str(Attendance(self.attendance).label) if self.attendance else ""


@dataclass(frozen=True)
class Comers:
    """Who is expected at a meeting. `rows` are those whom the reader may see; the counts are about everybody."""

    rows: list[Comer]
    expected: int
    come: int
    perhaps: int
    cannot: int
    #: The reader, where the reader is one of them.
    own: Comer | None

    @property
    def hidden(self) -> int:
        return self.expected - len(self.rows)

    @property
    def unnoted(self) -> int:
        """Of how many nothing is noted yet."""
        return sum(not row.attendance for row in self.rows)


def comers_of(meeting: Meeting, *, reader, sees_attendance: bool) -> Comers:
    """Who is expected at `meeting`, members first. A handful of queries, however many they are.

    Of a whole session people see those whom they see elsewhere as well.
    """
    expected = {person.pk: person for person in people_of(meeting)}
    said = {row.user_id: row for row in MeetingPerson.objects.filter(meeting=meeting).select_related("user")}
    people = list(expected.values())
    if sees_attendance:
        # Whoever was there and has left since was there all the same.
        people += [row.user for pk, row in said.items() if row.attendance and pk not in expected and row.user.is_active]
    shown = people
    if meeting.cohort_id is None:
        seen = set(User.objects.visible_to(reader).filter(pk__in=[one.pk for one in people]).values_list("pk", flat=True))
        shown = [person for person in people if person.pk in seen]
    roles = _roles(meeting, shown)
    rows = [_comer(meeting, one, roles.get(one.pk, ""), said.get(one.pk), reader, sees_attendance) for one in shown]
    rows.sort(key=lambda row: (row.role != "member", row.user.get_full_name().casefold(), row.user.pk))
    answers = [said[pk].answer for pk in expected if pk in said]
    return Comers(
        rows=rows,
        expected=len(people),
        come=answers.count(Answer.YES),
        perhaps=answers.count(Answer.MAYBE),
        cannot=answers.count(Answer.NO),
        own=next((row for row in rows if row.user.pk == reader.pk and row.user.pk in expected), None),
    )


def _roles(meeting: Meeting, people: Sequence[User]) -> dict[int, str]:
    """What each is in the cohort, or in one of the session: whoever leads somewhere counts as leading."""
    places = Membership.objects.present().filter(user__in=[person.pk for person in people]).order_by()
    places = places.filter(cohort=meeting.cohort_id) if meeting.cohort_id else places.filter(cohort__session=meeting.session_id)
    found: dict[int, str] = {}
    for user, role in places.values_list("user_id", "role"):
        if found.get(user, "member") == "member":
            found[user] = role
    return found


def _comer(meeting, person, role, said, reader, sees_attendance) -> Comer:
    clock = day = zone = ""
    is_night = False
    if meeting.starts_at is not None:
        local = meeting.starts_at.astimezone(person.zone)
        clock, zone = time_format(local, "H:i"), zone_label(local)
        apart = (local.date() - timezone.localtime(meeting.starts_at).date()).days
        day = {1: _("the day after"), -1: _("the day before")}.get(apart, "")
        is_night = not AWAKE[0] <= local.hour < AWAKE[1]
    shows = sees_attendance or person.pk == reader.pk
    return Comer(
        user=person,
        role=role,
        clock=clock,
        day=day,
        zone=zone,
        is_night=is_night,
        answer=said.answer if said is not None else "",
        attendance=(said.attendance if said is not None else "") if shows else None,
    )


# --- lists


@dataclass(frozen=True)
class Row:
    """A meeting on a list."""

    meeting: Meeting
    #: None while the time is being found.
    span: Span | None
    #: What the reader said about coming.
    answer: str = ""
    #: With whom, for meetings of a few.
    people: list[Any] = field(default_factory=list)
    is_expected: bool = False


def meetings_of(cohort: Cohort, *, reader) -> QuerySet[Meeting]:
    """The meetings of a cohort and of its whole session that `reader` sees."""
    meetings = Meeting.objects.visible_to(reader).filter(Q(cohort=cohort) | Q(cohort__isnull=True, session=cohort.session_id))
    return meetings.select_related("session", "cohort")


def ahead(meetings: QuerySet[Meeting], now: datetime.datetime) -> list[Meeting]:
    """What is not over, soonest first; what was called off shows until it would have begun."""
    # A day is the longest that a meeting lasts.
    found = meetings.filter(Q(state=Meeting.State.POLLING) | Q(starts_at__gt=now - datetime.timedelta(days=1)))
    gone = Q(state=Meeting.State.CANCELLED) & (Q(starts_at__isnull=True) | Q(starts_at__lte=now))
    rows = found.exclude(gone).order_by("starts_at", "pk")
    return [one for one in rows if one.ends_at is None or one.ends_at > now]


def past(meetings: QuerySet[Meeting], now: datetime.datetime) -> QuerySet[Meeting]:
    """What has begun, newest first, for pages; leave out of each page what still runs. What was called off is left out."""
    return meetings.filter(state=Meeting.State.CONFIRMED, starts_at__lte=now).order_by("-starts_at", "-pk")


def rows_of(meetings: Iterable[Meeting], *, reader, expecting: set[int], now: datetime.datetime) -> list[Row]:
    """Meetings as rows of a list. `expecting` are the keys of those at which the reader is expected. Two queries."""
    found = list(meetings)
    answers = dict(MeetingPerson.objects.filter(meeting__in=found, user=reader).values_list("meeting_id", "answer"))
    names: dict[int, list[Any]] = {}
    few = [meeting.pk for meeting in found if meeting.few]
    if few:
        invited = MeetingPerson.objects.filter(meeting__in=few, invited=True).exclude(user=reader).select_related("user")
        for row in invited.order_by("user__name", "pk"):
            names.setdefault(row.meeting_id, []).append(row.user)
    return [
        Row(
            meeting=meeting,
            span=Span(meeting, now) if meeting.starts_at is not None else None,
            answer=answers.get(meeting.pk, ""),
            people=names.get(meeting.pk, []),
            is_expected=meeting.pk in expecting,
        )
        for meeting in found
    ]
