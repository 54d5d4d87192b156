"""Deliveries that arrive at the same time are stored together, each answered once it is stored, none at another's cost."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from contributions.deliveries import Delivery
from contributions.inbox import AT_ONCE, Inbox
from contributions.models import WebhookDelivery
from contributions.tasks import process_deliveries_task
from tests.factories import WorkItemFactory

from .delivering import deliver


def number(count):
    return [Delivery(f"delivery-{each}", "issues", {}) for each in range(count)]


class Store:
    """Holds the first call until the test lets it go."""

    def __init__(self, refuse=()):
        self.batches = []
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.refuse = refuse

    def __call__(self, deliveries):
        guids = [delivery.guid for delivery in deliveries]
        self.batches.append(guids)
        if len(self.batches) == 1:
            self.entered.set()
            assert self.go_on.wait(10)
        if set(guids) & set(self.refuse):
            raise ValueError(guids)


def put_all(store, deliveries):
    """The first is held; the others come meanwhile, in their order. Returns what became of each."""
    inbox = Inbox(store)
    with ThreadPoolExecutor(len(deliveries)) as pool:
        answers = [pool.submit(inbox.put, deliveries[0])]
        assert store.entered.wait(10)
        for count, delivery in enumerate(deliveries[1:], 1):
            answers.append(pool.submit(inbox.put, delivery))
            while len(inbox._waiting) < count:
                threading.Event().wait(0.001)
        store.go_on.set()
        return [answer.exception(10) for answer in answers]


def test_those_that_come_meanwhile_are_stored_together():
    store = Store()
    assert put_all(store, number(6)) == [None] * 6
    assert store.batches == [["delivery-0"], [f"delivery-{each}" for each in range(1, 6)]]


def test_no_more_than_so_many_at_once(monkeypatch):
    monkeypatch.setattr("contributions.inbox.AT_ONCE", 2)
    store = Store()
    assert put_all(store, number(6)) == [None] * 6
    assert [len(batch) for batch in store.batches] == [1, 2, 2, 1]
    assert AT_ONCE > 2


def test_one_that_cannot_be_stored_costs_the_others_nothing():
    store = Store(refuse=["delivery-2"])
    answers = put_all(store, number(4))
    assert [type(answer) for answer in answers] == [type(None), type(None), ValueError, type(None)]
    assert sorted(store.batches[2:]) == [["delivery-1"], ["delivery-2"], ["delivery-3"]]


def test_where_the_first_fails_the_next_take_over():
    store = Store(refuse=["delivery-0"])
    answers = put_all(store, number(3))
    assert [type(answer) for answer in answers] == [ValueError, type(None), type(None)]
    inbox = Inbox(store)
    inbox.put(Delivery("later", "issues", {}))
    assert store.batches[-1] == ["later"]


def test_a_thread_that_is_ended_leaves_nobody_waiting():
    class End(BaseException):
        pass

    store = Store()

    def ends(deliveries):
        store(deliveries)
        if deliveries[0].guid == "delivery-0":
            raise End

    inbox = Inbox(ends)

    def put_first():
        with pytest.raises(End):
            inbox.put(number(1)[0])

    first = threading.Thread(target=put_first)
    first.start()
    assert store.entered.wait(10)
    second = threading.Thread(target=inbox.put, args=[number(2)[1]])
    second.start()
    while not inbox._waiting:
        threading.Event().wait(0.001)
    store.go_on.set()
    for thread in (first, second):
        thread.join(10)
        assert not thread.is_alive()
    assert store.batches == [["delivery-0"], ["delivery-1"]]


@pytest.mark.django_db(transaction=True)
def test_many_threads_at_once_lose_none(tasks):
    from django.db import connection

    items = [WorkItemFactory() for _ in range(8)]

    def send(count):
        try:
            return deliver({"issue": {"node_id": items[count % 8].node_id}}, guid=f"delivery-{count}").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(80))) == [202] * 80
    assert WebhookDelivery.objects.filter(processed_at=None).count() == 80
    tasks.assert_enqueued(process_deliveries_task, times=1)
