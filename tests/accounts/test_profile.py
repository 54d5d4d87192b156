"""One's own page: profile, GitHub login, calendar address."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.identity import record_proven_account, set_github_login
from accounts.models import GitHubIdentity
from accounts.personal_data import export
from accounts.terms import TERMS_VERSION
from tests.factories import GitHubIdentityFactory, UserFactory

PROFILE = {
    "name": "Noor H.",
    "pronouns": "she/her",
    "time_zone": "Asia/Amman",
    "bio": "Hello",
    "consent_alumni": "on",
    "accept_terms": "on",
}


def test_visitors_are_sent_to_the_log_in(client, db):
    for name in ["me", "availability", "my_data", "my_data_delete"]:
        assert client.get(reverse(name)).url.startswith(reverse("account_login"))


def test_saves_the_profile(client, person):
    client.force_login(person)
    assert client.post(reverse("me"), PROFILE).url == reverse("me")
    person.refresh_from_db()
    assert (person.name, person.pronouns, person.time_zone, person.bio) == ("Noor H.", "she/her", "Asia/Amman", "Hello")
    assert person.consent_alumni
    assert not person.consent_statistics
    assert person.terms_version == TERMS_VERSION


def test_asks_for_the_terms_again_only_after_they_changed(client, person):
    person.terms_version = "2020-01"
    person.save()
    client.force_login(person)
    assert "as they stand today" in client.get(reverse("me")).text
    response = client.post(reverse("me"), PROFILE | {"accept_terms": ""})
    assert response.status_code == 422
    client.post(reverse("me"), PROFILE)
    assert "as they stand today" not in client.get(reverse("me")).text


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("time_zone", "Moon/Base"), ("bio", "x" * 2001)])
def test_refuses_what_cannot_be_and_keeps_what_was_typed(client, person, field, value):
    client.force_login(person)
    response = client.post(reverse("me"), PROFILE | {field: value})
    assert response.status_code == 422
    assert "she/her" in response.text
    assert f'id="id_{field}_error"' in response.text
    person.refresh_from_db()
    assert person.pronouns == ""


def test_a_zone_with_an_old_name_stays(client, db):
    person = UserFactory(time_zone="US/Pacific")
    client.force_login(person)
    assert '<option value="US/Pacific" selected' in client.get(reverse("me")).text


@pytest.mark.parametrize("typed", ["octo-cat", "@octo-cat", "https://github.com/octo-cat/", " github.com/octo-cat?tab=x "])
def test_types_a_github_login(client, person, typed):
    client.force_login(person)
    client.post(reverse("my_github_login"), {"login": typed})
    identity = GitHubIdentity.objects.get(user=person)
    assert (identity.login, identity.verified) == ("octo-cat", False)
    assert "Typed, not proven" in client.get(reverse("me")).text


def test_the_address_of_a_profile_is_that_of_the_github_that_is_set_up(person, settings):
    settings.GITHUB_URL = "https://github.example.org/"
    assert set_github_login(person, "https://GitHub.example.org/octo-cat", by=person).login == "octo-cat"
    assert set_github_login(person, "github.example.org/hub-cat/", by=person).login == "hub-cat"
    with pytest.raises(ValidationError):
        set_github_login(person, "https://github.com/octo-cat", by=person)


@pytest.mark.parametrize("typed", ["-octo", "octo--cat", "octo cat", "o" * 41, "https://gitlab.com/octo", "octo/cat", "<script>"])
def test_refuses_what_is_no_login(client, person, typed):
    client.force_login(person)
    response = client.post(reverse("my_github_login"), {"login": typed})
    assert response.status_code == 422
    assert "letters, digits and single hyphens" in response.text
    assert not GitHubIdentity.objects.exists()


def test_another_login_forgets_what_was_known_of_the_old_one(person):
    identity = GitHubIdentityFactory(user=person, login="old", database_id=7, node_id="U_7", problem="Unknown")
    set_github_login(person, "new", by=person)
    identity.refresh_from_db()
    assert (identity.login, identity.database_id, identity.node_id, identity.problem) == ("new", None, "", "")


def test_the_same_login_changes_nothing(person):
    GitHubIdentityFactory(user=person, login="same", database_id=7)
    assert set_github_login(person, "same", by=person).database_id == 7


def test_an_empty_login_removes_it(client, person):
    GitHubIdentityFactory(user=person)
    client.force_login(person)
    client.post(reverse("my_github_login"), {"login": ""})
    assert not GitHubIdentity.objects.exists()


def test_a_proven_login_is_never_overwritten(person):
    record_proven_account(person, database_id=7, login="proven")
    for typed in ["other", ""]:
        with pytest.raises(ValidationError):
            set_github_login(person, typed, by=person)
    assert set_github_login(person, "PROVEN", by=person).verified
    assert GitHubIdentity.objects.get().login == "proven"


def test_a_login_that_somebody_else_has_proven_is_refused(person):
    record_proven_account(UserFactory(), database_id=7, login="Proven")
    with pytest.raises(ValidationError):
        set_github_login(person, "proven", by=person)


def test_only_the_person_and_the_operator_may_change_it(person):
    with pytest.raises(PermissionDenied):
        set_github_login(person, "octo", by=UserFactory())
    assert set_github_login(person, "octo", by=UserFactory(is_superuser=True))


def test_the_newest_proof_wins_and_the_other_person_reads_why(client, person):
    other = UserFactory()
    record_proven_account(other, database_id=7, login="octo")
    record_proven_account(person, database_id=7, login="octo")
    assert person.github.verified
    other.github.refresh_from_db()
    assert not other.github.verified
    client.force_login(other)
    assert "connected by somebody else" in client.get(reverse("me")).text


def test_shows_the_problem_that_the_sync_found(client, person):
    GitHubIdentityFactory(user=person, problem="GitHub does not know this login.")
    client.force_login(person)
    assert "GitHub does not know this login." in client.get(reverse("me")).text


def test_reminders_are_on_until_somebody_switches_them_off(client, person):
    client.force_login(person)
    assert person.reminders_by_mail
    form = client.get(reverse("me")).context["form"]
    data = {name: form.initial.get(name) or "" for name in form.fields} | {"accept_terms": "on"}
    client.post(reverse("me"), {**data, "reminders_by_mail": "on"})
    person.refresh_from_db()
    assert person.reminders_by_mail
    del data["reminders_by_mail"]
    assert client.post(reverse("me"), data).status_code == 302
    person.refresh_from_db()
    assert not person.reminders_by_mail
    assert export(person)["profile"]["reminders_by_mail"] is False
