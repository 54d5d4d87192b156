"""Proposals of who goes into which cohort: asked for, made in the background, accepted or not, and taken back until publishing.

A proposal changes nothing by itself. Accepting one notes pending offers and keeps places, by the same functions as organisers who do
that by hand; it is all or nothing.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from background import TimeLimitExceeded, enqueue

from .forming import Cancelled, Explanation, Formation, Instance, InstanceError, explain, explain_empty, form
from .forming_inputs import Inputs, build_instance
from .locking import lock_applications, locked_session
from .models import Application, ApplicationEvent, Cohort, Membership, Proposal, Session
from .pending import DecisionError, set_pending_decision
from .placing import PlacingError, place_all, placement_of
from .proposal_changes import broken_rules, inputs_now, leaving, obstacle_to_forming, obstacles_to_accepting

State = Proposal.State
Decision = Application.Decision

#: How long the solver may think, in seconds. It ends sooner where it has proven the best.
SECONDS = (5, 30, 60, 300)
#: Seconds between two looks at whether the proposal was cancelled.
LOOK_EVERY = 1.0
#: Obstacles that are not kept, since wishes and organisers say so; and how many of the others are.
OUT_OF_THE_QUESTION = ("pinned", "banned", "project")
MOST_OBSTACLES = 8
#: Why a proposal failed, for organisers.
ERRORS = {
    "limits": gettext_lazy("The limits of the session contradict each other."),
    "solver": gettext_lazy(
        "The search broke off. The operator of the site finds the error among the runs of the background tasks."
    ),
}


class ProposalError(Exception):
    """Something that cannot be done with a proposal now. The text is for the organiser; `reasons` are what stands against it."""

    def __init__(self, text: str, reasons: Iterable[str] = ()):
        self.reasons = list(reasons)
        super().__init__(" ".join([text, *self.reasons]))


def propose(
    session: Session,
    *,
    by,
    seconds: int = 30,
    pins: Mapping[int, int] | None = None,
    bans: Mapping[int, Iterable[int]] | None = None,
) -> Proposal:
    """Ask for a proposal about the applications on which `by` decides. A worker makes it.

    `pins` are cohorts by application and `bans` lists of cohorts by application, ids. Raises `ProposalError` where `by` does not
    organise the session, its stage forbids it, nobody or no cohort is there, one is being made already, or limits contradict each other.
    """
    from .tasks import form_cohorts_task

    if seconds not in SECONDS:
        raise ProposalError(_("Choose one of the offered times."))
    with transaction.atomic():
        locked = _locked_session(session, by)
        against = obstacle_to_forming(locked)
        if against is not None:
            raise ProposalError(against)
        if locked.proposals.under_way().exists():
            raise ProposalError(_("A proposal for this session is being made already."))
        try:
            inputs = build_instance(locked, by=by, pins=pins, bans=bans)
        except InstanceError as error:
            raise ProposalError(str(ERRORS["limits"])) from error
        if not inputs.instance.applicants:
            raise ProposalError(_("There is nobody to place: no application under review is left."))
        if not inputs.instance.cohorts:
            raise ProposalError(_("No cohort of this session has a free place. Add cohorts on the page of the session."))
        asked = {
            **inputs.snapshot(),
            "pins": {str(pk): cohort for pk, cohort in (pins or {}).items()},
            "bans": {str(pk): sorted(cohorts) for pk, cohorts in (bans or {}).items()},
        }
        proposal = Proposal.objects.create(session=locked, made_by=by, seconds=seconds, inputs=asked)
        enqueue(form_cohorts_task, proposal.pk)
    return proposal


def make_proposal(proposal_id: int) -> None:
    """Search for the best cohorts and write them down: what the task does. Running twice comes to the same.

    Ends early where somebody cancelled. What goes wrong is noted for the organisers, and raised.
    """
    now = timezone.now()
    mine = Proposal.objects.filter(pk=proposal_id)
    if not mine.under_way().update(state=State.RUNNING, started_at=now, progress="start"):
        return
    proposal = mine.select_related("session").get()
    running = mine.filter(state=State.RUNNING)
    try:
        result = _result(proposal, _Told(running))
    except Cancelled:
        return
    except (Exception, TimeLimitExceeded) as error:
        code = "limits" if isinstance(error, InstanceError) else "solver"
        running.update(state=State.FAILED, error=code, finished_at=timezone.now())
        raise
    running.update(state=State.DONE, result=result, progress="", finished_at=timezone.now())


class _Told:
    """Hears what the solver works on: writes it down once a second, and learns whether somebody cancelled."""

    def __init__(self, running) -> None:
        self.running, self.goes_on, self.looked_at = running, True, time.monotonic()

    def __call__(self, goal: str) -> bool:
        if self.goes_on and time.monotonic() - self.looked_at >= LOOK_EVERY:
            self.goes_on = bool(self.running.update(progress=goal[:20]))
            self.looked_at = time.monotonic()
        return self.goes_on


def _result(proposal: Proposal, told: _Told) -> dict[str, Any]:
    inputs = build_instance(proposal.session, among=proposal.inputs["applicants"], pins=proposal.pins, bans=proposal.bans)
    formation = form(inputs.instance, seconds=proposal.seconds, told=told)
    return as_json(inputs, formation)


def as_json(inputs: Inputs, formation: Formation) -> dict[str, Any]:
    """What `Proposal.result` keeps: ids, numbers and codes."""
    instance: Instance = inputs.instance
    return {
        "members": {str(cohort): people for cohort, people in formation.members.items()},
        "left_out": formation.left_out,
        "verdict": formation.verdict,
        "goals": [asdict(goal) for goal in formation.goals],
        "impossible": formation.impossible,
        "seconds": round(formation.seconds, 1),
        "teams": formation.teams,
        "explanations": [_explanation_as_json(one) for one in explain(instance, formation).values()],
        "empty": [asdict(one) for one in explain_empty(instance, formation).values()],
        # The weeks that the explanations count by.
        "begins": [moment.isoformat() for moment in inputs.hours.begins],
    }


def _explanation_as_json(explanation: Explanation) -> dict[str, Any]:
    """Without the cohorts that are out of the question: of these there may be a hundred for each of a thousand people."""
    found = asdict(explanation)
    found["obstacles"] = [one for one in found["obstacles"] if one["code"] not in OUT_OF_THE_QUESTION][:MOST_OBSTACLES]
    return found


def cancel(proposal: Proposal, *, by) -> None:
    """Stop a proposal that waits or runs. Raises `ProposalError` where it has ended, or `by` does not organise the session."""
    mine = Proposal.objects.visible_to(by).filter(pk=proposal.pk)
    if not mine.under_way().update(state=State.CANCELLED, finished_at=timezone.now()):
        raise ProposalError(_("This proposal is not being made any more."))
    proposal.refresh_from_db(fields=["state", "finished_at"])


def discard(proposal: Proposal, *, by) -> None:
    """Put a proposal aside. Raises `ProposalError` where it is being made or accepted, or `by` does not organise the session."""
    mine = Proposal.objects.visible_to(by).filter(pk=proposal.pk)
    states = (State.DONE, State.UNDONE, State.FAILED, State.CANCELLED)
    if not mine.filter(state__in=states).update(state=State.DISCARDED):
        raise ProposalError(_("This proposal cannot be put aside now: it is being made, or it is accepted."))
    proposal.refresh_from_db(fields=["state"])


def accept(proposal: Proposal, *, by, despite: str = "") -> int:
    """Note a pending offer for everybody whom `proposal` places, and keep the places; returns how many have one. All or nothing.

    Who had a place when a hand-made proposal was begun, and has none in it, loses it; what is decided about them stays. Such a proposal may
    break rules where `despite` is the fingerprint of exactly these (see `broken_rules`); which they were is noted in `inputs`.
    Raises `ProposalError`, with reasons, where anything stands against it: see `obstacles_to_accepting`. Then nothing is written.
    """
    with transaction.atomic():
        locked = _locked_proposal(proposal, by)
        if locked.state not in (State.DONE, State.UNDONE):
            raise ProposalError(_("This proposal cannot be accepted: it is “%(state)s”.") % {"state": locked.get_state_display()})
        inputs = inputs_now(locked)
        against = obstacles_to_accepting(locked, inputs, by=by)
        if against:
            raise ProposalError(_("Nothing was changed. The proposal does not hold any more:"), against)
        broken = broken_rules(locked, inputs, by=by)
        if broken.problems and despite != broken.fingerprint:
            raise ProposalError(
                _("Nothing was changed. Look at the rules that do not hold, and say that you accept that:"), broken.texts
            )
        written = _take_over(locked, inputs, by)
        if broken.problems:
            locked.inputs["accepted_despite"] = {"by": by.pk, "problems": [asdict(one) for one in broken.problems]}
        else:
            locked.inputs.pop("accepted_despite", None)
        locked.state, locked.accepted_by, locked.accepted_at = State.ACCEPTED, by, timezone.now()
        locked.taken_over = written
        locked.save(update_fields=["state", "accepted_by", "accepted_at", "taken_over", "inputs"])
    proposal.refresh_from_db()
    return sum(row["cohort"] is not None for row in written)


def _take_over(proposal: Proposal, inputs: Inputs, by) -> list[dict[str, Any]]:
    """Offers and places for everybody. Returns what was there before, for undoing it."""
    rows: list[dict[str, Any]] = [
        {"application": pk, "cohort": cohort, "before": inputs.placed.get(pk)}
        for cohort, people in proposal.members.items()
        for pk in people
    ]
    rows += [{"application": pk, "cohort": None, "before": cohort} for pk, cohort in leaving(proposal, inputs).items()]
    try:
        for row in rows:
            application = inputs.applications[row["application"]]
            row["decided"] = application.pending_decision
            if row["cohort"] is not None and application.pending_decision != Decision.OFFER:
                set_pending_decision(application, Decision.OFFER, by=by)
        moved = [row for row in rows if row["before"] != row["cohort"]]
        place_all([(inputs.applications[row["application"]], inputs.cohorts.get(row["cohort"])) for row in moved], by=by)
    except (DecisionError, PlacingError) as error:
        raise ProposalError(_("Nothing was changed. The proposal does not hold any more:"), [str(error)]) from error
    return rows


def undo(proposal: Proposal, *, by) -> tuple[int, int]:
    """Take back what accepting `proposal` wrote, where nobody changed it since. Returns how many were taken back, and how many stay.

    Raises `ProposalError` where it is not accepted, any of its offers was published, or `by` may not decide on all of it.
    """
    with transaction.atomic():
        locked = _locked_proposal(proposal, by)
        if locked.state != State.ACCEPTED:
            raise ProposalError(_("This proposal is not accepted."))
        if was_published(locked):
            raise ProposalError(_("Its offers are published. Change places on the pages of the applications."))
        ids = [row["application"] for row in locked.taken_over]
        applications = Application.objects.filter(pk__in=ids).select_related("applicant", "session").in_bulk()
        rows = [row for row in locked.taken_over if _is_as_left(applications.get(row["application"]), row)]
        moved = [row for row in rows if row["before"] != row["cohort"]]
        earlier = Cohort.objects.in_bulk([row["before"] for row in moved if row["before"] is not None])
        places = [(applications[row["application"]], earlier.get(row["before"])) for row in moved]
        try:
            place_all(
                [each for each, row in zip(places, moved, strict=True) if each[1] is not None or row["cohort"] is not None], by=by
            )
            for row in rows:
                if row["cohort"] is not None and row["decided"] != Decision.OFFER:
                    set_pending_decision(applications[row["application"]], row["decided"], by=by)
        except (DecisionError, PlacingError) as error:
            raise ProposalError(_("Nothing was changed."), [str(error)]) from error
        back = len(rows)
        locked.state = State.UNDONE
        locked.save(update_fields=["state"])
    proposal.refresh_from_db()
    return back, len(ids) - back


def was_published(proposal: Proposal) -> bool:
    """Whether any offer that accepting noted is published."""
    ids = [row["application"] for row in proposal.taken_over]
    offered = ApplicationEvent.objects.filter(
        application__in=ids, to_status=Application.Status.OFFERED, at__gte=proposal.accepted_at
    )
    return offered.exists()


def _is_as_left(application: Application | None, row: Mapping[str, Any]) -> bool:
    """Whether everything about somebody is as accepting left it."""
    if application is None or application.status not in Application.UNDER_REVIEW:
        return False
    kept = placement_of(application)
    if row["cohort"] is None:
        return kept is None and application.pending_decision == row["decided"]
    if application.pending_decision != Decision.OFFER or kept is None or kept.cohort_id != row["cohort"]:
        return False
    return row["before"] == row["cohort"] or kept.state == Membership.State.INVITED


def _locked_session(session: Session, by) -> Session:
    """The row of `session` under a lock; inside a transaction only. Raises `ProposalError` where `by` does not organise it."""
    locked = locked_session(session, by=by)
    if locked is None:
        raise ProposalError(_("Only the organisers of this session form its cohorts."))
    return locked


def _locked_proposal(proposal: Proposal, by) -> Proposal:
    """The row of `proposal` under a lock, after the locks of its session and applications: in the order in which publishing takes them."""
    session = _locked_session(proposal.session, by)
    lock_applications(session)
    locked = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    locked.session = session
    return locked
