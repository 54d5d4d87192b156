"""Who comes to a meeting, as people say themselves before, and who was there, as those who lead note it."""

import datetime
from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .meeting_people import may_arrange, people_of
from .models import Cohort, Meeting, MeetingPerson, Session, access

Answer, Attendance = MeetingPerson.Answer, MeetingPerson.Attendance

#: Early birds are there before a meeting begins.
NOTED_BEFORE = datetime.timedelta(minutes=15)


class AttendanceRefused(Exception):
    """What cannot be said or noted, at least not now. The text is for the person who tried."""


# --- before: whether one comes


def may_answer(user, meeting: Meeting, now: datetime.datetime | None = None) -> bool:
    """Whether `user` may say whether they come: who is expected, until the meeting is over."""
    return _is_ahead(meeting, now or timezone.now()) and _is_expected(user, meeting)


def say_whether_one_comes(meeting: Meeting, *, by, answer: str, now: datetime.datetime | None = None) -> MeetingPerson:
    """Say “comes”, “perhaps” or “cannot come” (`MeetingPerson.Answer`); "" takes it back. Saying it twice changes nothing.

    Raises `PermissionDenied` for who is not expected, `AttendanceRefused` for a meeting that is over or called off.
    """
    if answer and answer not in Answer.values:
        raise ValueError(f"Not an answer: {answer}")
    if not _is_expected(by, meeting):
        raise PermissionDenied
    if not _is_ahead(meeting, now or timezone.now()):
        raise AttendanceRefused(_("This meeting is over or called off: nothing is to be said any more."))
    with transaction.atomic():
        row, _created = MeetingPerson.objects.select_for_update().get_or_create(meeting=meeting, user=by)
        if row.answer != answer:
            row.answer = answer
            row.save(update_fields=["answer"])
    return row


def _is_ahead(meeting: Meeting, now: datetime.datetime) -> bool:
    return meeting.state == Meeting.State.CONFIRMED and meeting.ends_at is not None and meeting.ends_at > now


def _is_expected(user, meeting: Meeting) -> bool:
    return user.is_authenticated and any(person.pk == user.pk for person in people_of(meeting))


# --- during and after: who was there


def may_see_attendance(user, meeting: Meeting) -> bool:
    """Whether `user` reads who was there: those who lead the cohort and the organisers, of meetings that they see.

    Everybody else reads their own (`attendance_of`) and nobody's else.
    """
    if not Meeting.objects.visible_to(user).filter(pk=meeting.pk).exists():
        return False
    return _leads(user, meeting)


def _leads(user, meeting: Meeting) -> bool:
    if meeting.cohort_id is not None:
        return Cohort.objects.cared_for_by(user).filter(pk=meeting.cohort_id).exists()
    # Not the operator: who was there is not theirs to read.
    return Session.objects.filter(pk=meeting.session_id, pk__in=access.organised_sessions(user)).exists()


def may_note(user, meeting: Meeting, now: datetime.datetime | None = None) -> bool:
    """Whether `user` may note who is there: from shortly before it begins, until the session is archived."""
    return (
        is_noted_now(meeting, now) and may_see_attendance(user, meeting) and may_arrange(user, meeting.cohort or meeting.session)
    )


def is_noted_now(meeting: Meeting, now: datetime.datetime | None = None) -> bool:
    """Whether the time has come to note who is at `meeting`."""
    now = now or timezone.now()
    return (
        meeting.state == Meeting.State.CONFIRMED
        and meeting.starts_at is not None
        and meeting.starts_at - NOTED_BEFORE <= now
        and meeting.session.archived_at is None
    )


def note_attendance(meeting: Meeting, person, attendance: str, *, by, now: datetime.datetime | None = None) -> MeetingPerson:
    """Note whether `person` was there, excused or absent (`MeetingPerson.Attendance`); "" takes it back.

    Raises as `note_everybody`, and `AttendanceRefused` for who was not expected.
    """
    if attendance and attendance not in Attendance.values:
        raise ValueError(f"Not an attendance: {attendance}")
    now = now or timezone.now()
    _check(meeting, by, now)
    known = MeetingPerson.objects.filter(meeting=meeting, user=person).exists()
    if not known and all(one.pk != person.pk for one in people_of(meeting)):
        raise AttendanceRefused(_("This person is not expected at this meeting."))
    with transaction.atomic():
        row, _created = MeetingPerson.objects.select_for_update().get_or_create(meeting=meeting, user=person)
        if row.attendance != attendance:
            row.attendance, row.noted_by, row.noted_at = attendance, by, now
            row.save(update_fields=["attendance", "noted_by", "noted_at"])
    return row


def note_everybody(meeting: Meeting, *, by, people: Iterable | None = None, now: datetime.datetime | None = None) -> int:
    """Note that everybody was there of whom nothing is noted yet (of `people`, where given). Returns how many that are.

    Raises `PermissionDenied`, and `AttendanceRefused` before the meeting begins.
    """
    now = now or timezone.now()
    _check(meeting, by, now)
    with transaction.atomic():
        Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
        expected = {person.pk for person in (people_of(meeting) if people is None else people)}
        rows = {row.user_id: row for row in MeetingPerson.objects.filter(meeting=meeting, user__in=expected)}
        new = [
            MeetingPerson(meeting=meeting, user_id=pk, attendance=Attendance.THERE, noted_by=by, noted_at=now)
            for pk in sorted(expected - rows.keys())
        ]
        MeetingPerson.objects.bulk_create(new)
        blank = [row.pk for row in rows.values() if not row.attendance]
        MeetingPerson.objects.filter(pk__in=blank).update(attendance=Attendance.THERE, noted_by=by, noted_at=now)
    return len(new) + len(blank)


def _check(meeting: Meeting, by, now: datetime.datetime) -> None:
    if not may_see_attendance(by, meeting) or not may_arrange(by, meeting.cohort or meeting.session):
        raise PermissionDenied
    if not is_noted_now(meeting, now):
        raise AttendanceRefused(_("Who was there can be noted from a quarter of an hour before the meeting begins."))


def attendance_of(user, meeting: Meeting) -> str:
    """What is noted about `user`: the person always reads that."""
    return MeetingPerson.objects.filter(meeting=meeting, user=user).values_list("attendance", flat=True).first() or ""
