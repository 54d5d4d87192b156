"""The steps of a session that organisers take by hand: announce, close the review, open it again, archive."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from . import auditing
from .accommodations import delete_accommodations
from .locking import locked_session
from .models import Session
from .stages import Stage, stage_of


class StepError(Exception):
    """A step that cannot be taken now. The text is for the organiser."""


def announce(session: Session, *, by) -> Session:
    """Make the session's page public. Raises `StepError` where it is public already or `by` does not organise it."""
    return _stamp(session, by, "announced_at", {Stage.DRAFT}, _("This session is announced already."))


def close_review(session: Session, *, by) -> Session:
    """End the review: nobody writes reviews any more, and decisions can be published. Raises `StepError`."""
    return _stamp(session, by, "review_closed_at", {Stage.REVIEWING}, _("This session is not in review."))


def reopen_review(session: Session, *, by) -> Session:
    """Let reviewers write again, as long as nothing is published. Raises `StepError`."""
    return _stamp(
        session, by, "review_closed_at", {Stage.DECIDING}, _("The review can be opened again until results are published."), None
    )


def archive(session: Session, *, by) -> Session:
    """Put a finished session away: its roles no longer open the admin, and what would help people is deleted. Raises `StepError`."""
    with transaction.atomic():
        archived = _stamp(session, by, "archived_at", {Stage.FINISHED}, _("Only a finished session can be archived."))
        delete_accommodations(archived)
    return archived


_NOW = object()


def _stamp(session: Session, by, field: str, stages: set[Stage], wrong_stage: str, value: object = _NOW) -> Session:
    with transaction.atomic():
        locked = locked_session(session, by=by)
        if locked is None:
            raise StepError(_("Only the organisers of this session can do that."))
        if stage_of(locked) not in stages:
            raise StepError(wrong_stage)
        setattr(locked, field, timezone.now() if value is _NOW else value)
        locked.save(update_fields=[field, "updated_at"])
        auditing.step_taken(locked, field, by=by)
    session.refresh_from_db(fields=[field, "updated_at"])
    return session
