"""Putting a backup in the place of what is there: all of it, or nothing.

Everything is unpacked and checked first. Then database and files change places with it; what was there before goes only when the
migrations have run and everything is set right. Killed half-way, the next restore begins by putting the old things back.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from background.models import WorkerBeat
from background.overview import ALIVE_FOR

from .archive import Manifest, unpack
from .engines import Engine, closed, engine
from .errors import BackupError
from .making import make_backup
from .places import ASIDE, STAGED, folders, resets

Say = Callable[[str], None]

_MOVING = ".moving"


@dataclass
class Restored:
    """What was done. `back` are the numbers of accounts that somebody has deleted since the backup, and that are there again."""

    manifest: Manifest
    migrated: int = 0
    told: list[str] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    before: Path | None = None


def restore(stream: IO[bytes], *, replace: bool = False, keep_first: bool = True, say: Say = lambda line: None) -> Restored:
    """Make this site the one in the backup, then migrate it to this version.

    `replace` says that what is there may go; with `keep_first` it is backed up before. `say` hears of each step. Raises `BackupError`; then
    nothing is changed. Web server and workers must be stopped.
    """
    database = engine()
    _undo_what_was_broken_off(database, say)
    _check_may_begin(database, replace)
    staged = _staging()
    try:
        say("Reading the backup.")
        manifest = unpack(stream, staged)
        _check_fits(manifest, database)
        database.check(staged / manifest.database, manifest.tables)
        done = Restored(manifest)
        before = _people()
        if replace and keep_first and before != set():
            say("Backing up what is there.")
            with closed():
                done.before, _manifest = make_backup(Path(settings.BACKUP_FOLDER))
        say("Putting it in place.")
        with closed(), database.replaced(staged / manifest.database, manifest.tables), _files_replaced(staged):
            say("Migrating, and setting right what must not go on as it was.")
            done.migrated = _migrate()
            done.told = [line for reset in resets() if (line := reset())]
            done.back = _are_back(before, _people())
        _remove(Path(settings.MEDIA_ROOT) / ASIDE)
    except OSError as error:
        raise BackupError(f"The backup could not be put in place: {error.strerror}. Nothing was changed.") from error
    finally:
        _remove(staged)
    return done


def _check_may_begin(database: Engine, replace: bool) -> None:
    if not replace and (_people() != set() or any(folder.files() for folder in folders())):
        raise BackupError(
            "This site is not empty. To put the backup in the place of everything that is here, stop the web server and the workers"
            " and say --yes-replace. What is here is backed up first."
        )
    with contextlib.suppress(DatabaseError):
        if WorkerBeat.objects.filter(seen_at__gt=timezone.now() - ALIVE_FOR).exists():
            raise BackupError("A worker is alive. Stop the workers and the web server, wait fifteen seconds, and try again.")
    _check_not_in_use(database)


def _check_not_in_use(database: Engine) -> None:
    with closed():
        if database.in_use():
            raise BackupError("Another program has the database open. Stop the web server and the workers, and try again.")


def _check_fits(manifest: Manifest, database: Engine) -> None:
    if manifest.vendor != database.vendor:
        raise BackupError(
            f"This is a backup of a site on {manifest.vendor}, and this one is on {database.vendor}. Restore it on {manifest.vendor};"
            " docs/how-to/deploy.md says how a site moves from one to the other."
        )
    known = {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}
    apps = {name.partition(".")[0] for name in known}
    unknown = sorted(name for name in manifest.migrations if name not in known and name.partition(".")[0] in apps)
    if unknown:
        raise BackupError(
            f"This backup is of a later version of the site ({manifest.version}): it has {unknown[0]}, which is not here. Install that version."
        )


def _people() -> set[int] | None:
    """The numbers of all accounts: none where there are no tables, None where the database cannot be read."""
    try:
        if get_user_model()._meta.db_table not in connection.introspection.table_names():
            return set()
        return set(get_user_model()._base_manager.values_list("pk", flat=True))
    except DatabaseError:
        if connection.vendor == "sqlite":
            # A file that is broken is why somebody restores.
            return None
        raise


def _are_back(before: set[int] | None, after: set[int] | None) -> list[int]:
    """The numbers of those who are in the backup, and were deleted here since: a number is never given twice."""
    latest = max(before or (), default=0)
    return sorted(pk for pk in (after or set()) - (before or set()) if pk <= latest)


def _migrate() -> int:
    """Returns how many migrations the backup did not have yet."""
    before = set(MigrationRecorder(connection).applied_migrations())
    call_command("migrate", interactive=False, verbosity=0)
    return len(set(MigrationRecorder(connection).applied_migrations()) - before)


def _staging() -> Path:
    """An empty folder on the disk of the uploaded files, so that they only change places."""
    staged = Path(settings.MEDIA_ROOT) / STAGED
    try:
        _remove(staged)
        staged.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise BackupError(f"The backup cannot be unpacked in {settings.MEDIA_ROOT}: {error.strerror}.") from error
    return staged


@contextlib.contextmanager
def _files_replaced(staged: Path) -> Iterator[None]:
    """In the block, the folders hold what was unpacked. Where it raises, what they held before. What was there lies aside afterwards.

    Entries change places, not the folders themselves: a folder of a container cannot be renamed.
    """
    aside = Path(settings.MEDIA_ROOT) / ASIDE
    aside.mkdir(mode=0o700)
    try:
        for folder in folders():
            root = folder.path()
            if root is None:
                continue
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Under its own name only once all of it is there: until then, nothing new has come in its place.
            moving = aside / f"{folder.name}{_MOVING}"
            _move_entries(root, moving, only={inside.partition("/")[0] for inside, _path in folder.files()})
            moving.rename(aside / folder.name)
            _move_entries(staged / folder.name, root)
        yield
    except BaseException:
        _put_files_back()
        raise


def _put_files_back() -> None:
    """Return to where they were the files that lie aside; what came in their place goes."""
    aside = Path(settings.MEDIA_ROOT) / ASIDE
    for folder in folders():
        root = folder.path()
        if root is None:
            continue
        if (aside / folder.name).is_dir():
            for _inside, path in folder.files():
                path.unlink(missing_ok=True)
            _move_entries(aside / folder.name, root)
        _move_entries(aside / f"{folder.name}{_MOVING}", root)
    _remove(aside)


def _move_entries(source: Path, target: Path, only: set[str] | None = None) -> None:
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not source.is_dir():
        return
    for entry in sorted(source.iterdir()):
        if entry.name in (STAGED, ASIDE) or (only is not None and entry.name not in only):
            continue
        place = target / entry.name
        if entry.is_dir() and place.is_dir():
            _move_entries(entry, place)
            entry.rmdir()
        elif os.stat(source).st_dev == os.stat(target).st_dev:
            os.replace(entry, place)
        else:
            shutil.move(entry, place)


def _undo_what_was_broken_off(database: Engine, say: Say) -> None:
    aside = Path(settings.MEDIA_ROOT) / ASIDE
    with closed():
        if database.was_broken_off():
            # A program of the one that was killed may be at work still.
            _check_not_in_use(database)
            say("An earlier restore was broken off. What was there before it is put back first.")
            if aside.exists():
                _put_files_back()
            database.put_back()
        elif aside.exists():
            # It had come to its end, but for this.
            _remove(aside)
    _remove(Path(settings.MEDIA_ROOT) / STAGED)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
