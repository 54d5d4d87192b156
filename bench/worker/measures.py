"""What is measured with worker processes: throughput, start latency, and what an idle worker costs."""

import random
import sqlite3
import time
from statistics import median

from django.db import connection, connections, transaction
from django_tasks_db.models import DBTaskResult, get_date_max
from django_tasks_db.utils import normalize_uuid

from background.models import TaskRun
from background.waiting import wake_workers

from . import samples
from .figures import Figure, compared, percentile
from .processes import OURS, STOCK, Workers, processor_seconds

KINDS = (OURS, STOCK)


def empty() -> None:
    """No tasks, and no dead rows of tasks that were."""
    tables = [connection.ops.quote_name(model._meta.db_table) for model in (DBTaskResult, TaskRun)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(tables)}")
        else:
            for name in tables:
                cursor.execute(f"DELETE FROM {name}")


def fill(kind: str, number: int) -> None:
    """Queue `number` tasks that do nothing in one commit, as `enqueue` would: with their records, for ours."""
    task = samples.our_nothing if kind == OURS else samples.stock_nothing
    rows = [
        DBTaskResult(
            args_kwargs={"args": [n], "kwargs": {}}, task_path=task.module_path, queue_name=task.queue_name,
            backend_name="default", run_after=get_date_max(),
        )
        for n in range(number)
    ]  # fmt: skip
    with transaction.atomic():
        DBTaskResult.objects.bulk_create(rows, batch_size=500)
        if kind == OURS:
            runs = [
                TaskRun(
                    result_id=normalize_uuid(row.pk), backend="default", task_path=row.task_path, queue_name=row.queue_name,
                    arguments=row.args_kwargs, sent_at=row.enqueued_at,
                )
                for row in rows
            ]  # fmt: skip
            TaskRun.objects.bulk_create(runs, batch_size=500)
            wake_workers()


def throughput(kind: str, workers: int, number: int) -> tuple[float, float]:
    """`(tasks a second, processor milliseconds of the workers a task)`, from the first start to the last end."""
    empty()
    # Both look often, so that all of them begin at once; while there is work, nobody waits.
    with Workers(kind, workers, interval=0.05) as running:
        before = sum(running.processor_seconds())
        fill(kind, number)
        while DBTaskResult.objects.filter(finished_at=None).exists():
            time.sleep(0.2)
        used = sum(running.processor_seconds()) - before
    wrong = DBTaskResult.objects.exclude(status="SUCCESSFUL").count() + (
        TaskRun.objects.exclude(state=TaskRun.State.SUCCEEDED).count() if kind == OURS else TaskRun.objects.count()
    )
    if wrong:
        raise SystemExit(f"{wrong} tasks of {kind} did not end as they should.")
    ends = DBTaskResult.objects.order_by("finished_at").values_list("finished_at", flat=True)
    first = DBTaskResult.objects.order_by("started_at").values_list("started_at", flat=True)[0]
    return number / (ends.reverse()[0] - first).total_seconds(), 1000 * used / number


def measure_throughput(rounds: int, number: int) -> list[Figure]:
    figures = []
    for workers in (1, 2):
        found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
        for turn in range(rounds):
            # Neither kind always has the machine as the other one left it.
            for kind in KINDS if turn % 2 else reversed(KINDS):
                found[kind].append(throughput(kind, workers, number))
        rates = {kind: [one[0] for one in found[kind]] for kind in KINDS}
        costs = {kind: [one[1] for one in found[kind]] for kind in KINDS}
        name = f"{workers} worker{'s' if workers > 1 else ''}"
        figures.append(compared(f"tasks a second, {name}", rates[OURS], rates[STOCK], "/s", at_least=0.9))
        figures.append(compared(f"  processor time a task, {name}", costs[OURS], costs[STOCK], "ms", digits=2))
    return figures


def delays(kind: str, number: int) -> list[float]:
    """Seconds from just before the commit of `enqueue` to the first line of the task, with a worker that is idle."""
    from background import enqueue

    task = samples.our_clock if kind == OURS else samples.stock_clock
    committed = {}
    empty()
    with Workers(kind, 1) as running:
        for n in range(number):
            # At any moment of the worker's second.
            time.sleep(random.uniform(0.3, 1.3))
            with transaction.atomic():
                if kind == OURS:
                    enqueue(task, n)
                else:
                    task.enqueue(n)
                committed[n] = time.time()
        while DBTaskResult.objects.filter(finished_at=None).exists():
            running.processor_seconds()
            time.sleep(0.1)
    rows = DBTaskResult.objects.values_list("args_kwargs", "return_value")
    return [began - committed[told["args"][0]] for told, began in rows]


def measure_delays(rounds: int, number: int) -> list[Figure]:
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(rounds):
        for kind in KINDS:
            found[kind] += delays(kind, number)
    most = 0.1 if connection.vendor == "postgresql" else 0.2
    p95 = {kind: [percentile(found[kind], 0.95) * 1000] for kind in KINDS}
    p50 = {kind: [median(found[kind]) * 1000] for kind in KINDS}
    return [
        compared(f"start after commit, p95 of {len(found[OURS])}", p95[OURS], p95[STOCK], "ms", at_most=most, digits=1),
        compared("  median", p50[OURS], p50[STOCK], "ms", digits=1),
    ]


def idle(kind: str, seconds: float) -> dict[str, float]:
    """What one idle worker costs beside many rows: `worker` and `supervisor`, in per cent of a core; on SQLite also its writes."""
    found: dict[str, float] = {}
    with Workers(kind, 1) as running:
        # The start is over, and what came of it.
        time.sleep(3)
        boss = running.supervisor
        before, began = running.processor_seconds()[0], time.monotonic()
        boss_before = processor_seconds(boss) if boss else 0.0
        if connection.vendor == "sqlite":
            found |= observe(str(connection.settings_dict["NAME"]), seconds)
        else:
            time.sleep(seconds)
        over = time.monotonic() - began
        found["worker"] = 100 * (running.processor_seconds()[0] - before) / over
        found["supervisor"] = 100 * (processor_seconds(boss) - boss_before) / over if boss else 0.0
        found["seconds"] = over
    return found


def observe(path: str, seconds: float) -> dict[str, float]:
    """Watch a SQLite file from outside: `commits` that were seen, and how often its write lock was `refused` of `tries`."""
    connections.close_all()
    observer = sqlite3.connect(path, timeout=0, isolation_level=None)
    found = {"commits": 0.0, "refused": 0.0, "tries": 0.0}
    version = observer.execute("PRAGMA data_version").fetchone()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.002)
        found["tries"] += 1
        try:
            observer.execute("BEGIN IMMEDIATE")
            observer.execute("ROLLBACK")
        except sqlite3.OperationalError:
            found["refused"] += 1
        now = observer.execute("PRAGMA data_version").fetchone()
        found["commits"] += now != version
        version = now
    observer.close()
    return found


def measure_idle(seconds: float) -> list[Figure]:
    from background.beat import BEAT_EVERY

    from .statements import add_many

    empty()
    # All of them have ended, or are for another day: there is nothing to do, and much to look past.
    add_many("default")
    found = {kind: idle(kind, seconds) for kind in KINDS}
    ours, stock = found[OURS], found[STOCK]
    figures = [
        Figure("idle worker, % of a core", f"{ours['worker']:.2f} %", f"{stock['worker']:.2f} %", ours["worker"], at_most=1),
        Figure("idle supervisor, % of a core", f"{ours['supervisor']:.2f} %", "–", ours["supervisor"], at_most=1),
    ]
    if connection.vendor == "sqlite":
        # The sign of life is the only write of an idle worker, each few seconds.
        beats = int(ours["seconds"] / BEAT_EVERY) + 1
        figures += [
            Figure(
                f"commits while idle, {ours['seconds']:.0f} s", f"{ours['commits']:.0f}", f"{stock['commits']:.0f}",
                ours["commits"], at_most=beats,
            ),
            Figure(
                f"write lock found taken, of {ours['tries']:,.0f} tries", f"{ours['refused']:.0f}", f"{stock['refused']:.0f}",
                ours["refused"], at_most=beats,
            ),
        ]  # fmt: skip
    return figures
