"""Background work in the admin: the operator sees it, nobody else does, and it costs the same for many rows."""

import datetime

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from background import enqueue
from background.beat import beat
from background.models import Schedule, TaskRun, WorkerBeat
from background.schedules import create_missing_rows
from tests import factories

from . import admin_tasks

pytestmark = pytest.mark.django_db
MODELS = [TaskRun, Schedule, WorkerBeat]


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def address_of(row):
    return page(type(row), "change", admin.utils.quote(row.pk))


@pytest.fixture
def rows():
    beat("worker-1")
    create_missing_rows()
    enqueue(admin_tasks.send_letter_task, factories.UserFactory().pk)


@pytest.fixture
def operator(client):
    client.force_login(factories.UserFactory(is_superuser=True, name="Olga"))
    return client


@pytest.mark.parametrize("model", MODELS)
def test_the_operator_sees_lists_pages_and_histories(operator, rows, model):
    assert operator.get(page(model, "changelist")).status_code == 200
    row = model.objects.first()
    assert operator.get(address_of(row)).status_code == 200
    assert operator.get(page(model, "history", admin.utils.quote(row.pk))).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_an_organiser_sees_nothing_of_it(client, rows, model):
    client.force_login(factories.SessionRoleFactory().user)
    index = client.get(reverse("admin:index"))
    assert index.status_code == 200
    assert "Background work" not in index.content.decode()
    assert client.get(page(model, "changelist")).status_code == 403
    assert client.get(address_of(model.objects.first())).status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_an_organiser_does_nothing_with_it(client, rows, model):
    client.force_login(factories.SessionRoleFactory().user)
    row = model.objects.first()
    for action in ("retry", "discard", "run_now", "pause"):
        chosen = {"_selected_action": [row.pk]}
        assert client.post(page(model, "changelist"), {"action": action, "index": 0, **chosen}).status_code == 403
        assert client.post(address_of(row), {"CHANGE_FORM-action": action, **chosen}).status_code == 403
    assert Schedule.objects.filter(enabled=False).count() == 0
    assert set(TaskRun.objects.values_list("state", flat=True)) == {"waiting"}


@pytest.mark.parametrize("model", MODELS)
def test_nobody_adds_or_deletes_or_writes(operator, rows, model):
    row = model.objects.first()
    assert operator.get(page(model, "add")).status_code == 403
    assert operator.post(page(model, "delete", admin.utils.quote(row.pk)), {"post": "yes"}).status_code == 403
    assert operator.post(address_of(row), {"_save": "1"}).status_code == 403


def test_the_engines_own_table_is_not_shown():
    assert not admin.site.is_registered(DBTaskResult)


def more(number: int) -> None:
    """As many rows of each kind, each with something to look up."""
    for _ in range(number):
        user = factories.UserFactory()
        run = enqueue(admin_tasks.send_letter_task, user.pk)
        TaskRun.objects.filter(pk=run.pk).update(state="retried", error="a.B", worker_id=f"w{user.pk}", done=1, total=2)
        enqueue(admin_tasks.send_letter_task, user.pk)
        beat(f"w{user.pk}")
        TaskRun.objects.create(task_path=f"app.tasks.t{user.pk}", state="running", worker_id=f"w{user.pk}", first=run)
        Schedule.objects.create(name=f"app.tasks.t{user.pk}", next_run_at=timezone.now())


@pytest.mark.parametrize("model", MODELS)
def test_lists_cost_the_same_for_many_rows(operator, rows, model):
    more(1)
    with CaptureQueriesContext(connection) as few:
        operator.get(page(model, "changelist"))
    more(30)
    with CaptureQueriesContext(connection) as many:
        answer = operator.get(page(model, "changelist"))
    assert len(answer.context["cl"].result_list) > 30
    assert len(many) == len(few) <= 10


@pytest.mark.parametrize("query", ["state=due", "needs=somebody", "age=failed-week", "q=send+letter", "q=user", "queue=default"])
def test_narrowed_lists_cost_the_same_for_many_rows(operator, rows, query):
    more(1)
    with CaptureQueriesContext(connection) as few:
        operator.get(f"{page(TaskRun, 'changelist')}?{query}")
    more(30)
    with CaptureQueriesContext(connection) as many:
        operator.get(f"{page(TaskRun, 'changelist')}?{query}")
    assert len(many) <= len(few) + 1 <= 12


def test_the_page_of_a_run_costs_the_same_for_many_attempts(operator, rows):
    run = TaskRun.objects.get()
    operator.get(address_of(run))  # The content types are remembered from here on.
    with CaptureQueriesContext(connection) as few:
        operator.get(address_of(run))
    for number in range(40):
        TaskRun.objects.create(task_path=run.task_path, state="retried", first=run, attempt=number, about=run.about)
    with CaptureQueriesContext(connection) as many:
        answer = operator.get(address_of(run))
    assert len(many) == len(few)
    assert "There were more before these." in answer.content.decode()


# The first page


def summary(client) -> str:
    content = client.get(reverse("admin:index")).content.decode()
    return " ".join(content.partition('id="background-heading"')[2].partition("</section>")[0].split())


def test_the_first_page_tells_how_things_are(operator, rows):
    TaskRun.objects.update(queued_at=timezone.now() - datetime.timedelta(minutes=3, seconds=20))
    now = timezone.now()
    TaskRun.objects.create(task_path="app.t", state="failed", finished_at=now)
    TaskRun.objects.create(task_path="app.t", state="failed", finished_at=now - datetime.timedelta(days=2))
    TaskRun.objects.create(task_path="app.t", state="running", started_at=now)
    found = summary(operator)
    runs = page(TaskRun, "changelist")
    assert f'<b>1</b> <a href="{runs}?state=due">waiting</a>' in found
    assert "<b>3 min 20 s</b>" in found or "<b>3 min 21 s</b>" in found
    assert f'<b>1</b> <a href="{runs}?state=running">running</a>' in found
    assert f'<b>1</b> <a href="{runs}?age=failed-today">failed today</a>' in found
    assert f'<b>1</b> <a href="{page(WorkerBeat, "changelist")}">worker alive</a>' in found
    assert "No worker is alive" not in found
    for query in ("state=due", "state=running", "age=failed-today"):
        assert operator.get(f"{runs}?{query}").context["cl"].result_count == 1


def test_the_first_page_says_what_to_type_where_no_worker_is_alive(operator):
    found = summary(operator)
    assert "No worker is alive" in found
    assert "<code>manage.py worker</code>" in found
    assert "<b>–</b> longest wait" in found


def test_the_first_page_names_what_is_not_as_it_should_be(operator, rows):
    TaskRun.objects.update(queued_at=timezone.now() - datetime.timedelta(minutes=40))
    assert "The oldest task has waited for 40 minutes" in summary(operator)


def test_the_first_page_costs_the_same_for_many_rows(operator, rows):
    with CaptureQueriesContext(connection) as few:
        operator.get(reverse("admin:index"))
    more(20)
    with CaptureQueriesContext(connection) as many:
        operator.get(reverse("admin:index"))
    assert len(many) == len(few)


def test_the_first_page_asks_nothing_for_others(client, rows):
    client.force_login(factories.SessionRoleFactory().user)
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("admin:index"))
    assert [one for one in queries.captured_queries if "background_taskrun" in one["sql"]] == []
