"""Pending decisions: what is to be published about an application. Only organisers see them; one by one or many at once.

What stands against a decision is said in one place, `obstacle_to_decision`; the rest of this module asks it for one application
under its lock, or for many with a number of statements that does not depend on how many there are.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record

from .locking import lock_applications, locked_application, locked_session
from .models import Application, Conflict, Membership, Session
from .moves import MOVES, Actor
from .phases import obstacle_to_deciding
from .placing import TAKING_A_PLACE, give_free, leading, placement_of

Decision = Application.Decision
Status = Application.Status

#: What a pending decision becomes when it is published.
PUBLISHED_AS = {
    Decision.OFFER: Status.OFFERED,
    Decision.WAITLIST: Status.WAITLISTED,
    Decision.NOT_SELECTED: Status.NOT_SELECTED,
}
#: Whoever is to hear one of these needs no place that was kept.
GIVES_FREE = (Decision.WAITLIST, Decision.NOT_SELECTED)
#: The largest rank that the database keeps everywhere.
LAST_RANK = 32_767
#: So many rows are written with one statement.
BATCH = 500


class DecisionError(Exception):
    """A decision that cannot be made. The text is for the organiser."""


def possible_decisions(application: Application) -> list[Decision]:
    """The decisions that can be published from the application's status; “none yet” is always among them."""
    return [Decision.NONE] + [
        decision
        for decision, status in PUBLISHED_AS.items()
        if (move := MOVES.get((application.status, status))) and Actor.ORGANISER in move.actors
    ]


def obstacle_to_decision(
    application: Application, decision: str, rank: int | None, *, leads: Membership | None, in_phase: str | None
) -> str | None:
    """Why `decision` cannot be noted about an application on which one may decide; None where nothing stands against it.

    `leads` is the membership by which the applicant leads a cohort of the session, `in_phase` what the phase of the review has
    against decisions (`phases.obstacle_to_deciding`). Both matter for changes alone: what is noted already can be saved again.
    """
    if decision not in possible_decisions(application):
        return _("An application that is “%(status)s” cannot get the decision “%(decision)s”.") % {
            "status": application.get_status_display(),
            "decision": dict(Decision.choices).get(decision, decision),
        }
    if rank is not None and decision != Decision.WAITLIST:
        return _("A rank goes with the waitlist only.")
    if rank is not None and rank < 1:
        return _("Ranks begin at 1.")
    if (decision, rank) == (application.pending_decision, application.pending_rank):
        return None
    if decision != Decision.NONE and leads is not None:
        return _("This person is %(role)s of %(cohort)s and gets no message about the application.") % {
            "role": leads.get_role_display().lower(),
            "cohort": leads.cohort,
        }
    return in_phase


def locked_to_decide(application: Application, *, by) -> Application:
    """The row of `application`, locked; inside a transaction only. Raises `DecisionError` where `by` may not decide on it."""
    locked = locked_application(application, among=Application.objects.organised_by(by))
    if locked is None:
        raise DecisionError(_("Only the organisers of this session decide, and nobody decides on themselves."))
    if Conflict.objects.filter(application=locked, reviewer=by).exists():
        raise DecisionError(_("You declared a conflict of interest: another organiser decides on this application."))
    return locked


def set_pending_decision(application: Application, decision: str, *, by, rank: int | None = None) -> Application:
    """Note what is to be published about an application. `rank` orders the waitlist (1 is first) and goes with it alone.

    Whoever is not to be offered a place loses one that was kept. Raises `DecisionError` where `by` may not decide on this
    application, and where `obstacle_to_decision` has something against it.
    """
    with transaction.atomic():
        locked = locked_to_decide(application, by=by)
        against = obstacle_to_decision(
            locked,
            decision,
            rank,
            leads=leading(locked.session, [locked.applicant_id]).first(),
            in_phase=obstacle_to_deciding(locked.session),
        )
        if against is not None:
            raise DecisionError(against)
        locked.pending_decision, locked.pending_rank = decision, rank
        locked.save(update_fields=["pending_decision", "pending_rank", "updated_at"])
        # Not which: the log is read by more people than decide on this application.
        record("decision.noted", by=by, to=locked.applicant_id, about=locked, scope=locked.session_id)
        if decision in GIVES_FREE:
            kept = placement_of(locked)
            if kept is not None and kept.state == Membership.State.INVITED:
                give_free(kept, by=by)
    application.refresh_from_db(fields=["pending_decision", "pending_rank", "updated_at"])
    return locked


# --- many at once


class Change(NamedTuple):
    """One decision that would be noted. `before` and `before_rank` are what is noted now."""

    application: Application
    before: str
    before_rank: int | None
    after: str
    after_rank: int | None
    #: The place that is kept for the person now, and would be given free.
    loses: Membership | None = None


class LeftOut(NamedTuple):
    """An application that is not decided on, and why."""

    application: Application
    reason: str


@dataclass
class BulkPlan:
    """What deciding on many would do at this moment. `fingerprint` changes with what is noted now and with who is left out.

    `unchanged` have the decision already; `hidden` counts those that are not the organiser's to decide (own ones, those with a
    conflict of interest, drafts, what is gone): nothing else is said of them.
    """

    session: Session
    decision: str
    changes: list[Change] = field(default_factory=list)
    unchanged: list[Application] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    hidden: int = 0

    @property
    def loses_place(self) -> list[Change]:
        return [one for one in self.changes if one.loses is not None]

    @property
    def fingerprint(self) -> str:
        parts = [f"{self.decision}|{self.hidden}"]
        parts += [f"{one.application.pk}|{one.before}|{one.before_rank}|{bool(one.loses)}" for one in self.changes]
        parts += [f"same {one.pk}" for one in self.unchanged]
        parts += [f"out {one.application.pk}|{one.reason}" for one in self.left_out]
        return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


@dataclass(frozen=True)
class BulkChange:
    """What was noted at once, as far as taking it back needs it: (application id, before, its rank, after, its rank, cohort id
    of the kept place that was given free). Plain data, ids alone: it can lie in a browser's session."""

    session_id: int
    rows: list[list]


def plan_decisions(
    session: Session, numbers: Sequence[int], decision: str, *, by, ranks: Mapping[int, int] | None = None, ranked: bool = True
) -> BulkPlan:
    """What noting `decision` about the applications with these `numbers` would do. The queries do not depend on how many they are.

    For the waitlist they get ranks in the order of `numbers`, after those that are on it or are noted for it; `ranks` (application
    id → number) orders them by hand, and without `ranked` they get none.
    """
    rows = (
        Application.objects.decided_by(by)
        .filter(session=session, pk__in=numbers)
        .select_related("applicant")
        .defer("draft")
        .in_bulk()
    )
    wanted = [rows[number] for number in dict.fromkeys(numbers) if number in rows]
    people = [one.applicant_id for one in wanted]
    leaders = {row.user_id: row for row in leading(session, people)}
    kept = {row.user_id: row for row in _kept_places(session, people)} if decision in GIVES_FREE else {}
    in_phase = obstacle_to_deciding(session)
    plan = BulkPlan(session, decision, hidden=len(set(numbers)) - len(wanted))
    if decision == Decision.WAITLIST and ranked:
        in_order = sorted(wanted, key=lambda one: (ranks or {}).get(one.pk, LAST_RANK))
        rank: int | None = _last_rank(session, without=rows) + 1
    else:
        in_order, rank = wanted, None
    for application in in_order:
        application.session = session
        against = obstacle_to_decision(
            application, decision, rank, leads=leaders.get(application.applicant_id), in_phase=in_phase
        )
        if against is not None:
            plan.left_out.append(LeftOut(application, against))
            continue
        before, before_rank = application.pending_decision, application.pending_rank
        if (before, before_rank) == (decision, rank):
            plan.unchanged.append(application)
        else:
            loses = kept.get(application.applicant_id)
            plan.changes.append(Change(application, before, before_rank, decision, rank, loses))
        rank = rank and rank + 1
    return plan


def _kept_places(session: Session, people) -> QuerySet[Membership]:
    kept = Membership.objects.members().filter(cohort__session=session, user__in=people, state=Membership.State.INVITED)
    return kept.select_related("cohort")


def _last_rank(session: Session, *, without) -> int:
    """The last rank of the session's waitlist, published or noted, those of the applications `without` left out."""
    others = Application.objects.filter(session=session).exclude(pk__in=list(without))
    noted = others.aggregate(rank=Max("pending_rank"))["rank"]
    published = others.filter(status=Status.WAITLISTED).aggregate(rank=Max("waitlist_rank"))["rank"]
    return max(noted or 0, published or 0)


def set_pending_decisions(
    session: Session,
    numbers: Sequence[int],
    decision: str,
    *,
    by,
    ranks: Mapping[int, int] | None = None,
    ranked: bool = True,
    expected: str | None = None,
) -> tuple[BulkPlan, BulkChange]:
    """Note `decision` about many applications of `session` in one transaction: all that the plan names, or nothing.

    Who is left out, and why, stands in the plan; `expected` is the fingerprint of the one that the organiser agreed to. Returns
    what was done, and what `take_back` needs. Raises `DecisionError` where `by` does not organise the session or the plan is
    another one by now.
    """
    with transaction.atomic():
        locked = session_to_decide(session, by=by)
        lock_applications(locked, among=numbers)
        plan = plan_decisions(locked, numbers, decision, by=by, ranks=ranks, ranked=ranked)
        if expected is not None and expected != plan.fingerprint:
            raise DecisionError(_("Something has changed since you looked. Nothing was noted: look at it again."))
        _write([(one.application, one.after, one.after_rank) for one in plan.changes])
        losing = [one.loses.pk for one in plan.changes if one.loses is not None]
        if losing:
            Membership.objects.filter(pk__in=losing, state=Membership.State.INVITED).delete()
        if plan.changes:
            record("decisions.noted", by=by, about=locked, scope=locked, details={"applications": len(plan.changes)})
    rows = [
        [one.application.pk, one.before, one.before_rank, one.after, one.after_rank, one.loses and one.loses.cohort_id]
        for one in plan.changes
    ]
    return plan, BulkChange(session.pk, rows)


def session_to_decide(session: Session, *, by) -> Session:
    """The row of `session`, locked; inside a transaction only. Raises `DecisionError` where `by` does not organise it."""
    locked = locked_session(session, by=by)
    if locked is None:
        raise DecisionError(_("Only the organisers of this session decide."))
    return locked


def _write(rows: Sequence[tuple[Application, str, int | None]]) -> None:
    now = timezone.now()
    for application, decision, rank in rows:
        application.pending_decision, application.pending_rank, application.updated_at = decision, rank, now
    written = [application for application, _decision, _rank in rows]
    Application.objects.bulk_update(written, ["pending_decision", "pending_rank", "updated_at"], batch_size=BATCH)


@dataclass
class TakenBack:
    """What taking a bulk change back came to: how many are as before, and who is not, with the reason."""

    done: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    #: People whose kept place could not be given back: the cohort is full by now, or gone.
    without_place: list[Application] = field(default_factory=list)


def take_back(change: BulkChange, *, by) -> TakenBack:
    """Note again what was noted before a bulk change, where nobody has decided otherwise since; kept places come back where
    their cohort has room. Raises `DecisionError` where `by` does not organise the session.
    """
    session = Session.objects.filter(pk=change.session_id).first()
    if session is None:
        raise DecisionError(_("This session is gone."))
    noted = {row[0]: row for row in change.rows}
    result = TakenBack()
    with transaction.atomic():
        locked = session_to_decide(session, by=by)
        lock_applications(locked, among=noted)
        found = (
            Application.objects.decided_by(by)
            .filter(session=locked, pk__in=noted)
            .select_related("applicant")
            .defer("draft")
            .order_by("pk")
        )
        rows = list(found)
        leaders = {row.user_id: row for row in leading(locked, [one.applicant_id for one in rows])}
        in_phase = obstacle_to_deciding(locked)
        writing, places = [], {}
        for application in rows:
            _pk, before, before_rank, after, after_rank, cohort = noted[application.pk]
            if (application.pending_decision, application.pending_rank) != (after, after_rank):
                result.left_out.append(LeftOut(application, _("It was decided otherwise, or published, since then.")))
                continue
            against = obstacle_to_decision(
                application, before, before_rank, leads=leaders.get(application.applicant_id), in_phase=in_phase
            )
            if against is not None:
                result.left_out.append(LeftOut(application, against))
                continue
            writing.append((application, before, before_rank))
            if cohort is not None:
                places[application] = cohort
        _write(writing)
        result.done = len(writing)
        result.without_place = _keep_again(locked, places)
        if writing:
            record("decisions.taken_back", by=by, about=locked, scope=locked, details={"applications": len(writing)})
    return result


def _keep_again(session: Session, places: Mapping[Application, int]) -> list[Application]:
    """Keep the places again from which people were taken; returns those for whom there is none any more."""
    if not places:
        return []
    cohorts = {row.pk: row for row in session.cohorts.select_for_update().filter(pk__in=set(places.values())).order_by("pk")}
    # Whoever left a cohort of the session is for a person to look at: there is one row for each person and cohort.
    rows = Membership.objects.filter(cohort__session=session)
    known = set(rows.filter(user__in=[one.applicant_id for one in places]).values_list("user_id", flat=True))
    room = dict.fromkeys(cohorts, session.cohort_size_max)
    members = rows.members().filter(state__in=TAKING_A_PLACE, cohort__in=cohorts)
    for cohort_id in members.values_list("cohort_id", flat=True):
        room[cohort_id] -= 1
    without, keeping = [], []
    for application, cohort in places.items():
        if application.applicant_id in known or room.get(cohort, 0) < 1:
            without.append(application)
            continue
        room[cohort] -= 1
        keeping.append(Membership(cohort=cohorts[cohort], user=application.applicant, state=Membership.State.INVITED))
    Membership.objects.bulk_create(keeping, batch_size=BATCH)
    return without
