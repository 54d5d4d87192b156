"""A name is one line: what is typed into it cannot write lines of a mail, nor turn the words around it."""

import pytest
from django.urls import reverse

from accounts.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ann,\r\n\r\nyour account is locked: http://evil.example", "Ann, your account is locked: http://evil.example"),
        ("Ann\u202egro.elpmaxe", "Anngro.elpmaxe"),
        ("Ann\x1b[31m \x07Bell", "Ann[31m Bell"),
        ("  নাম‌ 名前\u00a0\u2003שם ", "নাম‌ 名前 שם"),
    ],
)
def test_it_stays_in_its_line(client, typed, kept):
    person = UserFactory()
    client.force_login(person)
    form = {"name": typed, "time_zone": "UTC", "accept_terms": "on"}
    assert client.post(reverse("me"), form).status_code == 302
    person.refresh_from_db()
    assert person.name == kept
    client.logout()
    form = {"name": typed, "email": "new@example.org", "password1": "a-long-test-password", "accept_terms": "on"}
    client.post(reverse("account_signup"), form)
    assert User.objects.get(email="new@example.org").name == kept


def test_a_name_of_nothing_is_refused(client):
    person = UserFactory(name="Ann")
    client.force_login(person)
    answer = client.post(reverse("me"), {"name": "\u202e\u2066", "time_zone": "UTC", "accept_terms": "on"})
    assert answer.status_code == 422
    assert User.objects.get(pk=person.pk).name == "Ann"


def test_pages_of_people_are_kept_by_no_cache_for_others(client):
    assert "private" not in client.get(reverse("home")).headers.get("Cache-Control", "")
    client.force_login(UserFactory(is_superuser=True))
    for name in ("home", "me", "sessions", "my_progress", "availability", "my_data", "admin:index"):
        assert "private" in client.get(reverse(name)).headers["Cache-Control"], name
    assert "private" in client.get("/nothing/here/").headers["Cache-Control"]
