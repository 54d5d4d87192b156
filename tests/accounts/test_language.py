"""In which language a page, a mail and a feed are."""

import pytest
from django.conf import settings as site
from django.urls import reverse
from django.utils import translation

from accounts.feeds import create_feed
from accounts.language import choose_language, language_for
from accounts.mail_html import html_of
from accounts.models import Message, User
from tests import factories
from tests.accounts.test_signup import FORM

ITALIAN = '<html lang="it"'
ENGLISH = '<html lang="en"'


def choose(client, language, back="/privacy/"):
    return client.post(reverse("language"), {"language": language, "next": back})


@pytest.mark.parametrize(
    ("own", "cookie", "accept", "shown"),
    [
        ("", "", "", "en"),
        ("", "", "fr, it;q=0.8, en;q=0.5", "it"),
        ("", "", "it-CH", "it"),
        ("", "en", "it", "en"),
        ("it", "en", "en", "it"),
        ("xx", "", "it", "it"),
        ("", "../it", "", "en"),
    ],
)
def test_a_choice_counts_before_the_cookie_and_that_before_the_browser(client, db, own, cookie, accept, shown):
    if own:
        client.force_login(factories.UserFactory(language=own))
    if cookie:
        client.cookies[site.LANGUAGE_COOKIE_NAME] = cookie
    page = client.get("/privacy/", headers={"accept-language": accept})
    assert f'<html lang="{shown}"' in page.text
    assert page.headers["Content-Language"] == shown
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in page.headers["Vary"].split(",")}


def test_the_footer_changes_the_language_of_a_visitor_and_goes_back(client, db):
    page = client.get("/privacy/")
    assert 'value="it" lang="it" aria-pressed="false">Italiano<' in page.text
    assert choose(client, "it").url == "/privacy/"
    assert ITALIAN in client.get("/privacy/").text
    choose(client, "xx")
    assert ITALIAN in client.get("/privacy/").text


def test_the_choice_of_somebody_with_an_account_is_kept_there(client, db):
    person = factories.UserFactory()
    client.force_login(person)
    choose(client, "it")
    client.cookies.clear()
    client.force_login(person)
    assert ITALIAN in client.get("/privacy/").text
    assert ITALIAN in client.get("/no-such-page/").text
    person.refresh_from_db()
    assert person.language == language_for(person) == "it"
    with pytest.raises(ValueError, match="does not speak"):
        choose_language(person, "xx")


def test_the_language_of_one_request_is_not_that_of_the_next(client, db):
    client.force_login(factories.UserFactory(language="it"))
    client.get("/privacy/")
    client.logout()
    assert ENGLISH in client.get("/privacy/").text


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", ""])
def test_goes_back_to_this_site_only(client, db, back):
    assert choose(client, "it", back).url == reverse("home")


def test_changes_by_post_only_and_offers_nothing_where_there_is_no_choice(client, db, settings):
    assert client.get(reverse("language")).status_code == 405
    settings.LANGUAGES = [("en", "English")]
    assert 'name="language"' not in client.get("/privacy/").text


def test_who_signs_up_gets_mail_in_the_language_of_the_form(client, db):
    client.cookies[site.LANGUAGE_COOKIE_NAME] = "it"
    client.post(reverse("account_signup"), FORM)
    assert User.objects.get(email__iexact=FORM["email"]).language == "it"
    assert Message.objects.get(address__iexact=FORM["email"]).language == "it"


@pytest.mark.parametrize(("own", "asked_in", "written"), [("it", "en", "it"), ("en", "it", "en"), ("", "it", "it")])
def test_a_mail_is_in_the_language_of_its_reader_whoever_asks_for_it(client, db, own, asked_in, written):
    person = factories.UserFactory(language=own)
    client.cookies[site.LANGUAGE_COOKIE_NAME] = asked_in
    client.post(reverse("account_reset_password"), {"email": person.email})
    mail = Message.objects.get(address=person.email)
    assert mail.language == written
    assert f'<html lang="{written}"' in html_of(mail)


def test_a_feed_is_in_the_language_of_whose_it_is(client, db):
    person = factories.UserFactory(language="it")
    token = create_feed(person)
    client.cookies[site.LANGUAGE_COOKIE_NAME] = "en"
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("accounts.views.feed.entries_for", lambda user: seen.append(translation.get_language()) or [])
        client.get(reverse("feed", args=[token]))
    assert seen == ["it"]
