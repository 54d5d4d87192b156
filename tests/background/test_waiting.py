"""A worker hears of a new task at once, without asking all the time."""

import threading
import time

import pytest
from django.db import connection, transaction

from background.waiting import Asking, Listening, Watching, bell, wake_workers

from . import sample_tasks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ours():
    ours = bell()
    yield ours
    ours.close()


def go_on():
    return True


def waited(ours, seconds=30):
    began = time.monotonic()
    ours.wait(seconds, go_on)
    return time.monotonic() - began


def in_another_thread(function, after):
    def run():
        time.sleep(after)
        try:
            function()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_what_suits_the_database(ours, monkeypatch):
    assert isinstance(ours, {"sqlite": Watching, "postgresql": Listening}[connection.vendor])
    monkeypatch.setattr(connection, "vendor", "oracle")
    assert type(bell()) is Asking
    wake_workers()


def test_a_new_task_ends_the_wait(ours):
    ours.before_look()
    if connection.vendor == "postgresql":
        assert waited(ours) < 20, "the listening begins, and what was there before it has told nobody"
    thread = in_another_thread(sample_tasks.nothing.enqueue, 0.3)
    assert 0.2 < waited(ours) < 20
    thread.join()


def test_with_nothing_new_it_waits_its_time(ours):
    ours.before_look()
    ours.wait(0.1, go_on)
    ours.before_look()
    assert 0.25 < waited(ours, 0.3) < 20


def test_the_end_ends_it(ours):
    began = time.monotonic()
    ours.wait(30, lambda: False)
    Asking().wait(30, lambda: False)
    assert time.monotonic() - began < 20


def test_a_task_of_a_transaction_that_is_rolled_back_wakes_nobody(ours):
    ours.before_look()
    ours.wait(0.1, go_on)
    ours.before_look()

    def roll_back():
        with transaction.atomic():
            sample_tasks.nothing.enqueue()
            transaction.set_rollback(True)

    thread = in_another_thread(roll_back, 0)
    assert waited(ours, 0.6) > 0.5
    thread.join()


def test_where_nobody_can_listen_it_asks(monkeypatch, caplog):
    import psycopg

    ours = Listening()

    def refuse():
        raise psycopg.OperationalError("a pooler stands between")

    monkeypatch.setattr(ours, "_listen", refuse)
    ours.wait(1, go_on)
    assert "cannot be listened to (OperationalError)" in caplog.text
    assert 0.15 < waited(ours, 0.2) < 2
    ours.close()
