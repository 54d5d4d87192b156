"""By what the list of runs is narrowed: each choice is a condition along an index."""

import datetime

from django.contrib import admin
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from background.models import TaskRun, WorkerBeat
from background.overview import ALIVE_FOR, WAITING_TOO_LONG
from background.policy import policies

from .why import LONG
from .words import title_of

#: From how many of the newest runs the names of queues are taken.
NEWEST = 2000

#: Seconds beyond its time limit that a task may take to end.
PATIENCE = 60


def known_paths() -> list[str]:
    """The dotted paths of all tasks that have runs. Reads an index once for each path, however many runs there are."""
    table = connection.ops.quote_name(TaskRun._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE paths(path) AS (SELECT min(task_path) FROM {table} UNION ALL "  # noqa: S608 (our own table)
            f"SELECT (SELECT min(task_path) FROM {table} WHERE task_path > paths.path) FROM paths WHERE paths.path IS NOT NULL) "
            "SELECT path FROM paths WHERE path IS NOT NULL"
        )
        return [row[0] for row in cursor.fetchall()]


def waiting_since_before(moment: datetime.datetime) -> Q:
    """Runs that wait, and could have run at `moment` already."""
    return Q(state=TaskRun.State.WAITING, queued_at__lt=moment) & (Q(run_after=None) | Q(run_after__lt=moment))


def needs_somebody(now: datetime.datetime) -> Q:
    """Failed for good and not tried again since; or waiting too long; or running without a worker, or beyond all measure."""
    later = TaskRun.objects.filter(first_id=Coalesce(OuterRef("first_id"), OuterRef("pk")), pk__gt=OuterRef("pk"))
    alive = WorkerBeat.objects.filter(worker_id=OuterRef("worker_id"), seen_at__gt=now - ALIVE_FOR)
    limits = {path: policy.time_limit for path, policy in policies.items() if policy.time_limit is not None}
    too_long = Q(started_at__lt=now - LONG) & ~Q(task_path__in=limits)
    for limit in set(limits.values()):
        paths = [path for path, its in limits.items() if its == limit]
        too_long |= Q(task_path__in=paths, started_at__lt=now - datetime.timedelta(seconds=limit + PATIENCE))
    return (
        Q(state=TaskRun.State.FAILED) & ~Exists(later)
        | waiting_since_before(now - WAITING_TOO_LONG)
        | Q(state=TaskRun.State.RUNNING) & (~Exists(alive) | too_long)
    )


class NeedsSomebody(admin.SimpleListFilter):
    title = _("needs somebody")
    parameter_name = "needs"

    def lookups(self, request, model_admin):
        return [("somebody", _("Yes: failed, stuck, or waiting too long"))]

    def queryset(self, request, queryset: QuerySet) -> QuerySet:
        if self.value() != "somebody":
            return queryset
        # The states once more, alone: so that the index on them is used.
        states = [TaskRun.State.FAILED, TaskRun.State.WAITING, TaskRun.State.RUNNING]
        return queryset.filter(needs_somebody(timezone.now()), state__in=states)


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        rest = [(state.value, state.label) for state in TaskRun.State if state != TaskRun.State.WAITING]
        return [("due", _("waiting")), ("later", _("for later")), *rest]

    def queryset(self, request, queryset: QuerySet) -> QuerySet:
        now = timezone.now()
        if self.value() == "due":
            return queryset.filter(Q(run_after=None) | Q(run_after__lte=now), state=TaskRun.State.WAITING)
        if self.value() == "later":
            return queryset.filter(state=TaskRun.State.WAITING, run_after__gt=now)
        return queryset.filter(state=self.value()) if self.value() in TaskRun.State.values else queryset


class AgeFilter(admin.SimpleListFilter):
    title = _("age")
    parameter_name = "age"
    WAITING = {"5m": datetime.timedelta(minutes=5), "1h": datetime.timedelta(hours=1), "1d": datetime.timedelta(days=1)}

    def lookups(self, request, model_admin):
        return [
            ("5m", _("waits for more than 5 minutes")),
            ("1h", _("waits for more than an hour")),
            ("1d", _("waits for more than a day")),
            ("failed-today", _("failed today")),
            ("failed-week", _("failed in the last 7 days")),
        ]

    def queryset(self, request, queryset: QuerySet) -> QuerySet:
        now = timezone.now()
        if self.value() in self.WAITING:
            return queryset.filter(waiting_since_before(now - self.WAITING[self.value()]))
        if self.value() == "failed-today":
            # The day of the site, as the figures on the first page count it.
            local = timezone.localtime(now, timezone.get_default_timezone())
            midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
            return queryset.filter(state=TaskRun.State.FAILED, finished_at__gte=midnight)
        if self.value() == "failed-week":
            return queryset.filter(state=TaskRun.State.FAILED, finished_at__gte=now - datetime.timedelta(days=7))
        return queryset


class TaskFilter(admin.SimpleListFilter):
    title = _("task")
    parameter_name = "task"

    def lookups(self, request, model_admin):
        paths = sorted({*policies, *known_paths()}, key=lambda path: (title_of(path), path))
        titles = [title_of(path) for path in paths]
        # Two tasks may have one name: then the place tells them apart.
        return [
            (path, title if titles.count(title) == 1 else f"{title} ({path.rpartition('.')[0]})")
            for path, title in zip(paths, titles, strict=True)
        ]

    def queryset(self, request, queryset: QuerySet) -> QuerySet:
        return queryset.filter(task_path=self.value()) if self.value() else queryset


class QueueFilter(admin.SimpleListFilter):
    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request, model_admin):
        names = set(TaskRun.objects.order_by("-pk").values_list("queue_name", flat=True)[:NEWEST])
        chosen = request.GET.get(self.parameter_name)
        return [(name, name) for name in sorted(names | ({chosen} if chosen else set()))]

    def queryset(self, request, queryset: QuerySet) -> QuerySet:
        return queryset.filter(queue_name=self.value()) if self.value() else queryset

    def has_output(self) -> bool:
        # One queue is no choice.
        return len(self.lookup_choices) > 1
