"""Who goes into which cohort: places are kept for applicants until they answer, and given free again."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .locking import locked_application
from .models import Application, Cohort, Membership, MembershipEvent, Session
from .place_history import note_change

Role = Membership.Role
State = Membership.State
What = MembershipEvent.What

#: Membership states that take one of a cohort's places.
TAKING_A_PLACE = (State.INVITED, State.ACTIVE, State.RESTING)
#: Statuses in which somebody can have a place; others need a pending offer first.
_CAN_HAVE_A_PLACE = (
    Application.Status.SUBMITTED,
    Application.Status.WAITLISTED,
    Application.Status.OFFERED,
    Application.Status.ACCEPTED,
)


class PlacingError(Exception):
    """A place that cannot be given. The text is for the organiser."""


def placement_of(application: Application) -> Membership | None:
    """The place that the applicant has in a cohort of the session, or None."""
    return placements(application.session_id, [application.applicant_id]).get(application.applicant_id)


def placements(session: Session | int, people: Collection[int] | None = None) -> dict[int, Membership]:
    """Where each person of `session` belongs or has a kept place, by the id of the person; of `people` (ids) where these are given.

    That one leads a cohort comes before that one is a member. One query.
    """
    rows = Membership.objects.filter(cohort__session=session).exclude(state=State.LEFT)
    rows = rows if people is None else rows.filter(user__in=people)
    found: dict[int, Membership] = {}
    for membership in rows.select_related("cohort__project").order_by("pk"):
        if membership.user_id not in found or (membership.leads and not found[membership.user_id].leads):
            found[membership.user_id] = membership
    return found


def leading(session: Session | int, people: Collection[int]) -> QuerySet[Membership]:
    """Memberships by which `people` (ids) lead a cohort of `session` now: one person has one part in a session."""
    found = Membership.objects.leading().filter(cohort__session=session, user__in=people)
    return found.select_related("cohort").order_by("pk")


def cohorts_with_taken(session: Session) -> QuerySet[Any]:
    """The cohorts of `session` with their projects, each with `taken`: how many of its members' places are."""
    members = Q(memberships__role=Role.MEMBER, memberships__state__in=TAKING_A_PLACE)
    return session.cohorts.select_related("project").annotate(taken=Count("memberships", filter=members))


def was_not_chosen(application: Application, cohort: Cohort) -> bool:
    """Whether the applicant named projects and left out that of `cohort`: the form promises not to be considered for it.

    A warning and no obstacle: an organiser may have asked the person. Uses `application.project_preferences.all()`.
    """
    chosen = {preference.project_id for preference in application.project_preferences.all()}
    return bool(chosen) and cohort.project_id is not None and cohort.project_id not in chosen


def members_taking_a_place(cohort: Cohort) -> int:
    """How many members a cohort has, kept places included, those who left not."""
    return cohort.memberships.filter(role=Role.MEMBER, state__in=TAKING_A_PLACE).count()


def place(application: Application, cohort: Cohort, *, by, role: str = Role.MEMBER) -> Membership:
    """Give the applicant a place in `cohort`, or move the applicant there from another cohort of the session.

    A member's place is kept (`invited`) until the offer is accepted; navigators and captains belong to the cohort at once.
    Raises `PlacingError` with the reason where `by` does not organise the session, the cohort is full or of another session, the
    decision says otherwise, or the person leads another cohort.
    """
    with transaction.atomic():
        application = _locked(application, by)
        # Two organisers who fill the last place wait for each other here.
        cohort = Cohort.objects.select_for_update(of=("self",)).select_related("session").get(pk=cohort.pk)
        current = placement_of(application)
        _check_place(application, cohort, current, role)
        if role == Role.MEMBER and (current is None or current.cohort_id != cohort.pk):
            _check_size(cohort, members_taking_a_place(cohort) + 1)
        return _move_or_create(application, cohort, current, role, by=by)


def keep_place(application: Application, cohort: Cohort) -> Membership:
    """Keep a place in `cohort` for somebody to whom the site offers one. Inside a transaction that holds the lock of the row."""
    return _move_or_create(application, cohort, placement_of(application), Role.MEMBER, by=None)


def place_all(places: Sequence[tuple[Application, Cohort | None]], *, by) -> None:
    """Give, change or take (None) many members' places at once, so that people can change places with each other.

    Only in the end no cohort may have more members than the session allows. Raises `PlacingError` as `place` and `take_out` do; then
    nothing is written.
    """
    with transaction.atomic():
        locked = [(_locked(application, by), cohort) for application, cohort in sorted(places, key=lambda one: one[0].pk)]
        wanted = {cohort.pk for _application, cohort in places if cohort is not None}
        rows = Cohort.objects.select_for_update(of=("self",)).select_related("session").filter(pk__in=wanted).order_by("pk")
        cohorts = {one.pk: one for one in rows}
        for application, to in locked:
            current = placement_of(application)
            if to is None:
                _end(current, by=by)
            elif to.pk not in cohorts:
                raise PlacingError(_("%(cohort)s was deleted.") % {"cohort": to})
            else:
                _check_place(application, cohorts[to.pk], current, Role.MEMBER)
                _move_or_create(application, cohorts[to.pk], current, Role.MEMBER, by=by)
        for cohort in cohorts.values():
            _check_size(cohort, members_taking_a_place(cohort))


def take_out(application: Application, *, by) -> None:
    """Give the applicant's place free. A place that was only kept goes; somebody who was active is marked as having left.

    Raises `PlacingError` where `by` does not organise the session or there is no place to give free.
    """
    with transaction.atomic():
        application = _locked(application, by)
        _end(placement_of(application), by=by)


def _end(current: Membership | None, *, by) -> None:
    """Give a member's place free. Raises `PlacingError` where there is none, or the person leads the cohort."""
    if current is None:
        raise PlacingError(_("This person has no place in a cohort."))
    if current.role != Role.MEMBER:
        raise PlacingError(
            _("%(person)s leads %(cohort)s: change that on the page of the cohort.")
            % {"person": current.user, "cohort": current.cohort}
        )
    give_free(current, by=by)


def give_free(membership: Membership, *, by) -> None:
    """End a membership: rows of kept places are deleted, others stay with the time of leaving. `by` is None for the site itself."""
    if membership.state == State.INVITED:
        membership.delete()
    else:
        note_change(membership, What.LEFT, by=by)


def take_kept_place(membership: Membership, *, by) -> None:
    """Make a kept place one that is taken: somebody who was in this cohort before is back in it. Inside a transaction only."""
    was_here = membership.events.filter(what=What.LEFT).exists()
    note_change(membership, What.RETURNED if was_here else What.JOINED, by=by)


def start(cohort: Cohort, user, role: str, *, by) -> Membership:
    """A new place that is taken at once, as that of somebody who leads. Inside a transaction; the caller knows that it may be."""
    membership = Membership.objects.create(cohort=cohort, user=user, role=role)
    MembershipEvent.objects.create(membership=membership, what=What.JOINED, actor=by, at=membership.joined_at)
    return membership


def _locked(application: Application, by) -> Application:
    locked = locked_application(application, among=Application.objects.organised_by(by))
    if locked is None:
        raise PlacingError(_("Only the organisers of this session give places, and nobody gives one to themselves."))
    return locked


def _check_place(application: Application, cohort: Cohort, current: Membership | None, role: str) -> None:
    person = application.applicant
    if cohort.session_id != application.session_id:
        raise PlacingError(_("%(cohort)s belongs to another session.") % {"cohort": cohort})
    if current and current.role != Role.MEMBER and (current.cohort_id != cohort.pk or current.role != role):
        raise PlacingError(
            _("%(person)s is %(role)s of %(cohort)s, and one person has one cohort in a session.")
            % {"person": person, "role": current.get_role_display().lower(), "cohort": current.cohort}
        )
    if role != Role.MEMBER:
        return
    decision = application.pending_decision
    if decision in (Application.Decision.WAITLIST, Application.Decision.NOT_SELECTED):
        raise PlacingError(
            _("The pending decision about %(person)s is “%(decision)s”. Change it to an offer first.")
            % {"person": person, "decision": application.get_pending_decision_display()}
        )
    if application.status not in _CAN_HAVE_A_PLACE and decision != Application.Decision.OFFER:
        raise PlacingError(
            _("%(person)s’s application is “%(status)s”. Decide on an offer first.")
            % {"person": person, "status": application.get_status_display()}
        )


def _check_size(cohort: Cohort, members: int) -> None:
    """Raises `PlacingError` where a cohort would have so many `members` and the session allows fewer."""
    if members > cohort.session.cohort_size_max:
        raise PlacingError(
            ngettext(
                "%(cohort)s is full: the session allows %(count)s member and no more.",
                "%(cohort)s is full: the session allows %(count)s members and no more.",
                cohort.session.cohort_size_max,
            )
            % {"cohort": cohort, "count": cohort.session.cohort_size_max}
        )


def _move_or_create(application: Application, cohort: Cohort, current: Membership | None, role: str, *, by) -> Membership:
    if role != Role.MEMBER or application.status == Application.Status.ACCEPTED:
        state = State.ACTIVE
    else:
        state = State.INVITED
    if current is not None and current.cohort_id == cohort.pk and current.role == role:
        return current
    # Somebody who left this cohort comes back to the same row: there is one for each person and cohort.
    earlier = cohort.memberships.filter(user=application.applicant_id).exclude(pk=current.pk if current else None).first()  # type: ignore[misc]
    if current is not None and earlier is None:
        is_taken_now = current.state == State.INVITED and state == State.ACTIVE
        current.cohort, current.role = cohort, role
        current.save(update_fields=["cohort", "role"])
        if is_taken_now:
            take_kept_place(current, by=by)
        return current
    if current is not None:
        give_free(current, by=by)
    if earlier is None:
        if state == State.ACTIVE:
            return start(cohort, application.applicant, role, by=by)
        return Membership.objects.create(cohort=cohort, user=application.applicant, role=role, state=state)
    if state == State.ACTIVE:
        note_change(earlier, What.RETURNED, by=by, role=role)
    else:
        # Kept, not taken: what became of it is told when it is.
        earlier.role, earlier.state, earlier.left_at, earlier.leaving_reason = role, state, None, ""
        earlier.save(update_fields=["role", "state", "left_at", "leaving_reason"])
    return earlier
