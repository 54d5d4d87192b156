"""What the records of earlier runs say."""

import datetime

from django.tasks import Task

from .models import TaskRun


def last_success(task: Task) -> datetime.datetime | None:
    """When the latest run of `task` that went well began; None where no record of one is kept. One query.

    What became due since then nobody has looked at yet: a scheduled task that asks this at its beginning catches up after a stop, and
    takes up nothing twice.
    """
    runs = TaskRun.objects.filter(task_path=task.module_path, state=TaskRun.State.SUCCEEDED)
    return runs.order_by("-pk").values_list("started_at", flat=True).first()
