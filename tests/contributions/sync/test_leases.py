"""Leases of tokens among threads and processes, on the database of the test run."""

import signal
import threading

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from contributions.github.access import client_for
from contributions.github.client import token_key
from contributions.github.errors import TokenBusy
from contributions.github.leases import LEASE, Lease
from contributions.models import ApiBudget
from tests.other_process import start_process

#: Takes a token as a worker does, says so, and works on until it is killed.
HOLDER = """
import django, sys, time
django.setup()
from contributions.github.access import client_for
with client_for(by_person=False, holder="sync 1"):
    print("taken", flush=True)
    time.sleep(600)
"""


@pytest.mark.django_db(transaction=True)
def test_of_many_threads_one_gets_the_token():
    budget = ApiBudget.objects.create(key="token", seen_at=timezone.now())
    together, taken = threading.Barrier(6), []

    def take():
        try:
            together.wait(60)
            taken.append(Lease.take(budget, "sync"))
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(taken) == 6
    (lease,) = [each for each in taken if each is not None]
    assert lease.give_back()
    assert not lease.give_back()


@pytest.mark.django_db(transaction=True)
@pytest.mark.real_process
def test_a_token_is_nobody_elses_while_another_process_has_it_and_free_after_its_silence():
    process = start_process(HOLDER, GITHUB_TOKENS="test-token")
    try:
        assert process.stdout.readline().strip() == "taken"
        with pytest.raises(TokenBusy), client_for(by_person=True, holder="sync 2"):
            pass
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    # Nobody gave it back.
    assert ApiBudget.objects.get().leased_by.startswith("sync 1 ")
    with pytest.raises(TokenBusy), client_for(by_person=True, holder="sync 2"):
        pass
    with time_machine.travel(timezone.now() + LEASE), client_for(by_person=True, holder="sync 2") as client:
        assert client.token_key == token_key("test-token")
        assert ApiBudget.objects.get().leased_by.startswith("sync 2 ")
