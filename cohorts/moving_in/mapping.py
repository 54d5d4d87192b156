"""From an upload to what its columns mean: guessed, remembered from the last file with the same names, changed by hand."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import record
from cohorts.models import Session, TableImport

from .fields import NEW, QUESTION, Column
from .guessing import guess
from .keeping import content_of, delete_file
from .table import Table, TableError, read_table
from .writing import ImportRefused, locked

State = TableImport.State

#: Of the name of a file.
LONGEST_NAME = 150


def upload(kind: str, session: Session | None, content: bytes, *, name: str, by) -> TableImport:
    """Keep a file and guess what its columns mean, as the last file with the same names was mapped.

    Raises `TableError` for what is no table and where `by` may not bring anything in there; then nothing is kept.
    """
    if session is not None and not Session.objects.organised_by(by).filter(pk=session.pk).exists():
        raise TableError(_("Only the organisers of this session bring something in."))
    if kind == TableImport.Kind.APPLICATIONS and session is None:
        raise TableError(_("Choose the session of these applications."))
    table = read_table(content)
    row = TableImport(
        key=uuid.uuid4(),
        kind=kind,
        session=None if kind == TableImport.Kind.SESSIONS else session,
        made_by=by,
        file_name="".join(one for one in name if one.isprintable())[-LONGEST_NAME:],
        size=len(content),
        header_key=table.key,
    )
    row.mapping = [column.as_json() for column in first_mapping(row, table, by=by)]
    row.choices = {"header": None}
    row.file.save("", ContentFile(content), save=False)
    try:
        with transaction.atomic():
            row.save()
            record("table.uploaded", by=by, about=row, scope=row.session_id, details={"rows": len(table.rows), "kind": kind})
    except BaseException:
        row.file.delete(save=False)
        raise
    return row


def first_mapping(table_import: TableImport, table: Table, *, by) -> list[Column]:
    """What the columns most likely are: as `by` mapped the last file with the same names, else guessed.

    A question of another session becomes the one of the same words in this one, if it has one.
    """
    questions = list(table_import.session.questions.of_form()) if table_import.session else []
    guessed = guess(table_import.kind, table, questions=questions)
    earlier = (
        TableImport.objects.visible_to(by)
        .filter(kind=table_import.kind, header_key=table.key, started_at__isnull=False)
        .order_by("-started_at", "-pk")
        .first()
    )
    if earlier is None:
        return guessed
    there = {f"{QUESTION}{one.pk}" for one in questions}
    remembered = {one["name"]: one for one in earlier.mapping}
    found = []
    for column in guessed:
        last = remembered.get(column.name)
        is_known = last is not None and (not last["to"].startswith(QUESTION) or last["to"] in there)
        # What became a question by the last file is one now: no second one is made.
        if last is None or not is_known or (last["to"].startswith(NEW) and column.question is not None):
            found.append(column)
        else:
            found.append(Column(column.name, last["to"], last["only_organisers"], dict(last["words"])))
    return found


def change_mapping(table_import: TableImport, columns: Sequence[Column], choices: Mapping[str, Any], *, by) -> None:
    """Say what the columns mean, and what else was chosen. Raises `ImportRefused` where `by` may not, or it is too late for it."""
    with transaction.atomic():
        row = _unlocked_state(table_import, by)
        row.mapping = [column.as_json() for column in columns]
        row.choices = {**row.choices, **choices}
        row.save(update_fields=["mapping", "choices"])
    table_import.refresh_from_db()


def change_header(table_import: TableImport, number: int, *, by) -> None:
    """Say in which line the names of the columns stand; what they mean is guessed anew. Raises `ImportRefused`, `TableError`, `GoneError`."""
    table = read_table(content_of(table_import), header=number)
    with transaction.atomic():
        row = _unlocked_state(table_import, by)
        row.header_key = table.key
        row.mapping = [column.as_json() for column in first_mapping(row, table, by=by)]
        row.choices = {**row.choices, "header": number}
        row.save(update_fields=["header_key", "mapping", "choices"])
    table_import.refresh_from_db()


def discard(table_import: TableImport, *, by) -> None:
    """Delete the file: it is not needed any more. An import that nothing was written of goes as a whole. Raises `ImportRefused`."""
    with transaction.atomic():
        row = locked(table_import, by=by)
        if row is None or row.is_under_way:
            raise ImportRefused(_("The file is needed while its rows are being imported."))
        record("table.deleted", by=by, about=row, scope=row.session_id)
        delete_file(row)
        if not row.has_begun:
            row.delete()


def _unlocked_state(table_import: TableImport, by) -> TableImport:
    """The row under a lock, where its mapping may still change."""
    row = locked(table_import, by=by)
    if row is None:
        raise ImportRefused(_("Only the organisers of this session bring something in."))
    if row.state not in (State.OPEN, State.STOPPED):
        raise ImportRefused(_("This file was imported already. Upload it again to bring in what is new."))
    return row
