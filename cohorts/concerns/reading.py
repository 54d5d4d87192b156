"""What those do who read a report: the people whom its sender chose, and an operator who opened it with a reason."""

import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from cohorts.models import Concern, ConcernNote, ConcernReader

from . import mail
from .errors import ConcernError

State = Concern.State

#: The states that a reader sets, and when each is offered. That it was read is noted by reading it.
NEXT = {
    State.NEW: (State.LOOKING, State.CLOSED),
    State.READ: (State.LOOKING, State.CLOSED),
    State.LOOKING: (State.CLOSED,),
    State.CLOSED: (State.LOOKING,),
}
#: Characters of a reason: a word is none.
SHORTEST_REASON = 15


def mark_read(concern: Concern, *, by: User, now: datetime.datetime | None = None) -> None:
    """Note that `by` has read it, the first time. Who is no reader changes nothing."""
    now = now or timezone.now()
    with transaction.atomic():
        if not ConcernReader.objects.filter(concern=concern, user=by, read_at=None).update(read_at=now):
            return
        Concern.objects.filter(pk=concern.pk, read_at=None).update(read_at=now)
        Concern.objects.filter(pk=concern.pk, state=State.NEW).update(state=State.READ)
    concern.refresh_from_db()


def change_state(concern: Concern, state: str, *, by: User, now: datetime.datetime | None = None) -> None:
    """Say where it stands; the sender reads it. Raises `PermissionDenied` for who does not read it, `ConcernError` where another reader was
    quicker or the state is none that can be set."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = _locked(concern, by)
        if state == locked.state:
            return
        if state not in NEXT[State(locked.state)]:
            raise ConcernError(_("Somebody else changed this meanwhile. Look at it again."))
        locked.state = state
        if state == State.LOOKING:
            locked.looked_into_at = locked.looked_into_at or now
        locked.closed_at = now if state == State.CLOSED else None
        locked.read_at = locked.read_at or now
        locked.save(update_fields=["state", "looked_into_at", "closed_at", "read_at"])
    concern.refresh_from_db()


def add_note(concern: Concern, text: str, *, by: User, shared: bool, now: datetime.datetime | None = None) -> ConcernNote:
    """Write to the sender (`shared`), or to the other readers alone. Tells whoever reads it by mail, without its words."""
    with transaction.atomic():
        locked = _locked(concern, by)
        note = ConcernNote.objects.create(concern=locked, author=by, text=text, shared=shared, created_at=now or timezone.now())
        for reading in locked.reading.exclude(user=by).select_related("user").order_by("pk"):
            if reading.user.is_active:
                mail.tell_words(note, reading.user)
        if shared and locked.reporter is not None and locked.reporter.is_active:
            mail.tell_answer(note, locked.reporter)
    return note


def may_open(by: User) -> bool:
    """Whether `by` is somebody who may open reports with a reason at all."""
    return by.is_active and by.is_superuser


def to_open(by: User):
    """Reports that the operator could open with a reason: not those that this person reads or sent, and none from which they were left
    out. For the list: shown by number and age alone."""
    if not may_open(by):
        return Concern.objects.none()
    return Concern.objects.exclude(closed_to_operators=True).exclude(left_out=by).exclude(reading__user=by).exclude(reporter=by)


def open_as_operator(concern: Concern, *, by: User, reason: str, now: datetime.datetime | None = None) -> None:
    """Make the operator a reader, in the sight of everybody concerned: the reason stands on the page, the readers get a mail, and the audit
    log has a line. Raises `PermissionDenied` for everybody else and for who was left out, `ConcernError` without a reason."""
    reason = " ".join(reason.split())
    if len(reason) < SHORTEST_REASON:
        raise ConcernError(_("Say why, in a sentence: those who read it and who sent it will read that."))
    with transaction.atomic():
        locked = Concern.objects.select_for_update().filter(pk=concern.pk).first()
        if locked is None or not to_open(by).filter(pk=concern.pk).exists():
            raise PermissionDenied
        others = [reading.user for reading in locked.reading.select_related("user").order_by("pk") if reading.user.is_active]
        reading = ConcernReader.objects.create(concern=locked, user=by, reason=reason[:500], added_at=now or timezone.now())
        # No session: its organisers read the log of their session, and must not learn that there is a report.
        audit.record("concern.opened", by=by, about=locked)
        for reader in others:
            mail.tell_opened(reading, reader)


def _locked(concern: Concern, by: User) -> Concern:
    locked = Concern.objects.select_for_update().filter(pk=concern.pk).first()
    if locked is None or not ConcernReader.objects.filter(concern=locked, user=by).exists():
        raise PermissionDenied
    return locked
