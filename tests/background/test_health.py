"""`/healthz` and `manage.py health`: what they say, and that they say it whatever happens."""

import datetime
import json
import time

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from background import health
from background.beat import beat
from background.models import Schedule, TaskRun, WorkerBeat

from . import sample_tasks

CONTRACT = {"status", "database", "worker", "last_sync"}
WELL = {
    "alive": 1,
    "waiting": 0,
    "oldest_waiting_seconds": None,
    "running": 0,
    "failed_today": 0,
    "unsent": 0,
    "problems": [],
}


def seconds(number: float) -> datetime.timedelta:
    return datetime.timedelta(seconds=number)


def run(**fields) -> TaskRun:
    """A record as any engine leaves it: the check may not look at an engine's own tables."""
    return TaskRun.objects.create(backend="default", task_path=sample_tasks.nothing.module_path, queue_name="default", **fields)


def repeat(times: int) -> None:
    """Double the rows so often."""
    columns = ", ".join(
        connection.ops.quote_name(field.column) for field in TaskRun._meta.concrete_fields if not field.primary_key
    )
    table = connection.ops.quote_name(TaskRun._meta.db_table)
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}")


@pytest.fixture
def schedule():
    """The row of the one task that the background work schedules for itself."""
    return Schedule.objects.create(name="background.tasks.forget_old_tasks", next_run_at=timezone.now() + seconds(3600))


@pytest.fixture
def database_away(monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("could not connect to server")

    monkeypatch.setattr(connection, "cursor", away)
    monkeypatch.setattr(connection, "close", lambda: None)


@pytest.fixture
def only_worker(monkeypatch):
    """Without the checks of other apps."""
    monkeypatch.setattr(health, "_checks", {"worker": health.check_worker})


@pytest.mark.django_db
def test_with_a_worker_all_is_well(client, only_worker):
    beat("w")
    answer = client.get(reverse("healthz"))
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "ok",
        "worker": WELL,
    }
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_the_whole_report_has_the_keys_that_others_rely_on(client):
    assert client.get("/healthz").json().keys() >= CONTRACT


@pytest.mark.django_db
def test_without_a_worker_it_is_degraded_and_still_200(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


@pytest.mark.django_db
def test_a_worker_that_fell_silent_does_not_count(only_worker):
    WorkerBeat.objects.create(worker_id="w", host="h", pid=1, seen_at=timezone.now() - datetime.timedelta(minutes=1))
    assert health.report()["worker"]["alive"] == 0
    assert health.report()["status"] == "degraded"


@pytest.mark.django_db
def test_a_task_that_waits_too_long_is_degraded_and_a_postponed_one_is_not(only_worker, time_machine):
    beat("w")
    now = timezone.now()
    sample_tasks.nothing.using(run_after=now + datetime.timedelta(hours=5)).enqueue()
    assert health.report() == {
        "status": "ok",
        "database": "ok",
        "worker": WELL,
    }
    sample_tasks.nothing.enqueue()
    time_machine.move_to(now + datetime.timedelta(minutes=20))
    beat("w")
    report = health.report()
    assert report["status"] == "degraded"
    assert report["worker"]["waiting"] == 1
    assert 1199 <= report["worker"]["oldest_waiting_seconds"] <= 1200
    time_machine.move_to(now + datetime.timedelta(hours=5, minutes=1))
    assert health.report()["worker"]["waiting"] == 2


@pytest.mark.django_db
def test_what_runs_what_failed_and_what_is_stuck_on_the_way_is_counted_for_every_engine(only_worker, time_machine):
    now = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
    time_machine.move_to(now, tick=False)
    beat("w")
    run(state="running", sent_at=now, started_at=now)
    run(state="failed", finished_at=now - seconds(11 * 3600))
    run(state="failed", finished_at=now - seconds(13 * 3600))
    run(state="discarded", finished_at=now)
    run(queued_at=now - seconds(30))
    # A broker that keeps no times gets what is for later at its time: that is not late.
    run(queued_at=now - seconds(7200), run_after=now + seconds(60))
    run(queued_at=now - seconds(7200), run_after=now - seconds(30))
    worker = health.report()["worker"]
    assert worker == WELL | {"running": 1, "failed_today": 1, "waiting": 2, "oldest_waiting_seconds": 30}
    time_machine.move_to(now + seconds(45), tick=False)
    beat("w")
    status, worker = health.check_worker()
    assert (status, worker["unsent"]) == ("degraded", 2)
    assert worker["problems"] == ["2 tasks could not be handed to the engine. It is tried again; is the broker running?"]


@pytest.mark.django_db
def test_it_says_in_words_that_no_worker_is_alive_and_that_the_queue_is_late(only_worker):
    run(queued_at=timezone.now() - seconds(20 * 60 + 5), sent_at=timezone.now())
    assert health.check_worker()[1]["problems"] == [
        "No worker is alive. Start one: manage.py worker",
        "The oldest task has waited for 20 minutes: the workers do not keep up.",
    ]


@pytest.mark.django_db
def test_a_schedule_that_is_switched_off_is_said(only_worker, schedule):
    beat("w")
    assert health.check_worker()[0] == "ok"
    Schedule.objects.update(enabled=False)
    status, worker = health.check_worker()
    assert (status, worker["problems"]) == ("degraded", ["The schedule of background.tasks.forget_old_tasks is paused."])


@pytest.mark.django_db
def test_a_schedule_that_nobody_starts_is_said_and_one_that_is_a_little_late_is_not(only_worker, schedule):
    beat("w")
    Schedule.objects.update(next_run_at=timezone.now() - seconds(60))
    assert health.check_worker()[0] == "ok"
    Schedule.objects.update(next_run_at=timezone.now() - seconds(3600))
    status, worker = health.check_worker()
    assert status == "degraded"
    assert worker["problems"] == ["background.tasks.forget_old_tasks should have run by its schedule, and nobody started it."]


@pytest.mark.django_db
def test_a_schedule_whose_task_is_gone_troubles_nobody(only_worker):
    beat("w")
    Schedule.objects.create(name="gone.tasks.gone", next_run_at=timezone.now() - seconds(86400), enabled=False)
    assert health.check_worker()[0] == "ok"


@pytest.mark.django_db
def test_a_hundred_thousand_ended_runs_and_many_for_later_cost_nothing(only_worker, django_assert_num_queries):
    beat("w")
    now = timezone.now()
    run(state="succeeded", finished_at=now)
    repeat(17)
    TaskRun.objects.filter(state="succeeded", pk__gt=TaskRun.objects.latest("pk").pk - 5000).update(
        state="waiting", run_after=now + seconds(9999)
    )
    assert TaskRun.objects.count() > 100_000
    health.check_worker()
    began = time.perf_counter()
    with django_assert_num_queries(5):
        assert health.check_worker() == ("ok", WELL)
    assert time.perf_counter() - began < 0.5


def test_without_a_database_it_is_down_and_503(client, database_away):
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "down"
    assert answer.json()["database"] == "down"
    assert answer.json().keys() >= CONTRACT
    assert answer.json()["worker"] is None


def test_a_cookie_of_somebody_logged_in_does_not_ask_the_database(client, database_away):
    client.cookies["sessionid"] = "abcdefghijklmnopqrstuvwxyz123456"
    assert client.get("/healthz").status_code == 503


@pytest.mark.django_db
def test_a_probe_needs_neither_https_nor_a_known_host(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["cohorts.example.org"]
    assert client.get("/healthz", HTTP_HOST="10.0.0.7").status_code == 200


def test_other_methods_are_refused(client):
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "status", "value"),
    [
        (("ok", 1), "ok", 1),
        (("degraded", {"a": None}), "degraded", {"a": None}),
        (("down", None), "down", None),
        (("splendid", 1), "degraded", 1),
    ],
)
def test_the_worst_check_decides(monkeypatch, answer, status, value):
    monkeypatch.setattr(health, "_checks", {})
    health.register_check("fine", lambda: ("ok", "fine"))
    health.register_check("other", lambda: answer)
    assert health.report() == {"status": status, "database": "ok", "fine": "fine", "other": value}


@pytest.mark.django_db
def test_a_check_that_raises_is_degraded_and_logged(monkeypatch, caplog):
    monkeypatch.setattr(health, "_checks", {"odd": lambda: 1 / 0})
    assert health.report() == {"status": "degraded", "database": "ok", "odd": None}
    assert "odd" in caplog.text


@pytest.mark.django_db
def test_the_command_says_the_same_and_exits_with_the_status(capsys, only_worker):
    with pytest.raises(SystemExit) as exit_code:
        call_command("health")
    assert exit_code.value.code == 1
    assert json.loads(capsys.readouterr().out)["status"] == "degraded"
    beat("w")
    call_command("health")
    assert json.loads(capsys.readouterr().out)["status"] == "ok"


def test_the_command_exits_with_2_without_a_database(capsys, database_away):
    with pytest.raises(SystemExit) as exit_code:
        call_command("health")
    assert exit_code.value.code == 2
    assert json.loads(capsys.readouterr().out)["database"] == "down"
