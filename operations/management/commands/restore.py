"""`manage.py restore FILE|- [--yes-replace] [--without-backup]`."""

import sys
from contextlib import contextmanager

from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations.backup import BackupError, Restored, restore


class Command(BaseCommand):
    help = "Make this site the one in a backup, then migrate it. Stop web server and workers first. Exit 0, or 1 with nothing changed."
    # The tables may not be there yet.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a file of manage.py backup; - reads standard input")
        parser.add_argument("--yes-replace", action="store_true", help="everything that is here may go")
        parser.add_argument("--without-backup", action="store_true", help="do not back up first what is replaced")

    def handle(self, *args, **options) -> None:
        try:
            with _opened(options["file"]) as stream:
                done = restore(
                    stream,
                    replace=options["yes_replace"],
                    keep_first=not options["without_backup"],
                    say=self.stdout.write,
                )
        except BackupError as error:
            raise CommandError(str(error)) from error
        self._tell(done)

    def _tell(self, done: Restored) -> None:
        manifest = done.manifest
        self.stdout.write(
            f"The site is as it was on {manifest.at:%Y-%m-%d at %H:%M} UTC: {manifest.rows} rows, {manifest.files} files."
        )
        if done.before:
            self.stdout.write(f"What was here before: {done.before}")
        if done.migrated:
            self.stdout.write(f"{done.migrated} migrations have brought it to this version.")
        for line in done.told:
            self.stdout.write(f"- {line}")
        if done.back:
            numbers = ", ".join(map(str, done.back[:50])) + (" …" if len(done.back) > 50 else "")
            self.stdout.write(
                f"- {len(done.back)} accounts were deleted after this backup, and are back: {numbers}. Delete them again"
                " (manage.py delete_account): their people have been told that their data is gone."
            )
        self.stdout.write("Look around with the web server alone before you start the workers: they send mail.")


@contextmanager
def _opened(name: str):
    if name != "-":
        try:
            stream = open(name, "rb")  # noqa: SIM115
        except OSError as error:
            raise BackupError(f"{name} cannot be read: {error.strerror}.") from error
        with stream:
            yield stream
        return
    if sys.stdin.isatty():
        raise CommandError("Nothing comes on standard input. As in: age --decrypt FILE | manage.py restore -")
    yield sys.stdin.buffer
