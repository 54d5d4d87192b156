"""Every mail is a row first; it is sent once, tried again where that makes sense, and fails with a reason."""

import datetime
import email.policy
import smtplib

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone

from accounts import mail_kinds
from accounts.messages import (
    MAX_ATTEMPTS,
    WAITS,
    NotSentYet,
    PermanentError,
    UnsureError,
    advice,
    cancel_message,
    queue_message,
    register_kind,
    register_replies,
    register_still_true,
    retry_message,
    send_message,
    send_waiting_messages,
    settle_message,
    wait_after,
)
from accounts.models import Message
from accounts.tasks import send_message_task
from accounts.unsubscribing import link_for
from tests.factories import ApplicationFactory, UserFactory

State = Message.State


def write(person, **changes):
    return queue_message(person, **{"kind": "test", "subject": "Hello", "body": "Text", **changes})


def refuse(monkeypatch, error):
    def send_messages(self, messages):
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)


def test_a_task_is_queued_after_the_commit_only(person, tasks, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        message = write(person)
        tasks.assert_nothing_enqueued()
    tasks.assert_enqueued(send_message_task, message.pk, times=1)


def test_a_rollback_leaves_neither_row_nor_task(person, tasks, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        write(person)
        transaction.set_rollback(True)
    tasks.assert_nothing_enqueued()
    assert not Message.objects.exists()


def test_a_queue_that_is_down_fails_no_request(person, tasks, django_capture_on_commit_callbacks):
    with tasks.refuse_enqueue(), django_capture_on_commit_callbacks(execute=True):
        write(person)
    tasks.assert_nothing_enqueued()
    assert Message.objects.get().state == State.QUEUED


def test_one_message_of_a_kind_about_a_thing_and_round(person):
    application = ApplicationFactory()
    assert write(person, about=application)
    assert write(person, about=application, subject="Again") is None
    assert write(person, about=application, kind="other")
    assert write(person, about=application, round=2)
    assert write(UserFactory(), about=application)
    assert Message.objects.filter(subject="Again").count() == 0
    assert Message.objects.count() == 4


def test_messages_about_nothing_stand_each_for_itself(person):
    assert write(person)
    assert write(person)


@pytest.mark.parametrize("about_something", [False, True])
def test_somebody_must_get_it(db, about_something):
    with pytest.raises(ValueError):
        queue_message(
            None,
            kind="test",
            subject="Hello",
            body="Text",
            address="x@example.org" if about_something else None,
            about=ApplicationFactory() if about_something else None,
        )


def test_is_sent_once(person):
    message = write(person)
    send_message(message.pk)
    send_message(message.pk)
    (sent,) = mail.outbox
    assert (sent.subject, sent.body, sent.to) == ("Hello", "Text", [person.email])
    message.refresh_from_db()
    assert (message.state, message.attempts, message.error) == (State.SENT, 1, "")
    assert message.sent_at
    assert message.body == "Text"


def test_a_task_that_is_run_again_does_not_pretend_to_send_what_failed(person):
    message = write(person)
    Message.objects.update(state=State.FAILED)
    with pytest.raises(PermanentError, match="Send again"):
        send_message(message.pk)
    assert mail.outbox == []


@pytest.mark.parametrize("state", [State.SENDING, State.SENT, State.DROPPED])
def test_what_is_not_waiting_is_not_sent(person, state):
    message = write(person)
    Message.objects.update(state=state)
    send_message(message.pk)
    assert mail.outbox == []


def test_a_task_that_is_run_again_says_that_somebody_must_settle_it(person):
    message = write(person)
    Message.objects.update(state=State.UNSURE)
    with pytest.raises(UnsureError, match="page of messages"):
        send_message(message.pk)
    assert mail.outbox == []


def test_a_backend_that_sends_nothing_is_no_success(person, monkeypatch):
    monkeypatch.setattr(EmailBackend, "send_messages", lambda self, messages: 0)
    message = write(person)
    with pytest.raises(NotSentYet):
        send_message(message.pk)
    message.refresh_from_db()
    assert message.state == State.QUEUED


def test_a_message_that_an_organiser_sent_again_can_fail_again(person, monkeypatch):
    message = write(person)
    Message.objects.update(state=State.FAILED)
    assert retry_message(message, by=UserFactory())
    refuse(monkeypatch, ConnectionRefusedError("no"))
    with pytest.raises(NotSentYet):
        send_message(message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.trouble) == (State.QUEUED, 1, "server")


def test_a_message_that_is_gone_is_no_error(db):
    send_message(12345)


def test_text_of_a_secret_goes_once_it_is_sent(person):
    message = write(person, secret=True)
    send_message(message.pk)
    assert mail.outbox[0].body == "Text"
    message.refresh_from_db()
    assert message.body == ""


def test_line_breaks_in_a_subject_make_no_headers(person):
    message = write(person, subject="Hello\nBcc: everybody@example.org")
    send_message(message.pk)
    assert mail.outbox[0].subject == "Hello Bcc: everybody@example.org"


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError("no"), TimeoutError(), smtplib.SMTPServerDisconnected("gone"), smtplib.SMTPDataError(451, b"later")],
)
def test_transient_failure_waits_for_another_try(person, monkeypatch, error):
    message = write(person, secret=True)
    refuse(monkeypatch, error)
    with pytest.raises(NotSentYet):
        send_message(message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.QUEUED, 1)
    assert type(error).__name__ in message.error
    assert message.body == "Text"


def test_tries_end_after_the_last_one(person, monkeypatch):
    message = write(person, secret=True)
    refuse(monkeypatch, ConnectionRefusedError("no"))
    for _attempt in range(MAX_ATTEMPTS - 1):
        with pytest.raises(NotSentYet):
            send_message(message.pk)
    with pytest.raises(ConnectionRefusedError):
        send_message(message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.body) == (State.FAILED, MAX_ATTEMPTS, "")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (smtplib.SMTPRecipientsRefused({"x": (550, b"No such user")}), "does not exist"),
        (smtplib.SMTPDataError(554, b"Looks like spam"), "Looks like spam"),
        (smtplib.SMTPSenderRefused(550, b"Who are you?", "a@b"), "Who are you?"),
        (smtplib.SMTPNotSupportedError("SMTPUTF8"), "SMTPUTF8"),
        (ValueError("Header values can't contain newlines"), "newlines"),
    ],
)
def test_permanent_failure_says_why(person, monkeypatch, error, reason):
    message = write(person)
    refuse(monkeypatch, error)
    with pytest.raises((PermanentError, ValueError)):
        send_message(message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.FAILED, 1)
    assert reason in message.error


@pytest.mark.parametrize(
    "error", [smtplib.SMTPRecipientsRefused({"x": (450, b"Greylisted")}), smtplib.SMTPAuthenticationError(535, b"Wrong password")]
)
def test_refusals_that_may_pass_are_tried_again(person, monkeypatch, error):
    message = write(person)
    refuse(monkeypatch, error)
    with pytest.raises(NotSentYet):
        send_message(message.pk)
    message.refresh_from_db()
    assert message.state == State.QUEUED


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPAuthenticationError(
            535, b"5.7.8 postmaster@example.net is locked, see https://example.net/unlock?key=opensesame"
        ),
        smtplib.SMTPRecipientsRefused({"x@example.net": (450, b"Greylisted")}),
        ConnectionError("smtp://postmaster:opensesame@example.net is away"),
        KeyError("password=opensesame postmaster@example.net"),
    ],
)
def test_what_the_mail_server_quotes_is_not_kept(person, monkeypatch, error):
    message = write(person)
    refuse(monkeypatch, error)
    with pytest.raises((NotSentYet, KeyError)):
        send_message(message.pk)
    message.refresh_from_db()
    assert type(error).__name__ in message.error
    assert [secret for secret in ("postmaster", "opensesame", "x@", "@example.net'") if secret in message.error] == []


def test_an_unexpected_error_fails_the_message_and_the_task(person, monkeypatch):
    message = write(person)
    refuse(monkeypatch, KeyError("bug"))
    with pytest.raises(KeyError):
        send_message(message.pk)
    message.refresh_from_db()
    assert message.state == State.FAILED
    assert "KeyError" in message.error


def test_each_try_has_the_same_message_id(person, monkeypatch):
    message = write(person)
    with monkeypatch.context() as patch:
        refuse(patch, ConnectionRefusedError("no"))
        with pytest.raises(NotSentYet):
            send_message(message.pk)
    send_message(message.pk)
    Message.objects.update(state=State.QUEUED)
    send_message(message.pk)
    assert mail.outbox[0].extra_headers["Message-ID"] == mail.outbox[1].extra_headers["Message-ID"]


@pytest.mark.parametrize(
    ("named", "of_the_site", "answers"),
    [
        ("a@x.org", "b@x.org", ["a@x.org"]),
        ("", "b@x.org", ["b@x.org"]),
        ("hallo@müller.example", "", ["hallo@xn--mller-kva.example"]),
        ("ünï@x.org", "", []),
        ("", "", []),
    ],
)
def test_answers_reach_somebody(person, monkeypatch, settings, named, of_the_site, answers):
    settings.CONTACT_EMAIL = of_the_site
    monkeypatch.setattr(mail_kinds, "_replies", {})
    register_replies("test", lambda message: named)
    send_message(write(person).pk)
    assert mail.outbox[0].reply_to == answers


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("hello@example.org", '"Cohorts, all of them" <hello@example.org>'),
        ("Us <hello@example.org>", "Us <hello@example.org>"),
    ],
)
def test_the_sender_has_a_name(person, settings, sender, shown):
    settings.SITE_NAME, settings.DEFAULT_FROM_EMAIL = "Cohorts, all of them", sender
    send_message(write(person).pk)
    assert mail.outbox[0].message()["From"] == shown


def test_what_is_no_longer_true_is_dropped(person, monkeypatch):
    monkeypatch.setattr(mail_kinds, "_still_true", {})
    application = ApplicationFactory()
    register_still_true("reminder", lambda message: message.about.status == "submitted")
    kept = write(person, kind="reminder", about=application)
    dropped = write(person, kind="reminder", about=application, round=2)
    send_message(kept.pk)
    application.status = "withdrawn"
    application.save()
    send_message(dropped.pk)
    assert len(mail.outbox) == 1
    dropped.refresh_from_db()
    assert dropped.state == State.DROPPED


def test_a_message_about_something_that_is_gone_is_dropped(person):
    application = ApplicationFactory()
    message = write(person, about=application)
    application.delete()
    send_message(message.pk)
    message.refresh_from_db()
    assert message.state == State.DROPPED
    assert mail.outbox == []


def test_nothing_is_sent_to_a_closed_account(person):
    message = write(person)
    person.is_active = False
    person.save()
    with pytest.raises(PermanentError):
        send_message(message.pk)
    message.refresh_from_db()
    assert message.state == State.FAILED
    assert mail.outbox == []


def test_schedule_sends_what_its_task_lost(person, tasks):
    message = write(person)
    assert send_waiting_messages() == 0
    Message.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=3))
    assert send_waiting_messages() == 1
    tasks.assert_enqueued(send_message_task, message.pk, times=1)


@pytest.mark.parametrize("attempts", range(1, MAX_ATTEMPTS))
def test_schedule_waits_longer_after_each_try(person, attempts):
    write(person)
    wait = WAITS[attempts - 1]
    Message.objects.update(attempts=attempts, tried_at=timezone.now() - wait + datetime.timedelta(seconds=20))
    assert send_waiting_messages() == 0
    Message.objects.update(tried_at=timezone.now() - wait - datetime.timedelta(seconds=20))
    assert send_waiting_messages() == 1
    # While its task waits, it gets no second one.
    assert send_waiting_messages() == 0


def test_a_task_that_fails_waits_longer_after_each_try(person):
    message = write(person)
    result = send_message_task.enqueue(message.pk)
    for attempts, wait in enumerate(WAITS, start=1):
        Message.objects.update(attempts=attempts)
        assert wait_after(NotSentYet(), result) == wait.total_seconds()
    Message.objects.update(state=State.FAILED)
    assert wait_after(NotSentYet(), result) is None


def test_what_a_dead_worker_was_sending_is_unsure_and_not_sent_twice(person):
    message = write(person, secret=True)
    Message.objects.update(state=State.SENDING, attempts=1, tried_at=timezone.now() - datetime.timedelta(minutes=20))
    assert send_waiting_messages() == 0
    message.refresh_from_db()
    assert message.state == State.UNSURE
    assert "may have arrived" in message.error
    assert (message.body, message.html) == ("", "")


def test_a_failed_message_can_be_tried_again_while_it_has_its_text(person, tasks, django_capture_on_commit_callbacks):
    message, secret = write(person), write(person, secret=True)
    Message.objects.update(state=State.FAILED, attempts=5, error="refused")
    Message.objects.filter(pk=secret.pk).update(body="")
    with django_capture_on_commit_callbacks(execute=True):
        assert retry_message(message)
    assert not retry_message(secret)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.error) == (State.QUEUED, 0, "")
    tasks.assert_enqueued(send_message_task, message.pk)
    tasks.assert_not_enqueued(send_message_task, secret.pk)


def test_each_mail_is_text_and_html_and_a_secret_keeps_neither(person):
    message = write(person, secret=True, html="<p>Text</p>")
    send_message(message.pk)
    (sent,) = mail.outbox
    assert sent.body == "Text"
    ((html, mimetype),) = sent.alternatives
    assert ("<p>Text</p>" in html, mimetype) == (True, "text/html")
    message.refresh_from_db()
    assert (message.body, message.html) == ("", "")


def test_what_people_can_do_without_says_how_to_end_it_and_is_not_sent_to_those_who_did(person, monkeypatch):
    monkeypatch.setattr(mail_kinds, "_kinds", {})
    register_kind("nudge", label="Nudge", category="reminders")
    needed, nudge, unwanted = write(person), write(person, kind="nudge"), write(person, kind="nudge")
    send_message(needed.pk)
    send_message(nudge.pk)
    person.reminders_by_mail = False
    person.save()
    send_message(unwanted.pk)
    first, second = mail.outbox
    assert "List-Unsubscribe" not in first.extra_headers
    assert second.extra_headers["List-Unsubscribe"] == f"<{link_for(person, 'reminders')}>"
    assert second.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # Longer than a line: as it is all the same, or no mail program knows it for an address.
    link = f"<{link_for(person, 'reminders')}>"
    assert len(link) > 78
    for policy in (email.policy.SMTP, email.policy.default):
        assert f"List-Unsubscribe: {link}".encode() in second.message(policy=policy).as_bytes().splitlines()
    unwanted.refresh_from_db()
    assert unwanted.state == State.DROPPED


def test_a_category_must_exist():
    with pytest.raises(KeyError):
        register_kind("nudge", label="Nudge", category="advertising")


def test_a_waiting_message_can_be_cancelled_and_sent_after_all(person):
    operator = UserFactory(is_superuser=True)
    message, sent = write(person), write(person)
    Message.objects.filter(pk=sent.pk).update(state=State.SENT)
    assert cancel_message(message, by=operator)
    assert not cancel_message(sent, by=operator)
    failed = write(person)
    Message.objects.filter(pk=failed.pk).update(state=State.FAILED)
    assert cancel_message(failed, by=operator)
    send_message(message.pk)
    assert mail.outbox == []
    message.refresh_from_db()
    assert (message.state, message.settled_by) == (State.CANCELLED, operator)
    assert retry_message(message, by=operator)
    send_message(message.pk)
    assert len(mail.outbox) == 1


def test_an_unsure_message_is_settled_once(person):
    operator = UserFactory(is_superuser=True)
    arrived, lost, secret = write(person), write(person), write(person, secret=True)
    Message.objects.update(state=State.UNSURE, attempts=1, tried_at=timezone.now(), error="gone", trouble="server")
    Message.objects.filter(pk=secret.pk).update(body="")
    assert settle_message(arrived, arrived=True, by=operator)
    assert not settle_message(arrived, arrived=False, by=operator)
    assert settle_message(lost, arrived=False, by=operator)
    assert not settle_message(secret, arrived=False, by=operator)
    assert settle_message(secret, arrived=True, by=operator)
    for message in (arrived, lost, secret):
        message.refresh_from_db()
        assert (message.error, message.trouble, message.settled_by) == ("", "", operator)
    assert (arrived.state, lost.state, lost.attempts, secret.state) == (State.SENT, State.QUEUED, 0, State.SENT)
    send_message(lost.pk)
    assert len(mail.outbox) == 1


def test_a_refused_address_is_left_behind_for_the_one_that_the_person_has_now(person):
    message, elsewhere = write(person), write(person, address="other@example.org")
    Message.objects.update(state=State.FAILED)
    Message.objects.filter(pk=message.pk).update(trouble="address")
    person.email = "new@example.org"
    person.save()
    for one in (message, elsewhere):
        one.refresh_from_db()
        assert retry_message(one)
        one.refresh_from_db()
    assert (message.address, elsewhere.address) == ("new@example.org", "other@example.org")


@pytest.mark.parametrize("trouble", ["", *Message.Trouble])
def test_every_trouble_has_its_advice(trouble):
    assert advice(Message(state=State.FAILED, trouble=trouble))


def test_advice_where_nothing_is_failed():
    assert advice(Message(state=State.SENT)) == ""
    assert advice(Message(state=State.QUEUED)) == ""
    assert "by itself" in advice(Message(state=State.QUEUED, attempts=1))
    assert "whether it arrived" in advice(Message(state=State.UNSURE))
    assert "not kept" in advice(Message(state=State.UNSURE, secret=True))


def test_secret_messages_are_nobody_elses(person):
    write(person, secret=True)
    write(person)
    operator = UserFactory(is_superuser=True)
    assert Message.objects.visible_to(person).count() == 2
    assert Message.objects.visible_to(operator).count() == 1


def test_health_notices_mail_that_does_not_go_out(person):
    from accounts.health import check_mail

    nothing = {"waiting": 0, "oldest_waiting_seconds": None, "failed_since_yesterday": 0, "unsure": 0, "problems": []}
    assert check_mail() == ("ok", nothing)
    write(person)
    assert check_mail()[0] == "ok"
    Message.objects.update(created_at=timezone.now() - datetime.timedelta(hours=1))
    status, value = check_mail()
    assert status == "degraded"
    assert value["oldest_waiting_seconds"] >= 3600
    assert value["problems"][0].startswith("Mail has waited for 6")
    Message.objects.update(state=State.UNSURE)
    assert check_mail() == ("ok", nothing | {"unsure": 1})
