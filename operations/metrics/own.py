"""Figures of every site: its tasks, its backups, its database, its version."""

import shutil
import time
from collections.abc import Iterable

from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from background.models import TaskRun
from background.overview import overview
from operations.backup import last_backup
from operations.version import version

from .figures import Figure, one


def about_the_site() -> Iterable[Figure]:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    yield Figure(
        "info", "The version of the site, and its database.", [({"version": version(), "database": connection.vendor}, 1)]
    )
    yield one("database_seconds", "How long the database took to answer at all.", time.perf_counter() - began)
    free = shutil.disk_usage(settings.BASE_DIR)
    yield one("disk_free_bytes", "Free on the disk with the site's folder.", free.free)
    kept = last_backup()
    yield one("last_backup_seconds", "Age of the last backup that was made on this machine.", _age(kept.at) if kept else None)


def about_tasks() -> Iterable[Figure]:
    now = overview()
    yield one("workers_alive", "Workers with a sign of life.", now.alive)
    yield one("tasks_due", "Tasks that could run now.", now.waiting)
    oldest = now.oldest_waiting
    yield one("tasks_oldest_due_seconds", "How long the oldest of them has waited.", oldest.total_seconds() if oldest else 0)
    yield one("tasks_failed_today", "Tasks that failed for good since midnight, and were not discarded.", now.failed_today)
    yield one("schedules_overdue", "Schedules that nobody has started in time.", len(now.overdue))
    # Records are kept for some days, so this stays a small table; it is read along its index of states.
    states = TaskRun.objects.order_by().values_list("state").annotate(number=Count("pk"))
    yield Figure("task_runs", "Kept records of runs by state.", [({"state": state}, number) for state, number in sorted(states)])


def _age(at) -> float:
    return max((timezone.now() - at).total_seconds(), 0.0)
