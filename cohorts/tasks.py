"""What `cohorts` does in the background. Tasks take ids and call one domain function."""

import datetime

from django.tasks import task

from background.schedules import every

from . import applications


@every(datetime.timedelta(minutes=15))
@task
def expire_offers_task() -> int:
    return applications.expire_offers()
