"""What `cohorts` does in the background. Tasks take ids and call one domain function."""

import datetime

from background import task

from . import applications, reminders, waitlist

QUARTER = datetime.timedelta(minutes=15)


@task(every=QUARTER, max_attempts=3)
def expire_offers_task() -> int:
    return applications.expire_offers()


@task(every=QUARTER, max_attempts=3)
def write_due_reminders_task() -> int:
    return reminders.write_due_reminders()


@task(every=QUARTER, max_attempts=3)
def look_after_free_places_task() -> int:
    return waitlist.look_after_free_places()
