"""Offering to help in a session: the form of each role, what is typed into it, handing it in and taking it back.

The machinery of applications reads and judges the answers (`entries`, `questions`). Invitations stand in `volunteer_invitations`, what
organisers decide in `volunteer_decisions`. Unlike an application, an offer says nothing to reviewers: organisers alone read it.
"""

import dataclasses
import datetime
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from . import volunteer_mail
from .entries import Entry, check_entry
from .models import Answer, Application, Membership, Question, Session, SessionRole, Volunteer
from .questions import asked_questions, form_questions, parse_answer
from .stages import Stage, stage_of

Role, State = Volunteer.Role, Volunteer.State

#: The switch of a session for each role.
SWITCHES = {Role.NAVIGATOR: "takes_navigators", Role.CAPTAIN: "takes_captains", Role.ORGANISER: "takes_organisers"}
#: Roles in which a project matters.
WITH_PROJECTS = (Role.NAVIGATOR,)
#: States in which the person may go on writing.
WRITABLE = (State.INVITED, State.DRAFT, State.SUBMITTED, State.WITHDRAWN)
#: The key under which `values` hold what was typed and not handed in yet.
DRAFT = "draft"


class VolunteerError(Exception):
    """Something that cannot be done with an offer to help. The text is for the person who tried."""


class VolunteerStale(Exception):
    """Another tab saved meanwhile. `volunteer` holds what was saved there."""

    def __init__(self, volunteer: Volunteer):
        super().__init__(_("This form was changed in another tab or on another device."))
        self.volunteer = volunteer


# --- when


def takes_offers(session: Session, now: datetime.datetime | None = None) -> bool:
    """Whether it is the time in which people offer to help: from the announcement until the session begins."""
    now = now or timezone.now()
    return stage_of(session, now) not in (Stage.DRAFT, Stage.ARCHIVED) and now < session.begins_at


def open_roles(session: Session, now: datetime.datetime | None = None) -> list[Volunteer.Role]:
    """The roles in which anybody may offer to help now."""
    return [role for role, switch in SWITCHES.items() if getattr(session, switch)] if takes_offers(session, now) else []


def obstacle_to_writing(
    session: Session, role: str, volunteer: Volunteer | None, *, by, now: datetime.datetime | None = None
) -> str | None:
    """Why `by` cannot write on this offer now, in words for that person; None where nothing stands against it.

    Whoever was invited, or has begun, may write when the form is closed for others.
    """
    if not takes_offers(session, now):
        return _("This session has begun, or is not announced yet: nobody can offer to help in it now.")
    if volunteer is None and role not in open_roles(session, now):
        return _("This form is not open. Write to the organisers if you would like to help.")
    if volunteer is not None and volunteer.state not in WRITABLE:
        return _("The organisers have answered you already. Write to them if something has changed.")
    if role == Role.ORGANISER and SessionRole.objects.filter(session=session, user=by, role=role).exists():
        return _("You organise this session already.")
    return None


# --- writing


def of_person(session: Session, role: str, user) -> Volunteer | None:
    """What `user` offered in this role, or is asked for: one's own row comes before an invitation to an address of theirs."""
    rows = Volunteer.objects.of(user).filter(session=session, role=role).select_related("session", "user")
    return min(rows, key=lambda row: (row.user_id is None, row.pk), default=None)


def typed_entry(volunteer: Volunteer | None) -> Entry:
    """What the form shows: the draft, else what was handed in."""
    if volunteer is None:
        return Entry()
    return Entry.from_draft(volunteer.values.get(DRAFT) or volunteer.values)


def has_changes(volunteer: Volunteer) -> bool:
    """Whether something was typed that is not handed in."""
    return bool(volunteer.values.get(DRAFT))


def saved_at(volunteer: Volunteer | None) -> datetime.datetime | None:
    """When something was saved last; None where nothing was."""
    return volunteer.updated_at if volunteer is not None and volunteer.version else None


def save_draft(
    session: Session, role: str, entry: Entry, *, by, version: int, tab: str = "", now: datetime.datetime | None = None
) -> Volunteer:
    """Keep what `by` has typed so far in the form of `role`, unchecked. Its state does not change.

    `version` is the one that the form was made from (0 for none), and `tab` names the form itself: what the same form saved last never
    makes it out of date. Saving what is saved already changes nothing. Raises `VolunteerStale` where another form saved something else
    since, `EntryTooLarge`, and `VolunteerError` where nothing can be written.
    """
    draft = entry.as_draft()
    with transaction.atomic():
        volunteer = _locked(session, role, by)
        against = obstacle_to_writing(session, role, volunteer, by=by, now=now)
        if against is not None:
            raise VolunteerError(against)
        if volunteer is None:
            Volunteer.objects.get_or_create(session=session, user=by, role=role)
            # Of two first saves at once the second one finds here what the first one wrote.
            volunteer = _locked(session, role, by)
        assert volunteer is not None  # noqa: S101 (it was made above)
        if volunteer.version and entry.same_as(typed_entry(volunteer)):
            return volunteer
        if volunteer.version != version and not (tab and volunteer.saved_by_form == tab):
            raise VolunteerStale(volunteer)
        volunteer.values = {**volunteer.values, DRAFT: draft}
        volunteer.version += 1
        volunteer.saved_by_form = tab[:40]
        volunteer.save(update_fields=["values", "version", "saved_by_form", "updated_at"])
        return volunteer


def submit(volunteer: Volunteer, *, by, now: datetime.datetime | None = None) -> bool:
    """Hand in what is saved, as the first or as a new version, and confirm it by mail.

    Returns False, having changed nothing, where this very version is handed in already. Raises `EntryInvalid` with what is missing or
    wrong, and `VolunteerError`.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _locked(volunteer.session, volunteer.role, by)
        if locked is None:
            raise VolunteerError(_("This form is gone. Load the page again."))
        against = obstacle_to_writing(locked.session, locked.role, locked, by=by, now=now)
        if against is not None:
            raise VolunteerError(against)
        if locked.state == State.SUBMITTED and not has_changes(locked):
            return False
        entry = typed_entry(locked)
        checked = check_entry(locked.session, entry, locked.role)
        locked.values = dataclasses.replace(entry, github_login="", accommodations="", content_warning="").as_draft()
        locked.state, locked.submitted_at = State.SUBMITTED, now
        locked.version += 1
        locked.save(update_fields=["values", "state", "submitted_at", "version", "updated_at"])
        locked.projects.set(checked.preferences if locked.role in WITH_PROJECTS else [])
        volunteer_mail.tell_received(locked)
    volunteer.refresh_from_db()
    return True


def withdraw(volunteer: Volunteer, *, by) -> None:
    """Take an offer back, or say no to an invitation; what was written stays, for another try before the session begins.

    Raises `VolunteerError` where there is nothing to take back, or the person has a place in a cohort or organises by now.
    """
    with transaction.atomic():
        locked = _locked(volunteer.session, volunteer.role, by)
        if locked is None or locked.pk != volunteer.pk or locked.state not in (State.INVITED, State.SUBMITTED, State.ACCEPTED):
            raise VolunteerError(_("There is nothing to take back any more."))
        if locked.state == State.ACCEPTED and part_of(locked) is not None:
            raise VolunteerError(_("You have a part in this session already. Write to the organisers, who can change that."))
        end_reviewing(locked)
        locked.state = State.WITHDRAWN
        locked.save(update_fields=["state", "values", "updated_at"])
    volunteer.refresh_from_db()


def discard(volunteer: Volunteer, *, by) -> None:
    """Forget what was typed since it was handed in. An offer that never was is deleted. Raises `VolunteerError`."""
    with transaction.atomic():
        locked = _locked(volunteer.session, volunteer.role, by)
        if locked is None or locked.pk != volunteer.pk:
            raise VolunteerError(_("There is nothing to forget any more."))
        if locked.state == State.DRAFT:
            locked.delete()
            return
        if has_changes(locked):
            # The version moves on, so that a tab that still shows the forgotten text does not save over this unasked.
            locked.values = {key: value for key, value in locked.values.items() if key != DRAFT}
            locked.version += 1
            locked.save(update_fields=["values", "version", "updated_at"])


def _locked(session: Session, role: str, user) -> Volunteer | None:
    """The row of `user`, under a lock. An invitation to an address of theirs becomes theirs here; where they had begun by themselves,
    their own row takes the invitation over."""
    rows = list(
        Volunteer.objects.of(user)
        .select_for_update(of=("self",))
        .select_related("session")
        .filter(session=session, role=role)
        .order_by("pk")
    )
    own = next((row for row in rows if row.user_id == user.pk), None)
    for invitation in rows:
        if invitation.user_id is None:
            own = take_over(invitation, own, user=user)
    return own


def take_over(invitation: Volunteer, own: Volunteer | None, *, user) -> Volunteer:
    """Make an invitation to an address that of `user`. `own` is what this person wrote before. Inside a transaction, both rows locked."""
    if own is None:
        invitation.user = user
        invitation.save(update_fields=["user", "updated_at"])
        return invitation
    own.invited_by, own.invited_at = invitation.invited_by, invitation.invited_at
    if own.state in (State.DRAFT, State.WITHDRAWN):
        own.state = State.INVITED
    own.save(update_fields=["invited_by", "invited_at", "state", "updated_at"])
    invitation.delete()
    return own


def end_reviewing(volunteer: Volunteer) -> None:
    """Take the reviewer's role back that came with being accepted; one that was given apart from it stays. Saves nothing of the row."""
    if volunteer.values.pop("reviews", None):
        SessionRole.objects.filter(session=volunteer.session_id, user=volunteer.user_id, role=SessionRole.Role.REVIEWER).delete()


def stop_reviewing(session: Session, user) -> None:
    """Take the reviewer's role back that came with being accepted, once `user` applies as well: nobody scores what competes with their
    own application. Inside a transaction only."""
    for volunteer in (
        Volunteer.objects.accepted().select_for_update(of=("self",)).filter(session=session, user=user).order_by("pk")
    ):
        if volunteer.values.get("reviews"):
            end_reviewing(volunteer)
            volunteer.save(update_fields=["values", "updated_at"])


# --- reading


def part_of(volunteer: Volunteer) -> str | None:
    """What the person does in the session already, in words: leads a cohort, or organises it. Two queries at most."""
    if volunteer.user_id is None:
        return None
    if volunteer.role == Role.ORGANISER:
        organises = SessionRole.objects.filter(session=volunteer.session_id, user=volunteer.user_id, role="organiser").exists()
        return _("organises this session") if organises else None
    place = Membership.objects.leading().filter(cohort__session=volunteer.session_id, user=volunteer.user_id)
    found = place.select_related("cohort").first()
    return f"{found.get_role_display()}, {found.cohort}" if found is not None else None


def applied_too(session: Session, user) -> Application | None:
    """The application by which `user` wants to take part in the session as well, if one stands: nobody does both.

    What is decided about it and not published is no part of the answer: only the status that the person reads.
    """
    standing = (
        Application.Status.SUBMITTED, Application.Status.WAITLISTED, Application.Status.OFFERED, Application.Status.ACCEPTED,
    )  # fmt: skip
    return Application.objects.filter(session=session, applicant=user, status__in=standing).first()


def answers_of(volunteer: Volunteer, questions: Sequence[Question] | None = None) -> list[tuple[str, str]]:
    """What was handed in, as (question, answer) for reading, in the order of the form; what was left empty is left out.

    Answers to questions that are no longer asked come with the others. `questions` are those of the form, where they are at hand.
    """
    entry = Entry.from_draft({key: value for key, value in volunteer.values.items() if key != DRAFT})
    asked = questions if questions is not None else form_questions(volunteer.session, volunteer.role)
    return [(one.label, read_typed(one, text)) for one in asked if (text := entry.texts.get(one.pk, "")).strip()]


def read_typed(question: Question, text: str) -> str:
    """A raw answer as people read it; as it was typed, where it is none (any more)."""
    try:
        value = parse_answer(question, text)
    except ValidationError:
        return text
    return Answer(question=question, value=value).display if value is not None else ""


def has_form(session: Session, role: str) -> bool:
    """Whether the form of a role asks anything. Costs nothing where the questions are prefetched."""
    return bool(asked_questions(session, role))
