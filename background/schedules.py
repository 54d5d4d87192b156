"""Tasks that run again and again: declared beside the task, remembered as rows, started by whichever worker comes first."""

import datetime
import logging
import math
import random
from dataclasses import dataclass

from cronsim import CronSim, CronSimError
from django.db import transaction
from django.tasks import Task
from django.utils import timezone
from django.utils.translation import gettext, ngettext, npgettext

from .policy import PolicyError, policy_of
from .trouble import is_unready

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timing:
    """When a scheduled task runs: each `interval`, or by a line of cron in the site's time zone; later by up to `jitter`."""

    interval: datetime.timedelta | None = None
    cron: str = ""
    jitter: datetime.timedelta = datetime.timedelta()

    def after(self, last: datetime.datetime, now: datetime.datetime) -> datetime.datetime:
        """The first moment after `now`, where `last` was one of them. Moments between the two are missed, and stay so."""
        if self.interval is not None:
            missed = max(0, math.floor((now - last) / self.interval))
            following = last + (missed + 1) * self.interval
        else:
            # CronSim counts in local time, and knows what daylight saving does to it.
            local = next(CronSim(self.cron, timezone.localtime(now, timezone.get_default_timezone())))
            # Adding to a local time forgets which of the two hours it is that come twice in autumn.
            following = local.astimezone(datetime.UTC)
        return following + self.jitter * random.random()  # noqa: S311 (spreads load, guards nothing)

    def __str__(self) -> str:
        """In words: “every 15 minutes”, “0 4 * * *”."""
        if self.interval is None:
            return self.cron
        seconds = round(self.interval.total_seconds())
        for size, text in (
            (86400, lambda n: npgettext("schedule", "every day", "every %(number)s days", n)),
            (3600, lambda n: ngettext("every hour", "every %(number)s hours", n)),
            (60, lambda n: ngettext("every minute", "every %(number)s minutes", n)),
        ):
            if seconds >= size and seconds % size == 0:
                return text(seconds // size) % {"number": seconds // size}
        return gettext("every %(number)s seconds") % {"number": f"{self.interval.total_seconds():g}"}


@dataclass(frozen=True)
class Scheduled:
    """A task without arguments, and when it runs."""

    task: Task
    timing: Timing


#: Scheduled tasks by the dotted path of the task, which is also the name of their row.
scheduled: dict[str, Scheduled] = {}


def timing_of(name: str, every: datetime.timedelta | str, jitter: datetime.timedelta | None = None) -> Timing:
    """What `@task(every=…, jitter=…)` means. Raises `PolicyError`, which names the task, for what cannot be read."""
    jitter = jitter or datetime.timedelta()
    if not isinstance(jitter, datetime.timedelta) or jitter < datetime.timedelta():
        raise PolicyError(f"The task {name} cannot be declared: jitter={jitter!r} must be a timedelta, nothing or more.")
    if isinstance(every, datetime.timedelta):
        if every < datetime.timedelta(seconds=1):
            raise PolicyError(f"The task {name} cannot run every {every}: a second is the shortest interval.")
        if jitter >= every:
            raise PolicyError(f"The task {name} cannot be declared: its jitter must be shorter than its interval.")
        return Timing(interval=every, jitter=jitter)
    if not isinstance(every, str):
        raise PolicyError(
            f"The task {name} cannot run every {every!r}: write a timedelta, or a line of cron such as “0 4 * * *”."
        )
    try:
        next(CronSim(every, datetime.datetime(2024, 1, 1)))  # noqa: DTZ001 (only to read the line)
    except CronSimError as error:
        raise PolicyError(
            f"The task {name} has a line of cron that cannot be read, “{every}”: {error}. It has five parts: minute, hour, day, "
            "month, weekday; for example “*/15 * * * *”."
        ) from error
    except StopIteration:
        raise PolicyError(f"The task {name} has a line of cron that never comes, “{every}”.") from None
    return Timing(cron=every, jitter=jitter)


def declare(task: Task, timing: Timing) -> None:
    scheduled[task.module_path] = Scheduled(task, timing)


def create_missing_rows(now: datetime.datetime | None = None) -> None:
    """Give every declared task its row; a new one is due at once. Rows whose task is gone stay, and are never due."""
    from .models import Schedule

    now = now or timezone.now()
    for name in scheduled.keys() - set(Schedule.objects.values_list("name", flat=True)):
        Schedule.objects.get_or_create(name=name, defaults={"next_run_at": now})


def run_due(now: datetime.datetime | None = None) -> list[str]:
    """Queue what is due at `now` and return the names. Costs one read, and no write lock, where nothing is due.

    A row is claimed by changing its time from the one that was read (compare-and-set), together with the task in one
    transaction: of several workers exactly one queues it. Ticks that were missed are made up for by one run, and a task
    whose last tick still waits or runs is not queued again.
    """
    from .models import Schedule

    now = now or timezone.now()
    queued = []
    due = list(Schedule.objects.filter(enabled=True, next_run_at__lte=now, name__in=scheduled).order_by("next_run_at", "name"))
    for row in due:
        next_run_at = scheduled[row.name].timing.after(row.next_run_at, now)
        try:
            with transaction.atomic():
                claimed = Schedule.objects.filter(name=row.name, next_run_at=row.next_run_at, enabled=True).update(
                    next_run_at=next_run_at, last_run_at=now
                )
                if claimed and queue_now(row.name):
                    queued.append(row.name)
        # One that cannot be queued (its backend is not set up, its queue has too long a name, …) must not stop the others, nor
        # the worker.
        except Exception as error:
            if is_unready(error):
                raise
            logger.exception("The scheduled task %s could not be queued.", row.name)
    return queued


def queue_now(name: str) -> bool:
    """Queue a scheduled task, paused or not. False where it waits or runs already. Raises `KeyError` for one that is gone."""
    from .queueing import enqueue

    task = scheduled[name].task
    # With the task's own key, where it has one: what the schedule queues and what others queue must not run side by side.
    return enqueue(task, unique_key=None if policy_of(task).unique else f"schedule:{name}") is not None
