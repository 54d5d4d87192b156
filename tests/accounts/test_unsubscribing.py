"""Switching off by one click what people can do without, as people and as their mail providers do it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.logs import mask_tokens
from accounts.models import User
from accounts.personal_data import delete_account
from accounts.unsubscribing import link_for, read_token, token_for

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def address(person):
    return reverse("unsubscribe", args=[token_for(person, "reminders")])


def wants(person) -> bool:
    return User.objects.get(pk=person.pk).reminders_by_mail


def test_opening_the_link_changes_nothing_and_tells_nobody_where_it_leads(client, person, address):
    response = client.get(address)
    assert b"Stop this mail" in response.content
    assert person.email not in response.text
    assert person.name not in response.text
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"]
    assert wants(person)


def test_a_mail_provider_presses_the_button_without_a_cookie_and_as_often_as_it_likes(person, address):
    provider = Client(enforce_csrf_checks=True)
    for _time in range(3):
        assert provider.post(address, ONE_CLICK).status_code == 200
    assert not wants(person)


def test_there_is_a_way_back_and_it_asks_for_the_token_of_the_form(person, address):
    browser = Client(enforce_csrf_checks=True)
    browser.post(address)
    again = reverse("subscribe", args=[token_for(person, "reminders")])
    assert browser.post(again).status_code == 403
    assert not wants(person)
    token = browser.get(address).context["csrf_token"]
    assert browser.post(again, {"csrfmiddlewaretoken": str(token)}, follow=True).status_code == 200
    assert wants(person)


def test_a_deleted_account_gets_the_same_answer(client, person, address):
    before = _words(client.post(address))
    delete_account(person, by=person)
    assert _words(client.post(address)) == before
    assert client.get(address).status_code == 200


def _words(response) -> str:
    assert response.status_code == 200
    main = response.text.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"<[^>]+>", "", main)


@pytest.mark.parametrize("change", [lambda token: "x", lambda token: token[:-1] + "-", lambda token: "reminders-1." + token.partition(".")[2],
                                    lambda token: token.replace("reminders", "transactional"), lambda token: f"{token}.x"])  # fmt: skip
def test_nobody_makes_a_link(client, person, change):
    token = token_for(User(pk=person.pk + 1000), "reminders")
    assert read_token(token) is not None
    assert read_token(change(token)) is None
    for method in (client.get, client.post):
        assert method(reverse("unsubscribe", args=[change(token)])).status_code == 404


def test_a_link_is_whole_and_for_what_can_be_switched_off_alone(person, settings):
    assert link_for(person, "reminders").startswith(f"{settings.SITE_URL}/mail/stop/reminders-")
    with pytest.raises(KeyError):
        link_for(person, "transactional")


def test_one_link_works_so_often_and_the_others_meanwhile(client, settings, person, address):
    settings.ACCOUNT_RATE_LIMITS = {"unsubscribe": "2/h/key"}
    assert [client.post(address).status_code for _time in range(3)] == [200, 200, 429]
    other = reverse("unsubscribe", args=[token_for(User(pk=person.pk + 1), "reminders")])
    assert client.post(other).status_code == 200


def test_links_stay_out_of_the_logs(person, address):
    assert mask_tokens(f"GET {address} 200") == "GET /mail/stop/…/ 200"
