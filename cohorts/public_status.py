"""What an applicant reads about an application, and what the applicant may do with it now. Nothing undecided shows."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, OuterRef, QuerySet, Subquery, When
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.templatetags.interface import full_time

from .late_access import deadline_of, with_late_access
from .models import Application, Membership
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

    No query where `session` and `applicant` are loaded and the application comes from `with_public_status`.
    """
    now = now or timezone.now()
    part = _part_of(application)
    words = _words_of_leader(application, part) or _words(application, part, now)
    return PublicStatus(**words, may=_possible(application, part, now))


@dataclass(frozen=True)
class _Part:
    """What the applicant is in the session besides the application: whom the person leads, and what became of a member's place."""

    leads: str = ""
    cohort: str = ""
    place: str = ""


def with_public_status(applications: QuerySet[Application]) -> QuerySet[Application]:
    """`applications` with all that `public_status` asks for besides session and applicant. For pages with many of them."""
    here = Membership.objects.filter(cohort__session=OuterRef("session_id"), user=OuterRef("applicant_id")).order_by("pk")
    leading = here.leading()
    # A place that one has comes before one that is over.
    over = Case(When(state=Membership.State.LEFT, then=1), default=0)
    place = here.filter(role=Membership.Role.MEMBER).order_by(over, "pk")
    return with_late_access(applications).annotate(
        part_leads=Subquery(leading.values("role")[:1]),
        part_cohort=Subquery(leading.values("cohort__name")[:1]),
        part_place=Subquery(place.values("state")[:1]),
    )


def _part_of(application: Any) -> _Part:
    if not hasattr(application, "part_leads"):
        known = with_public_status(Application.objects.filter(pk=application.pk)).first()
        if known is None:
            return _Part()
        application = known
    return _Part(application.part_leads or "", application.part_cohort or "", application.part_place or "")


#: Where somebody leads a cohort by now, the application is out of date: nothing is said of these, and no rejection ever.
_OUT_OF_DATE = (Status.SUBMITTED, Status.WAITLISTED, Status.OFFERED, Status.EXPIRED, Status.NOT_SELECTED)


def _words_of_leader(application: Application, part: _Part) -> dict | None:
    if not part.leads or application.status not in _OUT_OF_DATE:
        return None
    is_navigator = part.leads == Membership.Role.NAVIGATOR
    detail = _("You are navigator of %(cohort)s.") if is_navigator else _("You are captain of %(cohort)s.")
    return {
        "label": _("You take part as navigator") if is_navigator else _("You take part as captain"),
        "tone": "done",
        "detail": detail % {"cohort": part.cohort} + " " + _("So nothing more is decided about this application."),
    }


def _possible(application: Application, part: _Part, now: datetime.datetime) -> frozenset[str]:
    moves = {
        "write": Status.SUBMITTED,
        "withdraw": Status.WITHDRAWN,
        "accept": Status.ACCEPTED,
        "decline": Status.DECLINED,
    }
    person = application.applicant
    may = {name for name, to in moves.items() if obstacle(application, to, by=person, now=now) is None}
    if part.leads:
        # One person has one part in a session: `applications.accept_offer` refuses it, too.
        may.discard("accept")
    if application.status == Status.DRAFT:
        may.add("delete")
    elif application.draft:
        may.add("discard")
    return frozenset(may)


def _words(application: Application, part: _Part, now: datetime.datetime) -> dict:
    session = application.session
    # The applicant's own, which a code of the organisers can make a later one.
    closes = deadline_of(application, now)
    is_open = closes is not None
    is_over = stage_of(session, now) in (Stage.FINISHED, Stage.ARCHIVED)
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
        case Status.SUBMITTED if is_over:
            return {
                "label": _("Not decided"),
                "tone": "quiet",
                "detail": _(
                    "The session is over, and nothing was decided about your application. Write to the organisers if you wonder why."
                ),
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
        case Status.WAITLISTED if is_over:
            return {
                "label": _("The waitlist is closed"),
                "tone": "quiet",
                "detail": _("The session is over, and no place came free for you. You are welcome to apply again."),
            }
        case Status.WAITLISTED:
            return {"label": _("On the waitlist"), "tone": "reviewer", "detail": _waitlist(application)}
        case Status.OFFERED if is_over:
            return {"label": _("The offer has ended"), "tone": "quiet", "detail": _("The session is over.")}
        # From the instant on, though the offer is ended for good by a task a little later.
        case Status.OFFERED if application.answer_by and application.answer_by <= now:
            return {"label": _("The offer has ended"), "tone": "quiet", "detail": _not_answered(application)}
        case Status.OFFERED:
            return {
                "label": _("You are offered a place"),
                "tone": "mine",
                "detail": _("Say whether you take it. Until then it is kept for you."),
                "until_label": _("Answer by") if application.answer_by else "",
                "until": application.answer_by,
            }
        case Status.ACCEPTED if part.place == Membership.State.LEFT:
            return {
                "label": _("Your place has ended"),
                "tone": "quiet",
                "detail": _(
                    "You took a place, and you are not in a cohort any more. Write to the organisers if that surprises you."
                ),
            }
        case Status.ACCEPTED if is_over:
            return {"label": _("You took part"), "tone": "done", "detail": _start(application, now)}
        case Status.ACCEPTED:
            return {"label": _("You are in"), "tone": "done", "detail": _start(application, now) + _cohort_is_open(part)}
        case Status.DECLINED:
            return {
                "label": _("You declined"),
                "tone": "quiet",
                "detail": _("Thank you for telling us: somebody else gets the place.") + " " + _changed_mind(is_over),
            }
        case Status.EXPIRED:
            return {"label": _("The offer has ended"), "tone": "quiet", "detail": _not_answered(application, is_over)}
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
    if stage_of(session, now) in (Stage.DECIDING, Stage.UPCOMING, Stage.RUNNING):
        read = _("It was read, and the organisers decide now.")
    # A day that is over is no promise any more.
    if session.hear_by is None or session.hear_by < now.astimezone(session.zone).date():
        return " ".join([read, _("We write to you when it is decided.")])
    told = _("You hear from us by %(day)s, whatever the answer is.") % {"day": date_format(session.hear_by, "j F Y")}
    return f"{read} {told}"


def _waitlist(application: Application) -> str:
    if application.waitlist_rank is None:
        return _("If somebody gives a place back, it may be offered to you. We write to you then.")
    return _("You are number %(rank)s. If somebody gives a place back, it may be offered to you. We write to you then.") % {
        "rank": application.waitlist_rank
    }


def _not_answered(application: Application, is_over: bool = False) -> str:
    """That an offer was not answered in time: the same from its end on, whether or not the task has ended it already."""
    if application.answer_by is None:
        text = _("It was not answered in time.")
    else:
        ended = full_time(timezone.localtime(application.answer_by))
        text = _("It was not answered by %(time)s.") % {"time": ended}
    return text if is_over else " ".join([text, _("Write to the organisers if you still want a place.")])


def _changed_mind(is_over: bool) -> str:
    return "" if is_over else _("If you change your mind, write to the organisers.")


def _cohort_is_open(part: _Part) -> str:
    if part.place:
        return ""
    return " " + _("Your cohort is not settled yet: the organisers tell you which one it is.")


def _start(application: Application, now: datetime.datetime) -> str:
    session = application.session
    day = {"day": date_format(session.first_day, "l j F Y")}
    if now < session.begins_at:
        return _("The session begins on %(day)s.") % day
    return _("The session began on %(day)s.") % day


#: What happened, told to the applicant. Who decided, and why, is not part of it.
_HISTORY: dict[tuple[str, str], Any] = {
    (Status.DRAFT, Status.SUBMITTED): gettext_lazy("You submitted it."),
    (Status.SUBMITTED, Status.SUBMITTED): gettext_lazy("You submitted a new version."),
    (Status.WITHDRAWN, Status.SUBMITTED): gettext_lazy("You came back and submitted it again."),
    (Status.SUBMITTED, Status.WITHDRAWN): gettext_lazy("You withdrew it."),
    (Status.WAITLISTED, Status.WITHDRAWN): gettext_lazy("You left the waitlist."),
    (Status.SUBMITTED, Status.WAITLISTED): gettext_lazy("You were put on the waitlist."),
    (Status.WAITLISTED, Status.OFFERED): gettext_lazy("You were offered a place from the waitlist."),
    (Status.DECLINED, Status.OFFERED): gettext_lazy("You were offered a place again."),
    (Status.EXPIRED, Status.OFFERED): gettext_lazy("You were offered a place again."),
    (Status.NOT_SELECTED, Status.OFFERED): gettext_lazy("You were offered a place after all."),
    (Status.OFFERED, Status.ACCEPTED): gettext_lazy("You took the place."),
    (Status.OFFERED, Status.DECLINED): gettext_lazy("You declined the place."),
    (Status.ACCEPTED, Status.DECLINED): gettext_lazy("You gave the place back."),
    (Status.OFFERED, Status.EXPIRED): gettext_lazy("The time to answer ended."),
}
_HISTORY_BY_END: dict[str, Any] = {
    Status.OFFERED: gettext_lazy("You were offered a place."),
    Status.NOT_SELECTED: gettext_lazy("You were not selected this time."),
}


def history(application: Application) -> list[tuple[datetime.datetime, str]]:
    """What happened to an application, oldest first, as (when, words) for its applicant. One query where the application comes from `with_public_status`."""
    told = [(application.created_at, _("You began to write."))]
    out_of_date = bool(_part_of(application).leads)
    for event in application.events.order_by("at", "pk"):
        if out_of_date and event.to_status == Status.NOT_SELECTED:
            # Whoever leads a cohort by now reads no rejection, wherever it came from.
            continue
        words = _HISTORY.get((event.from_status, event.to_status)) or _HISTORY_BY_END.get(event.to_status)
        text = str(words or event)
        # What changed from one submitted version to the next is the applicant's own; other notes are the organisers'.
        if event.note and event.to_status == Status.SUBMITTED:
            text = f"{text} {event.note}."
        told.append((event.at, text))
    return told
