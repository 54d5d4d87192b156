"""Writing what a plan said: asked for by an organiser, done by a worker in batches, each of them whole or not at all.

Whenever the worker dies, the next one plans again and writes what is still missing: what is there already is never made twice.
Accounts are made without a password, nobody is told, and no terms count as accepted.
"""

import datetime
import logging
from collections import Counter

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.language import language_for
from background import enqueue, progress
from cohorts.models import Session, TableImport

from .batches import write_batch
from .keeping import GoneError, delete_file
from .planning import Plan, plan_import
from .table import TableError

logger = logging.getLogger(__name__)

State = TableImport.State

#: Rows that are written in one transaction.
BATCH = 200


class ImportRefused(Exception):
    """An import that cannot be begun, or not any more. The text is for the organiser."""


def start_import(table_import: TableImport, *, by, expected: str, without_refused: bool = False) -> None:
    """Have the rows written that the plan with the fingerprint `expected` said; `without_refused` leaves those with problems out.

    Pressing twice comes to one import. Raises `ImportRefused` where `by` may not, the plan is a different one by now, or something in
    it is wrong; `TableError` and `GoneError` as `plan_import`. Then nothing is written.
    """
    plan = plan_import(table_import, by=by)
    with transaction.atomic():
        row = locked(table_import, by=by)
        if row is None:
            raise ImportRefused(_("Only the organisers of this session bring something in."))
        if row.is_under_way:
            return
        if row.state not in (State.OPEN, State.STOPPED):
            raise ImportRefused(_("This file was imported already. Upload it again to bring in what is new."))
        if plan.fingerprint != expected:
            raise ImportRefused(
                _("Something has changed since you looked. Nothing was imported: below is what would happen now.")
            )
        if not plan.can_be_written(without_refused=without_refused):
            raise ImportRefused(
                _("Nothing was imported: something in the table is wrong. Put it right, or leave those rows out.")
            )
        row.state, row.why_stopped = State.WAITING, ""
        row.plan_fingerprint = expected
        row.rows, row.rows_done, row.refused = len(plan.entries), 0, len(plan.refused)
        row.save(update_fields=["state", "why_stopped", "plan_fingerprint", "rows", "rows_done", "refused"])
        details = {"rows": row.rows, "left_out": row.refused, "kind": row.kind}
        record("table.imported", by=by, about=row, scope=row.session_id, details=details)
        _later(row.pk)
    table_import.refresh_from_db()


def locked(table_import: TableImport, *, by) -> TableImport | None:
    """The row under a lock; None where `by` may not work with it: that is whoever uploaded it, and the operator."""
    row = TableImport.objects.select_for_update(of=("self",)).filter(pk=table_import.pk).first()
    if row is None or not may_work_with(row, by):
        return None
    return row


def may_work_with(table_import: TableImport, user) -> bool:
    """Whether `user` may look into the file, import it and take it back: whoever uploaded it and still organises, and the operator."""
    if user.is_superuser:
        return True
    if table_import.made_by_id != user.pk:
        return False
    organised = Session.objects.organised_by(user)
    return organised.filter(pk=table_import.session_id).exists() if table_import.session_id else organised.exists()


def _later(pk: int) -> None:
    from cohorts.tasks import import_table_task

    enqueue(import_table_task, pk)


# --- the task


def carry_on(pk: int) -> None:
    """Write what is left of an import. Running twice, or after a crash, comes to the same.

    What makes the plan a different one before anything was written stops it with the reason. A database that is away is raised, so that
    it is tried again.
    """
    row = TableImport.objects.select_related("session", "made_by").filter(pk=pk, state__in=[State.WAITING, State.RUNNING]).first()
    if row is None:
        return
    by = row.made_by
    if by is None or not by.is_active or not may_work_with(row, by):
        _stop(row, _("Whoever uploaded the file may not bring anything in any more."))
        return
    with translation.override(language_for(by)):
        try:
            plan = plan_import(row, by=by)
        except (GoneError, TableError) as error:
            _stop(row, str(error))
            return
        if row.rows_done == 0 and plan.fingerprint != row.plan_fingerprint:
            _stop(
                row,
                _(
                    "Something changed between the page that you read and the moment at which it was to be carried out. Look again."
                ),
            )
            return
        if plan.obstacles:
            _stop(row, " ".join(plan.obstacles))
            return
        try:
            _write_beside_others(row, plan)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            _stop(row, _("An error of this site. Its operator finds it among the runs of the background tasks."))
            raise


def _write_beside_others(row: TableImport, plan: Plan) -> None:
    """Where somebody else wrote the same at the same moment, it is there by now, and not in the next plan. Twice is a fault of ours."""
    try:
        _write(row, plan)
    except IntegrityError:
        logger.warning("Import %s met rows that somebody else wrote; it is planned again.", row.pk)
        _write(row, plan_import(row, by=row.made_by))


def _write(row: TableImport, plan: Plan) -> None:
    entries = plan.entries
    total = max(row.rows, len(entries))
    done = total - len(entries)
    for start in range(0, len(entries), BATCH):
        batch = entries[start : start + BATCH]
        with transaction.atomic():
            mine = TableImport.objects.select_for_update().get(pk=row.pk)
            if mine.state not in (State.WAITING, State.RUNNING):
                return
            made = write_batch(mine, plan, batch, by=row.made_by)
            done += len(batch)
            mine.state, mine.rows_done = State.RUNNING, done
            mine.started_at = mine.started_at or timezone.now()
            mine.counts = dict(Counter(mine.counts) + made)
            mine.save(update_fields=["state", "rows_done", "started_at", "counts"])
        progress(done, total)
    _finish(row)


def _finish(row: TableImport, now: datetime.datetime | None = None) -> None:
    """A file of which every row is in has served its end, and is deleted; one with rows that were left out waits for its owner."""
    now = now or timezone.now()
    ended = TableImport.objects.filter(pk=row.pk, state__in=[State.WAITING, State.RUNNING])
    if not ended.update(state=State.DONE, finished_at=now):
        return
    row.refresh_from_db()
    if not row.refused:
        delete_file(row)


def _stop(row: TableImport, why: str) -> None:
    TableImport.objects.filter(pk=row.pk).update(state=State.STOPPED, why_stopped=why, finished_at=timezone.now())


def carry_on_imports() -> int:
    """Wake the task of imports that wait or run: for when it was lost. Returns how many."""
    pks = list(TableImport.objects.filter(state__in=[State.WAITING, State.RUNNING]).order_by("pk").values_list("pk", flat=True))
    for pk in pks:
        _later(pk)
    return len(pks)
