"""Tasks that run again and again: declared beside the task, remembered as rows, started by whichever worker comes first."""

import datetime
import math
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.tasks import Task, TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from .models import Schedule


@dataclass(frozen=True)
class Scheduled:
    """A task without arguments, and how often it runs."""

    task: Task
    interval: datetime.timedelta


#: Scheduled tasks by the dotted path of the task, which is also the name of their row.
scheduled: dict[str, Scheduled] = {}


def every(interval: datetime.timedelta) -> Callable[[Task], Task]:
    """Run a task without arguments every `interval`, as long as a worker lives. Stands above `@task`:

        @every(timedelta(minutes=15))
        @task
        def send_reminders(): ...

    The module must be called `tasks` and lie in an installed app: workers import those. Raises `ValueError` for an
    interval of no length.
    """
    if interval <= datetime.timedelta():
        raise ValueError("The interval of a schedule must be longer than nothing.")

    def declare(task: Task) -> Task:
        scheduled[task.module_path] = Scheduled(task, interval)
        return task

    return declare


def create_missing_rows(now: datetime.datetime | None = None) -> None:
    """Give every declared task its row; a new one is due at once. Rows whose task is gone stay, and are never due."""
    now = now or timezone.now()
    for name in scheduled.keys() - set(Schedule.objects.values_list("name", flat=True)):
        Schedule.objects.get_or_create(name=name, defaults={"next_run_at": now})


def run_due(now: datetime.datetime | None = None) -> list[str]:
    """Queue what is due at `now` and return the names. Costs one read, and no write lock, where nothing is due.

    A row is claimed by changing its time from the one that was read (compare-and-set), together with the task in one
    transaction: of several workers exactly one queues it. Ticks that were missed are made up for by one run, and a task
    whose last tick still waits in the queue is not queued again.
    """
    now = now or timezone.now()
    queued = []
    due = list(Schedule.objects.filter(enabled=True, next_run_at__lte=now, name__in=scheduled).order_by("next_run_at", "name"))
    for row in due:
        declared = scheduled[row.name]
        missed = math.floor((now - row.next_run_at) / declared.interval)
        next_run_at = row.next_run_at + (missed + 1) * declared.interval
        with transaction.atomic():
            claimed = Schedule.objects.filter(name=row.name, next_run_at=row.next_run_at, enabled=True).update(
                next_run_at=next_run_at, last_run_at=now
            )
            if claimed and not _waits(row.name):
                declared.task.enqueue()
                queued.append(row.name)
    return queued


def _waits(task_path: str) -> bool:
    return DBTaskResult.objects.filter(
        task_path=task_path, status=TaskResultStatus.READY, args_kwargs={"args": [], "kwargs": {}}
    ).exists()
