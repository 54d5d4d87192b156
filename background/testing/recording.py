"""Starts, ends and records a run: with a database as every engine does, without one in memory by the same rules."""

import contextlib
from collections.abc import Iterator

from django.db import transaction
from django.tasks import TaskResult

from background.current import Work, unrecorded
from background.verdict import again, judge, judge_loss

from .database import can_record
from .run import WORKER, Run
from .store import store


@contextlib.contextmanager
def recorded_where_possible() -> Iterator[None]:
    """Signals that are sent in the block lead to records where there is a database, and to nothing where there is none."""
    with contextlib.nullcontext() if can_record() else unrecorded():
        yield


class InMemory:
    """For a test without a database, or a project without the app."""

    def begin(self, run: Run) -> Work | None:
        """What the worker works on; None where it is not to run any more."""
        return Work(run.id, run.path, WORKER, owned=True, recorded=False, losses=run.losses)

    def succeed(self, run: Run) -> None:
        run.state = "succeeded"

    def end_badly(self, run: Run, error: BaseException, result: TaskResult) -> None:
        verdict = judge(run.path, run.attempt, error, result)
        run.state = verdict.state
        if verdict.at is not None:
            task = again(run.task, priority=run.priority, at=verdict.at, as_retry=verdict.attempt > run.attempt)
            store.add_retry(run, task, attempt=verdict.attempt)

    def lose(self, run: Run) -> BaseException | None:
        """Its worker is gone. Returns the error where it ends with that."""
        error = judge_loss(run.path, run.losses)
        run.state = "failed" if error else "lost"
        if error is None:
            store.put_back(run)
        return error


class InDatabase(InMemory):
    """As in production: each attempt is a `TaskRun`."""

    def begin(self, run: Run) -> Work | None:
        from background.models import TaskRun
        from background.runs import record_started

        with transaction.atomic():
            work = record_started(run.as_result(), WORKER)
            record = TaskRun.objects.filter(result_id=run.id).latest("pk")
        run.record_pk, run.attempt, run.losses = record.pk, record.attempt, record.losses
        if work.already_done:
            run.state = record.state
            return None
        work.owned = True
        return work

    def succeed(self, run: Run) -> None:
        from background.runs import mark_done

        mark_done(run.id)
        super().succeed(run)

    def end_badly(self, run: Run, error: BaseException, result: TaskResult) -> None:
        from background.ending import end_badly
        from background.models import TaskRun

        record: TaskRun = TaskRun.objects.get(pk=run.record_pk or 0)
        # What a test wants refused is what the application queues, not what the engine does.
        gate, store.gate = store.gate, None
        try:
            following = end_badly(record, error, result)
        finally:
            store.gate = gate
        record.refresh_from_db()
        run.state = record.state
        queued = store.find(following.result_id) if following is not None else None
        if queued is not None and following is not None:
            queued.attempt, queued.losses = following.attempt, following.losses
            queued.record_pk = following.pk

    def lose(self, run: Run) -> BaseException | None:
        from background.ending import fail_for_good
        from background.models import TaskRun
        from background.runs import replace_lost

        error = super().lose(run)
        record: TaskRun = TaskRun.objects.get(pk=run.record_pk or 0)
        if error is not None:
            fail_for_good(record, error)
        else:
            replace_lost(record, waiting=True)
        return error


def keeper() -> InMemory:
    return InDatabase() if can_record() else InMemory()
