"""Ways round the locks that somebody would try: an account made for somebody else, a browser from before, an odd method, an old part."""

import re
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.access import proving, second_factor
from accounts.adapters import SocialAccountAdapter
from accounts.addresses import same_address
from accounts.models import GitHubIdentity, Message, User
from cohorts.concerns.contacts import remove_contact
from cohorts.models import Concern, ConcernContact, ConcernReader, SessionRole
from tests.accounts.test_access import code_of, log_in
from tests.factories import PASSWORD, CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db


def logged_in(client) -> bool:
    return "_auth_user_id" in client.session


@pytest.fixture
def taken_over():
    """An account that a stranger made with Ada's address, a password and their own GitHub account; nobody has confirmed the address."""
    form = {"name": "Ada", "email": "ada@example.org", "password1": PASSWORD, "accept_terms": "on"}
    Client().post(reverse("account_signup"), form)
    user = User.objects.get(email="ada@example.org")
    SocialAccount.objects.create(user=user, provider="github", uid="666")
    GitHubIdentity.objects.create(user=user, login="stranger", database_id=666, verified=True)
    return user


def test_who_signed_up_with_somebody_elses_address_has_no_key_once_the_owner_logs_in_by_code(client, taken_over):
    client.post(reverse("account_request_login_code"), {"email": "ada@example.org"})
    body = Message.objects.get(kind__endswith="login_code").body
    code = re.search(r"^\s*([A-Z0-9]+-?[A-Z0-9]+)\s*$", body, re.MULTILINE)[1]
    client.post(reverse("account_confirm_login_code"), {"code": code})
    assert logged_in(client)
    assert EmailAddress.objects.get(email="ada@example.org").verified
    thief = Client()
    log_in(thief, taken_over)
    assert not logged_in(thief)
    assert not SocialAccount.objects.exists()
    assert not GitHubIdentity.objects.filter(verified=True).exists()


def test_neither_once_the_owner_sets_a_new_password(client, taken_over):
    client.post(reverse("account_reset_password"), {"email": "ada@example.org"})
    link = re.search(r"/accounts/password/reset/key/\S+", Message.objects.get(kind__endswith="password_reset_key").body)[0]
    page = client.get(link, follow=True)
    client.post(page.redirect_chain[-1][0], {"password1": "the-owners-word-7", "password2": "the-owners-word-7"})
    taken_over.refresh_from_db()
    assert taken_over.check_password("the-owners-word-7")
    assert not SocialAccount.objects.exists()


def test_a_code_takes_nothing_from_an_account_that_was_proven_before(client, person):
    SocialAccount.objects.create(user=person, provider="github", uid="7")
    log_in(client, person)
    client.logout()
    client.post(reverse("account_request_login_code"), {"email": person.email})
    code = re.search(r"^\s*([A-Z0-9]+-?[A-Z0-9]+)\s*$", Message.objects.get(kind__endswith="login_code").body, re.MULTILINE)[1]
    client.post(reverse("account_confirm_login_code"), {"code": code})
    assert logged_in(client)
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert SocialAccount.objects.exists()


def test_browsers_that_came_in_by_password_alone_are_out_when_a_second_step_is_set_up(
    client, settings, django_capture_on_commit_callbacks
):
    settings.MFA_REQUIRED_FOR_ROLES = True
    role = SessionRoleFactory(role=SessionRole.Role.ORGANISER)
    there = Client()
    log_in(there, role.user)
    log_in(client, role.user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_activate_totp"), {"code": code_of(page.context["form"].secret)})
    assert client.get(reverse("admin:index")).status_code == 200
    assert not logged_in(there)


def test_the_last_security_key_stays_with_who_must_have_a_second_step(client, settings):
    settings.MFA_REQUIRED_FOR_ROLES = True
    role = SessionRoleFactory(role=SessionRole.Role.ORGANISER)
    log_in(client, role.user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    first, second = (
        Authenticator.objects.create(user=role.user, type=Authenticator.Type.WEBAUTHN, data={"name": name}) for name in "ab"
    )
    assert client.post(reverse("mfa_remove_webauthn", args=[first.pk])).status_code == 302
    answer = client.post(reverse("mfa_remove_webauthn", args=[second.pk]), follow=True)
    assert "you need a second step" in answer.text
    assert list(Authenticator.objects.filter(user=role.user)) == [second]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PROPFIND"])
def test_no_method_gets_a_download_without_a_proof(client, settings, method):
    settings.PROOF_FOR_SENSITIVE_ACTIONS = True
    role = SessionRoleFactory(role=SessionRole.Role.ORGANISER)
    client.force_login(role.user)
    for name in ("admin:cohorts_application_export", "admin:accounts_auditentry_export"):
        answer = client.generic(method, reverse(name))
        assert answer.headers.get("Location", "").startswith(reverse("account_reauthenticate")), name
    assert {name for name, asks in proving._sensitive.items() if asks is proving.always} >= {"session_feedback_csv"}


@pytest.mark.parametrize("part", ["organiser", "navigator", "captain"])
def test_who_keeps_reading_what_was_written_in_an_archived_session_needs_a_second_step(client, settings, part):
    settings.MFA_REQUIRED_FOR_ROLES = True
    cohort = CohortFactory(session=SessionFactory(finished=True, archived_at=timezone.now()))
    if part == "organiser":
        person = SessionRoleFactory(role=part, session=cohort.session).user
    else:
        person = MembershipFactory(cohort=cohort, role=part).user
    client.force_login(person)
    assert client.get(reverse("cohort", args=[cohort.pk])).url.startswith(reverse("second_factor"))


def test_so_does_who_reads_a_concern_and_is_a_contact_no_more(client, settings):
    settings.MFA_REQUIRED_FOR_ROLES = True
    contact = ConcernContact.objects.create(user=UserFactory())
    concern = Concern.objects.create(text="What happened")
    ConcernReader.objects.create(concern=concern, user=contact.user)
    remove_contact(contact, by=UserFactory(is_superuser=True))
    client.force_login(contact.user)
    assert client.get(reverse("concern", args=[concern.pk])).url.startswith(reverse("second_factor"))


def test_what_only_organisers_see_is_not_among_the_open_pages():
    assert second_factor._open_pages & {"apply_preview", "volunteer_preview"} == set()


def test_the_operator_puts_no_address_of_their_own_on_an_account(client):
    """Whoever could would log in by a code as anybody, and read what was reported in confidence, without a line about it."""
    person = UserFactory()
    row = EmailAddress.objects.filter(user=person).first() or EmailAddress.objects.create(user=person, email=person.email)
    operator = UserFactory(is_superuser=True)
    client.force_login(operator)
    taken = {"user": person.pk, "email": "operator@example.net", "verified": "on", "_selected_action": row.pk}
    assert client.get(reverse("admin:account_emailaddress_changelist")).status_code == 200
    for address in (
        reverse("admin:account_emailaddress_add"),
        reverse("admin:account_emailaddress_change", args=[row.pk]),
        reverse("admin:account_emailaddress_delete", args=[row.pk]),
    ):
        assert client.post(address, {**taken, "post": "yes"}).status_code in (403, 404), address
    client.post(reverse("admin:account_emailaddress_changelist"), {**taken, "action": "make_verified"})
    assert list(EmailAddress.objects.filter(user=person).values_list("email", flat=True)) == [row.email]


def test_lists_of_packages_about_logging_in_are_not_in_the_admin():
    assert not [one for one in admin.site._registry.values() if type(one).__module__.startswith("allauth.")]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Mike@GitHub.com", "mike@github.com", True),
        ("m\u0131ke@github.com", "mike@github.com", False),
        ("mike@g\u0131thub.com", "mike@github.com", False),
        ("mi\u212ae@github.com", "mike@github.com", False),
        ("me\u017f@github.com", "mes@github.com", False),
        ("è@example.org", "è@example.org", True),
    ],
)
def test_letters_that_only_look_alike_are_another_address(one, other, same):
    assert same_address(one, other) is same


def test_github_vouches_for_no_address_that_the_database_takes_for_another(monkeypatch):
    """As PostgreSQL finds it, which takes the letter without a dot for the one with it."""
    own = EmailAddress.objects.create(user=UserFactory(), email="mike@example.org", verified=True)
    found = EmailAddress.objects.filter(pk=own.pk)
    monkeypatch.setattr("accounts.adapters.EmailAddress.objects.filter", lambda **asked: found)
    github = SimpleNamespace(
        email_addresses=[EmailAddress(email="m\u0131ke@example.org", verified=True)], account=SimpleNamespace(provider="github")
    )
    adapter = SocialAccountAdapter()
    monkeypatch.setattr(adapter, "can_authenticate_by_email", lambda login, email: True)
    assert adapter.authenticate_by_email(github) is None
    github.email_addresses[0].email = "MIKE@example.org"
    assert adapter.authenticate_by_email(github) == (own.user, own.email)
