"""What publishing would do: every pending decision with the mail that goes out, who is held back and why. Only organisers see it."""

import hashlib
import logging
from dataclasses import dataclass, field

from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from .decision_messages import DecisionMessage, answer_until, write_message
from .models import Application, Cohort, Conflict, Membership, Session
from .moves import MOVES
from .pending import PUBLISHED_AS, possible_decisions
from .placing import placements
from .publication_warnings import Warned, warnings_of
from .stages import Stage, stage_of

logger = logging.getLogger(__name__)

Decision = Application.Decision
Status = Application.Status


@dataclass(frozen=True)
class Outgoing:
    """One decision that is about to be published, with the mail that goes out."""

    application: Application
    status: str
    cohort: Cohort | None
    message: DecisionMessage


@dataclass(frozen=True)
class Held:
    """A pending decision that is not published now, and why."""

    application: Application
    reason: str


@dataclass
class Plan:
    """What publishing would do at this moment. `fingerprint` changes whenever any of it does.

    `unseen` are the applications, by id, about which whoever asks declared a conflict of interest. Their messages go out with all others,
    so that everybody hears at once; what they say is shown to other organisers alone.
    """

    outgoing: list[Outgoing] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    undecided: int = 0
    unseen: frozenset[int] = frozenset()

    @property
    def shown(self) -> list[Outgoing]:
        """What goes out, as far as whoever asks may read it."""
        return [one for one in self.outgoing if one.application.pk not in self.unseen]

    @property
    def shown_held(self) -> list[Held]:
        return [one for one in self.held if one.application.pk not in self.unseen]

    def count(self, status: str) -> int:
        return sum(one.status == status for one in self.outgoing)

    def find(self, application_id: int) -> Outgoing | None:
        """What is about to go out about one application, or None: also where whoever asks may not read it."""
        return next((one for one in self.shown if one.application.pk == application_id), None)

    @property
    def fingerprint(self) -> str:
        told = hashlib.sha256()
        for one in self.outgoing:
            rank, cohort = one.application.pending_rank, one.cohort.pk if one.cohort else None
            told.update(f"{one.application.pk}|{one.status}|{rank}|{cohort}|{one.application.applicant.email}|".encode())
            told.update(f"{one.message.text}|{one.message.html}\n".encode())
        return told.hexdigest()


def obstacle_to_publishing(session: Session) -> str | None:
    """Why nothing of `session` can be published now, or None."""
    stage = stage_of(session)
    if stage in (Stage.DECIDING, Stage.UPCOMING, Stage.RUNNING):
        return None
    if stage in (Stage.FINISHED, Stage.ARCHIVED):
        return _("This session is over.")
    return _("Close the review first. Decisions are published when nobody reviews any more.")


def plan_publication(session: Session, *, by, at=None, warned: bool = True) -> Plan:
    """What publishing would do at the moment `at` (now). The number of queries does not depend on the number of decisions.

    A message that cannot be written holds back its person alone. Without `warned` nobody looks for what may be forgotten.
    """
    now = at or timezone.now()
    answer_by = answer_until(session, now)
    waiting = list(
        Application.objects.organised_by(by)
        .filter(session=session)
        .exclude(pending_decision=Decision.NONE)
        .select_related("applicant")
        .prefetch_related("project_preferences")
        .defer("draft")
        .order_by("pending_rank", "pk")
    )
    order = list(PUBLISHED_AS)
    waiting.sort(key=lambda application: order.index(Decision(application.pending_decision)))
    placed = placements(session)
    conflicts = Conflict.objects.filter(reviewer=by, application__session=session)
    plan = Plan(unseen=frozenset(conflicts.values_list("application", flat=True)))
    for application in waiting:
        application.session = session
        placement = placed.get(application.applicant_id)
        reason = _why_held(application, placement, now)
        if reason:
            plan.held.append(Held(application, reason))
            continue
        cohort = placement.cohort if placement and not placement.leads else None
        try:
            message = write_message(application, cohort=cohort, answer_by=answer_by)
        except DatabaseError:
            raise
        # Whatever is wrong with one person's message must not keep all others from theirs.
        except Exception as error:
            logger.exception("The message about application %s cannot be written", application.pk)
            plan.held.append(Held(application, _why_unwritten(error)))
            continue
        plan.outgoing.append(Outgoing(application, PUBLISHED_AS[Decision(application.pending_decision)], cohort, message))
    if warned:
        plan.undecided = (
            Application.objects.decided_by(by)
            .filter(session=session, status=Status.SUBMITTED, pending_decision=Decision.NONE)
            .count()
        )
        plan.warnings = warnings_of(plan, session, answer_by, by=by)
    return plan


def _why_held(application: Application, placement: Membership | None, now) -> str | None:
    decision = Decision(application.pending_decision)
    if decision not in possible_decisions(application):
        return _("The application is “%(status)s” by now.") % {"status": application.get_status_display()}
    against = MOVES[(application.status, PUBLISHED_AS[decision])].obstacle(application, now)
    if against:
        return str(against)
    if placement is not None and placement.leads:
        return _("This person is %(role)s of %(cohort)s by now and gets no message about the application.") % {
            "role": placement.get_role_display().lower(),
            "cohort": placement.cohort,
        }
    return None


def _why_unwritten(error: Exception) -> str:
    said = " ".join(str(error).split())[:200]
    return _("The message cannot be written: %(error)s. Correct the template; the others can go out without it.") % {
        "error": said.rstrip(".") or type(error).__name__
    }
