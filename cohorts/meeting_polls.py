"""Finding a time by asking: several times are proposed, those concerned say at which they can, and who arranges settles one."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .meeting_mail import tell_of
from .meeting_people import may_cancel, may_change, people_of
from .meeting_poll_mail import ask_when
from .meeting_rules import (
    PRIVATE_KINDS,
    MeetingRefused,
    ask_people,
    check_maker,
    check_people,
    clean_agenda,
    clean_line,
    lock_session,
    locked_series,
    made_with,
    refuse_time,
)
from .models import Cohort, Meeting, MeetingPerson, MeetingSlot, Session, SlotAnswer

State, Can = Meeting.State, SlotAnswer.Can

#: More nobody wants to answer.
MOST_TIMES = 12


def propose_times(
    session: Session,
    *,
    by,
    cohort: Cohort | None = None,
    kind: str = Meeting.Kind.STANDUP,
    times: Iterable[datetime.datetime],
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
    """Make a meeting without a time yet, propose `times` (aware) for it, and have its people asked when they can.

    Whoever proposes can at all of them, until they say otherwise. Else as `meetings.create_meeting`; members may ask those who lead for a 1:1.
    """
    now = now or timezone.now()
    arranges = check_maker(session, cohort, kind, by, asks=True)
    times = _checked(times, now)
    few = kind in PRIVATE_KINDS or bool(few)
    with transaction.atomic():
        lock_session(session)
        before = made_with(session, by, form)
        if before:
            return before[0]
        asked = check_people(session, cohort, kind, by, people, few=few, arranges=arranges)
        meeting = Meeting(
            session=session,
            cohort=cohort,
            few=few,
            kind=kind,
            state=State.POLLING,
            minutes=minutes,
            time_zone=time_zone or by.time_zone,
            title=clean_line(title),
            link=clean_line(link),
            agenda=clean_agenda(agenda),
            made_by=by,
            saved_by_form=form,
        )
        meeting.full_clean(exclude=["session", "cohort", "made_by"], validate_unique=False, validate_constraints=False)
        meeting.save()
        ask_people([meeting], asked, by)
        _propose(meeting, times, by=by)
        ask_when(meeting)
    return meeting


def change_times(
    meeting: Meeting, *, by, times: Iterable[datetime.datetime], now: datetime.datetime | None = None
) -> list[MeetingSlot]:
    """Propose exactly `times` from now on. Answers to those that stay are kept. Raises as `settle_time` does."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = _locked_poll(meeting, by)
        here = {slot.starts_at: slot for slot in locked.slots.all()}
        wanted = set(times)
        # What is over already is no mistake of whoever adds another one.
        new = _checked(wanted - set(here), now) if wanted - set(here) else []
        if not wanted:
            raise MeetingRefused(_("Leave at least one time to choose from."))
        _refuse_many(len(wanted))
        locked.slots.filter(pk__in=[slot.pk for start, slot in here.items() if start not in wanted]).delete()
        _propose(locked, new, by=by)
        return list(locked.slots.all())


def answer_times(meeting: Meeting, *, by, answers: Mapping[int, str], now: datetime.datetime | None = None) -> dict[int, str]:
    """Say at which proposed times `by` can: `answers` are values of `SlotAnswer.Can` by the key of the time, "" takes one back.

    Times that are not named stay as they were; those that are no longer proposed are left out. Returns all answers of `by`. Raises
    `PermissionDenied` for who is not asked, `MeetingRefused` where the time was settled meanwhile.
    """
    unknown = set(answers.values()) - {"", *Can.values}
    if unknown:
        raise ValueError("Not an answer to a proposed time.")
    with transaction.atomic():
        locked, _others = locked_series(meeting)
        if by.pk not in {person.pk for person in people_of(locked)}:
            raise PermissionDenied
        _refuse_settled(locked)
        stored = {answer.slot_id: answer for answer in SlotAnswer.objects.filter(slot__meeting=locked, user=by)}
        for slot in locked.slots.all():
            said = answers.get(slot.pk)
            if said is None:
                continue
            if said == "":
                SlotAnswer.objects.filter(slot=slot, user=by).delete()
            elif slot.pk not in stored or stored[slot.pk].can != said:
                SlotAnswer.objects.update_or_create(slot=slot, user=by, defaults={"can": said})
        return dict(SlotAnswer.objects.filter(slot__meeting=locked, user=by).values_list("slot_id", "can"))


def settle_time(meeting: Meeting, slot: int, *, by, now: datetime.datetime | None = None) -> Meeting:
    """Confirm `meeting` at the proposed time of key `slot`; everybody gets the invitation.

    Who said that they can comes, who said that they cannot does not, until they say otherwise. Settling the same time twice changes nothing. Raises
    `PermissionDenied`, and `MeetingRefused` where another time was settled, or this one is over or no longer proposed.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked, _others = locked_series(meeting)
        if not may_change(by, locked):
            raise PermissionDenied
        chosen = locked.slots.filter(pk=slot).first()
        if locked.state == State.CONFIRMED and chosen is not None and locked.starts_at == chosen.starts_at:
            return locked
        _refuse_settled(locked)
        if chosen is None:
            raise MeetingRefused(_("This time is no longer proposed. Load the page again."))
        refuse_time(chosen.starts_at, now)
        locked.state, locked.starts_at = State.CONFIRMED, chosen.starts_at
        locked.save(update_fields=["state", "starts_at", "updated_at"])
        _carry_answers(locked, chosen)
        tell_of(locked)
    return locked


def may_propose(user, meeting: Meeting) -> bool:
    """Whether `user` may propose other times for `meeting`: who may change it, and who asked for it."""
    return may_cancel(user, meeting)


def _checked(times: Iterable[datetime.datetime], now: datetime.datetime) -> list[datetime.datetime]:
    """Each once, in order. Raises `MeetingRefused` for none, too many and impossible ones."""
    found = sorted(set(times))
    if not found:
        raise MeetingRefused(_("Propose at least one time."))
    _refuse_many(len(found))
    for start in found:
        refuse_time(start, now)
    return found


def _refuse_many(number: int) -> None:
    if number > MOST_TIMES:
        words = ngettext(
            "At most %(most)s time can be proposed. Leave some out.",
            "At most %(most)s times can be proposed. Leave some out.",
            MOST_TIMES,
        )
        raise MeetingRefused(words % {"most": MOST_TIMES})


def _refuse_settled(meeting: Meeting) -> None:
    if meeting.state == State.CONFIRMED:
        raise MeetingRefused(_("The time was settled meanwhile."))
    if meeting.state == State.CANCELLED:
        raise MeetingRefused(_("This meeting was called off."))


def _locked_poll(meeting: Meeting, by) -> Meeting:
    locked, _others = locked_series(meeting)
    if not may_propose(by, locked):
        raise PermissionDenied
    _refuse_settled(locked)
    return locked


def _propose(meeting: Meeting, times: Iterable[datetime.datetime], *, by) -> None:
    slots = MeetingSlot.objects.bulk_create(MeetingSlot(meeting=meeting, starts_at=start) for start in times)
    if by.pk in {person.pk for person in people_of(meeting)}:
        SlotAnswer.objects.bulk_create(SlotAnswer(slot=slot, user=by, can=Can.YES) for slot in slots)


def _carry_answers(meeting: Meeting, slot: MeetingSlot) -> None:
    """What people said of the settled time is their answer to the meeting, unless they gave one already."""
    answer = MeetingPerson.Answer
    rows = {row.user_id: row for row in meeting.people.all()}
    for said in slot.answers.order_by("pk"):
        comes = answer.NO if said.can == Can.NO else answer.YES
        row = rows.get(said.user_id)
        if row is None:
            MeetingPerson.objects.create(meeting=meeting, user_id=said.user_id, answer=comes)
        elif not row.answer:
            MeetingPerson.objects.filter(pk=row.pk).update(answer=comes)
