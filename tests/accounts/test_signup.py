"""Signing up by email: what is asked, what is stored, and what nobody can find out."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from accounts.models import Message, User
from accounts.terms import TERMS_VERSION
from tests.factories import UserFactory

FORM = {"name": "Ada Okafor", "email": "Ada@Example.org", "password1": "a-long-test-password", "accept_terms": "on"}


def sign_up(client, **changes):
    return client.post(reverse("account_signup"), FORM | changes)


def test_signs_up_and_confirms_the_address_by_code(client, db, newest_code):
    response = sign_up(client, time_zone="Europe/Lisbon")
    assert response.url == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in client.session

    user = User.objects.get()
    assert (user.email, user.name, user.time_zone) == ("ada@example.org", "Ada Okafor", "Europe/Lisbon")
    assert user.terms_version == TERMS_VERSION
    assert user.terms_accepted_at is not None

    response = client.post(response.url, {"code": newest_code()})
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)
    assert EmailAddress.objects.get().verified


def test_nobody_gets_in_with_a_wrong_code(client, db):
    sign_up(client)
    response = client.post(reverse("account_email_verification_sent"), {"code": "WRONGX"})
    assert response.status_code == 200
    assert "This code is not right" in response.text
    assert "_auth_user_id" not in client.session
    assert not EmailAddress.objects.get().verified


def test_mail_is_written_down_and_not_sent_inside_the_request(client, db):
    sign_up(client)
    message = Message.objects.get()
    assert message.secret
    assert message.recipient == User.objects.get()
    assert message.state == Message.State.QUEUED
    assert mail.outbox == []


def test_zone_comes_from_the_cookie_without_javascript(client, db):
    client.cookies["tz"] = "Asia/Kolkata"
    sign_up(client)
    assert User.objects.get().time_zone == "Asia/Kolkata"


@pytest.mark.parametrize("zone", ["Moon/Tranquility", "../../etc/passwd"])
def test_zone_that_is_none_becomes_utc(client, db, zone):
    sign_up(client, time_zone=zone)
    assert User.objects.get().time_zone == "UTC"


@pytest.mark.parametrize("field", ["name", "email", "password1", "accept_terms"])
def test_each_field_is_required_and_what_was_typed_stays(client, db, field):
    response = sign_up(client, **{field: ""})
    assert response.status_code == 200
    assert not User.objects.exists()
    assert f'id="id_{field}_error"' in response.text
    if field != "name":
        assert 'value="Ada Okafor"' in response.text


def test_address_with_other_capitals_is_the_same_address(client, db):
    UserFactory(email="ada@example.org")
    sign_up(client, email="ADA@EXAMPLE.ORG")
    assert User.objects.count() == 1


def test_nobody_finds_out_who_has_an_account_by_signing_up(client, client_factory, db):
    """The same answer for a known and an unknown address; the owner of the known one gets a mail."""
    UserFactory(email="ada@example.org")
    known = sign_up(client)
    unknown = sign_up(client_factory(), email="somebody.else@example.org")
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    first, second = Message.objects.order_by("pk")
    assert first.kind == "account/email/account_already_exists"
    assert first.address == "ada@example.org"
    assert second.kind == "account/email/email_confirmation_signup"


def test_form_offers_github_only_where_it_is_set_up(client, db, settings):
    assert "Log in with GitHub" in client.get(reverse("account_signup")).text
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {**settings.SOCIALACCOUNT_PROVIDERS["github"], "APPS": []}}
    assert "GitHub" not in client.get(reverse("account_signup")).text
    assert "GitHub" not in client.get(reverse("account_login")).text


@pytest.fixture
def client_factory():
    from django.test import Client

    return Client


def test_terms_can_be_read_without_an_account(client, db):
    assert TERMS_VERSION in client.get(reverse("code_of_conduct")).text
    assert TERMS_VERSION in client.get(reverse("privacy")).text
