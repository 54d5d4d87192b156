"""Old records of tasks go; what waits, runs or failed not long ago stays."""

import datetime

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from background import schedules
from background.models import TaskRun
from background.tasks import forget_old_tasks

from . import sample_tasks


@pytest.mark.django_db
def test_what_ended_long_ago_is_forgotten():
    kept, gone = [], []
    for status, days, stays in [
        ("SUCCESSFUL", 6, True),
        ("SUCCESSFUL", 8, False),
        ("FAILED", 59, True),
        ("FAILED", 61, False),
        ("READY", None, True),
        ("RUNNING", None, True),
    ]:
        row = sample_tasks.nothing.using(queue_name="elsewhere").enqueue()
        ended = days and timezone.now() - datetime.timedelta(days=days)
        DBTaskResult.objects.filter(pk=row.id).update(status=status, finished_at=ended)
        (kept if stays else gone).append(row.id)

    assert forget_old_tasks.func() == len(gone)
    assert {str(pk) for pk in DBTaskResult.objects.values_list("pk", flat=True)} == set(kept)


@pytest.mark.django_db
def test_the_first_attempt_is_kept_as_long_as_a_later_one():
    old = timezone.now() - datetime.timedelta(days=8)

    def make(state, first=None):
        return TaskRun.objects.create(backend="default", task_path="a.b", state=state, finished_at=old, first=first)

    failed_later, done_later = make("retried"), make("retried")
    failed = make("failed", failed_later)
    make("retried", failed_later)
    make("succeeded", done_later)
    forget_old_tasks.func()
    assert set(TaskRun.objects.all()) == {failed_later, failed}


def test_it_is_scheduled():
    assert forget_old_tasks.module_path in schedules.scheduled
