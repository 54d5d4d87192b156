"""What the background work does for itself."""

import datetime

from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from .declare import task
from .models import TaskRun

#: How long ended tasks are kept to look at. Failed ones longer: somebody may want to know why.
KEEP_ENDED = datetime.timedelta(days=7)
KEEP_FAILED = datetime.timedelta(days=60)

#: Rows deleted in one transaction: on SQLite nobody else writes meanwhile.
AT_ONCE = 1000


@task(every="20 3 * * *", jitter=datetime.timedelta(minutes=20), max_attempts=3)
def forget_old_tasks() -> int:
    """Delete the records of tasks that ended long ago, of all queues, and return how many."""
    now = timezone.now()
    failed_states = [TaskRun.State.FAILED]
    ended_states = [state for state in TaskRun.State.values if state not in (*TaskRun.OPEN, *failed_states)]
    rows = [
        DBTaskResult.objects.filter(status=TaskResultStatus.SUCCESSFUL, finished_at__lt=now - KEEP_ENDED),
        DBTaskResult.objects.filter(status=TaskResultStatus.FAILED, finished_at__lt=now - KEEP_FAILED),
        # The first attempt of several is kept as long as one of them: deleting it would delete them all.
        TaskRun.objects.filter(state__in=ended_states, finished_at__lt=now - KEEP_ENDED, later=None),
        TaskRun.objects.filter(state__in=failed_states, finished_at__lt=now - KEEP_FAILED, later=None),
    ]
    return sum(_delete(found) for found in rows)


def _delete(found) -> int:
    deleted = 0
    while keys := list(found.values_list("pk", flat=True)[:AT_ONCE]):
        deleted += found.model.objects.filter(pk__in=keys).delete()[0]
    return deleted
