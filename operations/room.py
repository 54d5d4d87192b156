"""Whether there is room to write at all: what a full or read-only disk takes away first."""

import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection

#: Below this much a disk is about to stop the site. `manage.py check --deploy` warns earlier.
LEAST_BYTES = 200_000_000


def cache_keeps() -> bool:
    """Whether the cache keeps what it is given. In the database it says nothing where that can write no more, and limits count nothing."""
    mark = secrets.token_hex(8)
    cache.set("operations.keeps", mark, 60)
    return cache.get("operations.keeps") == mark


def check_disk() -> tuple[str, dict[str, Any]]:
    """For `/healthz`: `problems` says in words which disk is full, or cannot be written."""
    problems = [problem for what, place in _places() if (problem := _problem(what, place))]
    return "degraded" if problems else "ok", {"problems": problems}


def _places() -> list[tuple[str, Path]]:
    places = [("uploaded files", Path(settings.MEDIA_ROOT))]
    if connection.vendor == "sqlite" and not connection.is_in_memory_db():  # type: ignore[attr-defined]
        places.insert(0, ("the database", Path(connection.settings_dict["NAME"]).parent))
    return places


def _problem(what: str, place: Path) -> str:
    if not place.exists():
        # Made with the first file; `manage.py check --deploy` tries it.
        return ""
    if not os.access(place, os.W_OK):
        return f"The folder with {what} cannot be written. Look who owns it, and whether its disk is read-only."
    free = shutil.disk_usage(place).free
    if free < LEAST_BYTES:
        return f"The disk with {what} is full: {int(free) // 1_000_000} MB are left. Make room there."
    return ""
