"""What the background work remembers about itself."""

import datetime

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .masking import mask


class WorkerBeat(models.Model):
    """A worker's sign of life, written every few seconds by `manage.py worker`."""

    worker_id = models.CharField(_("worker"), max_length=64, primary_key=True)
    host = models.CharField(_("machine"), max_length=120)
    pid = models.PositiveIntegerField(_("process"))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self) -> str:
        return self.worker_id


class Schedule(models.Model):
    """When a scheduled task runs next. The row is claimed by compare-and-set, so several workers run it once."""

    name = models.CharField(_("task"), max_length=200, primary_key=True)
    next_run_at = models.DateTimeField(_("next run"))
    enabled = models.BooleanField(_("on"), default=True)
    last_run_at = models.DateTimeField(_("last run"), null=True, blank=True)

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TaskRunQuerySet(models.QuerySet["TaskRun"]):
    def open(self):
        """Those that wait or run."""
        return self.filter(state__in=TaskRun.OPEN)

    def holding(self, unique_key: str):
        """The one that waits or runs under this key."""
        # Word for word the condition of the constraint: SQLite takes no other way to its index, and would read the table.
        is_open = RawSQL("state IN ('waiting', 'running') AND NOT (unique_key = '')", [], output_field=models.BooleanField())
        return self.filter(is_open, unique_key=unique_key)

    def waiting(self):
        return self.filter(state=TaskRun.State.WAITING)

    def due(self, now: datetime.datetime | None = None):
        """Those that wait and could run at `now`."""
        return self.waiting().filter(Q(run_after=None) | Q(run_after__lte=now or timezone.now()))

    def running(self):
        return self.filter(state=TaskRun.State.RUNNING)

    def failed(self):
        return self.filter(state=TaskRun.State.FAILED)


class TaskRun(models.Model):
    """One attempt to run a task, whatever engine runs it. `first` links the attempts of one piece of work.

    The row is written before the task is handed to its engine, so that nothing is lost between the two: `sent_at` is empty
    until then. Arguments are ids, never personal data. Error texts are masked before they are stored.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("done")
        FAILED = "failed", _("failed")
        RETRIED = "retried", _("failed, tried again")
        POSTPONED = "postponed", _("put off")
        LOST = "lost", _("worker lost")
        DISCARDED = "discarded", _("discarded")

    OPEN = (State.WAITING, State.RUNNING)

    result_id = models.CharField(_("id of the engine"), max_length=64, blank=True)
    backend = models.CharField(_("backend"), max_length=40)
    task_path = models.CharField(_("task"), max_length=200)
    queue_name = models.CharField(_("queue"), max_length=40)
    priority = models.SmallIntegerField(_("priority"), default=0)
    arguments = models.JSONField(_("arguments"), default=dict)
    about = models.CharField(_("about"), max_length=120, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.WAITING)
    attempt = models.PositiveIntegerField(_("attempt"), default=1)
    max_attempts = models.PositiveIntegerField(_("attempts at most"), default=1)
    losses = models.PositiveSmallIntegerField(_("workers lost"), default=0)
    first = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="later", verbose_name=_("first attempt")
    )
    unique_key = models.CharField(_("unique key"), max_length=255, blank=True)
    queued_at = models.DateTimeField(_("queued"), default=timezone.now)
    run_after = models.DateTimeField(_("not before"), null=True, blank=True)
    sent_at = models.DateTimeField(_("handed to the engine"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True, db_index=True)
    worker_id = models.CharField(_("worker"), max_length=64, blank=True)
    error = models.CharField(_("error"), max_length=200, blank=True)
    message = models.CharField(_("what it said"), max_length=500, blank=True)
    traceback = models.TextField(_("traceback"), blank=True)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    progress_at = models.DateTimeField(_("last progress"), null=True, blank=True)

    objects = TaskRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("task run")
        verbose_name_plural = _("task runs")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["result_id"], name="background_run_result"),
            models.Index(fields=["task_path", "-id"], name="background_run_task"),
            models.Index(fields=["state", "-id"], name="background_run_state"),
            models.Index(fields=["queued_at"], name="background_run_open", condition=Q(state__in=["waiting", "running"])),
            models.Index(fields=["finished_at"], name="background_run_failed", condition=Q(state="failed")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["unique_key"],
                condition=Q(state__in=["waiting", "running"]) & ~Q(unique_key=""),
                name="background_run_unique_key",
            ),
            models.UniqueConstraint(
                fields=["result_id"],
                condition=Q(state__in=["waiting", "running"]) & ~Q(result_id=""),
                name="background_run_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({mask(self.about)})" if self.about else self.title

    @property
    def title(self) -> str:
        """The task's name in words: `sync_session_task` is “sync session”."""
        return self.task_path.rpartition(".")[2].removesuffix("_task").replace("_", " ")

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def duration(self) -> datetime.timedelta | None:
        """How long it ran, or runs since."""
        return None if self.started_at is None else (self.finished_at or timezone.now()) - self.started_at

    @property
    def since(self) -> datetime.datetime:
        """Since when it could have run."""
        return max(self.queued_at, self.run_after) if self.run_after else self.queued_at
