"""Two who speak of the same run at the same moment: each change says from what, so that the slower one changes nothing."""

import pytest

from background import runs
from background.engines.losses import give_back, put_back
from background.models import TaskRun
from background.runs import attach

pytestmark = pytest.mark.django_db


def make(**fields):
    return TaskRun.objects.create(backend="default", task_path="some.task", queue_name="default", **fields)


def test_a_run_that_was_given_back_and_taken_by_another_worker_is_not_lost_with_the_first():
    run = make(result_id="1", state="running", worker_id="first")
    seen_by_somebody = TaskRun.objects.get(pk=run.pk)
    assert give_back(run)
    TaskRun.objects.filter(pk=run.pk).update(state="running", worker_id="second")
    assert not put_back(seen_by_somebody, at_most=3)
    assert not put_back(seen_by_somebody, at_most=0)
    assert list(TaskRun.objects.values_list("state", "worker_id")) == [("running", "second")]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_makes_its_record_while_the_id_is_noted_loses_neither(monkeypatch):
    run, real, began = make(), runs._attach, []

    def attach_a_little_late(*args):
        if not began:
            began.append(make(result_id="1", state="running", worker_id="quick"))
            raise runs.IntegrityError("background_run_one_open")
        real(*args)

    monkeypatch.setattr(runs, "_attach", attach_a_little_late)
    attach(run, "1")
    assert list(TaskRun.objects.values_list("pk", "result_id", "state", "worker_id")) == [(run.pk, "1", "running", "quick")]
