"""`/healthz` and `manage.py health`: what they say, and that they say it whatever happens."""

import datetime
import json

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from background import health
from background.beat import beat
from background.models import WorkerBeat

from . import sample_tasks

CONTRACT = {"status", "database", "worker", "last_sync"}


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
        "worker": {"alive": 1, "waiting": 0, "oldest_waiting_seconds": None},
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
        "worker": {"alive": 1, "waiting": 0, "oldest_waiting_seconds": None},
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
