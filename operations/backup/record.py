"""When the last backup was made: a small file beside the backups, which tells the checks and the metrics."""

import datetime
import json
import logging
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

NAME = ".last-backup.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LastBackup:
    at: datetime.datetime
    #: Compressed, in bytes. None where it went through a pipe.
    size: int | None


def remember(at: datetime.datetime, size: int | None) -> None:
    """Write it down, whichever folder the backup went to. A backup is one also where this cannot be written."""
    folder = Path(settings.BACKUP_FOLDER)
    new = folder / f"{NAME}.new"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.write_text(json.dumps({"at": at.isoformat(), "size": size}))
        new.replace(folder / NAME)
    except OSError as error:
        logger.warning("That a backup was made could not be written to %s (%s).", folder, error.strerror)


def last_backup() -> LastBackup | None:
    """The last one that was made on this machine; None where none was, or it cannot be told."""
    try:
        given = json.loads((Path(settings.BACKUP_FOLDER) / NAME).read_text())
        at = datetime.datetime.fromisoformat(given["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return LastBackup(at, given.get("size")) if at.tzinfo else None
