"""What an organiser may want to change before publishing, and whom it is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.bounces import troubled_addresses

from .models import Application, Cohort, Session
from .placing import TAKING_A_PLACE, was_not_chosen

if TYPE_CHECKING:
    from .decisions import Outgoing, Plan

Status = Application.Status


@dataclass(frozen=True)
class Warned:
    """Something that an organiser may want to change before publishing.

    `names` say whom it is about; `applications` are those of them whose messages are about to go out, by id; `code` is for addresses.
    """

    code: str
    text: str
    names: tuple[str, ...] = ()
    applications: frozenset[int] = frozenset()


def warnings_of(plan: "Plan", session: Session, answer_by, *, by) -> list[Warned]:
    """All of them, in the order in which they matter. The number of queries does not depend on the number of people."""
    offers = [one for one in plan.shown if one.status == Status.OFFERED]
    found = [*_of_people(plan, offers), *_of_cohorts(session, plan, by)]
    if offers and answer_by > session.begins_at:
        found.append(Warned("late", _("People may answer their offer until after the session has begun.")))
    if plan.undecided:
        text = ngettext(
            "%(count)s application has no decision yet and hears nothing now.",
            "%(count)s applications have no decision yet and hear nothing now.",
            plan.undecided,
        )
        found.append(Warned("undecided", text % {"count": plan.undecided}))
    return found


def _of_people(plan: "Plan", offers: "list[Outgoing]") -> list[Warned]:
    troubled = troubled_addresses(one.application.applicant.email for one in plan.shown)
    checks: list[tuple[str, str, list[Outgoing]]] = [
        (
            "address",
            _("Mail to their address did not arrive before"),
            [one for one in plan.shown if one.application.applicant.email.lower() in troubled],
        ),
        (
            "closed",
            _("Their account is closed: they get no mail and cannot answer"),
            [one for one in plan.shown if not one.application.applicant.is_active],
        ),
        ("no-cohort", _("Offered a place, but in no cohort yet"), [one for one in offers if one.cohort is None]),
        (
            "not-eligible",
            _("Offered a place, but not marked as eligible"),
            [one for one in offers if one.application.eligibility != Application.Eligibility.ELIGIBLE],
        ),
    ]
    found = [
        Warned(code, text, tuple(str(one.application.applicant) for one in those), frozenset(one.application.pk for one in those))
        for code, text, those in checks
        if those
    ]
    unasked = [one for one in offers if one.cohort is not None and was_not_chosen(one.application, one.cohort)]
    if unasked:
        names = tuple(f"{one.application.applicant} ({one.cohort})" for one in unasked)
        text = _("Offered a place in a cohort whose project they did not choose")
        found.append(Warned("not-chosen", text, names, frozenset(one.application.pk for one in unasked)))
    return found


def _of_cohorts(session: Session, plan: "Plan", by) -> list[Warned]:
    offered = {one.application.applicant_id for one in plan.outgoing if one.status == Status.OFFERED}
    without_navigator: list[Cohort] = []
    too_small, too_large, without_offer = [], [], []
    for cohort in session.cohorts.prefetch_related("memberships__user"):
        # Whoever publishes and applied as well learns nothing of a place that is kept for the own application.
        rows = [
            row
            for row in cohort.memberships.all()
            if row.state in TAKING_A_PLACE and (row.state, row.user_id) != ("invited", by.pk)
        ]
        members = [row for row in rows if row.role == "member"]
        if not any(row.role == "navigator" for row in rows):
            without_navigator.append(cohort)
        if len(members) < session.cohort_size_min:
            too_small.append(f"{cohort} ({len(members)})")
        if len(members) > session.cohort_size_max:
            too_large.append(f"{cohort} ({len(members)})")
        without_offer += [row.user_id for row in members if row.state == "invited" and row.user_id not in offered]
    unoffered = Application.objects.decided_by(by).filter(session=session, applicant__in=without_offer, status=Status.SUBMITTED)
    checks: list[tuple[str, str, Iterable]] = [
        ("no-navigator", _("Cohorts without a navigator"), without_navigator),
        ("small", _("Cohorts with fewer than %(count)s members") % {"count": session.cohort_size_min}, too_small),
        ("large", _("Cohorts with more than %(count)s members") % {"count": session.cohort_size_max}, too_large),
        (
            "no-offer",
            _("A place is kept for them, but no offer is pending"),
            [one.applicant for one in unoffered.select_related("applicant")],
        ),
    ]
    return [Warned(code, text, names) for code, text, those in checks if (names := tuple(str(one) for one in those))]
