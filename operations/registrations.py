"""What belongs to every site: its uploaded files, its log-ins, its cache."""

from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import DatabaseError

from background.health import register_check
from background.models import TaskRun, WorkerBeat

from .backup import register_folder, register_reset
from .metrics import register_figures
from .metrics.own import about_tasks, about_the_site
from .room import check_disk


def log_everybody_out() -> str | None:
    """A log-in that was ended since the backup, or whose password was changed, must not be one again."""
    number, _by_model = Session.objects.all().delete()
    return f"{number} log-ins are ended: everybody logs in again." if number else None


def forget_the_cache() -> str | None:
    """What was counted and remembered is of another time."""
    try:
        cache.clear()
    except DatabaseError:
        # Its table is made by a command of its own.
        return "The cache has no table yet: run “manage.py createcachetable”."
    return None


def forget_workers() -> str | None:
    """Those of the backup are gone, so what they ran is put back by the next one."""
    WorkerBeat.objects.all().delete()
    number = TaskRun.objects.open().count()
    return f"{number} tasks waited or ran when the backup was made: they run once a worker starts." if number else None


def register() -> None:
    register_folder("files", lambda: Path(settings.MEDIA_ROOT))
    register_reset("sessions", log_everybody_out)
    register_reset("cache", forget_the_cache)
    register_reset("workers", forget_workers)
    register_check("disk", check_disk)
    register_figures("site", about_the_site)
    register_figures("tasks", about_tasks)
