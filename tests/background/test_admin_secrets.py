"""What errors and tasks quote of people and secrets reaches no page; markup in any of it stays text."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from background import enqueue
from background.beat import beat
from background.models import Schedule, TaskRun, WorkerBeat
from background.worker import Worker
from tests import factories

from . import admin_tasks

pytestmark = pytest.mark.django_db

SECRETS = {
    "ada.lovelace@example.org": "550 no such user ada.lovelace@example.org",
    "0123456789abcdefghijABCDEFGHIJ012345": "401 for ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "hunter2": "cannot connect to postgres://cohorts:hunter2@db.example.org/cohorts",
    "opensesame": "sent Cookie: sessionid=opensesame; messages=opensesame",
    "Lovelace": "DETAIL:  Key (name)=(Ada Lovelace) already exists.",
    "feedtoken123": "cannot fetch /feeds/feedtoken123.ics",
}
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7 }}"


@pytest.fixture
def operator(client):
    client.force_login(factories.UserFactory(is_superuser=True))
    return client


def everything(client, run) -> str:
    """What every page on this run shows."""
    worker = WorkerBeat.objects.first()
    addresses = [
        reverse("admin:index"),
        reverse("admin:background_taskrun_changelist"),
        reverse("admin:background_taskrun_change", args=[run.pk]),
        reverse("admin:background_taskrun_history", args=[run.pk]),
        reverse("admin:background_schedule_changelist"),
        reverse("admin:background_workerbeat_changelist"),
        *([reverse("admin:background_workerbeat_change", args=[worker.pk])] if worker else []),
    ]
    answers = [client.get(address) for address in addresses]
    assert {answer.status_code for answer in answers} == {200}
    return "\n".join(answer.content.decode() for answer in answers)


@pytest.mark.parametrize(("secret", "text"), SECRETS.items())
def test_a_secret_in_an_error_reaches_neither_the_database_nor_a_page(operator, monkeypatch, secret, text):
    monkeypatch.setattr(admin_tasks, "words", [text])
    worker = Worker(interval=0.05)
    beat(worker.worker_id)
    enqueue(admin_tasks.say, f"argument {secret}", [secret], note={secret: secret})
    worker.run_task(worker.claim())
    run = TaskRun.objects.get()
    assert (run.state, run.error) == ("failed", "builtins.ValueError")
    assert secret not in run.message + run.traceback
    found = everything(operator, run)
    assert secret not in found
    assert "•••" in found or "…" in found
    assert "Traceback (most recent call last)" in found


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_that_was_stored_before_its_mask_was_known_is_not_shown(operator, secret):
    text = SECRETS[secret]
    run = TaskRun.objects.create(
        task_path="app.t", state="failed", about=text[:120], error="a.B", message=text, traceback=text, note=text, done=1, total=2
    )
    assert secret not in everything(operator, run)


def test_markup_in_any_field_stays_text(operator):
    now = timezone.now()
    first = TaskRun.objects.create(task_path=MARKUP, state="retried", message=MARKUP, error=MARKUP)
    run = TaskRun.objects.create(
        task_path=MARKUP, about=MARKUP, state="failed", queue_name=MARKUP[:40], backend="<b>", result_id="<i>", worker_id=MARKUP[:64],
        error=MARKUP, message=MARKUP, traceback=MARKUP, note=MARKUP, done=1, total=2, progress_at=now, started_at=now, finished_at=now,
        arguments={"args": [MARKUP], "kwargs": {MARKUP: {MARKUP: MARKUP}}}, first=first,
    )  # fmt: skip
    Schedule.objects.create(name=MARKUP, next_run_at=now)
    WorkerBeat.objects.create(worker_id=MARKUP[:64], host=MARKUP, pid=1)
    TaskRun.objects.create(task_path=MARKUP, state="running", worker_id=MARKUP[:64], started_at=now)
    found = everything(operator, run)
    data = {"action": "discard", "index": 0, "_selected_action": [run.pk, first.pk]}
    found += operator.post(reverse("admin:background_taskrun_changelist"), data).content.decode()
    found += operator.post(
        reverse("admin:background_taskrun_change", args=[run.pk]),
        {"CHANGE_FORM-action": "retry", "_selected_action": run.pk},
        follow=True,
    ).content.decode()
    assert "<script>alert" not in found
    assert "<img src=x" not in found
    assert "&lt;script&gt;alert(1)" in found


def test_a_text_without_an_end_stays_on_its_line(operator):
    run = TaskRun.objects.create(task_path="app.t", state="failed", error="a.B", message="word " * 90, traceback="x" * 20_000)
    content = operator.get(reverse("admin:background_taskrun_changelist")).content.decode()
    assert "word word" in content
    assert "word " * 20 not in content
    assert operator.get(reverse("admin:background_taskrun_change", args=[run.pk])).status_code == 200


def test_times_stand_in_the_readers_zone(client):
    operator = factories.UserFactory(is_superuser=True, time_zone="Asia/Tokyo")
    client.force_login(operator)
    run = TaskRun.objects.create(
        task_path="app.t", state="waiting", queued_at=datetime.datetime(2026, 3, 1, 22, 30, tzinfo=datetime.UTC)
    )
    content = client.get(reverse("admin:background_taskrun_change", args=[run.pk])).content.decode()
    assert "2026-03-02 07:30:00 JST" in content
