"""What check-ins tell those who lead: silence, being stuck, wanting to talk, resting; and what therefore waits for them."""

import datetime
from collections.abc import Iterator, Sequence
from typing import Any

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .answers import Signs, signs_of
from .attention import Answer, Reason
from .models import CheckIn, Membership
from .resting import Rest, rests_of
from .waits import Party, Wait

#: A check-in comes once a week; after more than a week of working days without one, somebody should ask.
SILENT_AFTER = 7
#: What a member wrote about being stuck counts for so many working days: afterwards it is an old story.
STUCK_COUNTS = 7
#: What nobody has answered is told for longer: until somebody who went silent over it has been an alarm for a week.
UNANSWERED_COUNTS = 12
EMPTY = 1


def checkin_reasons(memberships: Sequence[Membership], now: datetime.datetime) -> Iterator[Reason]:
    """A source for `cohorts.attention`; four queries: the last check-ins, the weeks of rest, and what those who lead answered."""
    if not _runs(memberships, now):
        return
    rests, last, signs = rests_of(memberships, now), last_written(memberships), signs_of(memberships)
    for membership in memberships:
        rest, checkin = rests[membership.pk], last.get(membership.pk)
        if checkin is not None:
            yield from _of_words(membership, checkin, rest, signs[membership.pk], now)
        if rest.now:
            yield _resting(membership)
        else:
            yield from _of_silence(membership, checkin, rest, now)


def checkin_waits(memberships: Sequence[Membership], now: datetime.datetime) -> Iterator[Wait]:
    """A source for `cohorts.waits`: what a member is stuck with, and the wish to talk, until it is answered. Four queries."""
    if not _runs(memberships, now):
        return
    rests, last, signs = rests_of(memberships, now), last_written(memberships), signs_of(memberships)
    for pk, checkin in last.items():
        membership, rest = rests[pk].membership, rests[pk]
        if not _is_recent(checkin, rest, now, UNANSWERED_COUNTS):
            continue
        values: dict[str, Any] = {"membership": membership, "party": Party.LEADER, "since": checkin.written_at, "topic": "talk"}
        values["url"] = _page_of(checkin)
        title = _("Check-in of week %(number)s") % {"number": checkin.week.number}
        if checkin.is_stuck and not rest.now and not signs[pk].reply_to(checkin):
            text = _("is stuck: “%(words)s”") % {"words": _words(checkin)}
            yield Wait(key=f"stuck-{checkin.pk}", title=title, text=text, reason=("stuck", _key(checkin)), **values)
        if checkin.wants_to_talk and not signs[pk].talk_since(checkin):
            text = _("would like to talk")
            yield Wait(key=f"talk-{checkin.pk}", title=title, text=text, private=True, reason=("talk", _key(checkin)), **values)


def last_written(memberships: Sequence[Membership]) -> dict[int, CheckIn]:
    """The check-in that each wrote last, by membership id, with its week. One query."""
    newest: dict[int, CheckIn] = {}
    for checkin in (
        CheckIn.objects.written().filter(membership__in=memberships).select_related("week").order_by("written_at", "pk")
    ):
        newest[checkin.membership_id] = checkin
    return newest


def _runs(memberships: Sequence[Membership], now: datetime.datetime) -> bool:
    """Whether weeks run: before them nobody owes a word, and afterwards neither."""
    session = memberships[0].cohort.session if memberships else None
    return session is not None and session.begins_at <= now < session.ends_at


def _is_recent(checkin: CheckIn, rest: Rest, now: datetime.datetime, days: int = STUCK_COUNTS) -> bool:
    return rest.age(checkin.written_at or now, now) <= days


def _page_of(checkin: CheckIn) -> str:
    return reverse("checkin", args=[checkin.membership_id, checkin.week.number])


def _key(checkin: CheckIn) -> str:
    return f"checkin-{checkin.pk}"


def _words(checkin: CheckIn) -> str:
    return Truncator(" ".join(checkin.stuck.split())).chars(140)


def _of_words(membership: Membership, checkin: CheckIn, rest: Rest, signs: Signs, now: datetime.datetime) -> Iterator[Reason]:
    values: dict[str, Any] = {
        "membership": membership, "since": checkin.written_at, "url": _page_of(checkin), "topic": "talk",
        "action": _("Read the check-in"), "key": _key(checkin),
        "reply_to": checkin.pk,
    }  # fmt: skip
    if checkin.wants_to_talk:
        help = _("Offer them a time today or tomorrow. Fifteen minutes are often enough.")
        answer = signs.talk_since(checkin)
        if _still_counts(checkin, answer, rest, now):
            text = _("would like to talk")
            yield Reason(
                kind="talk", text=text, tone="trouble", help=help, asks=True, private=True, **_answered(answer), **values
            )
    reply = signs.reply_to(checkin)
    if checkin.is_stuck and not rest.now and _still_counts(checkin, reply, rest, now):
        text = _("is stuck: “%(words)s”") % {"words": _words(checkin)}
        help = _("Answer them, or offer half an hour to look at it together.")
        yield Reason(kind="stuck", text=text, help=help, asks=True, **_answered(reply), **values)
    if checkin.energy == EMPTY and not rest.now and _is_recent(checkin, rest, now):
        help = _(
            "Ask what would make the week lighter. Resting for a week is one press on their page, and nothing counts meanwhile."
        )
        text = _("says that their energy is 1 of 5")
        yield Reason(kind="energy", text=text, help=help, private=True, **_answered(reply), **values)


def _still_counts(checkin: CheckIn, answer: Answer | None, rest: Rest, now: datetime.datetime) -> bool:
    return _is_recent(checkin, rest, now, STUCK_COUNTS if answer else UNANSWERED_COUNTS)


def _answered(answer: Answer | None) -> dict[str, Any]:
    return {"answer": answer, "alarm": answer is None}


def _resting(membership: Membership) -> Reason:
    text = _("rests this week") if membership.state != Membership.State.RESTING else _("rests")
    help = _("Let them. Nothing counts while they rest.")
    page = reverse("progress", args=[membership.pk])
    return Reason(membership, "resting", text, "quiet", url=page, alarm=False, help=help, action=_("See the progress"))


def _of_silence(membership: Membership, last: CheckIn | None, rest: Rest, now: datetime.datetime) -> Iterator[Reason]:
    written_at = last.written_at if last else None
    since = written_at or max(membership.cohort.session.begins_at, membership.joined_at)
    days = rest.age(since, now)
    if days < SILENT_AFTER:
        return
    if last:
        text = ngettext("has not written for %(days)d working day", "has not written for %(days)d working days", days)
    else:
        text = ngettext(
            "has not written yet, %(days)d working day into the session",
            "has not written yet, %(days)d working days into the session",
            days,
        )
    help = _("Send them a line: “How is it going?” Say that resting is fine, too.")
    page = reverse("progress", args=[membership.pk])
    values: dict[str, Any] = {"topic": "silent", "help": help, "action": _("See the progress")}
    values["key"] = _key(last) if last else "start"
    yield Reason(membership, "silent", text % {"days": days}, "trouble", since, page, **values)
