"""The stock worker alone: `python bench/worker/stock.py [OPTIONS OF db_worker]`, without this site's records of tasks."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def leave_signals() -> None:
    """Take this site's receivers away, so that `task.enqueue()` and the stock worker write what they write by themselves."""
    from django.tasks import signals

    signals.task_enqueued.disconnect(dispatch_uid="background.enqueued")
    signals.task_started.disconnect(dispatch_uid="background.started")
    signals.task_finished.disconnect(dispatch_uid="background.finished")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    leave_signals()
    # The first task must not pay for the import of its module: our worker imports all tasks before it begins.
    import bench.worker.samples  # noqa: F401

    print("ready", flush=True)
    execute_from_command_line(["manage.py", "db_worker", "--no-reload", "--no-startup-delay", "-v0", *sys.argv[1:]])
