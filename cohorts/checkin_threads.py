"""What people said to check-ins, as pages show it: replies in their order, and who is glad with the member, by name."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .checkin_replies import may_change, may_reply
from .models import CheckIn, CheckInReply, Cheer


@dataclass(frozen=True)
class Said:
    """A reply, and whether the reader may still change it or take it back."""

    reply: CheckInReply
    may_change: bool


@dataclass
class Thread:
    """Everything said to one check-in, and what the reader may do. `cheered`: the reader is among those who are glad."""

    checkin: CheckIn
    replies: list[Said] = field(default_factory=list)
    cheers: list[Cheer] = field(default_factory=list)
    may_reply: bool = False
    may_cheer: bool = False
    cheered: bool = False

    @property
    def names(self) -> list[str]:
        """Who is glad with the member; never how many."""
        return [str(cheer.user) for cheer in self.cheers]

    @property
    def is_empty(self) -> bool:
        return not (self.replies or self.cheers or self.may_reply)


def threads_of(user, checkins: Iterable[CheckIn], *, now: datetime.datetime | None = None) -> dict[int, Thread]:
    """The threads of check-ins of one membership that `user` was found to see, by the check-in's id.

    Each needs `membership` with its cohort's session. Four queries at most, however many there are.
    """
    rows = list(checkins)
    threads = {checkin.pk: Thread(checkin) for checkin in rows}
    allowed = _may_reply(user, rows)
    for checkin in rows:
        thread = threads[checkin.pk]
        thread.may_reply = allowed and bool(checkin.written_at or checkin.resting)
        thread.may_cheer = thread.may_reply and checkin.membership.user_id != user.pk
    if not rows:
        return threads
    found = CheckInReply.objects.filter(checkin__in=rows).select_related("author").order_by("created_at", "pk")
    for reply in found:
        thread = threads[reply.checkin_id]
        reply.checkin = thread.checkin
        thread.replies.append(Said(reply, may_change(user, reply, now=now)))
    for cheer in Cheer.objects.filter(checkin__in=rows).select_related("user").order_by("created_at", "pk"):
        thread = threads[cheer.checkin_id]
        thread.cheers.append(cheer)
        thread.cheered = thread.cheered or cheer.user_id == user.pk
    return threads


def _may_reply(user, rows: Sequence[CheckIn]) -> bool:
    """Asked once: all are of one membership."""
    shown = next((checkin for checkin in rows if checkin.written_at or checkin.resting), None)
    return shown is not None and may_reply(user, shown)
