"""Writing to the people of the site or of a session, without an account."""

import datetime

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from accounts.mails import mail_of
from accounts.models import Message
from accounts.personal_data import delete_account, export
from cohorts.contacting import forget_old_messages, receivers
from cohorts.models import Session
from tests import factories

FORM = {"to": "site", "name": "Noor", "address": "noor@example.org", "subject": "A question", "text": "When does it begin?"}


@pytest.fixture(autouse=True)
def reachable(settings, db):
    settings.CONTACT_EMAIL = "site@example.org"
    cache.clear()
    yield
    cache.clear()


def test_a_message_is_a_mail_that_can_be_answered(client):
    assert client.post(reverse("contact"), FORM).status_code == 302
    message = Message.objects.get()
    mail = mail_of(message)
    assert (mail.to, mail.reply_to, message.recipient) == (["site@example.org"], ["noor@example.org"], None)
    assert "When does it begin?" in mail.body
    assert "Nobody has proven this address" in mail.body


def test_organisers_of_a_session_are_reached_and_their_address_is_told_to_nobody(client):
    session = factories.SessionFactory(contact_email="organisers@example.org")
    hidden = factories.SessionFactory(draft=True, contact_email="draft@example.org")
    person = factories.UserFactory(email="noor@example.org")
    client.force_login(person)
    page = client.get(reverse("contact"), {"session": session.slug}).text
    assert "@example.org" not in page.replace("noor@example.org", "")
    assert f'value="session-{session.slug}" selected' in page
    assert client.post(reverse("contact"), FORM | {"to": f"session-{hidden.slug}"}).status_code == 422
    client.post(reverse("contact"), FORM | {"to": f"session-{session.slug}", "address": "Noor@example.org"})
    message = Message.objects.get()
    assert message.address == "organisers@example.org"
    assert "belongs to them" in message.body
    assert export(person)["contact_messages"][0]["text"] == message.body
    delete_account(person, by=person)
    assert not Message.objects.exists()
    Session.objects.update(archived_at=timezone.now())
    assert [one.key for one in receivers(factories.UserFactory())] == ["site"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"address": "noor"}, "valid email address"),
        ({"address": "a@b.example\nBcc: all@example.org"}, "valid email address"),
        ({"subject": "\u202e\u2066"}, "Say in a few words"),
        ({"name": "\u2066"}, "Type your name"),
        ({"text": ""}, "required"),
        ({"to": "everybody"}, "not one of the available choices"),
        ({"leave_empty": "x"}, "This looked like a program"),
        ({"text": "x" * 10001}, "at most 10000"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_stays(client, change, problem):
    response = client.post(reverse("contact"), FORM | change)
    assert response.status_code == 422
    assert problem in response.text
    assert not Message.objects.exists()


def test_a_subject_stays_one_line(client):
    client.post(reverse("contact"), FORM | {"subject": "Hello\r\nBcc: all@example.org", "name": "Noor\r\nX: y"})
    message = Message.objects.get()
    assert message.subject == "Message: Hello Bcc: all@example.org"
    assert mail_of(message).message()["Bcc"] is None


def test_too_many_are_refused_and_nothing_typed_is_lost(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"contact": "1/h/ip"}
    assert client.post(reverse("contact"), FORM).status_code == 302
    response = client.post(reverse("contact"), FORM)
    assert (response.status_code, "When does it begin?" in response.text) == (429, True)


def test_where_nobody_can_be_reached_the_page_says_so(client, settings):
    settings.CONTACT_EMAIL = ""
    assert "no address to write to yet" in client.get(reverse("contact")).text


def test_old_messages_go(client):
    now = timezone.now()
    for days in (91, 89):
        client.post(reverse("contact"), FORM)
        Message.objects.filter(pk=Message.objects.latest("pk").pk).update(created_at=now - datetime.timedelta(days=days))
    assert forget_old_messages(now) == 1
    assert Message.objects.count() == 1


def test_the_public_pages_are_there_for_everybody(client):
    factories.SessionFactory()
    for name in ("code_of_conduct", "privacy", "maintainers", "contact", "report"):
        page = client.get(reverse(name)).text
        for linked in ("code_of_conduct", "privacy", "maintainers", "contact", "report"):
            assert reverse(linked) in page
    assert "days after the session ended" in client.get(reverse("privacy")).text
