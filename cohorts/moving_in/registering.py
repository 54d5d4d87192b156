"""What moving in tells the apps below: actions of the audit log, and what an account's export and deletion have to do with files."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import people_registry
from accounts.access.proving import always, register_sensitive
from accounts.audit import register_action
from accounts.people_registry import Deletion
from accounts.personal_data import iso
from cohorts.models import TableImport

from .keeping import delete_file


def _imports(user) -> list[dict[str, Any]]:
    """What the person brought in. What the files say is about other people."""
    return [
        {
            "what": str(row.get_kind_display()),
            "session": row.session.slug if row.session else "",
            "file": row.file_name,
            "state": str(row.get_state_display()),
            "uploaded_at": iso(row.created_at),
            "ended_at": iso(row.finished_at),
            "taken_back_at": iso(row.undone_at),
        }
        for row in TableImport.objects.filter(made_by=user).select_related("session").order_by("created_at", "pk")
    ]


def preview(user) -> Deletion:
    count = TableImport.objects.filter(made_by=user).count()
    if not count:
        return Deletion()
    words = ngettext(
        "%(count)s import of a table, without your name and without its file: what it brought in belongs to its session.",
        "%(count)s imports of tables, without your name and without their files: what they brought in belongs to their sessions.",
        count,
    )
    return Deletion(stays=[words % {"count": count}])


def erase(user) -> None:
    """Files go. What is under way stops at its next batch: nobody answers for it any more."""
    rows = TableImport.objects.filter(made_by=user)
    for row in rows.exclude(file="").order_by("pk"):
        delete_file(row)
    rows.filter(state__in=[TableImport.State.WAITING, TableImport.State.RUNNING]).update(
        state=TableImport.State.STOPPED, why_stopped=_("Whoever uploaded the file may not bring anything in any more.")
    )
    rows.update(made_by=None)


def register() -> None:
    register_action("table.uploaded", gettext_lazy("Uploaded a table to import"))
    register_action("table.imported", gettext_lazy("Imported a table"))
    register_action("table.undone", gettext_lazy("Took the import of a table back"))
    register_action("table.deleted", gettext_lazy("Deleted the file of an import"))
    register_action("table.refused_downloaded", gettext_lazy("Downloaded the rows that were left out of an import"))
    register_sensitive("admin:cohorts_moving_in_refused", asks=always)
    people_registry.export_sections |= {"imports_of_tables": _imports}
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        people_registry.erasers.append(erase)
