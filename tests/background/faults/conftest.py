"""Workers with the tasks of these tests, and what came of them."""

import os
import signal
from collections import Counter
from dataclasses import dataclass

import pytest
from django.db import connections, transaction
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from background.models import Schedule, TaskRun
from background.policy import policy_of
from tests.background.conftest import ALIAS, Shared, wait_until


@dataclass
class World:
    """A database that workers and the test share, with the table `effects`."""

    shared: Shared

    def __post_init__(self) -> None:
        self.shared.variables["DJANGO_SETTINGS_MODULE"] = "tests.background.faults.settings"
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("CREATE TABLE effects (name varchar(100) NOT NULL)")
        # The site's own schedules have their turn another time.
        now = timezone.now()
        from background.schedules import scheduled

        # Not all of them need to be known here yet: workers know them all, and would add what has no row.
        autodiscover_modules("tasks")
        for name in {*scheduled, "tests.background.faults.tasks.tick"}:
            Schedule.objects.using(ALIAS).get_or_create(name=name, defaults={"next_run_at": now, "enabled": False})
        Schedule.objects.using(ALIAS).update(enabled=False)

    def path(self, name: str) -> str:
        return str(self.shared.folder / name)

    def queue(self, task, *args):
        """Queue a task as `enqueue` does, in the other database. Returns its row."""
        with transaction.atomic(using=ALIAS):
            row = self.shared.queue(task, *args)
            TaskRun.objects.using(ALIAS).create(
                result_id=str(row.pk),
                backend=row.backend_name,
                task_path=row.task_path,
                queue_name=row.queue_name,
                arguments=row.args_kwargs,
                max_attempts=policy_of(task).max_attempts,
                sent_at=timezone.now(),
            )
        return row

    def runs(self, row=None):
        found = TaskRun.objects.using(ALIAS).order_by("pk")
        return found if row is None else found.filter(result_id=str(row.pk))

    def states(self, row) -> list[str]:
        return list(self.runs(row).values_list("state", flat=True))

    def effects(self) -> Counter:
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("SELECT name FROM effects")
            return Counter(name for (name,) in cursor.fetchall())

    def pids(self) -> set[int]:
        """Of the processes that give signs of life."""
        return set(self.shared.beats().values_list("pid", flat=True))

    def start(self, concurrency: int = 1):
        """Start workers and wait until all of them live."""
        worker = self.shared.start_worker("--concurrency", str(concurrency))
        wait_until(lambda: len(self.pids()) == concurrency, what="the workers to begin")
        return worker

    def wait_for(self, *rows, seconds: float = 180) -> None:
        """Wait until all of these rows have ended."""
        wait_until(
            lambda: all(self.shared.status(row) in {"SUCCESSFUL", "FAILED"} for row in rows),
            seconds=seconds,
            what="the end of all",
        )

    def kill(self, pids) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    def agree(self) -> bool:
        """Whether no run is open, and each row ended as its last run did."""
        ends = {"SUCCESSFUL": {"succeeded"}, "FAILED": {"failed", "retried", "postponed"}}
        last = dict(self.runs().values_list("result_id", "state"))
        return all(last[str(row.pk)] in ends.get(row.status, set()) for row in self.shared.rows().only("pk", "status"))


@pytest.fixture
def world(shared):
    return World(shared)
