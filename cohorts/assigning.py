"""Asking people to review: what `cohorts.assignment` proposes for a session, shown first and then written as it was shown."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User

from .assignment import Pair, Proposal, Shortfall, Wanted, propose
from .locking import lock_applications, locked_session
from .models import (
    Application,
    Conflict,
    Membership,
    Review,
    ReviewAssignment,
    ReviewCapacity,
    Session,
    SessionRole,
    access,
)
from .stages import Stage, stage_of


class AssigningError(Exception):
    """Assignments that cannot be made, or not any more. The text is for the organiser."""


@dataclass(frozen=True)
class Wish:
    """What an organiser asks for. `limits`: ids of reviewers → the most reviews; None, or nobody of that id: an even share."""

    each: int
    limits: Mapping[int, int | None] = field(default_factory=dict)
    #: Take back what nobody has begun, where that makes the loads more even or keeps a limit.
    redistribute: bool = False


@dataclass
class Reviewer:
    """Somebody who may review in the session, with the present load; after planning also with what would change."""

    person: User
    roles: list[str] = field(default_factory=list)
    handed_in: int = 0
    #: Assigned, not handed in, and still theirs to review.
    waiting: int = 0
    most: int | None = None
    added: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    after: int = 0

    @property
    def load(self) -> int:
        return self.handed_in + self.waiting


@dataclass(frozen=True)
class Unfilled:
    """Applications (numbers) that lack as many reviewers for the same reason."""

    numbers: Sequence[int]
    missing: int
    why: str

    @property
    def text(self) -> str:
        if len(self.numbers) == 1:
            words = ngettext(
                "Application %(number)s lacks %(missing)s reviewer: %(why)s.",
                "Application %(number)s lacks %(missing)s reviewers: %(why)s.",
                self.missing,
            )
            return words % {"number": self.numbers[0], "missing": self.missing, "why": self.why}
        words = ngettext(
            "%(count)s applications lack %(missing)s reviewer each: %(why)s.",
            "%(count)s applications lack %(missing)s reviewers each: %(why)s.",
            self.missing,
        )
        return words % {"count": len(self.numbers), "missing": self.missing, "why": self.why}


@dataclass
class Facts:
    """How the assignments of a session stand, as one organiser may know it: nothing of the own application."""

    session: Session
    reviewers: list[Reviewer]
    applications: list[int]
    handed_in: set[Pair]
    begun: set[Pair]
    assigned: dict[Pair, int]
    conflicts: set[Pair]
    own: set[Pair]

    @property
    def counts(self) -> dict[str, int]:
        """Applications under review, and how many of their reviews are handed in and are waited for."""
        here = set(self.applications)
        return {
            "applications": len(here),
            "handed_in": sum(application in here for application, _reviewer in self.handed_in),
            "waiting": sum(one.waiting for one in self.reviewers),
        }


@dataclass
class Plan:
    """What `assign` would do at this moment. `fingerprint` changes whenever any of it does, or what stays unfilled."""

    facts: Facts
    wish: Wish
    proposal: Proposal
    unfilled: list[Unfilled]

    @property
    def reviewers(self) -> list[Reviewer]:
        return self.facts.reviewers

    @property
    def removed_of_others(self) -> int:
        """How many of those taken back belong to people who no longer review here."""
        return len(self.proposal.removed) - sum(len(one.removed) for one in self.reviewers)

    @property
    def limits(self) -> dict[int, int | None]:
        return {one.person.pk: self.wish.limits.get(one.person.pk) for one in self.facts.reviewers}

    @property
    def changes_settings(self) -> bool:
        """Whether the limits or the number of reviews differ from those that are stored."""
        stored = {one.person.pk: one.most for one in self.facts.reviewers}
        return self.limits != stored or self.wish.each != self.facts.session.reviews_each

    @property
    def changes_anything(self) -> bool:
        return bool(self.proposal.added or self.proposal.removed or self.changes_settings)

    @property
    def fingerprint(self) -> str:
        proposal = self.proposal
        short = [(one.application, one.missing) for one in proposal.unfilled]
        limits = sorted((pk, -1 if most is None else most) for pk, most in self.limits.items())
        parts = [self.wish.each, self.wish.redistribute, limits, proposal.added, proposal.removed, short]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def obstacle_to_assigning(session: Session) -> str | None:
    """Why nobody is asked to review now, or None: from the close of applications to that of the review, also between phases."""
    stage = stage_of(session)
    if stage == Stage.REVIEWING:
        return None
    if stage in (Stage.DRAFT, Stage.ANNOUNCED, Stage.OPEN):
        return _("Review of this session begins when applications close.")
    return _("The review of this session is closed.")


def look_at_assignments(session: Session, *, by) -> Facts:
    """How things stand now, for an organiser of `session` (the caller has checked that `by` is one). Seven queries."""
    people = reviewers_of(session)
    others = Application.objects.filter(session=session).exclude(applicant=by)
    under_review = dict(others.worth_a_review().order_by("pk").values_list("pk", "applicant_id"))
    handed_in: set[Pair] = set()
    begun: set[Pair] = set()
    reviews = Review.objects.filter(application__in=others.values("pk")).order_by()
    for application, reviewer, at in reviews.values_list("application_id", "reviewer_id", "handed_in_at"):
        (begun if at is None else handed_in).add((application, reviewer))
    here = {"application__session": session, "application__status__in": Application.UNDER_REVIEW}
    # What is not eligible waits for nobody, as long as it is not.
    assignments = (
        ReviewAssignment.objects.filter(**here)
        .exclude(application__applicant=by)
        .exclude(application__eligibility=Application.Eligibility.NOT_ELIGIBLE)
        .order_by()
    )
    assigned = {
        (application, reviewer): pk
        for application, reviewer, pk in assignments.values_list("application_id", "reviewer_id", "pk")
    }
    conflicts = set(Conflict.objects.filter(**here).order_by().values_list("application_id", "reviewer_id"))
    facts = Facts(
        session=session,
        reviewers=people,
        applications=list(under_review),
        handed_in=handed_in - conflicts,
        begun=begun,
        assigned=assigned,
        conflicts=conflicts,
        own={pair for pair in under_review.items() if pair[1] in {one.person.pk for one in people}},
    )
    written = Counter(reviewer for _application, reviewer in facts.handed_in)
    waiting = Counter(pair[1] for pair in facts.assigned.keys() - facts.handed_in - facts.conflicts - facts.own)
    for one in people:
        one.handed_in, one.waiting = written[one.person.pk], waiting[one.person.pk]
    return facts


def reviewers_of(session: Session) -> list[Reviewer]:
    """Everybody who may review in `session`, by name: organisers and reviewers by their role, navigators by their cohort."""
    found: dict[int, Reviewer] = {}

    def note(person: User, role: str) -> None:
        roles = found.setdefault(person.pk, Reviewer(person)).roles
        if role not in roles:
            roles.append(role)

    roles = SessionRole.objects.filter(session=session, role__in=access.REVIEWING, user__is_active=True)
    for row in roles.select_related("user").order_by("role", "pk"):
        note(row.user, row.get_role_display())
    navigators = Membership.objects.filter(
        cohort__session=session, role=Membership.Role.NAVIGATOR, user__is_active=True
    ).present()
    for membership in navigators.select_related("user").order_by("pk"):
        note(membership.user, membership.get_role_display())
    for capacity in ReviewCapacity.objects.filter(session=session, reviewer__in=found):
        found[capacity.reviewer_id].most = capacity.most
    return sorted(found.values(), key=lambda one: (one.person.get_full_name().casefold(), one.person.pk))


def plan_assignment(session: Session, wish: Wish, *, by) -> Plan:
    """What `assign` would do now, for the page that asks. The number of queries does not depend on the number of rows."""
    facts = look_at_assignments(session, by=by)
    proposal = propose(
        Wanted(
            each=wish.each,
            applications=facts.applications,
            reviewers={one.person.pk: wish.limits.get(one.person.pk) for one in facts.reviewers},
            handed_in=facts.handed_in,
            begun=facts.begun,
            assigned=facts.assigned.keys(),
            conflicts=facts.conflicts,
            own=facts.own,
            redistribute=wish.redistribute,
        )
    )
    rows = {one.person.pk: one for one in facts.reviewers}
    for reviewer, one in rows.items():
        one.after = proposal.after[reviewer]
    for application, reviewer in proposal.added:
        rows[reviewer].added.append(application)
    for application, reviewer in proposal.removed:
        # Somebody who has lost the part has no row of their own any more.
        if reviewer in rows:
            rows[reviewer].removed.append(application)
    return Plan(facts, wish, proposal, explain(proposal.unfilled))


def explain(shortfalls: Sequence[Shortfall]) -> list[Unfilled]:
    """In words why applications lack reviewers; those with the same reason together, the greatest need first."""
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    for one in shortfalls:
        groups[one.missing, _why(one)].append(one.application)
    found = [Unfilled(numbers, missing, why) for (missing, why), numbers in groups.items()]
    return sorted(found, key=lambda one: (-one.missing, one.numbers[0]))


def _why(one: Shortfall) -> str:
    if not one.others:
        return _("nobody else reviews in this session")
    if one.conflicts == one.others:
        return _("all others have a conflict of interest")
    if one.full == one.others:
        return _("all others have as many as they can take")
    parts = []
    if one.conflicts:
        parts.append(
            ngettext("%(count)s person has a conflict of interest", "%(count)s people have a conflict of interest", one.conflicts)
            % {"count": one.conflicts}
        )
    if one.own:
        parts.append(_("one person wrote it"))
    if one.full:
        parts.append(
            ngettext("%(count)s person has as many as they can take", "%(count)s people have as many as they can take", one.full)
            % {"count": one.full}
        )
    return ", ".join(parts)


def assign(session: Session, wish: Wish, *, by, expected: str) -> Plan:
    """Write what the plan with the fingerprint `expected` said, with its limits, in one transaction; returns what was done.

    Reviews and conflicts wait meanwhile: nothing that is begun is taken from anybody. Raises `AssigningError` where `by` does not
    organise the session, it is not in review, or the plan is a different one by now. Then nothing is written.
    """
    with transaction.atomic():
        locked = locked_session(session, by=by)
        if locked is None:
            raise AssigningError(_("Only the organisers of this session assign reviews."))
        against = obstacle_to_assigning(locked)
        if against:
            raise AssigningError(against)
        # Whoever saves a review or declares a conflict locks the application first.
        lock_applications(locked)
        plan = plan_assignment(locked, wish, by=by)
        if plan.fingerprint != expected:
            raise AssigningError(
                _("Something has changed since you looked at the plan. Nothing was assigned. Below is the plan as it is now.")
            )
        ReviewAssignment.objects.filter(pk__in=[plan.facts.assigned[pair] for pair in plan.proposal.removed]).delete()
        rows = [
            ReviewAssignment(application_id=application, reviewer_id=reviewer) for application, reviewer in plan.proposal.added
        ]
        # Somebody may have been assigned by hand a moment ago: that comes to the same.
        ReviewAssignment.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
        _store_settings(locked, plan)
    session.refresh_from_db(fields=["reviews_each", "updated_at"])
    return plan


def _store_settings(session: Session, plan: Plan) -> None:
    if session.reviews_each != plan.wish.each:
        session.reviews_each = plan.wish.each
        session.save(update_fields=["reviews_each", "updated_at"])
    limits = plan.limits
    ReviewCapacity.objects.filter(session=session, reviewer__in=[pk for pk, most in limits.items() if most is None]).delete()
    ReviewCapacity.objects.bulk_create(
        [ReviewCapacity(session=session, reviewer_id=pk, most=most) for pk, most in limits.items() if most is not None],
        update_conflicts=True,
        unique_fields=["session", "reviewer"],
        update_fields=["most"],
    )
