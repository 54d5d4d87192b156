"""What holds for meetings however they are made: who may make which, with whom, at what times; and how their rows are locked."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from .meeting_people import may_arrange, may_pair, who_can_be_asked, who_leads
from .models import Cohort, Meeting, MeetingPerson, Session
from .questions import clean_text

Kind, State = Meeting.Kind, Meeting.State

#: Kinds that are always only for those who are asked by name.
PRIVATE_KINDS = (Kind.ONE_TO_ONE, Kind.PAIRING)
#: How far ahead a meeting may lie: what is later was mistyped.
FARTHEST = datetime.timedelta(days=400)


class MeetingRefused(Exception):
    """A meeting that cannot be made or changed like this. The text is for the person who tried."""


class MeetingStale(MeetingRefused):
    """Somebody else changed the meeting after the page was made. `meeting` is what is stored now."""

    def __init__(self, meeting: Meeting):
        super().__init__(
            _("Somebody else changed this meeting meanwhile. Look at what it is now, and change it again if you need to.")
        )
        self.meeting = meeting


def clean_line(text: str) -> str:
    """One line of text, without what no database takes."""
    return " ".join(clean_text(text).split())


def clean_agenda(text: str) -> str:
    """An agenda as it is stored. Raises `ValidationError` for one that is too long."""
    cleaned, longest = clean_text(text), Meeting._meta.get_field("agenda").max_length or 0
    if len(cleaned) > longest:
        words = _("At most %(longest)s characters fit here. You wrote %(written)s.")
        raise ValidationError({"agenda": words % {"longest": longest, "written": len(cleaned)}})
    return cleaned


def check_maker(session: Session, cohort: Cohort | None, kind: str, by, *, asks: bool = False) -> bool:
    """Whether `by` arranges there (True) or takes part as a member. Raises `PermissionDenied` for what neither may.

    Members arrange pairing; where times are only asked for (`asks`), they may ask for a 1:1 as well.
    """
    if cohort is not None and cohort.session_id != session.pk:
        raise ValueError("The cohort belongs to another session.")
    if may_arrange(by, cohort or session):
        return True
    if cohort is not None and may_pair(by, cohort) and (kind == Kind.PAIRING or (asks and kind == Kind.ONE_TO_ONE)):
        return False
    raise PermissionDenied


def check_people(
    session: Session, cohort: Cohort | None, kind: str, by, people: Iterable[Any], *, few: bool, arranges: bool
) -> list[Any]:
    """Those who are asked by name, each once; with `by` where it is for a few. Raises `MeetingRefused`."""
    chosen = {person.pk: person for person in people if person.pk != by.pk}
    allowed = who_can_be_asked(by, cohort or session)
    if not arranges and kind == Kind.ONE_TO_ONE and cohort is not None:
        allowed = allowed.filter(pk__in=who_leads(cohort).values("pk"))
    if allowed.filter(pk__in=chosen).count() != len(chosen):
        raise MeetingRefused(_("Somebody you chose does not belong here any more. Load the page again."))
    if kind == Kind.ONE_TO_ONE and len(chosen) != 1:
        raise MeetingRefused(_("A 1:1 is between two people: choose one."))
    if few and not chosen:
        raise MeetingRefused(_("Choose with whom."))
    return [by, *chosen.values()] if few else list(chosen.values())


def refuse_time(starts_at: datetime.datetime, now: datetime.datetime) -> None:
    """Raises `MeetingRefused` for a time that is over, or too far ahead to be meant."""
    if starts_at <= now:
        raise MeetingRefused(_("This time is over. Choose one that is still to come."))
    if starts_at > now + FARTHEST:
        raise MeetingRefused(_("This is more than a year ahead. Look at the year again."))


def refuse_over(meeting: Meeting, now: datetime.datetime) -> None:
    """Raises `MeetingRefused` where nothing about `meeting` can be arranged any more."""
    if meeting.state == State.CANCELLED:
        raise MeetingRefused(_("This meeting was called off. Make another one instead."))
    if meeting.ends_at is not None and meeting.ends_at <= now:
        raise MeetingRefused(_("This meeting is over. Make another one instead."))


def made_with(session: Session, by, form: str) -> list[Meeting]:
    """What the same form made before: a second press makes nothing. Inside a transaction, after the lock of the session's row."""
    if not form:
        return []
    return list(Meeting.objects.filter(session=session, made_by=by, saved_by_form=form).order_by("starts_at", "pk"))


def ask_people(meetings: Sequence[Meeting], people: Iterable[Any], by) -> None:
    """Write down who is asked by name. Whoever makes a meeting comes."""
    yes = MeetingPerson.Answer.YES
    people = list(people)
    MeetingPerson.objects.bulk_create(
        MeetingPerson(meeting=meeting, user=person, invited=True, answer=yes if person.pk == by.pk and meeting.starts_at else "")
        for meeting in meetings
        for person in people
    )


def lock_session(session: Session) -> None:
    """Inside a transaction only: two presses of one button wait for each other."""
    Session.objects.select_for_update().get(pk=session.pk)


def locked_series(meeting: Meeting, *, later: bool = False) -> tuple[Meeting, list[Meeting]]:
    """The row of `meeting` under a lock and, where `later`, those that come after it in its series and are not called off."""
    wanted = Q(pk=meeting.pk)
    if later and meeting.series:
        wanted |= Q(series=meeting.series)
    rows = {
        row.pk: row
        for row in Meeting.objects.select_for_update(of=("self",))
        .filter(wanted)
        .select_related("session", "cohort__session")
        .order_by("pk")
    }
    locked = rows.pop(meeting.pk, None)
    if locked is None:
        raise PermissionDenied
    after = [
        row
        for row in rows.values()
        if locked.starts_at and row.starts_at and row.starts_at > locked.starts_at and row.state == State.CONFIRMED
    ]
    return locked, sorted(after, key=lambda row: (row.starts_at, row.pk))
