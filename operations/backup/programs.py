"""Finding PostgreSQL's own programs in a version that fits its server: an older pg_dump refuses a newer server."""

import functools
import glob
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from .errors import BackupError

#: Where packages put them, one version beside the other.
USUAL = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/libexec/postgresql*")


def program(name: str, *, at_least: int) -> str:
    """The path of `name` (`pg_dump`, `pg_restore`) of the lowest major version from `at_least` on; `POSTGRESQL_PROGRAMS` is asked alone.

    Raises `BackupError`, which says what to install.
    """
    found = [(major, path) for path in _candidates(name) if (major := _major(path)) >= at_least]
    if not found:
        raise BackupError(
            f"{name} of PostgreSQL {at_least} or newer is not on this machine: it must not be older than the server. Install it"
            f" (Debian: apt install postgresql-client-{at_least}), or name the folder with it in POSTGRESQL_PROGRAMS."
        )
    return min(found)[1]


def _candidates(name: str) -> Iterable[str]:
    chosen = settings.POSTGRESQL_PROGRAMS
    if chosen:
        return [str(Path(chosen) / name)]
    on_path = shutil.which(name)
    folders = [folder for pattern in USUAL for folder in sorted(glob.glob(pattern))]
    return [*([on_path] if on_path else []), *(str(Path(folder) / name) for folder in folders)]


@functools.cache
def _major(path: str) -> int:
    """Its major version, or 0 where it cannot be run."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    number = re.search(r"\) (\d+)", said)
    return int(number.group(1)) if number else 0
