"""What a mail provider tells of mail: believed where it is signed, once, in whatever order; harmless otherwise."""

import base64
import datetime
import json
import os
import subprocess
import sys

import pytest
from anymail.backends.test import EmailBackend as Sink
from django.test import RequestFactory
from django.utils import timezone

from accounts.bounces import note_trouble, troubled_addresses
from accounts.mails import mail_of
from accounts.messages import queue_message
from accounts.models import AddressTrouble, Message
from accounts.provider_mail import EmailBackend
from accounts.views.provider import _view_of, mail_events

NOON = timezone.now().replace(microsecond=0) - datetime.timedelta(hours=3)


@pytest.fixture(autouse=True)
def provider(settings):
    settings.MAIL_EVENTS_PROVIDER = "postmark"
    settings.ANYMAIL = {"WEBHOOK_SECRET": ["hook:a-long-password"]}
    yield
    _view_of.cache_clear()


@pytest.fixture
def message(person):
    return queue_message(person, kind="news", subject="News", body="News")


@pytest.fixture
def tell(rf: RequestFactory):
    def post(payload, secret="hook:a-long-password"):
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        key = base64.b64encode(secret.encode()).decode()
        request = rf.post("/hooks/mail/", body, content_type="application/json", headers={"authorization": f"Basic {key}"})
        return mail_events(request).status_code

    return post


def event(message, kind="Delivery", *, minutes=0, **more):
    at = (NOON + datetime.timedelta(minutes=minutes)).isoformat()
    mark = f"{message.pk}-{message.created_at:%Y%m%d%H%M%S}"
    times = {"Delivery": "DeliveredAt", "Bounce": "BouncedAt", "SpamComplaint": "BouncedAt", "SubscriptionChange": "ChangedAt"}
    return {"RecordType": kind, times[kind]: at, "Recipient": message.address, "Metadata": {"message": mark}, **more}


def hard(message, **more):
    return event(message, "Bounce", Type="HardBounce", Details="550 no such user", **more)


def complaint(message, **more):
    return event(message, "SpamComplaint", Type="SpamComplaint", **more)


@pytest.mark.parametrize(
    ("told", "fate", "trouble"),
    [
        ([event], "delivered", None),
        ([hard], "bounced", ("bounced", 1)),
        ([hard, hard], "bounced", ("bounced", 1)),
        ([lambda m: hard(m, minutes=1), event], "bounced", ("bounced", 1)),
        ([event, lambda m: hard(m, minutes=1)], "bounced", ("bounced", 1)),
        ([hard, lambda m: event(m, minutes=5)], "delivered", None),
        ([lambda m: event(m, "Bounce", Type="Transient")], "deferred", None),
        ([event, lambda m: event(m, "Bounce", Type="Transient", minutes=3)], "delivered", None),
        ([lambda m: complaint(m, minutes=3), event, hard], "complained", ("complained", 1)),
        ([complaint, complaint], "complained", ("complained", 1)),
        ([lambda m: event(m, "Bounce", Type="Blocked")], "bounced", None),
    ],
)
def test_what_was_told_last_and_worst_counts_once(tell, message, told, fate, trouble):
    for one in told:
        assert tell(one(message)) == 200
    message.refresh_from_db()
    assert message.fate == fate
    rows = [(row.reason, row.times) for row in AddressTrouble.objects.all()]
    assert rows == ([trouble] if trouble else [])


def test_a_complaint_and_a_wish_to_hear_no_more_switch_reminders_off(tell, message, person):
    for told in (
        complaint(message),
        event(message, "SubscriptionChange", SuppressSending=True, SuppressionReason="ManualSuppression"),
    ):
        person.reminders_by_mail = True
        person.save()
        assert tell(told) == 200
        person.refresh_from_db()
        assert not person.reminders_by_mail


def test_what_was_unsure_is_known_then(tell, message):
    Message.objects.filter(pk=message.pk).update(state="unsure", tried_at=NOON)
    tell(event(message))
    message.refresh_from_db()
    assert (message.state, message.sent_at) == ("sent", NOON)


@pytest.mark.parametrize(
    "change",
    [
        {"Metadata": {"message": "999999-20260101000000"}},
        {"Metadata": {"message": ["x"]}},
        {"Metadata": {}},
        {"Metadata": None},
        {"Metadata": "message"},
        {"Recipient": "somebody@else.example"},
        {"RecordType": "Open"},
        {"RecordType": None},
    ],
)
def test_what_is_about_no_mail_of_ours_changes_nothing(tell, message, change):
    assert tell({**hard(message), **change}) in (200, 400)
    message.refresh_from_db()
    assert message.fate == ""
    assert not AddressTrouble.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"', b"[" * 100_000, b'{"FromFull": {}}'])
def test_what_cannot_be_read_is_refused(tell, db, body):
    assert tell(body) == 400


def test_without_the_secret_nothing_is_believed(tell, message):
    assert tell(hard(message), secret="hook:guessed") == 400
    assert tell(hard(message), secret="ünï:cödé") == 400
    message.refresh_from_db()
    assert message.fate == ""


def test_later_trouble_outlives_an_earlier_delivery(tell, message):
    note_trouble(message.address, "bounced", at=NOON + datetime.timedelta(minutes=9))
    tell(event(message))
    assert troubled_addresses([message.address.upper()])


def test_a_mail_through_the_provider_takes_its_mark_along(message, monkeypatch):
    sent = []
    monkeypatch.setattr(Sink, "post_to_esp", lambda self, payload, mail: sent.append(payload.get_params()) or {})
    monkeypatch.setattr(Sink, "parse_recipient_status", lambda self, response, payload, mail: {})
    monkeypatch.setattr(Sink, "raise_for_recipient_status", lambda self, *rest: None)
    assert EmailBackend(provider="test", alias="default").send_messages([mail_of(message)]) == 1
    assert sent[0]["metadata"] == {"message": f"{message.pk}-{message.created_at:%Y%m%d%H%M%S}"}


@pytest.mark.real_process
def test_nothing_of_it_is_imported_where_it_is_not_asked_for():
    """In this process other tests have imported it."""
    code = "import django; django.setup(); import config.urls, sys; sys.exit('anymail' in sys.modules)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "1"}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
