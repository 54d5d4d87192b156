"""One attempt to run a task, as a test sees it."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.tasks import Task, TaskResult, TaskResultStatus
from django.tasks.base import TaskError

from .rollbacks import Place

#: What Django's own word for each state is. All others are FAILED.
_STATUS = {
    "waiting": TaskResultStatus.READY,
    "running": TaskResultStatus.RUNNING,
    "succeeded": TaskResultStatus.SUCCESSFUL,
}

WORKER = "test-worker"


@dataclass(eq=False)
class Run:
    """One attempt: it waits, or has ended. `state` is one of the words of `TaskRun.State`: waiting, succeeded, failed,
    retried (failed, and comes again), postponed (`Retry`), lost (its worker is gone), discarded.
    """

    task: Task
    args: list[Any]
    kwargs: dict[str, Any]
    id: str
    enqueued_at: datetime.datetime
    place: Place
    #: In which order they were queued.
    number: int
    attempt: int = 1
    #: How often a worker was lost while it ran this, before this attempt.
    losses: int = 0
    state: str = "waiting"
    started_at: datetime.datetime | None = None
    finished_at: datetime.datetime | None = None
    #: What the function returned, after JSON.
    value: Any = None
    #: What it raised.
    error: BaseException | None = None
    #: Whether a test asked for this error.
    was_asked_for: bool = False
    errors: list[TaskError] = field(default_factory=list)
    record_pk: int | None = None
    #: In which order they ended.
    ended_as: int = -1

    @property
    def path(self) -> str:
        return self.task.module_path

    @property
    def queue_name(self) -> str:
        return self.task.queue_name

    @property
    def priority(self) -> int:
        return self.task.priority

    @property
    def run_after(self) -> datetime.datetime | None:
        return self.task.run_after

    @property
    def turn(self) -> tuple[int, datetime.datetime, int]:
        """Sorts as a worker takes them: the highest priority first, then what could have run for longest."""
        return -self.priority, self.run_after or self.enqueued_at, self.number

    def is_due(self, now: datetime.datetime) -> bool:
        return self.run_after is None or self.run_after <= now

    @property
    def record(self) -> Any:
        """Its row, a `background.models.TaskRun`; None in a test without a database, or where it is rolled back."""
        from .database import can_record

        if not can_record():
            return None
        from background.models import TaskRun

        rows = TaskRun.objects.filter(result_id=self.id) if self.record_pk is None else TaskRun.objects.filter(pk=self.record_pk)
        return rows.order_by("-pk").first()

    def as_result(self) -> TaskResult:
        """Django's view of it. A new object each time, with arguments of its own."""
        result: TaskResult = TaskResult(
            task=self.task,
            id=self.id,
            status=_STATUS.get(self.state, TaskResultStatus.FAILED),
            enqueued_at=self.enqueued_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
            last_attempted_at=self.started_at,
            args=self.args,
            kwargs=self.kwargs,
            backend=self.task.backend,
            errors=list(self.errors),
            worker_ids=[WORKER] * (self.attempt if self.started_at else self.attempt - 1),
        )
        object.__setattr__(result, "_return_value", self.value)
        return result

    def __str__(self) -> str:
        """As it would be written: `shop.tasks.send(12, urgent=True)`, and what is special about it."""
        given = [repr(one) for one in self.args] + [f"{name}={value!r}" for name, value in self.kwargs.items()]
        special = []
        if self.queue_name != "default":
            special.append(f"queue “{self.queue_name}”")
        if self.priority:
            special.append(f"priority {self.priority}")
        if self.run_after is not None:
            special.append(f"not before {self.run_after}")
        if self.attempt > 1:
            special.append(f"attempt {self.attempt}")
        if self.state != "waiting":
            special.append(self.state)
        return f"{self.path}({', '.join(given)})" + (f"  [{', '.join(special)}]" if special else "")

    def __repr__(self) -> str:
        return f"<Run {self}>"
