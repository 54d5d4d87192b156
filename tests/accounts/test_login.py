"""Logging in by password and by code, and setting a new password."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Message
from tests.factories import PASSWORD, SessionRoleFactory, UserFactory


def log_in(client, **changes):
    return client.post(reverse("account_login"), {"login": "noor@example.org", "password": PASSWORD} | changes)


@pytest.mark.parametrize("address", ["noor@example.org", "Noor@Example.ORG"])
def test_logs_in_by_password_without_regard_to_case(client, person, address):
    log_in(client, login=address)
    assert client.session["_auth_user_id"] == str(person.pk)


def test_wrong_password_and_unknown_address_get_the_same_answer(client, person):
    wrong = log_in(client, password="not-the-password")
    unknown = log_in(Client(), login="nobody@example.org")
    assert "do not belong together" in wrong.text
    assert [line for line in wrong.text.splitlines() if "do not belong" in line] == [
        line for line in unknown.text.splitlines() if "do not belong" in line
    ]
    assert "_auth_user_id" not in client.session


def test_closed_account_cannot_log_in(client, person):
    person.is_active = False
    person.save()
    log_in(client)
    assert "_auth_user_id" not in client.session


def test_unconfirmed_address_is_asked_for_its_code(client, db, newest_code):
    person = UserFactory(email="noor@example.org", verified_email=False)
    response = log_in(client)
    assert response.url == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in client.session
    client.post(response.url, {"code": newest_code()})
    assert client.session["_auth_user_id"] == str(person.pk)


def test_logs_in_with_a_code(client, person, newest_code):
    response = client.post(reverse("account_request_login_code"), {"email": "NOOR@example.org"})
    assert response.url == reverse("account_confirm_login_code")
    client.post(response.url, {"code": newest_code()})
    assert client.session["_auth_user_id"] == str(person.pk)


def test_code_for_an_unknown_address_is_asked_for_in_the_same_way(client, db):
    response = client.post(reverse("account_request_login_code"), {"email": "nobody@example.org"})
    assert response.url == reverse("account_confirm_login_code")
    message = Message.objects.get()
    assert message.recipient is None
    assert message.kind == "account/email/unknown_account"


def test_next_page_is_kept_and_never_on_another_site(client, person):
    assert log_in(client, next="/me/").url == "/me/"
    client.logout()
    assert log_in(client, next="https://evil.example/").url == reverse("home")


def test_sets_a_new_password_by_a_link_that_works_once(client, person):
    client.post(reverse("account_reset_password"), {"email": "noor@example.org"})
    link = re.search(r"https?://\S+(/accounts/password/reset/key/\S+)", Message.objects.get().body)[1]
    form_page = client.get(link).url
    response = client.post(form_page, {"password1": "another-long-password", "password2": "another-long-password"})
    assert response.status_code == 302
    person.refresh_from_db()
    assert person.check_password("another-long-password")
    assert "not valid any more" in Client().get(link).text


def test_reset_tells_nobody_whether_there_is_an_account(client, person):
    known = client.post(reverse("account_reset_password"), {"email": "noor@example.org"})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.org"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_too_many_wrong_passwords_are_stopped(client, person, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "3/m/key"}
    for _attempt in range(3):
        log_in(client, password="wrong")
    assert "Too many attempts" in log_in(client, password="wrong").text


def test_admin_sends_visitors_to_the_log_in_and_back(client, person):
    SessionRoleFactory(user=person)
    response = client.get(reverse("admin:index"), follow=True)
    assert response.request["PATH_INFO"] == reverse("account_login")
    response = client.post(
        reverse("account_login") + "?" + response.request["QUERY_STRING"],
        {"login": person.email, "password": PASSWORD, "next": reverse("admin:index")},
        follow=True,
    )
    assert response.request["PATH_INFO"] == reverse("admin:index")
    assert response.status_code == 200


def test_admin_says_no_to_people_without_a_role_and_does_not_loop(client, person):
    client.force_login(person)
    response = client.get(reverse("admin:index"), follow=True)
    assert response.status_code == 403
    assert len(response.redirect_chain) <= 2
