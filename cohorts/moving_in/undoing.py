"""Taking an import back: what it made, and nobody has touched since, goes. The rest stays, and is counted."""

import datetime
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from django.db import InterfaceError, OperationalError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import GitHubIdentity, User
from background import enqueue, progress
from cohorts.models import (
    Answer,
    Application,
    ApplicationEvent,
    Cohort,
    ImportedRow,
    Membership,
    MembershipEvent,
    ProjectPreference,
    Question,
    Session,
    SessionRole,
    TableImport,
    Week,
)

from .keeping import delete_file
from .known import chunks
from .writing import ImportRefused, locked

What = ImportedRow.What
State = TableImport.State

#: Rows that go in one transaction.
BATCH = 200

#: In this order, so that what hangs on something else goes first; and which rows go with each.
MODELS: dict[str, tuple[type[models.Model], tuple[type[models.Model], ...]]] = {
    What.APPLICATION: (Application, (Answer, ApplicationEvent, ProjectPreference)),
    What.MEMBERSHIP: (Membership, (MembershipEvent,)),
    What.ROLE: (SessionRole, ()),
    What.COHORT: (Cohort, ()),
    What.QUESTION: (Question, ()),
    What.PERSON: (User, (GitHubIdentity,)),
    What.SESSION: (Session, (Week, Session.projects.through, SessionRole)),
}


def start_undo(table_import: TableImport, *, by) -> None:
    """Have everything taken back that the import made and nobody has touched. Pressing twice comes to one.

    Raises `ImportRefused` where `by` may not, or there is nothing to take back.
    """
    with transaction.atomic():
        row = locked(table_import, by=by)
        if row is None:
            raise ImportRefused(_("Only whoever uploaded the file takes its import back."))
        if row.state == State.UNDOING:
            return
        if row.state not in (State.DONE, State.STOPPED) or not row.has_begun:
            raise ImportRefused(_("There is nothing to take back."))
        row.state = State.UNDOING
        row.save(update_fields=["state"])
        record("table.undone", by=by, about=row, scope=row.session_id, details={"kind": row.kind})
        _later(row.pk)
    table_import.refresh_from_db()


def _later(pk: int) -> None:
    from cohorts.tasks import undo_import_task

    enqueue(undo_import_task, pk)


def carry_out_undo(pk: int) -> None:
    """Take an import back, batch by batch. Running twice, or after a crash, comes to the same."""
    row = TableImport.objects.filter(pk=pk, state=State.UNDOING).first()
    if row is None:
        return
    try:
        kept = _undo(row)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        why = _(
            "It could not be taken back: an error of this site. Its operator finds it among the runs of the background tasks."
        )
        TableImport.objects.filter(pk=pk).update(state=State.STOPPED, why_stopped=why)
        raise
    # The session itself may be gone, and the import with it.
    ended = TableImport.objects.filter(pk=pk, state=State.UNDOING)
    if ended.update(state=State.UNDONE, undone_at=timezone.now(), kept=kept):
        row.refresh_from_db()
        delete_file(row)


def _undo(row: TableImport) -> dict[str, int]:
    kept: Counter[str] = Counter()
    total = row.made.count()
    done = 0
    for what, (model, goes_along) in MODELS.items():
        as_of = dict(row.made.filter(what=what).order_by("pk").values_list("made_key", "as_of"))
        for keys in chunks(list(as_of), BATCH):
            with transaction.atomic():
                # In one order, as everybody locks them.
                locked_rows = model._default_manager.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
                there = set(locked_rows.values_list("pk", flat=True))
                gone = _untouched(model, there, goes_along, as_of, row)
                _delete(model, gone)
                row.made.filter(what=what, made_key__in=gone | (set(keys) - there)).delete()
                kept[what] += len(there - gone)
            done += len(keys)
            progress(done, total)
    return {what: count for what, count in kept.items() if count}


def _delete(model: type[models.Model], keys: Collection[int]) -> None:
    if model is Session:
        # The organiser's own part, which came with it.
        SessionRole.objects.filter(session__in=keys).delete()
    model._default_manager.filter(pk__in=keys).delete()


def _untouched(
    model: type[models.Model],
    keys: set[int],
    goes_along: Iterable[type[models.Model]],
    as_of: dict[int, datetime.datetime | None],
    row: TableImport,
) -> set[int]:
    """Those of `keys` that nothing points to but what goes along, and that nobody has changed."""
    left = set(keys)
    if model is User:
        left -= set(User.objects.filter(pk__in=left, last_login__isnull=False).values_list("pk", flat=True))
        left -= set(GitHubIdentity.objects.filter(user__in=left, verified=True).values_list("user_id", flat=True))
    if model is Membership:
        left -= _places_with_more(left)
    if model in (Application, Session):
        stamps = model._default_manager.filter(pk__in=left).values_list("pk", "updated_at")
        left = {pk for pk, updated_at in stamps if as_of[pk] is None or updated_at == as_of[pk]}
    for relation in _pointing_at(model):
        other, pointing = relation.related_model, relation.field
        if not left or relation.many_to_many or other in goes_along:
            continue
        found = other._default_manager.filter(**{f"{pointing.name}__in": left})
        left -= set(found.values_list(pointing.attname, flat=True))
    if model is Session:
        left -= set(
            SessionRole.objects.filter(session__in=left).exclude(user=row.made_by_id).values_list("session_id", flat=True)
        )
    return left


def _pointing_at(model: type[models.Model]) -> list[Any]:
    """All relations that point to `model`: of each app, also those without a way back, and of tables behind a choice of many."""
    return [one for one in model._meta.get_fields(include_hidden=True) if isinstance(one, models.ForeignObjectRel)]


def _places_with_more(keys: set[int]) -> set[int]:
    """Places of which something happened after the import: an event that somebody made."""
    events = MembershipEvent.objects.filter(membership__in=keys, actor__isnull=False)
    return set(events.values_list("membership_id", flat=True))


def carry_on_undoing() -> int:
    """Wake the task of what is being taken back: for when it was lost. Returns how many."""
    pks = list(TableImport.objects.filter(state=State.UNDOING).order_by("pk").values_list("pk", flat=True))
    for pk in pks:
        _later(pk)
    return len(pks)
