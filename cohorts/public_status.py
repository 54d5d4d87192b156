"""What an applicant reads about an application, and what the applicant may do with it now. Nothing undecided shows."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from .late_access import deadline_of
from .models import Application
from .moves import obstacle
from .stages import Stage, stage_of

Status = Application.Status


@dataclass(frozen=True)
class PublicStatus:
    """`label` is the status in plain words, `detail` what follows from it; `until` is the date that matters next, if any.

    `tone` is one of mine (the applicant's turn), reviewer, done, quiet. `may` names what is possible now: write, withdraw,
    accept, decline, discard, delete.
    """

    label: str
    tone: str
    detail: str = ""
    until_label: str = ""
    until: datetime.datetime | None = None
    may: frozenset[str] = field(default_factory=frozenset)


def public_status(application: Application, now: datetime.datetime | None = None) -> PublicStatus:
    """The status as its applicant reads it at `now`.

    No query where `session` and `applicant` are loaded and the application comes from `late_access.with_late_access`.
    """
    now = now or timezone.now()
    words = _words(application, now)
    return PublicStatus(**words, may=_possible(application, now))


def _possible(application: Application, now: datetime.datetime) -> frozenset[str]:
    moves = {
        "write": Status.SUBMITTED,
        "withdraw": Status.WITHDRAWN,
        "accept": Status.ACCEPTED,
        "decline": Status.DECLINED,
    }
    person = application.applicant
    may = {name for name, to in moves.items() if obstacle(application, to, by=person, now=now) is None}
    if application.status == Status.DRAFT:
        may.add("delete")
    elif application.draft:
        may.add("discard")
    return frozenset(may)


def _words(application: Application, now: datetime.datetime) -> dict:
    session = application.session
    # The applicant's own, which a code of the organisers can make a later one.
    closes = deadline_of(application, now)
    is_open = closes is not None
    match application.status:
        case Status.DRAFT if is_open:
            return {
                "label": _("Draft, not yet submitted"),
                "tone": "mine",
                "detail": _("Nobody reads it before you submit it."),
                "until_label": _("Submit until"),
                "until": closes,
            }
        case Status.DRAFT:
            return {
                "label": _("Not submitted"),
                "tone": "quiet",
                "detail": _("Applications closed before this one was submitted. What you wrote is kept, for you alone."),
            }
        case Status.SUBMITTED if is_open and application.draft:
            return {
                "label": _("Submitted, with changes that are not"),
                "tone": "mine",
                "detail": _("Your last submitted version counts until you submit the changes."),
                "until_label": _("Submit the changes until"),
                "until": closes,
            }
        case Status.SUBMITTED if is_open:
            return {
                "label": _("Submitted"),
                "tone": "done",
                "detail": _("You can change it until the deadline. The last version you submit counts.") + _afterwards(session),
                "until_label": _("Edit until"),
                "until": closes,
            }
        case Status.SUBMITTED:
            return {"label": _("In review"), "tone": "reviewer", "detail": _hear_by(session, now)}
        case Status.WITHDRAWN if is_open:
            return {
                "label": _("Withdrawn"),
                "tone": "quiet",
                "detail": _("You took it back. You can submit it again until the deadline."),
                "until_label": _("Come back until"),
                "until": closes,
            }
        case Status.WITHDRAWN:
            return {"label": _("Withdrawn"), "tone": "quiet", "detail": _("You took it back, and nobody reads it.")}
        case Status.WAITLISTED:
            return {"label": _("On the waitlist"), "tone": "reviewer", "detail": _waitlist(application)}
        case Status.OFFERED if application.answer_by and application.answer_by <= now:
            return {
                "label": _("The time to answer is over"),
                "tone": "quiet",
                "detail": _("You were offered a place. Write to the organisers if you still want it."),
            }
        case Status.OFFERED:
            return {
                "label": _("You are offered a place"),
                "tone": "mine",
                "detail": _("Say whether you take it. Until then it is kept for you."),
                "until_label": _("Answer by"),
                "until": application.answer_by,
            }
        case Status.ACCEPTED:
            return {"label": _("You are in"), "tone": "done", "detail": _start(application, now)}
        case Status.DECLINED:
            return {
                "label": _("You declined"),
                "tone": "quiet",
                "detail": _("Thank you for telling us: somebody else gets the place."),
            }
        case Status.EXPIRED:
            return {
                "label": _("The offer has ended"),
                "tone": "quiet",
                "detail": _("It was not answered in time. Write to the organisers if you still want a place."),
            }
        case Status.NOT_SELECTED:
            return {
                "label": _("Not selected this time"),
                "tone": "quiet",
                "detail": _("There were more good applications than places. You are welcome to apply again."),
            }
    raise ValueError(f"No words for the status {application.status!r}.")


def _afterwards(session) -> str:
    if session.hear_by is None:
        return " " + _("Then it is read, and we write to you when it is decided.")
    return " " + _("Then it is read, and you hear from us by %(day)s.") % {"day": date_format(session.hear_by, "j F Y")}


def _hear_by(session, now: datetime.datetime) -> str:
    read = _("It is being read.")
    if stage_of(session, now) == Stage.DECIDING:
        read = _("It was read, and the organisers decide now.")
    if session.hear_by is None:
        return f"{read} {_('We write to you when it is decided.')}"
    return f"{read} {_('You hear from us by %(day)s, whatever the answer is.') % {'day': date_format(session.hear_by, 'j F Y')}}"


def _waitlist(application: Application) -> str:
    if application.waitlist_rank is None:
        return _("If somebody gives a place back, it may be offered to you. We write to you then.")
    return _("You are number %(rank)s. If somebody gives a place back, it may be offered to you. We write to you then.") % {
        "rank": application.waitlist_rank
    }


def _start(application: Application, now: datetime.datetime) -> str:
    session = application.session
    day = {"day": date_format(session.first_day, "l j F Y")}
    if now < session.begins_at:
        return _("The session begins on %(day)s.") % day
    return _("The session began on %(day)s.") % day


#: What happened, told to the applicant. Who decided, and why, is not part of it.
_HISTORY: dict[tuple[str, str], Any] = {
    (Status.DRAFT, Status.SUBMITTED): _lazy("You submitted it."),
    (Status.SUBMITTED, Status.SUBMITTED): _lazy("You submitted a new version."),
    (Status.WITHDRAWN, Status.SUBMITTED): _lazy("You came back and submitted it again."),
    (Status.SUBMITTED, Status.WITHDRAWN): _lazy("You withdrew it."),
    (Status.WAITLISTED, Status.WITHDRAWN): _lazy("You left the waitlist."),
    (Status.SUBMITTED, Status.WAITLISTED): _lazy("You were put on the waitlist."),
    (Status.OFFERED, Status.ACCEPTED): _lazy("You took the place."),
    (Status.OFFERED, Status.DECLINED): _lazy("You declined the place."),
    (Status.ACCEPTED, Status.DECLINED): _lazy("You gave the place back."),
    (Status.OFFERED, Status.EXPIRED): _lazy("The time to answer ended."),
}
_HISTORY_BY_END: dict[str, Any] = {
    Status.OFFERED: _lazy("You were offered a place."),
    Status.NOT_SELECTED: _lazy("You were not selected this time."),
}


def history(application: Application) -> list[tuple[datetime.datetime, str]]:
    """What happened to an application, oldest first, as (when, words) for its applicant. One query."""
    told = [(application.created_at, _("You began to write."))]
    for event in application.events.order_by("at", "pk"):
        words = _HISTORY.get((event.from_status, event.to_status)) or _HISTORY_BY_END.get(event.to_status)
        text = str(words or event)
        # What changed from one submitted version to the next is the applicant's own; other notes are the organisers'.
        if event.note and event.to_status == Status.SUBMITTED:
            text = f"{text} {event.note}."
        told.append((event.at, text))
    return told
