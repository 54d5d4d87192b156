"""Publishing: it turns pending decisions into statuses and messages at once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.messages import queue_message

from .decision_messages import DecisionMessage, answer_until, write_message
from .models import Application, ApplicationEvent, Cohort, Membership, Session
from .moves import MOVES, move
from .pending import PUBLISHED_AS, possible_decisions
from .placing import TAKING_A_PLACE, was_not_chosen
from .stages import Stage, stage_of

Decision = Application.Decision
Status = Application.Status


class PublishError(Exception):
    """Publishing that cannot be done, or not any more. The text is for the organiser."""


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


@dataclass(frozen=True)
class Warned:
    """Something that an organiser may want to change before publishing, and whom it is about."""

    text: str
    names: Sequence[str] = ()


@dataclass
class Plan:
    """What publishing would do at this moment. `fingerprint` changes whenever any of it does."""

    outgoing: list[Outgoing] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    undecided: int = 0

    def count(self, status: str) -> int:
        return sum(one.status == status for one in self.outgoing)

    @property
    def fingerprint(self) -> str:
        parts = [f"{one.application.pk}|{one.status}|{one.application.pending_rank}|{one.message.text}" for one in self.outgoing]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def obstacle_to_publishing(session: Session) -> str | None:
    """Why nothing of `session` can be published now, or None."""
    stage = stage_of(session)
    if stage in (Stage.DECIDING, Stage.UPCOMING, Stage.RUNNING):
        return None
    if stage in (Stage.FINISHED, Stage.ARCHIVED):
        return _("This session is over.")
    return _("Close the review first. Decisions are published when nobody reviews any more.")


def plan_publication(session: Session, *, by) -> Plan:
    """What `publish` would do now, for the page that asks. The number of queries does not depend on the number of decisions."""
    now = timezone.now()
    answer_by = answer_until(session, now)
    waiting = list(
        Application.objects.organised_by(by)
        .filter(session=session)
        .exclude(pending_decision=Decision.NONE)
        .select_related("applicant")
        .prefetch_related("project_preferences")
        .order_by("pending_rank", "pk")
    )
    order = list(PUBLISHED_AS)
    waiting.sort(key=lambda application: order.index(Decision(application.pending_decision)))
    placements = {}
    for membership in (
        Membership.objects.filter(cohort__session=session).exclude(state="left").select_related("cohort__project").order_by("pk")
    ):
        if membership.user_id not in placements or membership.leads:
            placements[membership.user_id] = membership
    plan = Plan()
    for application in waiting:
        application.session = session
        placement = placements.get(application.applicant_id)
        reason = _why_held(application, placement, now)
        if reason:
            plan.held.append(Held(application, reason))
            continue
        cohort = placement.cohort if placement and not placement.leads else None
        message = write_message(application, cohort=cohort, answer_by=answer_by)
        status = PUBLISHED_AS[Decision(application.pending_decision)]
        plan.outgoing.append(Outgoing(application, status, cohort, message))
    plan.undecided = (
        Application.objects.organised_by(by)
        .filter(session=session, status__in=Application.UNDER_REVIEW, pending_decision=Decision.NONE)
        .exclude(status=Status.WAITLISTED)
        .count()
    )
    plan.warnings = _warnings(session, plan, answer_by, by)
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


def _warnings(session: Session, plan: Plan, answer_by, by) -> list[Warned]:
    offers = [one for one in plan.outgoing if one.status == Status.OFFERED]
    found = []

    def warn(text: str, names) -> None:
        if names:
            found.append(Warned(text, [str(name) for name in names]))

    warn(_("Offered a place, but in no cohort yet"), [o.application.applicant for o in offers if o.cohort is None])
    unasked = [
        f"{one.application.applicant} ({one.cohort})"
        for one in offers
        if one.cohort is not None and was_not_chosen(one.application, one.cohort)
    ]
    warn(_("Offered a place in a cohort whose project they did not choose"), unasked)
    doubtful = [o.application.applicant for o in offers if o.application.eligibility != Application.Eligibility.ELIGIBLE]
    warn(_("Offered a place, but not marked as eligible"), doubtful)
    offered = {one.application.applicant_id for one in offers}
    without_navigator, too_small, too_large, without_offer = [], [], [], []
    for cohort in session.cohorts.prefetch_related("memberships__user"):
        rows = [row for row in cohort.memberships.all() if row.state in TAKING_A_PLACE]
        members = [row for row in rows if row.role == "member"]
        if not any(row.role == "navigator" for row in rows):
            without_navigator.append(cohort)
        if len(members) < session.cohort_size_min:
            too_small.append(f"{cohort} ({len(members)})")
        if len(members) > session.cohort_size_max:
            too_large.append(f"{cohort} ({len(members)})")
        # Whoever publishes and applied as well learns nothing of the own application.
        known = offered | {by.pk}
        without_offer += [row.user_id for row in members if row.state == "invited" and row.user_id not in known]
    warn(_("Cohorts without a navigator"), without_navigator)
    warn(_("Cohorts with fewer than %(count)s members") % {"count": session.cohort_size_min}, too_small)
    warn(_("Cohorts with more than %(count)s members") % {"count": session.cohort_size_max}, too_large)
    unoffered = Application.objects.filter(session=session, applicant__in=without_offer, status=Status.SUBMITTED)
    warn(
        _("A place is kept for them, but no offer is pending"),
        [one.applicant for one in unoffered.select_related("applicant")],
    )
    if offers and answer_by > session.begins_at:
        found.append(Warned(_("People may answer their offer until after the session has begun.")))
    if plan.undecided:
        found.append(
            Warned(
                ngettext(
                    "%(count)s application has no decision yet and hears nothing now.",
                    "%(count)s applications have no decision yet and hear nothing now.",
                    plan.undecided,
                )
                % {"count": plan.undecided}
            )
        )
    return found


def publish(session: Session, *, by, expected: str | None = None) -> Plan:
    """Turn all pending decisions that can be published into statuses, and queue a message for each, in one transaction.

    The first time it stamps the session as published; later it publishes what is new. Two organisers at once: the second waits,
    and then finds nothing left. `expected` is the fingerprint of the plan that the person agreed to. Returns what was published.

    Raises `PublishError` where `by` does not organise the session, the stage forbids it, nothing is left to publish, or the plan
    differs from the expected one. Then nothing is written and nobody is told anything.
    """
    with transaction.atomic():
        organised = Session.objects.organised_by(by).filter(pk=session.pk)
        locked = Session.objects.select_for_update().filter(pk__in=organised.values("pk")).first()
        if locked is None:
            raise PublishError(_("Only the organisers of this session publish its decisions."))
        against = obstacle_to_publishing(locked)
        if against:
            raise PublishError(against)
        # From here on no decision and no place changes under our hands: both lock the application first.
        list(Application.objects.select_for_update().filter(session=locked).order_by("pk").values_list("pk"))
        plan = plan_publication(locked, by=by)
        if not plan.outgoing and locked.published_at is not None:
            raise PublishError(_("Nothing is left to publish. Another organiser may have published a moment ago."))
        if expected is not None and expected != plan.fingerprint:
            raise PublishError(_("The decisions have changed since you looked. Nothing was published: read the page again."))
        now = timezone.now()
        for one in plan.outgoing:
            carry_out(one, locked, by=by, now=now, note=_("Published"))
        if locked.published_at is None:
            locked.published_at = now
            locked.save(update_fields=["published_at", "updated_at"])
    session.refresh_from_db(fields=["published_at", "updated_at"])
    return plan


def carry_out(one: Outgoing, session: Session, *, by, now, note: str) -> None:
    """Turn one decision into its status and its message. Inside a transaction that holds the locks of the session and the row."""
    application, status = one.application, one.status
    changes: dict[str, Any] = {"pending_decision": Decision.NONE, "pending_rank": None, "answer_by": None, "waitlist_rank": None}
    if status == Status.OFFERED:
        changes["answer_by"] = answer_until(session, now)
    if status == Status.WAITLISTED:
        changes["waitlist_rank"] = application.pending_rank
    move(application, status, by=by, note=note, changes=changes)
    # Somebody may be offered a place twice (declined, then asked again): each time is a round of its own, and told once.
    told = ApplicationEvent.objects.filter(application=application, to_status=status).count()
    queue_message(
        application.applicant,
        kind=one.message.kind,
        about=application,
        subject=one.message.subject,
        body=one.message.body,
        round=told,
    )
