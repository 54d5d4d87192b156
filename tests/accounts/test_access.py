"""The locks on real pages: a second step for whoever has a part, a proof before what matters, browsers, sign-ups."""

import datetime
import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session as BrowserSession
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.access import devices, proving, second_factor, shared_cache, signing_up
from accounts.models import AuditEntry, Message, User
from accounts.tasks import forget_unconfirmed_accounts_task
from background.schedules import scheduled
from cohorts.models import Concern, SessionRole
from tests.factories import PASSWORD, CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def second_steps(settings):
    settings.MFA_REQUIRED_FOR_ROLES = True


@pytest.fixture
def proofs(settings):
    settings.PROOF_FOR_SENSITIVE_ACTIONS = True


@pytest.fixture
def navigator(client):
    place = MembershipFactory(cohort=CohortFactory(session=SessionFactory()), role="navigator")
    client.force_login(place.user)
    return place


@pytest.fixture
def organiser(client):
    role = SessionRoleFactory(role=SessionRole.Role.ORGANISER)
    client.force_login(role.user)
    return role


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))


def log_in(client, person, password=PASSWORD, **more):
    return client.post(reverse("account_login"), {"login": person.email, "password": password, **more})


@pytest.mark.usefixtures("second_steps")
class TestSecondStep:
    def test_whoever_leads_comes_to_the_set_up_from_the_admin_and_from_boards(self, client, navigator):
        for address in [reverse("admin:index"), reverse("cohort", args=[navigator.cohort_id]), reverse("home")]:
            answer = client.get(address + "?a=1")
            assert (answer.status_code, answer.url.partition("?")[0]) == (302, reverse("second_factor"))
            assert client.get(answer.url).status_code == 200
            assert client.session["second_factor_next"] == address + "?a=1"

    def test_public_pages_and_their_own_stay_open(self, client, navigator):
        for name in [
            "me",
            "availability",
            "my_data",
            "my_applications",
            "sessions",
            "projects",
            "privacy",
            "mfa_index",
            "usersessions_list",
        ]:
            assert client.get(reverse(name)).status_code == 200, name
        assert client.get(reverse("session", args=[navigator.cohort.session.slug])).status_code == 200

    def test_a_part_of_a_page_leads_the_whole_page_there(self, client, navigator):
        answer = client.get(reverse("cohort_sync_status", args=[navigator.cohort_id]), headers=HTMX)
        assert answer.headers["HX-Redirect"].startswith(reverse("second_factor"))

    def test_what_was_sent_is_not_done_and_comes_back(self, client, navigator):
        words = "A reply that somebody wrote for ten minutes."
        answer = client.post(
            reverse("place", args=[navigator.pk]),
            {"text": words, "password": f"{words} secret"},
            headers={"Origin": "http://testserver"},
        )
        assert answer.status_code == 403
        assert words in answer.text
        assert "secret" not in answer.text

    def test_members_and_visitors_are_not_asked(self, client):
        assert client.get(reverse("home")).status_code == 200
        place = MembershipFactory(cohort=CohortFactory(session=SessionFactory()))
        client.force_login(place.user)
        assert client.get(reverse("progress", args=[place.pk])).status_code == 200
        assert client.get(reverse("second_factor")).url == reverse("home")
        assert client.get(reverse("second_factor"), {"next": "//evil.example"}).url == reverse("home")

    def test_setting_an_app_up_leads_on_to_the_page_that_was_asked_for(self, client, navigator):
        log_in(client, navigator.user)
        client.get(reverse("admin:index"), follow=True)
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        page = client.get(reverse("mfa_activate_totp"))
        answer = client.post(reverse("mfa_activate_totp"), {"code": code_of(page.context["form"].secret)}, follow=True)
        assert "Go on to where you wanted to go" in answer.text
        assert client.get(reverse("second_factor")).url == reverse("admin:index")
        assert client.get(reverse("admin:index")).status_code == 200
        assert "second_factor_next" not in client.session

    def test_it_is_asked_for_at_each_log_in_and_cannot_be_turned_off(self, client, navigator):
        client.logout()
        secret = generate_totp_secret()
        TOTP.activate(navigator.user, secret)
        assert log_in(client, navigator.user, next=reverse("admin:index")).url.startswith(reverse("mfa_authenticate"))
        assert client.post(reverse("mfa_authenticate"), {"code": code_of(secret)}).url == reverse("admin:index")
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        answer = client.post(reverse("mfa_deactivate_totp"))
        assert "you need a second step" in answer.text
        assert second_factor.has_one(navigator.user)

    def test_recovery_codes_alone_are_no_second_step_and_of_two_one_may_go(self, navigator):
        person = navigator.user
        Authenticator.objects.create(user=person, type=Authenticator.Type.RECOVERY_CODES, data={})
        assert second_factor.is_missing(person)
        first, second = (
            Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={}) for _each in range(2)
        )
        assert not second_factor.is_missing(person)
        assert second_factor.may_be_removed(first)
        second.delete()
        assert not second_factor.may_be_removed(first)

    def test_the_operator_resets_it_for_others_and_nobody_else_does(self, client, organiser, client_of):
        operator = UserFactory(is_superuser=True)
        TOTP.activate(operator, generate_totp_secret())
        lost = organiser.user
        TOTP.activate(lost, generate_totp_secret())
        UserSession.objects.create(user=lost, session_key=client.session.session_key, ip="127.0.0.1", user_agent="there")
        address = reverse("admin:accounts_user_second_step", args=[lost.pk])
        assert client.get(address).status_code == 404
        office = client_of(operator)
        assert office.get(reverse("admin:accounts_user_second_step", args=[operator.pk])).status_code == 404
        assert address in office.get(reverse("admin:accounts_user_change", args=[lost.pk])).text
        assert "This goes" in office.get(address).text
        assert Authenticator.objects.filter(user=lost).exists()
        assert office.post(address).status_code == 302
        assert not Authenticator.objects.filter(user=lost).exists()
        assert (
            not BrowserSession.objects.filter(session_key=client.session.session_key).exists()
            or "_auth_user_id" not in client.session
        )
        message = Message.objects.get(kind=second_factor.RESET_KIND)
        assert message.recipient == lost
        entry = AuditEntry.objects.get(action="account.factor_reset")
        assert (entry.actor_key, entry.subject_key) == (operator.pk, lost.pk)
        with pytest.raises(PermissionError):
            second_factor.reset(operator, by=operator)
        call_command("reset_second_step", operator.email.upper())
        assert not second_factor.has_one(operator)
        with pytest.raises(CommandError):
            call_command("reset_second_step", "nobody@example.org")


@pytest.fixture
def client_of():
    def make(person):
        client = Client()
        client.force_login(person)
        return client

    return make


def test_the_demonstration_says_that_it_asks_nobody(client, settings):
    settings.DEMO = True
    assert "by password alone" in client.get(reverse("account_login")).text


@pytest.mark.usefixtures("proofs")
class TestProof:
    def test_a_form_waits_and_goes_on_as_it_was_sent(self, client, organiser):
        """Giving somebody a part: the whole page of the session comes back after the proof, and nothing is done before it."""
        session = organiser.session
        colleague = SessionRoleFactory(session=session, role=SessionRole.Role.REVIEWER).user
        address = reverse("admin:cohorts_session_publish", args=[session.pk])
        sent = {"fingerprint": "a <b> “c”", "kind": ["x", "y"], "empty": ""}
        answer = client.post(f"{address}?from=here", sent)
        assert answer.url == f"{reverse('account_reauthenticate')}?next=%2Fme%2Fproven%2F"
        answer = client.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": reverse("proven")})
        assert answer.url == reverse("proven")
        page = client.get(answer.url).text
        assert f'action="{address}?from=here"' in page
        assert re.findall(r'type="hidden" name="(fingerprint|kind|empty)" value="([^"]*)"', page) == [
            ("fingerprint", "a &lt;b&gt; “c”"),
            ("kind", "x"),
            ("kind", "y"),
            ("empty", ""),
        ]
        assert not client.post(f"{address}?from=here", sent).headers.get("Location", "").startswith("/accounts/")
        assert proving.WAITING not in client.session
        assert colleague.is_active

    def test_who_has_just_logged_in_is_not_asked(self, client, organiser):
        client.logout()
        log_in(client, organiser.user)
        address = reverse("admin:cohorts_application_export")
        assert client.get(address).headers["Content-Type"].startswith("text/csv")
        session = client.session
        session["account_authentication_methods"][0]["at"] -= proving.PROOF_LASTS + 1
        session.save()
        assert client.get(address).url.startswith(reverse("account_reauthenticate"))
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": reverse("proven")})
        assert f'href="{address}"' in client.get(reverse("proven")).text

    def test_looking_is_free_and_saving_other_things_is_too(self, client, organiser):
        session = organiser.session
        page = client.get(reverse("admin:cohorts_session_change", args=[session.pk]))
        assert page.status_code == 200
        assert client.get(reverse("admin:cohorts_session_publish", args=[session.pk])).status_code == 200
        address = reverse("admin:cohorts_session_change", args=[session.pk])
        as_it_is = {
            "roles-TOTAL_FORMS": "1", "roles-INITIAL_FORMS": "1", "roles-0-id": str(organiser.pk), "roles-0-role": organiser.role,
        }  # fmt: skip
        if organiser.reads_accommodations:
            as_it_is["roles-0-reads_accommodations"] = "on"
        assert client.post(address, as_it_is).status_code != 302
        for change in [
            {"roles-0-role": "reviewer"},
            {"roles-0-DELETE": "on"},
            {"roles-0-id": "99999999999999999999"},
            {"roles-0-id": "x"},
            {"roles-INITIAL_FORMS": "1.0", "roles-0-role": "reviewer"},
            {"roles-INITIAL_FORMS": "999999999", "roles-0-role": "reviewer"},
            {"roles-TOTAL_FORMS": "2", "roles-1-person_email": "new@example.org"},
            {"roles-0-reads_accommodations": "" if organiser.reads_accommodations else "on"},
        ]:
            assert client.post(address, as_it_is | change).url.startswith(reverse("account_reauthenticate")), change

    def test_who_leads_a_cohort_is_not_changed_without_a_proof(self, client, organiser):
        session = organiser.session
        leader = MembershipFactory(cohort=CohortFactory(session=session), role="navigator")
        address = reverse("admin:cohorts_cohort_change", args=[leader.cohort_id])
        as_it_is = {
            "name": leader.cohort.name,
            "memberships-TOTAL_FORMS": "2", "memberships-INITIAL_FORMS": "1", "memberships-0-id": str(leader.pk),
            "memberships-0-cohort": str(leader.cohort_id), "memberships-0-role": "navigator", "memberships-0-state": leader.state,
            "memberships-1-person_email": "", "memberships-1-role": "navigator", "memberships-1-state": "active",
            "memberships-2-TOTAL_FORMS": "0", "memberships-2-INITIAL_FORMS": "0",
        }  # fmt: skip
        # Refused for what else is missing, and not before.
        assert client.post(address, as_it_is).status_code == 200
        for change in [
            {"memberships-0-role": "captain"},
            {"memberships-0-state": "left"},
            {"memberships-0-DELETE": "on"},
            {"memberships-0-id": "x"},
            {"memberships-INITIAL_FORMS": "1 ", "memberships-0-role": "captain"},
            {"memberships-1-person_email": "new@example.org"},
        ]:
            assert client.post(address, as_it_is | change).url.startswith(reverse("account_reauthenticate")), change
        leader.refresh_from_db()
        assert (leader.role, leader.state) == ("navigator", "active")

    def test_what_waits_is_only_for_whoever_sent_it_and_not_for_long(self, rf, organiser):
        request = rf.post("/admin/x/", {"text": "a"})
        request.user, request.session = organiser.user, {}
        proving.keep(request, now=1000)
        assert proving.waiting_form(request, now=1000 + proving.FORM_WAITS).fields == [("text", "a")]
        assert proving.waiting_form(request, now=1001 + proving.FORM_WAITS) is None
        request.user = UserFactory()
        assert proving.waiting_form(request, now=1000) is None
        request = rf.post("/admin/x/", {"text": "a" * (proving.LONGEST_FORM + 1)})
        request.user, request.session = organiser.user, {}
        proving.keep(request, now=1000)
        assert proving.waiting_form(request, now=1000).was_too_long

    def test_with_nothing_that_waits_the_page_leads_home(self, client, organiser):
        assert client.get(reverse("proven")).url == reverse("home")


class TestDevices:
    def test_they_are_named_and_ended_one_by_one_or_together(self, client, person):
        there, elsewhere = Client(HTTP_USER_AGENT="Firefox/144.0 (Windows NT 10.0)"), Client(HTTP_USER_AGENT="Chrome/142 Android")
        for one in (client, there, elsewhere):
            log_in(one, person)
        stranger = UserFactory()
        UserSession.objects.create(user=stranger, session_key="theirs", ip="10.0.0.9", user_agent="x")
        page = client.get(reverse("usersessions_list")).text
        assert "Firefox on Windows" in page
        assert "Chrome on Android" in page
        assert "10.0.0.9" not in page
        ended = UserSession.objects.get(user=person, user_agent__contains="Firefox")
        for wrong in ["0", "x", str(UserSession.objects.get(user=stranger).pk), "9" * 30]:
            assert "not logged in there" in client.post(reverse("usersessions_list"), {"device": wrong}, follow=True).text
        assert (
            "Logged out: Firefox on Windows." in client.post(reverse("usersessions_list"), {"device": ended.pk}, follow=True).text
        )
        assert "_auth_user_id" not in there.session
        assert "_auth_user_id" in elsewhere.session
        assert "1 other browser." in client.post(reverse("usersessions_list"), follow=True).text
        assert "_auth_user_id" not in elsewhere.session
        assert client.get(reverse("me")).status_code == 200
        assert UserSession.objects.filter(user=stranger).exists()

    def test_a_changed_password_ends_the_others(self, client, person):
        there = Client()
        log_in(client, person)
        log_in(there, person)
        changed = {"oldpassword": PASSWORD, "password1": "another-long-password", "password2": "another-long-password"}
        assert client.post(reverse("account_change_password"), changed).status_code == 302
        assert there.get(reverse("me")).status_code == 302
        assert client.get(reverse("me")).status_code == 200

    def test_when_somebody_was_last_here_is_noted_now_and_then(self, client, person, settings):
        settings.LAST_SEEN_MINUTES = 10
        log_in(client, person)
        key = client.session.session_key
        long_ago = timezone.now() - datetime.timedelta(days=3)
        UserSession.objects.update(last_seen_at=long_ago)
        now = long_ago + datetime.timedelta(days=1)
        devices.note_seen(person, session_key=key, now=now)
        first = UserSession.objects.get().last_seen_at
        devices.note_seen(person, session_key=key, now=now + datetime.timedelta(minutes=1))
        assert UserSession.objects.get().last_seen_at == first == now


class TestSigningUp:
    @pytest.fixture(autouse=True)
    def guard(self, settings):
        settings.SIGNUP_GUARD = True

    def sign_up(self, client, **changes):
        form = {
            "name": "Ada Okafor", "email": "ada@example.org", "password1": "a-long-password-7", "accept_terms": "on",
            "shown": signing_up.shown_token(timezone.now() - datetime.timedelta(minutes=1)), "leave_empty": "",
        }  # fmt: skip
        return client.post(reverse("account_signup"), form | changes)

    def test_somebody_who_takes_a_moment_notices_nothing(self, client):
        page = client.get(reverse("account_signup")).text
        assert 'name="is_person"' in page
        assert "I am a person" not in page
        assert self.sign_up(client).status_code == 302
        assert User.objects.filter(email="ada@example.org").exists()

    @pytest.mark.parametrize("odd", [{"leave_empty": "https://pills.example"}, {"shown": ""}])
    def test_what_looks_odd_is_asked_about_and_then_goes_on(self, client, odd):
        answer = self.sign_up(client, **odd)
        assert "I am a person" in answer.text
        assert "Ada Okafor" in answer.text
        assert "pills" not in answer.text
        assert not User.objects.exists()
        asked = signing_up.asked_token("ada@example.org", timezone.now() - datetime.timedelta(seconds=5))
        assert self.sign_up(client, asked=asked, is_person="on", shown="").status_code == 302
        assert User.objects.filter(email="ada@example.org").exists()

    def test_many_from_one_network_are_asked_and_not_refused(self, client, settings):
        settings.ACCOUNT_RATE_LIMITS = {"signup_unasked": "1/h/ip,5/h/key"}
        assert self.sign_up(Client(), email="first@example.org").status_code == 302
        assert "I am a person" in self.sign_up(Client(), email="second@example.org").text

    def test_the_clock_does_not_tell_who_has_an_account(self, client, monkeypatch):
        UserFactory(email="ada@example.org")
        hashed = []
        monkeypatch.setattr(User, "set_password", lambda self, raw: hashed.append(raw))
        assert self.sign_up(client).status_code == 302
        assert hashed == ["a-long-password-7"]

    def test_what_nobody_confirmed_is_forgotten_after_two_weeks(self, client):
        now = timezone.now()
        self.sign_up(client)
        User.objects.filter(email="ada@example.org").update(date_joined=now - datetime.timedelta(days=15))
        long_ago = now - datetime.timedelta(days=15)
        old = {"verified_email": False, "date_joined": long_ago}
        waiting, taking_part, named, made = (UserFactory(**old) for _number in range(4))
        newer = UserFactory(verified_email=False)
        confirmed = UserFactory(date_joined=long_ago)
        for one in (waiting, taking_part, named, newer):
            EmailAddress.objects.create(user=one, email=one.email, verified=False, primary=True)
        SessionRoleFactory(user=taking_part)
        # A row that has no way back from the person.
        Concern.objects.create(text="They were kind.", reporter=named)
        assert forget_unconfirmed_accounts_task.module_path in scheduled
        assert signing_up.forget_unconfirmed(now) == 2
        assert not User.objects.filter(email="ada@example.org").exists()
        assert not User.objects.filter(pk=waiting.pk).exists()
        assert User.objects.filter(pk__in=[one.pk for one in (taking_part, named, newer, made, confirmed)]).count() == 5
        assert signing_up.forget_unconfirmed(now) == 0


def test_migrating_makes_the_table_of_a_cache_in_the_database(settings):
    from django.core.cache import caches
    from django.db import connection

    settings.CACHES = {"default": {"BACKEND": shared_cache.IN_DATABASE, "LOCATION": "cache_of_a_test"}}
    shared_cache.make_tables()
    shared_cache.make_tables()
    assert "cache_of_a_test" in connection.introspection.table_names()
    caches["default"].set("a", 1)
    assert caches["default"].get("a") == 1
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE cache_of_a_test")


@pytest.mark.parametrize(
    "bad",
    ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "https://testserver@evil.example"],
)
def test_no_log_in_leads_to_another_site(client, person, bad):
    assert log_in(client, person, next=bad).url == reverse("home")
    assert client.post(reverse("theme"), {"theme": "dark", "next": bad}).url == reverse("home")
    assert client.post(reverse("account_logout"), {"next": bad}).url == reverse("home")
