"""A real mail server that drops, stalls and refuses at every step: nobody is told twice, nobody is lost, the reason is visible."""

import datetime
import time
from contextlib import nullcontext

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import batches, sending
from accounts.batches import register_batch, send_batch
from accounts.bounces import note_trouble, troubled_addresses
from accounts.messages import NotSentYet, UnsureError, queue_message, send_message, send_waiting_messages
from accounts.models import AddressTrouble, Message, User
from accounts.tasks import send_message_task

State = Message.State
BATCH = "test-7"


def people(count: int) -> list[User]:
    return User.objects.bulk_create(User(email=f"p{number:03}@example.org", name=f"P{number}") for number in range(count))


def write_batch(count: int) -> list[Message]:
    return [queue_message(one, kind="test", subject="Hello", body="Text\n\n- one", batch=BATCH) for one in people(count)]


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Message.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def later() -> None:
    """All waits are over."""
    Message.objects.filter(tried_at__isnull=False).update(tried_at=timezone.now() - datetime.timedelta(days=1))


@pytest.mark.parametrize("action", ["drop", "stall", "451 4.3.0 Later", "554 5.7.0 Not from you"])
@pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "dot"])
def test_a_fault_at_each_step_loses_nobody_and_tells_nobody_twice(db, mail_sink, step, action):
    write_batch(5)
    # At the second mail; connections count apart.
    mail_sink.on(step, action, times=1, after=0 if step in {"connect", "EHLO"} else 1)

    first = send_batch(BATCH)
    later()
    second = send_batch(BATCH)

    assert mail_sink.twice() == []
    refused_for_good = action.startswith("554") and step in {"MAIL", "RCPT", "DATA", "dot"}
    unsure = step == "dot" and action in {"drop", "stall"}
    assert first.total == second.total == 5
    assert (second.failed, second.unsure, second.waiting) == (int(refused_for_good), int(unsure), 0)
    assert second.sent == 5 - second.failed - second.unsure
    # The unsure one had arrived in truth: who sent it again would tell somebody twice.
    assert len(mail_sink.mails) == 5 - second.failed
    for message in Message.objects.exclude(state=State.SENT):
        assert message.error
        assert message.trouble


@pytest.mark.parametrize("action", ["drop", "stall", "451 4.3.0 Later"])
@pytest.mark.parametrize("step", ["MAIL", "dot"])
def test_single_messages_fare_the_same(person, mail_sink, step, action):
    message = queue_message(person, kind="test", subject="Hello", body="Text")
    mail_sink.on(step, action, times=1)
    unsure = step == "dot" and not action.startswith("4")
    with pytest.raises(UnsureError if unsure else NotSentYet):
        send_message(message.pk)
    # The task comes again.
    with pytest.raises(UnsureError) if unsure else nullcontext():
        send_message(message.pk)
    message.refresh_from_db()
    assert message.state == (State.UNSURE if unsure else State.SENT)
    assert mail_sink.recipients() == [person.email]


def test_one_refused_address_of_a_hundred_keeps_no_other_waiting(db, mail_sink):
    write_batch(100)
    mail_sink.on("RCPT", "550 5.1.1 <p042@example.org> does not exist", to="p042@")
    heard = []

    result = send_batch(BATCH, told=lambda done, total: heard.append((done, total)))

    assert (result.sent, result.failed, result.waiting, result.away) == (99, 1, 0, "")
    assert mail_sink.connections == 1
    assert mail_sink.twice() == []
    assert heard[-1] == (100, 100)
    assert heard == sorted(heard)
    (failed,) = Message.objects.filter(state=State.FAILED)
    assert failed.address == "p042@example.org"
    assert failed.trouble == Message.Trouble.ADDRESS
    assert "does not exist" in failed.error
    assert "p042@" not in failed.error
    assert list(troubled_addresses(["p041@example.org", "p042@example.org"])) == ["p042@example.org"]


@pytest.mark.parametrize("action", ["550 5.7.1 Relay access denied", "550 No", "421 4.3.2 Closing"])
def test_a_server_that_refuses_everybody_is_asked_a_few_times_only(db, mail_sink, action):
    write_batch(30)
    mail_sink.on("RCPT", action)

    result = send_batch(BATCH)

    assert result.away
    assert result.failed <= batches.ENOUGH_REFUSALS
    assert (result.sent, result.failed + result.waiting) == (0, 30)
    assert Message.objects.filter(state=State.QUEUED, error="").count() == 0
    assert Message.objects.filter(state=State.QUEUED, attempts=1).count() == result.waiting
    if result.failed:
        return
    mail_sink.well_again()
    later()
    assert send_batch(BATCH).sent == 30
    assert mail_sink.twice() == []


def test_a_server_that_hangs_up_after_each_mail_leaves_few_unsure(db, mail_sink):
    write_batch(10)
    mail_sink.on("dot", "drop")
    result = send_batch(BATCH)
    assert (result.unsure, result.waiting) == (batches.ENOUGH_FAULTS, 10 - batches.ENOUGH_FAULTS)
    assert result.away


def test_a_server_that_is_away_is_tried_again_with_the_usual_waits_and_then_everybody_has_failed(db, mail_sink):
    write_batch(3)
    mail_sink.stop()
    for attempt in range(1, sending.MAX_ATTEMPTS):
        result = send_batch(BATCH)
        assert "ConnectionRefusedError" in result.away
        assert set(Message.objects.values_list("state", "attempts")) == {(State.QUEUED, attempt)}
        # Not due yet: nothing is counted.
        send_batch(BATCH)
        assert set(Message.objects.values_list("attempts", flat=True)) == {attempt}
        later()
    assert send_batch(BATCH).failed == 3
    assert "ConnectionRefusedError" in Message.objects.first().error
    mail_sink.start()


def test_each_message_costs_the_same_few_statements(db, mail_sink, monkeypatch):
    # On a slow machine some would be read once more.
    monkeypatch.setattr(batches, "FRESH_FOR", 600)
    counts = []
    # The first time looks some things up that are known afterwards.
    for number in (1, 2, 12):
        User.objects.all().delete()
        write_batch(number)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert send_batch(BATCH).sent == number
        counts.append(len(queries))
    assert counts[2] - counts[1] == 10 * 2


def test_a_mail_that_arrives_ends_the_trouble_of_its_address(db, mail_sink):
    message, other = write_batch(2)
    note_trouble(message.address.upper(), AddressTrouble.Reason.REFUSED, "no")
    note_trouble(other.address, AddressTrouble.Reason.COMPLAINED, "no")
    send_batch(BATCH)
    assert list(troubled_addresses([message.address, other.address])) == [other.address]


# --- workers that die, and one that comes back


def stale() -> datetime.datetime:
    return timezone.now() - sending.SENDING_LIMIT - datetime.timedelta(seconds=1)


def test_what_a_dead_worker_was_sending_is_unsure_and_not_sent(db, mail_sink):
    first, second, third = write_batch(3)
    Message.objects.filter(pk=first.pk).update(state=State.SENDING, attempts=1, tried_at=stale())
    Message.objects.filter(pk=second.pk).update(state=State.SENDING, attempts=1, tried_at=timezone.now())
    result = send_batch(BATCH)
    assert (result.unsure, result.waiting, result.sent) == (1, 1, 1)
    assert mail_sink.recipients() == [third.address]


@pytest.mark.parametrize("settled", ["not", "again", "sent again"])
def test_a_worker_that_comes_back_says_that_it_arrived(db, mail_sink, settled):
    (message,) = write_batch(1)

    def meanwhile():
        Message.objects.update(tried_at=stale())
        sending.give_up_on_stale()
        if settled != "not":
            Message.objects.update(state=State.QUEUED, attempts=0, tried_at=None)
        if settled == "sent again":
            # Another worker is at it at this moment, and will write down what comes of it.
            Message.objects.update(state=State.SENDING, attempts=1, tried_at=timezone.now())

    zombie = sending.claim(message.pk)
    with sending.MailLine() as line:
        line.send(sending.mail_of(zombie), before_content=lambda: None)
        meanwhile()
        sending._write_sent(zombie)
    message.refresh_from_db()
    assert message.state == (State.SENDING if settled == "sent again" else State.SENT)


@pytest.mark.parametrize("backend", ["smtp", "other"])
def test_a_worker_that_comes_back_late_hands_nothing_over(db, mail_sink, settings, backend):
    if backend == "other":
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    (message,) = write_batch(1)
    zombie = sending.claim(message.pk)
    # It stood still. By now the message was called unsure, settled, and is sent by another.
    zombie.tried_at -= sending.HAND_OVER_LIMIT
    Message.objects.update(state=State.SENT)
    began = time.monotonic()
    with sending.MailLine() as line:
        attempt = sending.attempt_to_send(zombie, line)
    assert time.monotonic() - began < mail_sink.timeout / 2, "it says no farewell that the server would take for content"
    assert attempt.state == State.QUEUED
    assert mail_sink.mails == []
    message.refresh_from_db()
    assert message.state == State.SENT


def test_a_worker_that_is_told_to_stop_says_how_far_it_came(db, mail_sink, monkeypatch):
    class Stop(BaseException):
        pass

    def stop(*args, **options):
        raise Stop

    before, after = write_batch(2)
    with sending.MailLine() as line, monkeypatch.context() as patch:
        patch.setattr("accounts.mails.EmailMultiAlternatives.message", stop)
        with pytest.raises(Stop):
            sending.attempt_to_send(sending.claim(before.pk), line)
    with sending.MailLine() as line, monkeypatch.context() as patch:
        patch.setattr("accounts.mail_backend._KnowsItsContent._wait_for_answers", stop)
        with pytest.raises(Stop):
            sending.attempt_to_send(sending.claim(after.pk), line)
    before.refresh_from_db()
    after.refresh_from_db()
    assert (before.state, after.state) == (State.QUEUED, State.UNSURE)


# --- the schedule


def test_the_schedule_has_batches_carried_on_and_sends_the_rest_alone(db, tasks, monkeypatch):
    monkeypatch.setattr(batches, "_ways_on", {})
    carried = []
    register_batch("test", lambda number: carried.append(number) or True)
    batch = write_batch(3)
    alone = queue_message(batch[0].recipient, kind="test", subject="Hello", body="Text")
    orphan = queue_message(batch[0].recipient, kind="test", subject="Hello", body="Text", batch="nobody-3")
    assert send_waiting_messages() == 0

    Message.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=3))
    assert send_waiting_messages() == 3
    assert carried == [7]
    tasks.assert_enqueued(send_message_task, alone.pk, times=1)
    tasks.assert_enqueued(send_message_task, orphan.pk, times=1)


def test_a_batch_hears_that_what_its_dead_worker_left_is_unsure(db, monkeypatch):
    monkeypatch.setattr(batches, "_ways_on", {})
    carried = []
    register_batch("test", lambda number: carried.append(number))
    write_batch(1)
    Message.objects.update(state=State.SENDING, attempts=1, tried_at=stale())
    assert send_waiting_messages() == 0
    assert (carried, states()) == ([7], {State.UNSURE: 1})
