"""`manage.py backup [--to FOLDER|-] [--keep N]` and `manage.py backup --check FILE`."""

import sys
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations.backup import BackupError, Manifest, check_backup, make_backup, remove_old_backups, stream_backup


class Command(BaseCommand):
    help = "Back up the database and the uploaded files into one file, while the site runs. Exit 0, or 1 with the reason."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", metavar="FOLDER", help="where to; - writes to standard output (default: BACKUP_FOLDER)")
        parser.add_argument("--keep", type=int, metavar="N", help="delete all but the newest N backups in the folder afterwards")
        parser.add_argument("--check", type=Path, metavar="FILE", help="make none; read this one to its end instead")

    def handle(self, *args, **options) -> None:
        try:
            if options["check"]:
                self._say(check_backup(options["check"]), f"{options['check']} is whole")
            elif options["to"] == "-":
                self._stream(options["keep"])
            else:
                self._make(Path(options["to"] or settings.BACKUP_FOLDER), options["keep"])
        except BackupError as error:
            raise CommandError(str(error)) from error

    def _make(self, folder: Path, keep: int | None) -> None:
        if keep is not None and keep < 1:
            raise CommandError("--keep takes a number from 1.")
        path, manifest = make_backup(folder)
        self._say(manifest, f"{path} ({path.stat().st_size / 1_000_000:.1f} MB)")
        if keep is not None:
            for old in remove_old_backups(folder, keep=keep):
                self.stdout.write(f"Deleted: {old.name}")

    def _stream(self, keep: int | None) -> None:
        if keep is not None:
            raise CommandError("--keep looks after files in a folder. What goes to standard output is kept by whoever takes it.")
        if sys.stdout.isatty():
            raise CommandError("A backup is no text for a screen: send it on, as in manage.py backup --to - > FILE.")
        manifest = stream_backup(sys.stdout.buffer)
        # Standard output is the backup itself.
        self.stderr.write(_described(manifest, "Written"))

    def _say(self, manifest: Manifest, what: str) -> None:
        self.stdout.write(_described(manifest, what))


def _described(manifest: Manifest, what: str) -> str:
    return (
        f"{what}: version {manifest.version}, {manifest.vendor}, made {manifest.at:%Y-%m-%d %H:%M} UTC,"
        f" {manifest.rows} rows in {len(manifest.tables)} tables, {manifest.files} files."
    )
