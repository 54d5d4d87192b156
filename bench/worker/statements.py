"""What is measured in one process: a claim beside many rows, a look at the schedules, and queueing."""

import contextlib
import datetime
import time
from collections.abc import Callable, Iterator
from statistics import median

from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max
from django_tasks_db.utils import exclusive_transaction

from background import enqueue, signals
from background.claiming import candidate, claim
from background.schedules import run_due

from . import samples
from .figures import Figure, compared
from .measures import empty
from .stock import leave_signals

FULL = "full"
FINISHED, FUTURE = 100_000, 20_000


def add_many(alias: str, finished: int = FINISHED, future: int = FUTURE) -> None:
    """Fill a database with tasks that have ended, and with tasks that are for another day."""
    now = timezone.now()
    old, later = now - datetime.timedelta(days=3), now + datetime.timedelta(days=3)
    common = {"task_path": samples.stock_nothing.module_path, "queue_name": "default", "backend_name": "default"}
    for number, status, run_after in ((finished, "SUCCESSFUL", get_date_max()), (future, "READY", later)):
        for start in range(0, number, 5000):
            rows = [
                DBTaskResult(
                    **common, args_kwargs={"args": [n], "kwargs": {}}, status=status, worker_ids=["somebody"],
                    run_after=run_after if run_after == get_date_max() else run_after + datetime.timedelta(seconds=n),
                )
                for n in range(start, min(start + 5000, number))
            ]  # fmt: skip
            if status == "SUCCESSFUL":
                for row in rows:
                    row.started_at = row.finished_at = old
            DBTaskResult.objects.using(alias).bulk_create(rows, batch_size=500)
    with connections[alias].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connections[alias].vendor == "postgresql" else "ANALYZE")


class _Back(Exception):
    """Ends a transaction without a trace."""


@contextlib.contextmanager
def _undone(begin: Callable[[str], contextlib.AbstractContextManager], alias: str) -> Iterator[None]:
    with contextlib.suppress(_Back), begin(alias):
        yield
        raise _Back


def _our_claim(alias: str) -> DBTaskResult | None:
    return claim("bench", using=alias)[0]


def _stock_claim(alias: str) -> DBTaskResult | None:
    """The lines of the stock worker."""
    row = DBTaskResult.objects.using(alias).ready().filter(backend_name="default").get_locked()
    if row is not None:
        row.claim("bench")
    return row


def _claim_time(take: Callable[[str], DBTaskResult | None], begin, alias: str, due: bool) -> float:
    """Milliseconds for one claim, which is rolled back."""
    with _undone(begin, alias):
        began = time.perf_counter()
        row = take(alias)
        took = time.perf_counter() - began
        if (row is not None) != due:
            raise SystemExit(f"A claim found {row}.")
    return 1000 * took


def measure_claims(repeat: int) -> list[Figure]:
    """A claim in the empty database and in the full one, in turns."""
    kinds = {
        "ours": (_our_claim, lambda alias: transaction.atomic(using=alias)),
        "stock": (_stock_claim, exclusive_transaction),
    }
    figures = []
    for due in (True, False):
        for alias in ("default", FULL):
            DBTaskResult.objects.using(alias).filter(queue_name="due").delete()
            if due:
                DBTaskResult.objects.using(alias).create(
                    task_path=samples.stock_nothing.module_path, queue_name="due", backend_name="default",
                    args_kwargs={"args": [0], "kwargs": {}}, run_after=get_date_max(),
                )  # fmt: skip
        times: dict[tuple[str, str], list[float]] = {}
        for n in range(repeat):
            for kind, (take, begin) in kinds.items():
                # The stock query reads past all that is for later: some of it is enough.
                for alias in ("default", FULL) if kind == "ours" or n < 20 else ():
                    times.setdefault((kind, alias), []).append(_claim_time(take, begin, alias, due))
        found = {key: median(values) for key, values in times.items()}
        ratio = {kind: found[kind, FULL] / found[kind, "default"] for kind in kinds}
        what = "a claim" if due else "a claim that finds nothing"
        figures.append(
            Figure(
                f"{what}: empty → {FINISHED + FUTURE:,} rows",
                *(f"{found[kind, 'default']:.2f} → {found[kind, FULL]:.2f} ms" for kind in kinds),
                ratio["ours"],
                at_most=2,
            )
        )
        figures.append(Figure("  times slower", f"{ratio['ours']:.1f} ×", f"{ratio['stock']:.1f} ×"))
    for alias in ("default", FULL):
        DBTaskResult.objects.using(alias).filter(queue_name="due").delete()
    return figures


def measure_looks(repeat: int) -> list[Figure]:
    """What an idle worker asks: for tasks, and each second for schedules that are due."""
    figures = []
    for name, look in (("a look for tasks", candidate), ("a look at the schedules", run_due)):
        with CaptureQueriesContext(connection) as queries:
            look()
        times = []
        for _ in range(repeat):
            began = time.perf_counter()
            look()
            times.append(1000 * (time.perf_counter() - began))
        figures.append(Figure(f"{name}: {len(queries)} statement{'s' * (len(queries) > 1)}", f"{median(times):.2f} ms"))
    return figures


def measure_enqueue(repeat: int) -> list[Figure]:
    """Queueing with a record, against `task.enqueue()` without; each in a transaction, and its commit."""
    empty()
    times: dict[str, list[float]] = {"ours": [], "stock": []}

    def timed(kind: str, queue: Callable[[], object]) -> None:
        began = time.perf_counter()
        with transaction.atomic():
            queue()
        times[kind].append(1000 * (time.perf_counter() - began))

    for n in range(repeat):
        timed("ours", lambda n=n: enqueue(samples.our_nothing, n))
        leave_signals()
        timed("stock", lambda n=n: samples.stock_nothing.enqueue(n))
        signals.connect()
    empty()
    return [compared("enqueue, with its commit", times["ours"], times["stock"], "ms", digits=2)]
