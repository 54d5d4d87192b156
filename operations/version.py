"""Which version of the site this is."""

import functools
import tomllib

from django.conf import settings


@functools.cache
def version() -> str:
    """As in pyproject.toml: the year and the month, as “2026.11”."""
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
