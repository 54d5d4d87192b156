"""Fixtures of the tests about people."""

import re

import pytest
from django.core.cache import cache

from accounts.models import Message
from tests.factories import UserFactory
from tests.fake_github_login import FakeGitHubLogin


@pytest.fixture(autouse=True)
def no_rate_limits_left_over():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def person(db):
    return UserFactory(email="noor@example.org", name="Noor Haddad")


@pytest.fixture
def newest_code(db):
    """The code in the newest mail that was written."""

    def read() -> str:
        body = Message.objects.order_by("pk").last().body
        return re.search(r"^([A-Z0-9]{4}-?[A-Z0-9]{2,4})$", body, re.MULTILINE)[1]

    return read


@pytest.fixture
def fake_github(monkeypatch):
    """A fake GitHub on this machine. allauth read its addresses when it was imported, so they are changed on its class."""
    from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter

    with FakeGitHubLogin() as fake:
        addresses = {
            "web_url": "",
            "api_url": "/api/v3",
            "access_token_url": "/login/oauth/access_token",
            "authorize_url": "/login/oauth/authorize",
            "profile_url": "/api/v3/user",
            "emails_url": "/api/v3/user/emails",
        }
        for name, path in addresses.items():
            monkeypatch.setattr(GitHubOAuth2Adapter, name, fake.url + path)
        yield fake
