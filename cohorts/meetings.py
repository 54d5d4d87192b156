"""Meetings are made, changed and called off: one, or a whole series. When people can is found out in `meeting_times` and `meeting_polls`.

Each write happens under the lock of its rows, and `sequence` counts every change of which calendars have to be told: time, length, place,
title, people, and that it is called off. Who is told, and how, is `meeting_mail`'s.
"""

import datetime
import uuid
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .meeting_mail import tell_of, tell_of_cancelling
from .meeting_people import may_cancel, may_change, who_can_be_asked
from .meeting_poll_mail import ask_when
from .meeting_rules import (
    PRIVATE_KINDS,
    MeetingRefused,
    MeetingStale,
    ask_people,
    check_maker,
    check_people,
    clean_agenda,
    clean_line,
    lock_session,
    locked_series,
    made_with,
    refuse_over,
    refuse_time,
)
from .meeting_series import moved, series_starts
from .models import Cohort, Meeting, MeetingPerson, Session

Kind, State = Meeting.Kind, Meeting.State

#: What `change_meeting` changes; agenda and notes are written on the meeting's page.
CHANGES = ("title", "starts_at", "minutes", "time_zone", "link", "people")


def create_meeting(
    session: Session,
    *,
    by,
    cohort: Cohort | None = None,
    kind: str = Kind.STANDUP,
    starts_at: datetime.datetime,
    minutes: int = 60,
    time_zone: str = "",
    title: str = "",
    link: str = "",
    agenda: str = "",
    people: Iterable[Any] = (),
    few: bool | None = None,
    form: str = "",
    now: datetime.datetime | None = None,
) -> Meeting:
    """Make one confirmed meeting of `cohort`, or of the whole session, and have its people told.

    `starts_at` is aware. `people` are asked by name: the only ones where `few` (always so for 1:1 and pairing, and then `by` comes as
    well), else in addition to everybody. `time_zone` is the clock it follows (default: that of `by`). `form` names the form it was made
    with: pressed twice, it makes one. Raises `PermissionDenied`, `MeetingRefused`, `ValidationError` by field.
    """
    made = _create(
        session, [starts_at], by=by, cohort=cohort, people=people, few=few, form=form, now=now,
        fields={"kind": kind, "minutes": minutes, "time_zone": time_zone or by.time_zone, "title": title, "link": link, "agenda": agenda},
    )  # fmt: skip
    return made[0]


def create_series(
    session: Session,
    *,
    by,
    cohort: Cohort | None = None,
    kind: str = Kind.STANDUP,
    first_on: datetime.date,
    at: datetime.time,
    time_zone: str,
    every: int = 1,
    until: datetime.date | None = None,
    minutes: int = 60,
    title: str = "",
    link: str = "",
    agenda: str = "",
    people: Iterable[Any] = (),
    few: bool | None = None,
    form: str = "",
    now: datetime.datetime | None = None,
) -> list[Meeting]:
    """Make a meeting each week (or every so many weeks) at the same hour of `time_zone`, to the end of the session or `until`.

    The session's pause is left out. Else as `create_meeting`.
    """
    starts = series_starts(session, first_on=first_on, at=at, time_zone=time_zone, every=every, until=until)
    if not starts:
        raise MeetingRefused(_("No week of the session is left from that day on. Make a single meeting instead."))
    return _create(
        session, starts, by=by, cohort=cohort, people=people, few=few, form=form, now=now,
        fields={"kind": kind, "minutes": minutes, "time_zone": time_zone, "title": title, "link": link, "agenda": agenda},
        series=uuid.uuid4() if len(starts) > 1 else None,
    )  # fmt: skip


def change_meeting(
    meeting: Meeting,
    *,
    by,
    changes: Mapping[str, Any],
    later: bool = False,
    seen: int | None = None,
    now: datetime.datetime | None = None,
) -> list[Meeting]:
    """Change what `changes` names (see `CHANGES`) and have those concerned told. Returns the meetings that changed, in order.

    `later`: all later ones of its series as well: they move by as many days, to the same hour of the wall clock. `people` (users) are those asked
    by name. `seen` is the `sequence` that the page was made from. What is as it was changes nothing and tells nobody.
    Raises `PermissionDenied`, `MeetingRefused` (`MeetingStale` where somebody changed it meanwhile), `ValidationError` by field.
    """
    unknown = set(changes) - set(CHANGES)
    if unknown:
        raise ValueError(f"Not to be changed here: {', '.join(sorted(unknown))}")
    now = now or timezone.now()
    with transaction.atomic():
        locked, others = locked_series(meeting, later=later)
        if not may_change(by, locked):
            raise PermissionDenied
        if seen is not None and locked.sequence != seen:
            raise MeetingStale(locked)
        refuse_over(locked, now)
        people = changes.get("people")
        if people is not None:
            people = _asked(by, locked, people)
        fields = {
            name: clean_line(value) if name in ("title", "link") else value for name, value in changes.items() if name != "people"
        }
        fields = {name: value for name, value in fields.items() if value != getattr(locked, name)}
        changed, gone = [], {}
        plan = _moves(locked, others, fields, now)
        for one in [locked, *others]:
            before = {name: getattr(one, name) for name in CHANGES if name != "people"}
            for name, value in fields.items():
                setattr(one, name, value)
            if one.pk in plan:
                one.starts_at = plan[one.pk]
            asked_otherwise, gone[one.pk] = _set_people(one, people) if people is not None else (False, [])
            if all(getattr(one, name) == value for name, value in before.items()) and not asked_otherwise:
                continue
            one.sequence += 1
            one.full_clean(exclude=["session", "cohort", "made_by"], validate_constraints=False)
            one.save(update_fields=[*fields, "starts_at", "sequence", "updated_at"])
            if one.starts_at != before["starts_at"]:
                # Whoever said something said it of the other time.
                one.people.exclude(user=by).exclude(answer="").update(answer="")
            changed.append(one)
        for one in changed:
            tell_of(one, gone=gone[one.pk])
            if one.state == State.POLLING and people is not None:
                ask_when(one)
    return changed


def cancel_meeting(
    meeting: Meeting, *, by, reason: str = "", later: bool = False, now: datetime.datetime | None = None
) -> list[Meeting]:
    """Call `meeting` off, with all later ones of its series where `later`; those concerned are told. Returns what was called off.

    Doing it twice changes nothing. Raises `PermissionDenied`, and `MeetingRefused` for one that is over.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked, others = locked_series(meeting, later=later)
        if not may_cancel(by, locked):
            raise PermissionDenied
        if locked.state == State.CANCELLED:
            return []
        if locked.ends_at is not None and locked.ends_at <= now:
            raise MeetingRefused(_("This meeting is over, so it cannot be called off any more."))
        gone = [locked, *others]
        for one in gone:
            one.state = State.CANCELLED
            one.cancelled_because = clean_line(reason)[:300]
            one.sequence += 1
            one.save(update_fields=["state", "cancelled_because", "sequence", "updated_at"])
        for one in gone:
            tell_of_cancelling(one)
    return gone


def later_ones(meeting: Meeting) -> list[Meeting]:
    """Those of its series that come after `meeting` and are not called off, in order."""
    if meeting.series is None or meeting.starts_at is None:
        return []
    others = Meeting.objects.confirmed().filter(series=meeting.series, starts_at__gt=meeting.starts_at)
    return list(others.order_by("starts_at", "pk"))


def where_moved(meeting: Meeting, others: Sequence[Meeting], start: datetime.datetime) -> list[datetime.datetime]:
    """When `meeting` and `others` of its series would begin, if `meeting` is moved to `start` and they go along."""
    plan = _plan(meeting, others, start, meeting.time_zone)
    return [plan[one.pk] for one in (meeting, *others)]


def _create(session, starts, *, by, cohort, people, few, form, now, fields, series=None) -> list[Meeting]:
    now = now or timezone.now()
    kind = fields["kind"]
    arranges = check_maker(session, cohort, kind, by)
    few = kind in PRIVATE_KINDS or bool(few)
    fields = fields | {
        "title": clean_line(fields["title"]),
        "link": clean_line(fields["link"]),
        "agenda": clean_agenda(fields["agenda"]),
    }
    for start in starts:
        refuse_time(start, now)
    with transaction.atomic():
        lock_session(session)
        before = made_with(session, by, form)
        if before:
            return before
        asked = check_people(session, cohort, kind, by, people, few=few, arranges=arranges)
        made = []
        for start in starts:
            meeting = Meeting(
                session=session, cohort=cohort, few=few, starts_at=start, series=series, made_by=by, saved_by_form=form, **fields
            )
            meeting.full_clean(exclude=["session", "cohort", "made_by"], validate_unique=False, validate_constraints=False)
            meeting.save()
            made.append(meeting)
        ask_people(made, asked, by)
        for meeting in made:
            tell_of(meeting)
    return made


def _asked(by, meeting: Meeting, people: Iterable[Any]) -> list[Any]:
    """As chosen anew. Who is asked already stays choosable, whatever became of them."""
    here = {row.user_id: row.user for row in meeting.people.filter(invited=True).select_related("user")}
    new = [person for person in people if person.pk not in here]
    kept = [person for person in people if person.pk in here]
    if who_can_be_asked(by, meeting.cohort or meeting.session).filter(pk__in=[one.pk for one in new]).count() != len(
        {one.pk for one in new}
    ):
        raise MeetingRefused(_("Somebody you chose does not belong here any more. Load the page again."))
    # Who made a meeting of a few is not removed by somebody else's list, and nobody leaves by a list without oneself.
    stay = [person for pk, person in here.items() if pk in (meeting.made_by_id, by.pk)] if meeting.few else []
    chosen = {one.pk: one for one in (*stay, *kept, *new)}
    if meeting.kind == Kind.ONE_TO_ONE and len(chosen) != 2:
        raise MeetingRefused(_("A 1:1 is between two people: choose one."))
    if meeting.few and len(chosen) < 2:
        raise MeetingRefused(_("Choose with whom."))
    return list(chosen.values())


def _set_people(meeting: Meeting, people: Sequence[Any]) -> tuple[bool, list[Any]]:
    """Ask exactly these by name. Returns whether that changed anything, and who is not asked any more. Attendance that was noted stays."""
    rows = {row.user_id: row for row in meeting.people.select_related("user")}
    asked = {pk for pk, row in rows.items() if row.invited}
    wanted = {person.pk for person in people}
    for pk in sorted(wanted - asked):
        MeetingPerson.objects.update_or_create(meeting=meeting, user_id=pk, defaults={"invited": True})
    for pk in sorted(asked - wanted):
        if rows[pk].attendance:
            MeetingPerson.objects.filter(pk=rows[pk].pk).update(invited=False)
        else:
            rows[pk].delete()
    return asked != wanted, [rows[pk].user for pk in sorted(asked - wanted)]


def _moves(
    locked: Meeting, others: Sequence[Meeting], fields: Mapping[str, Any], now: datetime.datetime
) -> dict[int, datetime.datetime]:
    """The new time of each meeting that moves, by its key. Raises `MeetingRefused`, and `ValidationError` for an unknown zone."""
    if "starts_at" not in fields and "time_zone" not in fields:
        return {}
    start, zone = fields.get("starts_at", locked.starts_at), fields.get("time_zone", locked.time_zone)
    if start is None or locked.starts_at is None:
        raise MeetingRefused(_("This meeting has no time yet. Settle one of those that are proposed."))
    if "starts_at" in fields:
        refuse_time(start, now)
    try:
        return _plan(locked, others, start, zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise ValidationError({"time_zone": _("This is not a time zone we know.")}) from None


def _plan(locked: Meeting, others: Sequence[Meeting], start: datetime.datetime, zone: str) -> dict[int, datetime.datetime]:
    local = start.astimezone(zoneinfo.ZoneInfo(zone))
    if locked.starts_at is None:
        return {}
    days = (local.date() - locked.starts_at.astimezone(zoneinfo.ZoneInfo(locked.time_zone)).date()).days
    plan = {locked.pk: start}
    for one in others:
        if one.starts_at is not None:
            plan[one.pk] = moved(one.starts_at, was=one.time_zone, days=days, at=local.time(), time_zone=zone)
    return plan
