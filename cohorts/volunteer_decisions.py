"""What organisers answer to people who offer to help, and what comes of it: reviewing, a place in a cohort, organising."""

import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from . import volunteer_mail
from .locking import locked_session
from .models import Application, Cohort, Membership, MembershipEvent, Session, SessionRole, Volunteer
from .place_history import note_change
from .placing import leading, placements, start
from .stages import Stage, stage_of
from .volunteers import VolunteerError, applied_too, end_reviewing, part_of

Role, State = Volunteer.Role, Volunteer.State

#: Which answers can follow which state: an answer can be changed as long as nothing has come of it.
MOVES = {
    State.ACCEPTED: (State.SUBMITTED, State.DECLINED),
    State.DECLINED: (State.SUBMITTED, State.ACCEPTED),
}
LONGEST_NOTE = 2000


def accept(volunteer: Volunteer, *, by, note: str = "", reviews: bool = True, now: datetime.datetime | None = None) -> None:
    """Say yes, by mail with `note`. An accepted navigator with `reviews` may score applications from then on.

    Whoever applied to take part as well does not review what competes with their own application, whatever `reviews` says. An accepted
    organiser gets no rights by this: see `make_organiser`. Raises `VolunteerError`.
    """
    with transaction.atomic():
        locked = _decide(volunteer, State.ACCEPTED, by, note, now)
        if locked.role == Role.NAVIGATOR and reviews and applied_too(locked.session, locked.user) is None:
            _role, made = SessionRole.objects.get_or_create(
                session=locked.session, user=locked.user, role=SessionRole.Role.REVIEWER
            )
            if made:
                locked.values["reviews"] = True
        locked.save()
        volunteer_mail.tell_decided(locked)
    volunteer.refresh_from_db()


def decline(volunteer: Volunteer, *, by, note: str = "", now: datetime.datetime | None = None) -> None:
    """Say “not this time”, by mail with `note`. Raises `VolunteerError`, also where the person leads or organises by now."""
    with transaction.atomic():
        locked = _decide(volunteer, State.DECLINED, by, note, now)
        end_reviewing(locked)
        locked.save()
        volunteer_mail.tell_decided(locked)
    volunteer.refresh_from_db()


def _decide(volunteer: Volunteer, to: str, by, note: str, now: datetime.datetime | None) -> Volunteer:
    """The row under a lock with its new state, not saved yet."""
    locked = _locked(volunteer, by)
    if locked.state not in MOVES[State(to)]:
        raise VolunteerError(
            _("That was changed meanwhile: “%(state)s”. Look at it again.") % {"state": locked.get_state_display()}
        )
    if stage_of(locked.session, now) == Stage.ARCHIVED:
        raise VolunteerError(_("This session is archived: nothing is decided any more."))
    if to == State.DECLINED and (part := part_of(locked)):
        raise VolunteerError(_("This person has a part already: %(part)s. Change that first.") % {"part": part})
    locked.state, locked.note = to, note.replace("\x00", "").strip()[:LONGEST_NOTE]
    locked.decided_by, locked.decided_at = by, now or timezone.now()
    return locked


def _locked(volunteer: Volunteer, by) -> Volunteer:
    if locked_session(volunteer.session, by=by) is None:
        raise VolunteerError(_("Only the organisers of this session can do that."))
    rows = Volunteer.objects.select_for_update(of=("self",)).select_related("session", "user")
    locked = rows.filter(pk=volunteer.pk, user__isnull=False).first()
    if locked is None:
        raise VolunteerError(_("This offer is gone."))
    if locked.user_id == by.pk:
        raise VolunteerError(_("Nobody decides on their own offer: ask another organiser."))
    return locked


def make_organiser(volunteer: Volunteer, *, by) -> SessionRole:
    """Make an accepted volunteer an organiser of the session, with all that this opens. Raises `VolunteerError`."""
    with transaction.atomic():
        locked = _locked(volunteer, by)
        if locked.role != Role.ORGANISER or locked.state != State.ACCEPTED:
            raise VolunteerError(_("Accept the offer to organise first."))
        if _undecided_elsewhere(locked, by):
            raise VolunteerError(_("This person applied, and another organiser decides about them: ask that one."))
        role, _made = SessionRole.objects.get_or_create(session=locked.session, user=locked.user, role=SessionRole.Role.ORGANISER)
    return role


def give_place(volunteer: Volunteer, cohort: Cohort, *, by) -> Membership:
    """Have an accepted navigator or captain lead `cohort`. Raises `VolunteerError` where one person would have two parts."""
    with transaction.atomic():
        locked = _locked(volunteer, by)
        if locked.role not in (Role.NAVIGATOR, Role.CAPTAIN) or locked.state != State.ACCEPTED:
            raise VolunteerError(_("Accept the offer first."))
        if _undecided_elsewhere(locked, by):
            # Any other answer, such as that a place is kept for them, would tell of a decision.
            raise VolunteerError(_("This person applied, and another organiser decides about them: ask that one."))
        target = Cohort.objects.select_for_update(of=("self",)).filter(pk=cohort.pk, session=locked.session_id).first()
        if target is None:
            raise VolunteerError(_("This session has no such cohort."))
        current = next(iter(placements(locked.session_id, [one for one in [locked.user_id] if one]).values()), None)
        if current is not None:
            raise VolunteerError(
                _("%(person)s is %(role)s of %(cohort)s, and one person has one cohort in a session.")
                % {"person": current.user, "role": current.get_role_display().lower(), "cohort": current.cohort}
            )
        if locked.session.archived_at is not None:
            raise VolunteerError(_("This session is archived: its places stay as they are."))
        earlier = Membership.objects.select_for_update(of=("self",)).filter(cohort=target, user=locked.user).first()
        if earlier is None:
            return start(target, locked.user, locked.role, by=by)
        if earlier.role == Membership.Role.MEMBER:
            raise VolunteerError(_("%(person)s was a member of this cohort: their weeks stay theirs.") % {"person": locked.user})
        # Whoever left it comes back to the same row.
        note_change(earlier, MembershipEvent.What.RETURNED, by=by, role=locked.role)
    return earlier


def _undecided_elsewhere(volunteer: Volunteer, by) -> bool:
    """Whether the person waits for a decision on an application that `by` does not make."""
    waits = Application.objects.filter(
        session=volunteer.session_id, applicant=volunteer.user_id, status__in=Application.UNDER_REVIEW
    )
    return waits.exclude(pk__in=Application.objects.decided_by(by).values("pk")).exists()


def without_a_place(session: Session) -> list[Volunteer]:
    """Accepted navigators and captains who lead no cohort of `session` yet, by role and name. Two queries."""
    rows = Volunteer.objects.accepted().filter(session=session, role__in=[Role.NAVIGATOR, Role.CAPTAIN])
    found = list(rows.select_related("user").prefetch_related("projects").order_by("role", "user__name", "pk"))
    placed = set(leading(session, [one.user_id for one in found if one.user_id]).values_list("user_id", flat=True))
    found = [one for one in found if one.user_id not in placed]
    return sorted(found, key=lambda one: list(Role).index(Role(one.role)))
