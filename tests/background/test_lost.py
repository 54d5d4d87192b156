"""Tasks of workers that are gone run again, a few times."""

import datetime

import pytest
from django.db import OperationalError
from django.tasks.signals import task_finished
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from background.beat import Heart, beat
from background.lost import RETURNS, Watch, put_back, put_back_lost_tasks
from background.models import TaskRun, WorkerBeat

from . import sample_tasks

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def running(worker_id="gone", losses=0):
    row = DBTaskResult.objects.get(pk=sample_tasks.nothing.enqueue().id)
    row.worker_ids = ["earlier"] * losses
    row.claim(worker_id)
    TaskRun.objects.filter(result_id=str(row.pk)).update(state="running", worker_id=worker_id, losses=losses)
    return row


def watch_for(watch, clock, seconds, between=lambda: None):
    """Look every three seconds, as a worker does, and return how many tasks were put back."""
    found = 0
    for _step in range(round(seconds / 3) + 1):
        found += put_back_lost_tasks(watch)
        clock.now += 3
        between()
    return found


def test_a_silent_workers_task_waits_again(clock):
    row = running()
    beat("gone")
    watch = Watch(clock)
    assert watch_for(watch, clock, 9) == 0
    assert watch_for(watch, clock, 6) == 1
    row.refresh_from_db()
    assert (row.status, row.started_at, row.worker_ids) == ("READY", None, ["gone"])


def test_a_worker_without_any_beat_counts_as_silent(clock):
    running()
    assert watch_for(Watch(clock), clock, 15) == 1


def test_a_worker_that_beats_keeps_its_task_even_if_its_clock_is_wrong(clock):
    running()
    WorkerBeat.objects.create(worker_id="gone", host="elsewhere", pid=1, seen_at=timezone.now() - datetime.timedelta(hours=2))

    def beats():
        row = WorkerBeat.objects.get()
        row.seen_at += datetime.timedelta(seconds=3)
        row.save()

    assert watch_for(Watch(clock), clock, 60, beats) == 0


def test_a_pause_of_the_watcher_begins_the_watch_anew(clock):
    running()
    beat("gone")
    watch = Watch(clock)
    watch_for(watch, clock, 6)
    clock.now += 60
    assert put_back_lost_tasks(watch) == 0
    assert watch_for(watch, clock, 15) == 1


def test_a_task_that_loses_its_worker_again_and_again_fails_at_last():
    row = running(losses=RETURNS - 1)
    assert put_back(row)
    row.refresh_from_db()
    assert row.status == "READY"
    row.claim("another")
    TaskRun.objects.waiting().update(state="running", worker_id="another")
    told = []
    receiver = lambda task_result, **kwargs: told.append(task_result.status)  # noqa: E731
    task_finished.connect(receiver)
    try:
        assert put_back(row)
    finally:
        task_finished.disconnect(receiver)
    row.refresh_from_db()
    assert row.status == "FAILED"
    assert row.exception_class_path == "background.policy.LostWorker"
    assert row.finished_at
    assert told == ["FAILED"]
    assert list(TaskRun.objects.order_by("pk").values_list("state", "losses")) == [("lost", RETURNS - 1), ("failed", RETURNS)]


@pytest.mark.parametrize("losses", [0, RETURNS])
def test_only_one_of_two_watchers_puts_it_back(losses):
    row = running(losses=losses)
    same = DBTaskResult.objects.get(pk=row.pk)
    assert put_back(row)
    assert not put_back(same)


def test_a_task_that_was_taken_again_meanwhile_is_left_alone():
    stale = running()
    DBTaskResult.objects.filter(pk=stale.pk).update(status="READY", started_at=None)
    DBTaskResult.objects.get(pk=stale.pk).claim("another")
    assert not put_back(stale)
    assert DBTaskResult.objects.get().status == "RUNNING"


def test_a_lost_task_that_is_gone_from_the_code_fails_too(caplog):
    row = running(losses=RETURNS)
    DBTaskResult.objects.update(task_path="nowhere.at_all")
    row.refresh_from_db()
    assert put_back(row)
    assert DBTaskResult.objects.get().status == "FAILED"


def test_an_older_version_leaves_a_lost_task_to_workers_that_know_it(caplog):
    row = running()
    WorkerBeat.objects.create(worker_id="gone", host="h", pid=1, seen_at=timezone.now() - datetime.timedelta(seconds=20))
    DBTaskResult.objects.update(task_path="nowhere.at_all")
    row.refresh_from_db()
    assert not put_back(row)
    assert DBTaskResult.objects.get().status == "RUNNING"
    # Nobody came who knows it. It may be one that runs at most once.
    WorkerBeat.objects.update(seen_at=timezone.now() - datetime.timedelta(minutes=2))
    assert put_back(row)
    assert DBTaskResult.objects.get().status == "FAILED"


def test_looking_around_writes_nothing_while_all_is_well(clock, django_assert_num_queries):
    watch = Watch(clock)
    with django_assert_num_queries(1):
        put_back_lost_tasks(watch)


def test_beats_of_yesterday_are_forgotten():
    long_ago = timezone.now() - datetime.timedelta(days=2)
    WorkerBeat.objects.create(worker_id="old", host="h", pid=1, seen_at=long_ago)
    beat("new")
    beat("new")
    assert [row.worker_id for row in WorkerBeat.objects.all()] == ["new"]


@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("a mistake of ours")])
def test_the_heart_goes_on_after_an_error(monkeypatch, caplog, error):
    monkeypatch.setattr("background.beat.connections.close_all", lambda: None)
    monkeypatch.setattr("background.beat.close_old_connections", lambda: None)
    monkeypatch.setattr("background.beat.put_back_lost_tasks", lambda watch: (_ for _ in ()).throw(error))
    Heart("me").beat_once()
    assert caplog.records
    assert WorkerBeat.objects.filter(worker_id="me").exists()


def test_the_heart_stops_when_told(monkeypatch):
    beats = []
    monkeypatch.setattr("background.beat.connections.close_all", lambda: None)
    monkeypatch.setattr(Heart, "beat_once", lambda self: beats.append(1))
    heart = Heart("me", interval=0.01)
    heart.start()
    heart.stop()
    assert not heart.is_alive()
    assert beats
