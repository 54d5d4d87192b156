"""What runs here and now: known to the code of a task, whatever engine called it."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass

#: What the column of a count takes on every database.
MOST = 2**31 - 1

#: Seconds between two writes of a task's progress; what comes sooner waits for the next call.
PROGRESS_EVERY = 1.0


@dataclass
class Work:
    """One call of a task's function, from its start to the record of its outcome."""

    result_id: str
    task_path: str
    worker_id: str = ""
    #: Our own worker starts, ends and records this; the receivers of Django's signals keep away from it.
    owned: bool = False
    #: False in a test without a database: nothing is read or written about this work.
    recorded: bool = True
    losses: int = 0
    #: A lost worker's attempt had done the work already: the function is not called again.
    already_done: bool = False
    entered: bool = False
    error: BaseException | None = None
    progress_written_at: float = -PROGRESS_EVERY
    #: By this process's monotonic clock: when the task's time is over. None: it has all the time, or is not running now.
    deadline: float | None = None
    #: Writes that it failed: given the error, by the worker's heart, where the task takes no notice of its deadline. Stands here so
    #: that the heart cannot take that of the next task.
    give_up: Callable[[BaseException], object] | None = None
    #: What this thread worked on before: a task that an immediate backend runs inside another.
    outer: "Work | None" = None


_work: ContextVar[Work | None] = ContextVar("background_work", default=None)

_unrecorded: ContextVar[bool] = ContextVar("background_unrecorded", default=False)


def current_work() -> Work | None:
    return _work.get()


def begin(work: Work) -> None:
    """Say what this thread works on from now on: for engines that tell the start, and the end, by signals."""
    work.outer = _work.get()
    _work.set(work)


def end() -> None:
    work = _work.get()
    _work.set(work.outer if work is not None else None)


@contextlib.contextmanager
def working(work: Work) -> Iterator[Work]:
    token = _work.set(work)
    try:
        yield work
    finally:
        _work.reset(token)


@contextlib.contextmanager
def unrecorded() -> Iterator[None]:
    """In the block no record is written of what Django's signals tell: for tests, which may have no database."""
    token = _unrecorded.set(True)
    try:
        yield
    finally:
        _unrecorded.reset(token)


def is_recording() -> bool:
    return not _unrecorded.get()


def current_run() -> int | None:
    """The primary key of the `TaskRun` that this code runs for; None outside of a task, or where nothing recorded it."""
    work = _work.get()
    if work is None or not work.recorded:
        return None
    from .models import TaskRun

    return TaskRun.objects.open().filter(result_id=work.result_id).values_list("pk", flat=True).first()


def lost_before() -> bool:
    """Whether a worker was lost while it ran this very work: what it began may be half done, and it is gone for good."""
    work = _work.get()
    if work is None or not work.recorded:
        return work is not None and work.losses > 0
    from .models import TaskRun

    return TaskRun.objects.open().filter(result_id=work.result_id, losses__gt=0).exists()


def progress(done: int, total: int | None = None, note: str = "") -> None:
    """Say how far the task that runs has come: `done` of `total` (None: nobody knows), and a few words without personal data.

    May be called as often as one likes: it writes once a second, and the last (`done` equal to `total`). Outside of a
    task it does nothing. In an `atomic` task it is seen once the task has ended.
    """
    work = _work.get()
    now = time.monotonic()
    if work is None or not work.recorded or (now - work.progress_written_at < PROGRESS_EVERY and done != total):
        return
    from django.utils import timezone

    from .masking import mask
    from .models import TaskRun

    work.progress_written_at = now
    TaskRun.objects.running().filter(result_id=work.result_id).update(
        done=_count(done), total=None if total is None else _count(total), note=mask(str(note))[:200], progress_at=timezone.now()
    )


def _count(number: float) -> int:
    return min(max(0, int(number)), MOST)
