"""What people said about times that are proposed, and which of them is the best so far."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from accounts.models import User

from .meeting_hours import comers_of
from .meeting_people import people_of
from .models import Meeting, MeetingSlot, SlotAnswer

Can = SlotAnswer.Can

#: What an answer costs where the best time is looked for; "" is no answer yet.
COST = {Can.YES: 0, Can.IF_NEEDED: 1, "": 2, Can.NO: 4}


@dataclass
class SlotLook:
    """One proposed time. Names stand by what people said; `mine` is one's own answer, `clashes`: one has another meeting then."""

    slot: MeetingSlot
    ends_at: datetime.datetime
    is_over: bool
    mine: str = ""
    clashes: bool = False
    is_best: bool = False
    names: dict[str, list[str]] = field(default_factory=lambda: {Can.YES: [], Can.IF_NEEDED: [], Can.NO: [], "": []})

    @property
    def yes(self) -> list[str]:
        return self.names[Can.YES]

    @property
    def if_needed(self) -> list[str]:
        return self.names[Can.IF_NEEDED]

    @property
    def no(self) -> list[str]:
        return self.names[Can.NO]

    @property
    def can(self) -> int:
        return len(self.yes) + len(self.if_needed)

    @property
    def cost(self) -> int:
        return sum(COST[said] * len(names) for said, names in self.names.items())


@dataclass(frozen=True)
class PollLook:
    """`unanswered`: who said nothing at all; `is_asked`: whether the reader is one of those concerned."""

    rows: list[SlotLook]
    people: list[User]
    unanswered: list[User]
    is_asked: bool

    @property
    def best(self) -> SlotLook | None:
        return next((row for row in self.rows if row.is_best), None)

    @property
    def has_answered(self) -> bool:
        return any(row.mine for row in self.rows)

    @property
    def all_over(self) -> bool:
        return all(row.is_over for row in self.rows)


def look_at_poll(meeting: Meeting, *, reader, now: datetime.datetime | None = None) -> PollLook:
    """The proposed times of `meeting` with everybody's answers. A number of queries that does not grow with them.

    Answers of people who are not concerned any more are left out.
    """
    now = now or timezone.now()
    people = people_of(meeting)
    slots = list(meeting.slots.order_by("starts_at", "pk"))
    said = {
        (slot, user): can
        for slot, user, can in SlotAnswer.objects.filter(slot__in=slots).values_list("slot_id", "user_id", "can")
    }
    length = datetime.timedelta(minutes=meeting.minutes)
    rows = []
    for slot in slots:
        row = SlotLook(slot, slot.starts_at + length, slot.starts_at <= now, said.get((slot.pk, reader.pk), ""))
        for person in people:
            row.names[said.get((slot.pk, person.pk), "")].append(person.get_full_name())
        rows.append(row)
    ahead = [row for row in rows if not row.is_over]
    if ahead and any(row.yes or row.if_needed for row in ahead):
        min(ahead, key=lambda row: (row.cost, row.slot.starts_at)).is_best = True
    asked = next((person for person in people if person.pk == reader.pk), None)
    if asked is not None and ahead:
        _note_clashes(ahead, asked)
    spoke = {user for _slot, user in said}
    return PollLook(rows, people, [person for person in people if person.pk not in spoke], asked is not None)


def _note_clashes(rows: Sequence[SlotLook], person: User) -> None:
    (comer,) = comers_of([person], first=rows[0].slot.starts_at, last=max(row.ends_at for row in rows))
    for row in rows:
        row.clashes = any(begins < row.ends_at and row.slot.starts_at < ends for begins, ends in comer.busy)
