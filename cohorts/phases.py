"""Which phase of a session's review is in force, and what it allows. Nothing runs at a change of phase: the date alone decides.

A session without phases is reviewed from the close of applications until somebody closes the review, by the switches on the
session. One with phases is reviewed while one of them is open. What reviewers see is said by the phase that opened last, also
after it closed; before the first one opens they see nothing. A phase counts from the close of applications at the earliest, and
no phase opens any more once the review is closed or results are published.

`models.phase_switches` says the same in SQL, for lists.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.zones import zone_label

from .models import ReviewPhase, Session
from .stages import Stage, stage_of

Decisions = ReviewPhase.Decisions


class Writing(StrEnum):
    """Whether reviews can be written, and if not, why."""

    #: Applications are not closed yet, or the session is not announced.
    TOO_EARLY = "too_early"
    #: The first phase has not opened.
    BEFORE_FIRST = "before_first"
    OPEN = "open"
    #: A phase is over and another one opens later.
    BETWEEN = "between"
    #: The last phase is over; nobody has closed the review yet.
    AFTER_LAST = "after_last"
    #: The review was closed, or results are published.
    CLOSED = "closed"


@dataclass(frozen=True)
class Switches:
    """What holds for a session's review at one moment.

    `phase` is the one in force: the last that opened, None before the first one and in a session without phases. `opens_at` and
    `closes_at` are its window; for a session without phases the close of applications and the close of the review, if stamped.
    `next_phase` opens after it. `decisions` says who notes pending decisions. `decisions_from` is when that changes to the
    organisers where it is “nobody”; None: when the review is closed.
    """

    writing: Writing
    names_hidden: bool
    others_scores: str
    assigned_only: bool
    decisions: str = Decisions.ORGANISERS
    phase: ReviewPhase | None = None
    next_phase: ReviewPhase | None = None
    opens_at: datetime.datetime | None = None
    closes_at: datetime.datetime | None = None
    decisions_from: datetime.datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether reviews can be written."""
        return self.writing == Writing.OPEN

    @property
    def seen(self) -> str:
        """What reviewers see, in one line for them."""
        return seen_in_words(self)


def switches_of(session: Session, now: datetime.datetime | None = None) -> Switches:
    """The switches in force for `session` at `now` (default: the present). One query, none where `review_phases` is prefetched."""
    return switches_from(session, session.review_phases.all(), now or timezone.now())


def switches_from(session: Session, phases: Iterable[ReviewPhase], now: datetime.datetime) -> Switches:
    """As `switches_of`, from phases that are at hand; no query."""
    ordered = sorted(phases, key=lambda phase: phase.opens_at)
    stage = stage_of(session, now)
    if not ordered:
        return _own_switches(session, stage)
    if stage in _TOO_EARLY:
        return _nothing(ordered, Writing.TOO_EARLY)
    end = min((stamp for stamp in (session.review_closed_at, session.published_at) if stamp), default=None)
    opened = [phase for phase in ordered if phase.opens_at <= now and (end is None or phase.opens_at < end)]
    is_over = stage != Stage.REVIEWING
    if not opened:
        return _nothing(ordered, Writing.CLOSED if is_over else Writing.BEFORE_FIRST)
    phase = opened[-1]
    later = [] if is_over else [one for one in ordered if one.opens_at > now]
    if is_over:
        writing = Writing.CLOSED
    elif now < phase.closes_at:
        writing = Writing.OPEN
    else:
        writing = Writing.BETWEEN if later else Writing.AFTER_LAST
    return Switches(
        writing=writing,
        names_hidden=phase.names_hidden,
        others_scores=phase.others_scores,
        assigned_only=phase.assigned_only,
        decisions=Decisions.ORGANISERS if is_over else Decisions(phase.decisions),
        phase=phase,
        next_phase=later[0] if later else None,
        opens_at=phase.opens_at,
        closes_at=phase.closes_at,
        decisions_from=_decisions_from(later),
    )


_TOO_EARLY = (Stage.DRAFT, Stage.ANNOUNCED, Stage.OPEN)


def _own_switches(session: Session, stage: Stage) -> Switches:
    writing = Writing.TOO_EARLY if stage in _TOO_EARLY else Writing.OPEN if stage == Stage.REVIEWING else Writing.CLOSED
    return Switches(
        writing=writing,
        names_hidden=session.review_names_hidden,
        others_scores=session.review_others_scores,
        assigned_only=session.review_assigned_only,
        opens_at=session.applications_close_at,
        closes_at=session.review_closed_at,
    )


def _nothing(ordered: list[ReviewPhase], writing: Writing) -> Switches:
    """Before the first phase: nothing of others is seen. Decisions are made as in the phase that comes first."""
    return Switches(
        writing=writing,
        names_hidden=True,
        others_scores=Session.OthersScores.NEVER,
        assigned_only=True,
        decisions=Decisions.ORGANISERS if writing == Writing.CLOSED else Decisions(ordered[0].decisions),
        next_phase=None if writing == Writing.CLOSED else ordered[0],
        decisions_from=_decisions_from(ordered),
    )


def _decisions_from(phases: list[ReviewPhase]) -> datetime.datetime | None:
    return next((phase.opens_at for phase in phases if phase.decisions == Decisions.ORGANISERS), None)


def obstacle_to_writing(session: Session, now: datetime.datetime | None = None) -> str | None:
    """Why nobody can write reviews of `session` now, in words for a reviewer; None where they can. One query."""
    return obstacle_by(switches_of(session, now))


def obstacle_by(switches: Switches) -> str | None:
    """As `obstacle_to_writing`, from switches that are at hand."""
    match switches.writing:
        case Writing.OPEN:
            return None
        case Writing.TOO_EARLY:
            return _("Review of this session begins when applications close.")
        case Writing.BEFORE_FIRST if switches.next_phase:
            return _("Review of this session begins with “%(phase)s”, on %(time)s.") % _named(switches.next_phase)
        case Writing.BETWEEN if switches.next_phase:
            return _("“%(over)s” is over. You can write again in “%(phase)s”, from %(time)s.") % {
                "over": switches.phase,
                **_named(switches.next_phase),
            }
        case Writing.AFTER_LAST:
            return _("The review is over. The organisers decide next.")
    return _("The review of this session is closed.")


def obstacle_to_deciding(session: Session, now: datetime.datetime | None = None) -> str | None:
    """Why nobody notes pending decisions on applications to `session` now, for an organiser; None where they may. One query."""
    switches = switches_of(session, now)
    if switches.decisions == Decisions.ORGANISERS:
        return None
    if switches.decisions_from is not None:
        words = _("Nobody decides in this phase of the review. You can note decisions from %(time)s.")
        return words % {"time": full_time(switches.decisions_from)}
    return _("Nobody decides during this review. You can note decisions once the review is closed.")


def _named(phase: ReviewPhase) -> dict[str, str]:
    return {"phase": phase.name, "time": full_time(phase.opens_at)}


def full_time(moment: datetime.datetime) -> str:
    """“Tuesday 1 December 2026, 13:00 (Rome)”: `moment` in the zone of the person whose request this is."""
    local = timezone.localtime(moment)
    return f"{date_format(local, 'l j F Y, H:i')} ({zone_label(local)})"


def promise_about_names(session: Session) -> str:
    """What applicants may be told of their names: “hidden” while people score, hidden “at_first”, or “shown”.

    One query, none where `review_phases` is prefetched.
    """
    phases = sorted(session.review_phases.all(), key=lambda phase: phase.opens_at)
    hidden = [phase.names_hidden for phase in phases] or [session.review_names_hidden]
    if all(hidden):
        return "hidden"
    return "at_first" if hidden[0] else "shown"


# Setting phases up


def obstacles_to_phases(session: Session, phases: Iterable[ReviewPhase]) -> list[str]:
    """Why these cannot be the phases of `session`, in words for an organiser. None of them need be saved; no query."""
    ordered = sorted(phases, key=lambda phase: (phase.opens_at, phase.closes_at))
    found = []
    for phase in ordered:
        if phase.opens_at >= phase.closes_at:
            found.append(_("“%(phase)s” must open before it closes.") % {"phase": phase.name})
    close = session.applications_close_at
    if close is not None:
        early = _("“%(phase)s” opens before applications close, which is on %(time)s. Until then they still change.")
        found += [early % {"phase": one.name, "time": full_time(close)} for one in ordered if one.opens_at < close]
    latest = None
    for phase in ordered:
        if latest is not None and phase.opens_at < latest.closes_at:
            words = _("“%(one)s” and “%(other)s” overlap: %(other)s opens on %(opens)s, and %(one)s closes on %(closes)s.")
            times = {"opens": full_time(phase.opens_at), "closes": full_time(latest.closes_at)}
            found.append(words % {"one": latest.name, "other": phase.name, **times})
        if latest is None or phase.closes_at > latest.closes_at:
            latest = phase
    return found


def lock_phases(session: Session) -> list[ReviewPhase]:
    """The phases of `session` as they are stored, while nobody else can change them. Inside a transaction only."""
    Session.objects.select_for_update().filter(pk=session.pk).first()
    return list(ReviewPhase.objects.filter(session=session.pk).order_by("opens_at", "pk"))


# In words


def seen_in_words(switches: Switches) -> str:
    """What reviewers see and do not see at present, in one calm line."""
    parts = [_("Names are hidden from reviewers.") if switches.names_hidden else _("Reviewers see names.")]
    match switches.others_scores:
        case Session.OthersScores.NEVER:
            parts.append(_("Others’ reviews are not shown."))
        case Session.OthersScores.AFTER_OWN:
            parts.append(_("Others’ reviews are shown once one’s own is handed in."))
        case _other:
            parts.append(_("Others’ reviews are shown."))
    if switches.assigned_only:
        parts.append(_("Each reviewer reads what is assigned."))
    return " ".join(parts)
