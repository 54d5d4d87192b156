"""The cache in which limits are counted: one for all processes, and its table, where it lies in the database."""

from django.conf import settings
from django.core.management import call_command
from django.db import connections

IN_DATABASE = "django.core.cache.backends.db.DatabaseCache"
#: Each process has its own, or nobody has any.
OF_ONE_PROCESS = ("django.core.cache.backends.locmem.LocMemCache", "django.core.cache.backends.dummy.DummyCache")


def is_shared() -> bool:
    """Whether all processes count in the same cache."""
    return settings.CACHES["default"]["BACKEND"] not in OF_ONE_PROCESS


def tables() -> list[str]:
    """Names of the tables that caches in the database need."""
    return [cache["LOCATION"] for cache in settings.CACHES.values() if cache["BACKEND"] == IN_DATABASE]


def make_tables(using: str = "default", **kwargs) -> None:
    """Make the tables that are missing: after each `migrate`, so that nobody has to think of it."""
    missing = set(tables()) - set(connections[using].introspection.table_names())
    if missing and using == "default":
        call_command("createcachetable", database=using, verbosity=0)
