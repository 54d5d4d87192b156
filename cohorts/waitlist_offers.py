"""Offering a place to somebody on the waitlist by an organiser: what would go out, whether it can, and doing it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from .decision_messages import DecisionMessage, answer_until, write_message
from .decisions import Outgoing, obstacle_to_publishing
from .locking import lock_applications, locked_session
from .message_templates import TemplateFailed
from .models import Application, ApplicationEvent, Cohort, Membership, Session
from .moves import obstacle
from .placing import cohorts_with_taken, keep_place, placement_of, was_not_chosen
from .publishing import carry_out
from .waitlist import GIVEN_BACK, free_places, next_in_line
from .waitlist_order import close_ranks

Status = Application.Status
Decision = Application.Decision

#: So many moves are told of what was tried.
TRIED_SHOWN = 50


class OfferError(Exception):
    """An offer that cannot be made, or not any more. The text is for the organiser."""


@dataclass
class OfferPlan:
    """What offering a place would do at this moment. `fingerprint` changes whenever any of it does."""

    application: Application
    cohort: Cohort | None
    message: DecisionMessage
    warnings: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        parts = [str(self.application.pk), str(self.cohort and self.cohort.pk), self.message.text]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def next_up(session: Session, *, by) -> tuple[Application, Cohort | None] | None:
    """Who is next by published rank, and the cohort that has room, among those on whom `by` decides; None where nobody is."""
    seen = set(Application.objects.decided_by(by).filter(session=session).values_list("pk", flat=True))
    return next(((application, cohort) for application, cohort in next_in_line(session) if application.pk in seen), None)


def cohorts_with_room(session: Session) -> list[Any]:
    """The session's cohorts, each with `taken`: how many of its places are; full ones left out."""
    return [row for row in cohorts_with_taken(session).order_by("name", "pk") if row.taken < session.cohort_size_max]


def prepared_offers(session: Session, *, by) -> int:
    """How many offers are noted and not published, among those on whom `by` decides: one about `by` must not show."""
    return Application.objects.decided_by(by).filter(session=session, pending_decision=Decision.OFFER).count()


def plan_offer(session: Session, number: int, *, by, cohort: int | None = None, chosen: bool = False) -> OfferPlan:
    """What offering the application with this `number` a place would send. Without `chosen` the site names the cohort.

    Raises `OfferError` where it cannot be offered, in words for an organiser, and `Application.DoesNotExist` where it is not for
    `by` to decide on.
    """
    now = timezone.now()
    application = (
        Application.objects.decided_by(by)
        .select_related("applicant")
        .prefetch_related("project_preferences")
        .defer("draft")
        .get(session=session, pk=number)
    )
    application.session = session
    against = _obstacle(application, by, now)
    if against is not None:
        raise OfferError(against)
    kept = placement_of(application)
    rooms = {row.pk: row for row in cohorts_with_room(session)}
    if kept is not None:
        into: Cohort | None = kept.cohort
    elif not chosen:
        into = next((room for one, room in next_in_line(session) if one.pk == application.pk), None)
        into = into or _best(application, list(rooms.values()))
    elif cohort is None:
        into = None
    elif cohort in rooms:
        into = rooms[cohort]
    else:
        raise OfferError(_("This cohort has no room any more. Choose another one."))
    application.pending_decision = Decision.OFFER
    until = answer_until(session, now)
    try:
        message = write_message(application, cohort=into, answer_by=until)
    except TemplateFailed as error:
        raise OfferError(_("The mail cannot be written: %(error)s") % {"error": error}) from error
    return OfferPlan(application, into, message, _warnings(application, into, until, by))


def _obstacle(application: Application, by, now) -> str | None:
    session = application.session
    if session.published_at is None:
        return _("Publish the decisions first. Until then nobody is on the waitlist.")
    against = obstacle_to_publishing(session)
    if against is not None:
        return against
    if application.status != Status.WAITLISTED:
        return _("%(person)s is not on the waitlist any more: the application is “%(status)s”.") % {
            "person": application.applicant.get_full_name(),
            "status": application.get_status_display(),
        }
    if application.pending_decision == Decision.NOT_SELECTED:
        return _("“Not selected” is noted about this person. Take that back first.")
    if not application.applicant.is_active:
        return _("This person closed the account.")
    belongs = placement_of(application)
    if belongs is not None and belongs.state != Membership.State.INVITED:
        return _("%(person)s is %(role)s of %(cohort)s already.") % {
            "person": application.applicant.get_full_name(),
            "role": belongs.get_role_display().lower(),
            "cohort": belongs.cohort,
        }
    against = obstacle(application, Status.OFFERED, by=by, now=now)
    return None if against is None else str(against)


def _best(application: Application, rooms: Sequence[Any]) -> Cohort | None:
    fitting = [room for room in rooms if not was_not_chosen(application, room)]
    return min(fitting, key=lambda room: (room.taken, room.pk), default=None)


def _warnings(application: Application, cohort: Cohort | None, until, by) -> list[str]:
    session, found = application.session, []
    if application.eligibility != Application.Eligibility.ELIGIBLE:
        found.append(_("This person is not marked as eligible."))
    if cohort is None:
        found.append(_("No cohort is named: the mail says that the person hears of it later."))
    elif was_not_chosen(application, cohort):
        found.append(_("This person named projects and left out that of the cohort. Ask before you offer this place."))
    if until > session.begins_at:
        found.append(_("The person may answer until after the session has begun."))
    if free_places(session)[0] <= prepared_offers(session, by=by):
        found.append(_("No place has come back that is not offered already: this is one more."))
    return found


def offer_place(session: Session, number: int, *, by, expected: str, cohort: int | None, chosen: bool = True) -> Application:
    """Offer the place as publishing does: status, message, and the place kept until the answer; then the ranks close up.

    `expected` is the fingerprint of the plan that the organiser read. Twice comes to the same as once: the second finds the person
    no longer on the waitlist. Raises `OfferError` and `Application.DoesNotExist` as `plan_offer` does, and where the plan changed.
    """
    with transaction.atomic():
        # Locked as publishing locks them: neither offers what the other one is about to offer.
        locked = locked_session(session, by=by)
        if locked is None:
            raise OfferError(_("Only the organisers of this session offer places."))
        lock_applications(locked)
        plan = plan_offer(locked, number, by=by, cohort=cohort, chosen=chosen)
        if plan.fingerprint != expected:
            raise OfferError(_("Something has changed since you looked. Nothing was sent: read it again."))
        outgoing = Outgoing(plan.application, Status.OFFERED, plan.cohort, plan.message)
        note = _("Offered from the waitlist")
        carry_out([outgoing], locked, by=by, now=timezone.now(), note=note)
        if plan.cohort is not None:
            keep_place(plan.application, plan.cohort)
        close_ranks(locked)
    return plan.application


def switch_offering(session: Session, on: bool, *, by) -> None:
    """Leave free places to the site, or take them back to the organisers. Raises `OfferError` for anybody but an organiser."""
    organised = Session.objects.organised_by(by).filter(pk=session.pk)
    if not Session.objects.filter(pk__in=organised.values("pk")).update(offers_free_places=on, updated_at=timezone.now()):
        raise OfferError(_("Only the organisers of this session decide who offers its places."))
    session.offers_free_places = on


def tried(session: Session, *, by) -> list[ApplicationEvent]:
    """What was tried with places that came free, the latest first: offers from the waitlist, and places that came back."""
    moved = Q(from_status=Status.WAITLISTED)
    for from_status, to_status in GIVEN_BACK:
        moved |= Q(from_status=from_status, to_status=to_status)
    seen = Application.objects.decided_by(by).filter(session=session)
    events = ApplicationEvent.objects.filter(moved, application__in=seen).select_related("application__applicant", "actor")
    return list(events.order_by("-at", "-pk")[:TRIED_SHOWN])
