"""Backups of the whole site in one file each: its database, its uploaded files, and what waits on disk for the database.

`make_backup` writes one while the site runs, `check_backup` reads one as a restore would, and `restore` puts one in place of what is
there: all of it, or nothing. Apps say what else there is to keep (`register_folder`), and what must not go on as it was when the
backup was made (`register_reset`).
"""

from .archive import Manifest
from .errors import BackupError
from .making import check_backup, make_backup, remove_old_backups, stream_backup
from .places import register_folder, register_reset
from .record import LastBackup, last_backup
from .restoring import Restored, restore

__all__ = [
    "BackupError",
    "LastBackup",
    "Manifest",
    "Restored",
    "check_backup",
    "last_backup",
    "make_backup",
    "register_folder",
    "register_reset",
    "remove_old_backups",
    "restore",
    "stream_backup",
]
