"""Which version of the site this is."""

import functools
import tomllib
from pathlib import Path

from django.conf import settings


@functools.cache
def version_in(folder: Path) -> str:
    """As in the pyproject.toml of this folder: the year and the month, as “2026.11”."""
    with (folder / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def version() -> str:
    return version_in(settings.BASE_DIR)
