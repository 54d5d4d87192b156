"""Making a backup while the site runs, reading it back to check it, and letting old ones go."""

import datetime
import os
import re
import tempfile
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils import timezone

from operations.version import version

from .archive import Manifest, Writer, unpack
from .engines import engine
from .errors import BackupError
from .places import folders
from .record import remember

#: As cohorts-20261123-031500.tar.gz, in UTC: sorted by name they are sorted by time.
NAMED = re.compile(r"^cohorts-\d{8}-\d{6}\.tar\.gz$")
BEGUN = ".part"
#: What somebody's backup left that was killed, after so long.
FORGOTTEN_AFTER = datetime.timedelta(days=1)


def make_backup(folder: Path, *, now: datetime.datetime | None = None) -> tuple[Path, Manifest]:
    """Write a backup of the site into `folder` (made where missing) and read it back. Others may go on working.

    Raises `BackupError` with what went wrong; then there is no file.
    """
    now = now or timezone.now()
    target = folder / f"cohorts-{now.astimezone(datetime.UTC):%Y%m%d-%H%M%S}.tar.gz"
    begun = target.with_name(target.name + BEGUN)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists():
            raise BackupError(f"{target} is there already: another backup was made in the same second.")
        try:
            with begun.open("xb") as stream:
                begun.chmod(0o600)
                manifest = _write(stream, folder, now)
                stream.flush()
                os.fsync(stream.fileno())
            check_backup(begun)
            begun.rename(target)
        except FileExistsError as error:
            raise BackupError(f"{begun} is there: another backup is being made.") from error
        except BaseException:
            begun.unlink(missing_ok=True)
            raise
        remember(now, target.stat().st_size)
    except OSError as error:
        raise BackupError(f"The backup could not be written to {folder}: {error.strerror}.") from error
    return target, manifest


def stream_backup(stream: IO[bytes], *, now: datetime.datetime | None = None) -> Manifest:
    """The same into a pipe, where it cannot be read back."""
    now = now or timezone.now()
    try:
        manifest = _write(stream, Path(settings.BACKUP_FOLDER), now)
        stream.flush()
        remember(now, None)
    except OSError as error:
        raise BackupError(f"The backup could not be written: {error.strerror}.") from error
    return manifest


def _write(stream: IO[bytes], near: Path, now: datetime.datetime) -> Manifest:
    """Files are named by the database and may be deleted at any time. Those from before its copy are taken first, so that
    nothing is missing that the copy names; those that came meanwhile are taken after it. (Missing could only be one that came just
    before the copy and was gone right after it; files live for a day at least.)
    """
    database = engine()
    near.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Writer(stream) as writer:
        _add_files(writer)
        # What came while the many were written; then there are only moments left before the copy.
        _add_files(writer)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=near) as scratch:
            path = Path(scratch) / database.part
            copied = database.copy_to(path)
            writer.add(database.part, path)
        _add_files(writer)
        manifest = Manifest(
            made_at=now.isoformat(),
            version=version(),
            vendor=database.vendor,
            vendor_version=copied.version,
            database=database.part,
            tables=copied.tables,
            migrations=copied.migrations,
        )
        writer.finish(manifest)
    return manifest


def _add_files(writer: Writer) -> None:
    for folder in folders():
        for inside, path in folder.files():
            name = f"{folder.name}/{inside}"
            if name not in writer.parts:
                writer.add(name, path)


def check_backup(path: Path) -> Manifest:
    """Read the backup as a restore would, to its last byte. Raises `BackupError` where it would not do."""
    try:
        with path.open("rb") as stream:
            return unpack(stream, None)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from error


def remove_old_backups(folder: Path, *, keep: int, now: datetime.datetime | None = None) -> list[Path]:
    """Delete all but the newest `keep` backups in `folder`, and what killed ones left. Returns the backups that went.

    Only files that are named as ours are looked at.
    """
    if keep < 1:
        raise BackupError("At least one backup has to be kept.")
    now = now or timezone.now()
    old = sorted(path for path in folder.iterdir() if NAMED.match(path.name))[:-keep]
    for path in old:
        path.unlink()
    for path in folder.glob(f"cohorts-*{BEGUN}"):
        if path.stat().st_mtime < (now - FORGOTTEN_AFTER).timestamp():
            path.unlink(missing_ok=True)
    return old
