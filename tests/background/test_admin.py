"""Background work in the admin: the operator sees it, nobody else does, and little can be changed."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from background.beat import beat
from background.models import Schedule, WorkerBeat
from tests import factories

from . import sample_tasks

pytestmark = pytest.mark.django_db
MODELS = [WorkerBeat, Schedule, DBTaskResult]


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.fixture
def rows():
    beat("worker-1")
    Schedule.objects.create(name="app.tasks.tidy", next_run_at=timezone.now())
    sample_tasks.nothing.using(run_after=timezone.now()).enqueue()
    sample_tasks.write_line.enqueue("seven", line="eight")
    DBTaskResult.objects.filter(task_path__endswith="write_line").update(
        status="FAILED", exception_class_path="builtins.ValueError", traceback="Traceback …", started_at=timezone.now()
    )


@pytest.fixture
def operator(client):
    client.force_login(factories.UserFactory(is_superuser=True))
    return client


@pytest.mark.parametrize("model", MODELS)
def test_the_operator_sees_lists_and_rows(operator, rows, model):
    answer = operator.get(page(model, "changelist"))
    assert answer.status_code == 200
    for row in model.objects.all():
        assert operator.get(page(model, "change", row.pk)).status_code == 200


def test_a_failed_task_tells_its_error_and_its_arguments(operator, rows):
    assert b"ValueError" in operator.get(page(DBTaskResult, "changelist")).content
    row = DBTaskResult.objects.get(status="FAILED")
    content = operator.get(page(DBTaskResult, "change", row.pk)).content.decode()
    assert "&#x27;seven&#x27;, line=&#x27;eight&#x27;" in content
    assert "Traceback …" in content


@pytest.mark.parametrize("model", MODELS)
def test_an_organiser_sees_nothing_of_it(client, rows, model):
    client.force_login(factories.SessionRoleFactory().user)
    assert client.get(reverse("admin:index")).status_code == 200
    assert client.get(page(model, "changelist")).status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_nobody_adds_or_deletes(operator, rows, model):
    assert operator.get(page(model, "add")).status_code == 403
    assert operator.post(page(model, "delete", model.objects.first().pk), {"post": "yes"}).status_code == 403


def test_a_schedule_can_be_switched_off(operator, rows):
    operator.post(page(Schedule, "change", "app.tasks.tidy"), {})
    assert Schedule.objects.get().enabled is False


def test_a_schedule_can_be_run_now(operator, rows):
    Schedule.objects.update(next_run_at=timezone.now() + datetime.timedelta(days=1))
    answer = operator.post(
        page(Schedule, "changelist"), {"action": "run_now", "_selected_action": ["app.tasks.tidy"]}, follow=True
    )
    assert Schedule.objects.get().next_run_at <= timezone.now()
    assert b"1 task is due now." in answer.content


@pytest.mark.parametrize("model", MODELS)
def test_lists_cost_the_same_for_many_rows(operator, rows, model, django_assert_max_num_queries):
    for number in range(30):
        beat(f"w{number}")
        Schedule.objects.create(name=f"app.tasks.t{number}", next_run_at=timezone.now())
        sample_tasks.nothing.enqueue()
    with django_assert_max_num_queries(8):
        operator.get(page(model, "changelist"))
