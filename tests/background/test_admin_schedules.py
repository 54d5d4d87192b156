"""Schedules and workers in the admin: what runs by itself, and who runs it."""

import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils import timezone

from background.admin.timing_words import cron_in_words
from background.beat import beat
from background.models import Schedule, TaskRun, WorkerBeat
from background.schedules import create_missing_rows
from tests import factories

from . import admin_tasks

pytestmark = pytest.mark.django_db
LIST = "/admin/background/schedule/"
TIDY = admin_tasks.tidy_up.module_path


@pytest.fixture
def operator(client):
    client.force_login(factories.UserFactory(is_superuser=True))
    create_missing_rows()
    return client


def row_of(client, name=TIDY) -> str:
    """What the list says of one schedule."""
    content = client.get(LIST).content.decode()
    found = [row for row in content.split("<tr>") if f"schedule/{quote(name)}/" in row]
    assert len(found) == 1
    return " ".join(found[0].split())


def choose(client, action, *names) -> list[str]:
    answer = client.post(LIST, {"action": action, "index": 0, "_selected_action": list(names)}, follow=True)
    return [str(message) for message in answer.context["messages"]]


def press(client, action, name=TIDY) -> list[str]:
    address = reverse("admin:background_schedule_change", args=[quote(name)])
    answer = client.post(address, {"CHANGE_FORM-action": action, "_selected_action": name}, follow=True)
    return [str(message) for message in answer.context["messages"]]


def page(client, name=TIDY) -> str:
    answer = client.get(reverse("admin:background_schedule_change", args=[quote(name)]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_row_says_what_runs_and_when(operator):
    Schedule.objects.filter(name=TIDY).update(next_run_at=timezone.now() + datetime.timedelta(minutes=4, seconds=30))
    found = row_of(operator)
    assert ">Tidy up</a>" in found
    assert "every 15 minutes, up to 2 min later" in found
    assert "</svg>on</span>" in found
    assert "in 4 minutes" in found
    assert ">never<" in found


def test_a_row_leads_to_the_last_run_and_how_it_ended(operator):
    TaskRun.objects.create(task_path=TIDY, state="succeeded")
    run = TaskRun.objects.create(task_path=TIDY, state="failed", error="builtins.OSError", message="away")
    found = row_of(operator)
    assert f'href="{reverse("admin:background_taskrun_change", args=[run.pk])}"' in found
    assert "</svg>failed</span>" in found
    assert "OSError: away" in found
    found = page(operator)
    assert found.count('class="attempts"') == 1
    assert found.index("failed</span>") < found.index("done</span>")
    assert "Tidy up." in found


def test_a_due_row_says_since_when(operator):
    Schedule.objects.filter(name=TIDY).update(next_run_at=timezone.now() - datetime.timedelta(hours=1))
    assert "due since" in row_of(operator)


def test_pausing_and_resuming(operator):
    assert choose(operator, "pause", TIDY) == ["1 schedule is paused. What waits or runs already goes on."]
    assert Schedule.objects.get(name=TIDY).enabled is False
    assert "</svg>paused</span>" in row_of(operator)
    assert "It is paused" in page(operator)
    assert choose(operator, "pause", TIDY) == ["They were paused already."]
    assert press(operator, "resume") == ["1 schedule is on again. Times that were missed are made up for by one run."]
    assert Schedule.objects.get(name=TIDY).enabled is True
    assert press(operator, "resume") == ["They were on already."]
    assert list(LogEntry.objects.order_by("pk").values_list("object_id", "change_message")) == [
        (TIDY, "Paused."), (TIDY, "Resumed."),
    ]  # fmt: skip


def test_running_now_also_when_paused(operator):
    beat("worker-1")
    press(operator, "pause")
    assert press(operator, "run_now") == ["1 task is queued."]
    assert TaskRun.objects.get().task_path == TIDY
    assert press(operator, "run_now") == ["It waits or runs already, and is not queued twice: tidy up."]
    assert TaskRun.objects.count() == 1


def test_running_now_without_a_worker_says_what_to_type(operator):
    assert choose(operator, "run_now", TIDY)[-1] == "No worker is alive, so nothing runs. Start one: manage.py worker"


def test_a_schedule_whose_task_is_gone_says_so(operator):
    Schedule.objects.create(name="gone.tasks.old_task", next_run_at=timezone.now())
    assert "no task of this version: it never runs" in row_of(operator, "gone.tasks.old_task")
    found = page(operator, "gone.tasks.old_task")
    assert "This version of the site has no such task" in found
    assert 'value="run_now"' not in found
    assert press(operator, "run_now", "gone.tasks.old_task") == ["This version of the site has no such task: old."]


def test_the_list_is_narrowed_to_what_is_paused(operator):
    press(operator, "pause")
    assert [row.pk for row in operator.get(LIST, {"is": "paused"}).context["cl"].result_list] == [TIDY]
    assert TIDY not in [row.pk for row in operator.get(LIST, {"is": "on"}).context["cl"].result_list]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("20 3 * * *", "every day at 03:20"),
        ("0  4 * * 1", "every Monday at 04:00"),
        ("5 23 * * 0", "every Sunday at 23:05"),
        ("5 23 * * 7", "every Sunday at 23:05"),
        ("17 * * * *", "every hour at minute 17"),
        ("*/15 * * * *", "every 15 minutes"),
        ("*/1 * * * *", "every minute"),
        ("*/40 * * * *", "by the clock: */40 * * * *"),
        ("0 4 1 * *", "by the clock: 0 4 1 * *"),
        ("@daily", "by the clock: @daily"),
    ],
)
def test_lines_of_cron_in_words(line, text):
    assert cron_in_words(line) == text


def test_workers_are_alive_or_silent_and_name_what_they_run(operator):
    beat("worker-1")
    beat("worker-2")
    WorkerBeat.objects.filter(pk="worker-2").update(seen_at=timezone.now() - datetime.timedelta(minutes=3))
    run = TaskRun.objects.create(task_path=TIDY, state="running", worker_id="worker-1", started_at=timezone.now())
    content = operator.get(reverse("admin:background_workerbeat_changelist")).content.decode()
    assert "alive</span>" in content
    assert "silent for 3 min</span>" in content
    assert f'<a href="{reverse("admin:background_taskrun_change", args=[run.pk])}">tidy up</a> (0' in content
    assert "nothing any more" in content
    assert "nothing: it waits for work" not in content
    assert "No worker is alive" not in content
    content = operator.get(reverse("admin:background_workerbeat_change", args=["worker-1"])).content.decode()
    assert "?q=worker-1" in content
    assert "tidy up</a>" in content


def test_the_list_of_workers_says_when_none_is_alive(operator):
    content = operator.get(reverse("admin:background_workerbeat_changelist")).content.decode()
    assert "No worker is alive" in content
    assert "<code>manage.py worker</code>" in content
