"""The round trip to GitHub and back, against a strict fake: PKCE, state, who may have which account."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from accounts.models import GitHubIdentity, User
from tests.factories import PASSWORD, GitHubIdentityFactory, UserFactory
from tests.fake_github_login import FakeAccount


def round_trip(client, fake, process="login", **query):
    """Press the button, be sent to GitHub, come back. Returns the answer to coming back."""
    start = client.post(reverse("github_login") + f"?process={process}", query)
    assert start.status_code == 302
    assert start.url.startswith(f"{fake.url}/login/oauth/authorize")
    return client.get(fake.authorize(start.url).replace("http://testserver", ""))


def sign_up(client, **changes):
    form = {"name": "Octo Cat", "email": "octo@example.org", "accept_terms": "on"} | changes
    return client.post(reverse("socialaccount_signup"), form)


def log_in_recently(client, person):
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def test_signs_up_with_github(client, db, fake_github):
    client.cookies["tz"] = "America/Bogota"
    response = round_trip(client, fake_github)
    assert response.url == reverse("socialaccount_signup")
    page = client.get(response.url).text
    assert 'value="Octo Cat"' in page
    assert 'value="octo@example.org"' in page
    assert not User.objects.exists()

    sign_up(client, name="Octavia")
    user = User.objects.get()
    assert client.session["_auth_user_id"] == str(user.pk)
    assert (user.name, user.email, user.time_zone) == ("Octavia", "octo@example.org", "America/Bogota")
    assert user.terms_accepted_at
    identity = user.github
    assert (identity.login, identity.database_id, identity.verified) == ("octo", 4242, True)
    assert SocialAccount.objects.get().uid == "4242"
    assert fake_github.problems == []


def test_nobody_signs_up_with_github_without_accepting_the_terms(client, db, fake_github):
    round_trip(client, fake_github)
    response = sign_up(client, accept_terms="")
    assert "Without your consent" in response.text
    assert not User.objects.exists()


def test_with_github_nobody_learns_who_has_an_account_nor_leaves_an_address_on_theirs(db, fake_github):
    UserFactory(email="known@example.org")

    def answer(address):
        client = Client()
        fake_github.account = FakeAccount(emails=[("mallory@example.net", True)])
        round_trip(client, fake_github)
        response = sign_up(client, email=address)
        page = client.get(response.url)
        text = re.sub(r'csrfmiddlewaretoken" value="[^"]+"|X-CSRFToken": "[^"]+"|nonce="[^"]*"', "", page.text)
        return response.status_code, response.url, "_auth_user_id" in client.session, text.replace(address, "")

    assert answer("known@example.org") == answer("other@example.org")
    made = EmailAddress.objects.get(email="other@example.org")
    assert (made.user.email, made.verified) == ("other@example.org", False)
    assert not EmailAddress.objects.filter(email="mallory@example.net").exists()


def test_asks_with_pkce_and_a_state_and_for_little(client, db, fake_github):
    round_trip(client, fake_github)
    (asked,) = fake_github.asked
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) >= 43
    assert len(asked["state"]) >= 16
    assert set(asked["scope"].split()) == {"read:user", "user:email"}


def test_answer_with_a_foreign_state_is_refused(client, db, fake_github):
    start = client.post(reverse("github_login"))
    back = urlsplit(fake_github.authorize(start.url))
    code = parse_qs(back.query)["code"][0]
    response = client.get(f"{back.path}?code={code}&state=made-up")
    assert "The log-in with GitHub did not work" in response.text
    # And somebody else's browser cannot use it either.
    response = Client().get(f"{back.path}?{back.query}")
    assert "The log-in with GitHub did not work" in response.text
    assert not SocialAccount.objects.exists()


def test_log_in_starts_by_post_only(client, db, fake_github):
    response = client.get(reverse("github_login"))
    assert response.status_code == 200
    assert "Go on to GitHub" in response.text
    assert fake_github.asked == []


def test_refusing_at_github_says_so(client, db, fake_github):
    fake_github.denies = True
    response = round_trip(client, fake_github)
    assert "You stopped the log-in" in client.get(response.url).text


def test_second_log_in_finds_the_account_by_its_number_after_a_rename(client, db, fake_github):
    round_trip(client, fake_github)
    sign_up(client)
    client.post(reverse("account_logout"))
    fake_github.account = FakeAccount(login="octo-renamed", emails=[("new@example.org", True)])
    round_trip(client, fake_github)
    user = User.objects.get()
    assert client.session["_auth_user_id"] == str(user.pk)
    assert user.github.login == "octo-renamed"


def test_connecting_proves_a_typed_login(client, person, fake_github):
    GitHubIdentityFactory(user=person, login="octo", problem="GitHub does not know this login.")
    log_in_recently(client, person)
    response = round_trip(client, fake_github, process="connect")
    assert response.url == reverse("me")
    identity = GitHubIdentity.objects.get(user=person)
    assert (identity.verified, identity.database_id, identity.problem) == (True, 4242, "")
    assert "We know now that it is yours" in client.get(response.url).text


def test_connecting_asks_for_the_password_and_then_goes_on(client, person, fake_github):
    client.force_login(person)
    response = round_trip(client, fake_github, process="connect")
    assert response.url == reverse("account_reauthenticate")
    assert not SocialAccount.objects.exists()
    client.post(response.url, {"password": PASSWORD})
    assert GitHubIdentity.objects.get(user=person).verified


def test_account_of_somebody_else_is_not_taken_over(client, person, fake_github):
    owner = UserFactory()
    SocialAccount.objects.create(user=owner, provider="github", uid="4242", extra_data={"login": "octo"})
    log_in_recently(client, person)
    response = round_trip(client, fake_github, process="connect")
    assert "connected to another account here" in client.get(response.url).text
    assert SocialAccount.objects.get().user == owner
    assert not GitHubIdentity.objects.filter(user=person).exists()


def test_disconnecting_leaves_the_login_unproven(client, person, fake_github):
    log_in_recently(client, person)
    round_trip(client, fake_github, process="connect")
    response = client.post(reverse("socialaccount_connections"), {"account": SocialAccount.objects.get().pk})
    assert response.status_code == 302
    identity = GitHubIdentity.objects.get(user=person)
    assert (identity.login, identity.verified) == ("octo", False)


def test_confirmed_address_on_both_sides_logs_in_and_connects(client, db, fake_github):
    person = UserFactory(email="octo@example.org")
    round_trip(client, fake_github)
    assert client.session["_auth_user_id"] == str(person.pk)
    assert person.github.verified
    assert person.check_password(PASSWORD)


def test_address_that_github_has_not_confirmed_opens_nothing(client, db, fake_github):
    """Anybody may enter a stranger's address at GitHub."""
    UserFactory(email="victim@example.org")
    fake_github.account = FakeAccount(emails=[("attacker@example.org", True), ("victim@example.org", False)])
    response = round_trip(client, fake_github)
    assert response.url == reverse("socialaccount_signup")
    assert "_auth_user_id" not in client.session


def test_address_that_we_have_not_confirmed_opens_nothing(client, db, fake_github):
    """Somebody may have added a stranger's address to an account here, to wait for the stranger."""
    attacker = UserFactory(email="attacker@example.org")
    EmailAddress.objects.create(user=attacker, email="octo@example.org", verified=False)
    round_trip(client, fake_github)
    assert "_auth_user_id" not in client.session
    assert not SocialAccount.objects.exists()


def test_second_step_is_asked_for_after_github_too(client, db, fake_github):
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    person = UserFactory(email="octo@example.org")
    TOTP.activate(person, generate_totp_secret())
    response = round_trip(client, fake_github)
    assert response.url == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("status", [500, 404])
def test_github_in_trouble_is_said_and_changes_nothing(client, db, fake_github, monkeypatch, status):
    from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter

    monkeypatch.setattr(GitHubOAuth2Adapter, "profile_url", fake_github.url + "/api/v3/nothing-here")
    response = round_trip(client, fake_github)
    assert "The log-in with GitHub did not work" in response.text
    assert not User.objects.exists()
