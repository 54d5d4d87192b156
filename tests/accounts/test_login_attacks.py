"""Log-in under attack: somebody else's mail, an address that answers differently, a session that was there before."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Message
from tests.factories import PASSWORD, QuestionFactory, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["account_reset_password", "account_signup", "account_request_login_code"])
@pytest.mark.parametrize("known", [True, False])
def test_links_in_mails_lead_to_this_site_whatever_host_was_named(client, settings, name, known):
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://cohorts.example.org"
    if known:
        UserFactory(email="noor@example.org")
    form = {"email": "noor@example.org", "name": "Noor", "password1": PASSWORD, "accept_terms": "on"}
    client.post(reverse(name), form, headers={"host": "evil.example"})
    body = Message.objects.get().body
    assert "evil.example" not in body
    assert all(link.startswith("https://cohorts.example.org/") for link in re.findall(r"https?://\S+", body))
    if known and name == "account_reset_password":
        assert client.get(re.search(r"org(/accounts/password/reset/key/\S+)", body)[1], follow=True).status_code == 200


@pytest.mark.parametrize("name", ["account_signup", "account_reset_password", "account_request_login_code", "account_login"])
def test_an_address_with_an_account_is_answered_like_one_without(name):
    UserFactory(email="known@example.org")

    def answer(address):
        client = Client()
        field = "login" if name == "account_login" else "email"
        form = {field: address, "name": "X", "password1": PASSWORD, "password": "wrong", "accept_terms": "on"}
        response = client.post(reverse(name), form)
        page = client.get(response.url) if response.status_code == 302 else response
        text = re.sub(r'csrfmiddlewaretoken" value="[^"]+"|X-CSRFToken": "[^"]+"|nonce="[^"]+"', "", page.content.decode())
        return response.status_code, response.headers.get("Location"), sorted(client.cookies), text.replace(address, "")

    assert answer("known@example.org") == answer("other@example.org")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\x00"])
def test_after_log_in_and_out_nobody_is_led_elsewhere(client, target):
    person = UserFactory()
    form = {"login": person.email, "password": PASSWORD, "next": target}
    assert client.post(reverse("account_login"), form).url == "/"
    assert client.post(reverse("account_logout"), {"next": target}).url == "/"
    assert client.post(reverse("theme"), {"theme": "dark", "next": target}).url == "/"


def test_what_was_typed_belongs_to_who_logs_in_and_the_key_from_before_opens_nothing(client):
    question = QuestionFactory(session=SessionFactory(open=True))
    page = reverse("apply", args=[question.session.slug])
    client.post(page, {f"question_{question.pk}": "Typed before", "action": "save"})
    before = client.cookies["sessionid"].value
    first, second = UserFactory(), UserFactory()
    client.post(reverse("account_login"), {"login": first.email, "password": PASSWORD})
    assert client.cookies["sessionid"].value != before
    assert b"Typed before" in client.get(page).content
    thief = Client()
    thief.cookies["sessionid"] = before
    assert b"Typed before" not in thief.get(page).content
    client.post(reverse("account_logout"))
    client.post(reverse("account_login"), {"login": second.email, "password": PASSWORD})
    assert b"Typed before" not in client.get(page).content
