"""The files that people bring in: kept in the private storage while they are needed, and no longer than 30 days."""

import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cohorts.models import TableImport
from cohorts.models.moving_in import FOLDER

#: So long after the upload a file is kept at most: it holds what many people wrote.
KEPT_FOR = datetime.timedelta(days=30)


class GoneError(Exception):
    """The file was deleted. The text is for the organiser."""


def content_of(table_import: TableImport) -> bytes:
    """The bytes of the file. Raises `GoneError` where they were deleted."""
    if not table_import.file:
        raise GoneError(_("The file was deleted. Upload it again to go on."))
    try:
        with table_import.file.open("rb") as file:
            return file.read()
    except FileNotFoundError as gone:
        raise GoneError(_("The file was deleted. Upload it again to go on.")) from gone


def delete_file(table_import: TableImport) -> None:
    """Delete the bytes and the name of the file; what was imported stays, and how its columns were mapped."""
    storage, path = table_import.file.storage, table_import.file.name
    table_import.file, table_import.file_name = "", ""
    table_import.save(update_fields=["file", "file_name"])
    if path:
        # What is rolled back keeps its file; what a crash leaves behind goes with the next day.
        transaction.on_commit(lambda: storage.delete(path))


def delete_old_files(now: datetime.datetime | None = None) -> int:
    """Delete the files of imports that were uploaded 30 days ago or earlier. Returns how many. What is under way keeps its file."""
    now = now or timezone.now()
    old = TableImport.objects.filter(created_at__lte=now - KEPT_FOR).exclude(file="").exclude(state__in=TableImport.UNDER_WAY)
    found = list(old.order_by("pk"))
    for one in found:
        delete_file(one)
    _delete_unnamed(now)
    return len(found)


def _delete_unnamed(now: datetime.datetime) -> None:
    """Bytes that no row names, as a crash between the two leaves them: those that are a day old."""
    storage = TableImport._meta.get_field("file").storage
    try:
        _folders, names = storage.listdir(FOLDER)
    except FileNotFoundError:
        return
    named = set(TableImport.objects.exclude(file="").values_list("file", flat=True))
    for name in names:
        path = f"{FOLDER}/{name}"
        if path not in named and storage.get_modified_time(path) < now - datetime.timedelta(days=1):
            storage.delete(path)
