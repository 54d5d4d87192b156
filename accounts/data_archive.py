"""The file of everything about a person: a ZIP with the data as JSON, what the person uploaded, and a page of words about it."""

import contextlib
import json
import logging
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from typing import IO

from django.conf import settings
from django.core.files import File
from django.utils import timezone
from django.utils.translation import gettext as _

from . import people_registry
from .models import User
from .people_registry import ExportFile
from .personal_data import iso

logger = logging.getLogger(__name__)

#: Larger archives are put together in a temporary file on the disk, smaller ones in memory.
IN_MEMORY = 2 * 1024 * 1024


@contextlib.contextmanager
def archive_of(user: User, progress: Callable[[int, int], object]) -> Iterator[File]:
    """The ZIP about `user`, open for reading from its beginning; it is gone afterwards. `progress` hears (done, total) parts.

    A file that cannot be read is left out, and the words in the archive say which. Texts are in the active language.
    """
    files = [one for source in people_registry.export_files for one in source(user)]
    total = len(people_registry.export_sections) + len(files)
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as target:
        with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED) as archive:
            done, data = 0, {"exported_at": iso(timezone.now())}
            for name, section in people_registry.export_sections.items():
                progress(done, total)
                data[name] = section(user)
                done += 1
            archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=2))
            missing = []
            for file, path in _with_free_names(files):
                progress(done, total)
                if not _add(archive, file, path):
                    missing.append(path)
                done += 1
            archive.writestr("README.txt", _words(list(data), [path for _file, path in _with_free_names(files)], missing))
        progress(total, total)
        target.seek(0)
        yield File(target, name="my-data.zip")


def _with_free_names(files: list[ExportFile]) -> list[tuple[ExportFile, str]]:
    """Each file with its path in the archive: two of one name get a number. No path leads out of the folder."""
    taken: set[str] = set()
    found = []
    for file in files:
        name = file.name.replace("\\", "_").replace("/", "_").strip(". ") or "file"
        path, number = f"files/{file.folder}/{name}", 1
        while path.casefold() in taken:
            number += 1
            stem, dot, ending = name.rpartition(".")
            path = f"files/{file.folder}/" + (f"{stem}-{number}{dot}{ending}" if stem else f"{name}-{number}")
        taken.add(path.casefold())
        found.append((file, path))
    return found


def _add(archive: zipfile.ZipFile, file: ExportFile, path: str) -> bool:
    try:
        source: IO[bytes] = file.open()
    except OSError:
        logger.warning("A file of a person's export could not be read.", exc_info=True)
        return False
    with source, archive.open(path, "w", force_zip64=True) as target:
        shutil.copyfileobj(source, target, 1024 * 256)
    return True


def _words(sections: list[str], paths: list[str], missing: list[str]) -> str:
    """What is in the archive, for somebody who opens it in ten years."""
    lines = [
        _("Your data from %(site)s") % {"site": settings.SITE_NAME},
        settings.SITE_URL,
        "",
        _("This file was made for you alone. Whoever has it can read everything in it, so keep it where you keep letters."),
        "",
        _(
            "data.json holds everything that the site knows about you, in parts. A text editor or a browser opens it. Times are in UTC."
        ),
        _("Its parts are: %(parts)s.") % {"parts": ", ".join(sections[1:])},
        "",
    ]
    if paths:
        lines += [_("The folder “files” holds what you uploaded:"), *(f"- {path}" for path in paths if path not in missing), ""]
    if missing:
        lines += [
            _("These could not be read. Ask the people who run the site about them:"),
            *(f"- {path}" for path in missing),
            "",
        ]
    lines += [
        _(
            "Not in here: what others wrote in confidence, decisions that are not published, and the text of mails with codes to log in."
        ),
        _("Your words on GitHub and in mails that reached somebody are not here either: they do not lie on this site."),
    ]
    return "\n".join(map(str, lines)) + "\n"
