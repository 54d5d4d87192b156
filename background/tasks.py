"""What the background work does for itself."""

import datetime

from django.tasks import TaskResultStatus, task
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from .schedules import every

#: How long finished tasks are kept to look at. Failed ones longer: somebody may want to know why.
KEEP_SUCCESSFUL = datetime.timedelta(days=7)
KEEP_FAILED = datetime.timedelta(days=60)


@every(datetime.timedelta(hours=12))
@task
def forget_old_tasks() -> int:
    """Delete the records of tasks that ended long ago, of all queues, and return how many."""
    now = timezone.now()
    ended = DBTaskResult.objects.filter(status=TaskResultStatus.SUCCESSFUL, finished_at__lt=now - KEEP_SUCCESSFUL)
    failed = DBTaskResult.objects.filter(status=TaskResultStatus.FAILED, finished_at__lt=now - KEEP_FAILED)
    return ended.delete()[0] + failed.delete()[0]
