"""What is particular to each engine that can run the tasks: the database, huey, Celery.

An operator chooses one with `TASKS_BACKEND`; tasks, `enqueue`, runs, schedules and `manage.py worker` stay the same.
"""

from typing import Any


def worker(*, interval: float, parent_pid: int | None = None) -> Any:
    """What runs tasks in this process, for the engine of the settings: has `configure_signals()` and `run()`, which blocks."""
    from django.tasks import DEFAULT_TASK_BACKEND_ALIAS, task_backends

    from .broker import BrokerBackend

    backend = task_backends[DEFAULT_TASK_BACKEND_ALIAS]
    if isinstance(backend, BrokerBackend):
        from .consumer import Consumer

        return Consumer(backend, parent_pid=parent_pid)
    from background.worker import Worker

    return Worker(interval=interval, parent_pid=parent_pid)
