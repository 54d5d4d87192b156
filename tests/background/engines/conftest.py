"""One world for each engine: a database and a broker that real workers and the test share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connections
from django.tasks import DEFAULT_TASK_BACKEND_ALIAS, Task, task_backends
from django.test import override_settings
from django.utils.module_loading import autodiscover_modules

from background import schedules
from background.models import Schedule, TaskRun
from tests.background.conftest import ALIAS, Shared, wait_until
from tests.conftest import require_or_skip

from .redis_server import PROGRAM, RedisServer

BACKENDS = {
    "database": "django_tasks_db.DatabaseBackend",
    "huey": "background.engines.huey.HueyBackend",
    "celery": "background.engines.celery.CeleryBackend",
}


@dataclass
class World:
    """`enqueue` in this process goes where the workers look: to their database, and to their broker."""

    name: str
    shared: Shared
    redis: RedisServer | None

    @property
    def folder(self):
        return self.shared.folder

    @property
    def has_broker(self) -> bool:
        return self.redis is not None

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def backend(self) -> Any:
        return task_backends[DEFAULT_TASK_BACKEND_ALIAS]

    def runs(self, task: Task | None = None):
        rows = TaskRun.objects.order_by("pk")
        return rows if task is None else rows.filter(task_path=task.module_path)

    def states(self, task: Task) -> list[str]:
        return list(self.runs(task).values_list("state", flat=True))

    def wait_for(self, condition: Callable[[], Any], what: str, seconds: float = 120) -> Any:
        return wait_until(condition, seconds, f"{what} ({self.name})")

    def wait_until_ended(self, task: Task, seconds: float = 120) -> None:
        self.wait_for(lambda: self.runs(task).exists() and not self.runs(task).open().exists(), task.name, seconds)

    def pause_schedules(self) -> None:
        """So that what the site does by itself is not among what a test counts."""
        autodiscover_modules("tasks")
        for name in schedules.scheduled:
            Schedule.objects.update_or_create(name=name, defaults={"next_run_at": "2100-01-01T00:00:00Z", "enabled": False})


@pytest.fixture
def redis_server(tmp_path):
    if PROGRAM is None:
        require_or_skip("redis-server is not installed (Debian: apt install redis-server)")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=list(BACKENDS))
def world(request, shared, monkeypatch):
    """Of each engine in turn."""
    yield from make_world(request, request.param, shared, monkeypatch)


@pytest.fixture(params=[name for name in BACKENDS if name != "database"])
def broker_world(request, shared, monkeypatch):
    """Of each engine that has a broker. The database is its own: what is queued is there when the transaction is."""
    yield from make_world(request, request.param, shared, monkeypatch)


def make_world(request, name, shared, monkeypatch):
    server = None
    options: dict[str, Any] = {}
    if name != "database":
        pytest.importorskip(name)
        server = request.getfixturevalue("redis_server")
        options = {"OPTIONS": {"url": server.url}}
        shared.variables |= {"TASKS_BACKEND": name, "REDIS_URL": server.url}
    connection = connections[ALIAS]
    # Everything in this thread, `enqueue` first of all, speaks with the database of the workers.
    monkeypatch.setattr(connections._connections, "default", connection)
    with override_settings(TASKS={"default": {"BACKEND": BACKENDS[name], "QUEUES": [], **options}}):
        yield World(name, shared, server)
        shared.end()
