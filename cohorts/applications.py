"""Applying: writing, submitting, withdrawing, and answering an offer. Every change of status goes through `cohorts.moves`."""

import dataclasses
import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.identity import set_github_login

from . import application_mail
from .accommodations import accommodations_of, keep_accommodations
from .draft_logins import kept_check, want_check
from .eligibility import apply_rules
from .entries import Checked, Entry, EntryInvalid, check_entry, question_name, typed_login
from .files import file_errors
from .late_access import late_until
from .models import Answer, Application, Membership, ProjectPreference, Question, Session
from .moves import MOVES, MoveError, move, obstacle
from .placing import give_free, leading, take_kept_place
from .questions import asked_questions, clean_text
from .stages import Stage, stage_of, takes_applications
from .version_changes import as_note, changed_names
from .volunteers import stop_reviewing

Status = Application.Status


class DraftStale(Exception):
    """Another tab saved meanwhile. `application` holds what was saved there."""

    def __init__(self, application: Application):
        super().__init__(_("This application was changed in another tab or on another device."))
        self.application = application


class TooLate(MoveError):
    """The deadline has passed over what was typed: it is stored for its writer, and not submitted."""


def may_write(application: Application | None, session: Session, *, by, now: datetime.datetime | None = None):
    """Why `by` cannot write on this application now: a text for that person, or None where nothing stands against it."""
    if application is not None:
        return obstacle(application, Status.SUBMITTED, by=by, now=now)
    if takes_applications(session, now) or late_until(session, by, now):
        return None
    return _("Applications for this session are closed.")


def save_draft(session: Session, entry: Entry, *, by, version: int, tab: str = "") -> Application:
    """Keep what `by` has typed so far for `session`, unchecked, and return the application with its new version.

    `version` is the one that the form was made from (0 for none). `tab` names the form itself, so that a save whose answer
    was lost on the way does not look like another tab. Saving what is saved already changes nothing. A status never
    changes here: a submitted application stays submitted. Raises `DraftStale` where another form saved since, `EntryTooLarge`,
    `MoveError` where nothing can be written any more, and of that `TooLate` where only the deadline stands against it: then the
    text is stored all the same, for its writer alone (see `docs/decisions.md`).
    """
    draft, tab = entry.as_draft(), clean_text(tab)[:40]
    with transaction.atomic():
        application = _locked(session, by)
        against = may_write(application, session, by=by)
        if application is None:
            if against is not None:
                raise MoveError(against)
            begun, _created = Application.objects.get_or_create(session=session, applicant=by)
            # Of two first saves at once the second one finds here what the first one wrote, and keeps a third one waiting.
            application = _locked(session, by) or begun
        elif against is not None:
            if not _keeps_late_text(application):
                raise MoveError(against)
            # Named organisers read this of submitted applications: it stays as it was in time.
            entry = dataclasses.replace(entry, accommodations=accommodations_of(application))
        _store(application, entry, draft, version=version, tab=tab)
    if against is not None:
        raise TooLate(against)
    return application


def _store(application: Application, entry: Entry, draft: dict, *, version: int, tab: str) -> None:
    saved = Entry.of(application) if application.version else None
    if saved is not None:
        entry, draft = _with_gone_texts(application, entry, saved, draft)
        if entry.same_as(saved):
            return
    if application.version != version and (not tab or application.draft.get("tab") != tab):
        raise DraftStale(application)
    if application.draft or saved is None or entry.differences(saved) != {"accommodations"}:
        about_it = {"tab": tab, "saved_at": timezone.now().isoformat()}
        application.draft = draft | about_it | kept_check(application, draft)
    # Stored apart, and at once: it is no part of the version that is handed in.
    keep_accommodations(application, entry.accommodations)
    application.version += 1
    application.save(update_fields=["draft", "version", "updated_at"])
    if application.draft:
        want_check(application)


def _with_gone_texts(application: Application, entry: Entry, saved: Entry, draft: dict) -> tuple[Entry, dict]:
    """What was typed to a question that is no longer asked stays in the draft: it may be asked again."""
    missing = {pk: text for pk, text in saved.texts.items() if pk not in entry.texts and text.strip()}
    if missing:
        retired = (
            application.session.questions.of_form().filter(pk__in=missing, retired_at__isnull=False).values_list("pk", flat=True)
        )
        gone = {pk: missing[pk] for pk in retired}
        entry = dataclasses.replace(entry, texts={**entry.texts, **gone})
        draft = draft | {str(pk): text for pk, text in gone.items()}
    return entry, draft


def _keeps_late_text(application: Application) -> bool:
    """Whether it is the deadline alone that stands against writing."""
    return (application.status, Status.SUBMITTED) in MOVES and stage_of(application.session) != Stage.ARCHIVED


def begin(session: Session, *, by) -> Application:
    """The application of `by` to `session`, begun empty where there is none: a file needs one to belong to. Raises `MoveError`."""
    with transaction.atomic():
        application = _locked(session, by)
        against = may_write(application, session, by=by)
        if against is not None:
            raise MoveError(against)
        return application or Application.objects.get_or_create(session=session, applicant=by)[0]


def _locked(session: Session, user) -> Application | None:
    mine = Application.objects.select_for_update(of=("self",)).select_related("session", "applicant__github")
    return mine.filter(session=session, applicant=user).first()


def submit(application: Application, *, by) -> bool:
    """Hand in what is saved, as the first or as a new version, and say so by mail after the commit.

    Returns False, having changed nothing, where this very version is handed in already. Raises `EntryInvalid` where
    something is missing or wrong, and `MoveError` where it cannot be handed in: of that `TooLate` after the deadline.
    """
    with transaction.atomic():
        locked = _locked(application.session, application.applicant)
        if locked is None:
            raise MoveError(_("This application is gone."))
        if locked.status == Status.SUBMITTED and not locked.draft:
            return False
        against = obstacle(locked, Status.SUBMITTED, by=by)
        if against is not None:
            raise (TooLate if by.pk == locked.applicant_id and _keeps_late_text(locked) else MoveError)(against)
        login_before = typed_login(locked.applicant)
        checked = _checked(locked, by)
        note = as_note(changed_names(locked, checked, login_before=login_before, by=by)) if locked.submitted_at else ""
        changes = {
            "submitted_at": timezone.now(),
            "submitted_version": locked.version,
            "content_warning": checked.content_warning,
            "draft": {},
        }
        event = move(locked, Status.SUBMITTED, by=by, note=note, changes=changes, after=lambda row: _write_answers(row, checked))
        apply_rules(locked)
        stop_reviewing(locked.session, locked.applicant)
        application_mail.tell_submitted(locked, event)
    application.refresh_from_db()
    return True


def _checked(application: Application, by) -> Checked:
    """Judge what is saved, the GitHub login included: it is written down here, and only here. Raises `EntryInvalid`."""
    entry, errors, checked = Entry.of(application), {}, None
    try:
        checked = check_entry(application.session, entry)
    except EntryInvalid as invalid:
        errors = invalid.errors
    gone = file_errors(application, asked_questions(application.session), entry.texts)
    errors |= {question_name(pk): [error] for pk, error in gone.items() if question_name(pk) not in errors}
    github = getattr(application.applicant, "github", None)
    if github is None or not github.verified:
        try:
            with transaction.atomic():
                set_github_login(application.applicant, entry.github_login, by=by)
        except ValidationError as error:
            errors["github_login"] = error.error_list
    if checked is None or errors:
        raise EntryInvalid(errors)
    return checked


def _write_answers(application: Application, checked: Checked) -> None:
    """Replace the submitted answers and preferences. Answers to questions that are gone from the form stay."""
    for question, value in checked.values.items():
        file_id = value if question.kind == Question.Kind.FILE and isinstance(value, int) else None
        Answer.objects.update_or_create(
            application=application, question=question, defaults={"value": value, "file_id": file_id, "asked": question.label}
        )
    asked = application.session.questions.asked().exclude(pk__in=[question.pk for question in checked.values])
    application.answers.filter(question__in=asked).delete()
    application.project_preferences.all().delete()
    ProjectPreference.objects.bulk_create(
        ProjectPreference(application=application, project=project, rank=rank)
        for rank, project in enumerate(checked.preferences, start=1)
    )


def discard_changes(application: Application, *, by) -> None:
    """Drop what was typed since the application was submitted; one that never was is deleted altogether.

    Raises `MoveError` for anybody but the applicant.
    """
    with transaction.atomic():
        locked = Application.objects.select_for_update().get(pk=application.pk)
        if by.pk != locked.applicant_id:
            raise MoveError(_("You cannot make this change."))
        if locked.status == Status.DRAFT:
            locked.delete()
            return
        if locked.draft:
            # The version moves on, so that a tab that still shows the dropped text does not save over this unasked.
            locked.draft, locked.version = {}, locked.version + 1
            locked.save(update_fields=["draft", "version", "updated_at"])


def withdraw(application: Application, *, by) -> None:
    """Take the application back, and give a place free that was kept for it; until the deadline its applicant may submit it again.

    Raises `MoveError`.
    """
    with transaction.atomic():
        move(application, Status.WITHDRAWN, by=by, after=lambda row: _free_kept_place(row, by=by))
        application_mail.tell_withdrawn(application)


def accept_offer(application: Application, *, by) -> None:
    """Take the offered place: the place kept in a cohort, if there is one, becomes a membership.

    Raises `MoveError`, also for somebody who leads a cohort of the session by now: one person has one part in it.
    """
    with transaction.atomic():
        move(application, Status.ACCEPTED, by=by, after=lambda row: _open_place(row, by=by))
        application_mail.tell_accepted(application)


def decline_offer(application: Application, *, by) -> None:
    """Give the place back, before or (until the session starts) after accepting it. Raises `MoveError`."""
    with transaction.atomic():
        move(application, Status.DECLINED, by=by, after=lambda row: _free_place(row, by=by))
        application_mail.tell_declined(application)


def expire_offers(now: datetime.datetime | None = None) -> int:
    """End every offer whose time to answer is over, free the places, tell the people. Returns how many ended.

    Each in a transaction of its own, so one that is answered at this very moment stays answered.
    """
    expired = 0
    late = Application.objects.filter(status=Status.OFFERED, answer_by__lte=now or timezone.now())
    for application in late.select_related("session", "applicant").order_by("pk"):
        try:
            with transaction.atomic():
                move(application, Status.EXPIRED, by=None, after=lambda row: _free_place(row, by=None))
                application_mail.tell_expired(application)
        except MoveError:
            # Answered, or prolonged, between the query and the lock: nothing is left to do for it.
            continue
        expired += 1
    return expired


def _place(application: Application):
    return Membership.objects.members().filter(cohort__session=application.session_id, user=application.applicant_id)


def _open_place(application: Application, *, by) -> None:
    leads = leading(application.session_id, [application.applicant_id]).first()
    if leads is not None:
        raise MoveError(
            _(
                "You are %(role)s of %(cohort)s, and one person has one part in a session. Write to the organisers if that is wrong."
            )
            % {"role": leads.get_role_display().lower(), "cohort": leads.cohort}
        )
    for membership in _place(application).filter(state=Membership.State.INVITED):
        take_kept_place(membership, by=by)


def _free_kept_place(application: Application, *, by) -> None:
    for membership in _place(application).filter(state=Membership.State.INVITED):
        give_free(membership, by=by)


def _free_place(application: Application, *, by) -> None:
    for membership in _place(application).exclude(state=Membership.State.LEFT):
        give_free(membership, by=by)
