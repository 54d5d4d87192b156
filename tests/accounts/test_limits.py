"""What costs the site much can be asked for only so often, and what is over is forgotten."""

import datetime

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session as BrowserSession
from django.core.cache import cache
from django.core.cache.backends.dummy import DummyCache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.log_ins import forget_ended
from accounts.models import User
from accounts.tasks import forget_ended_log_ins_task
from background.schedules import scheduled
from contributions.models import Contribution, SyncRun
from tests.factories import PASSWORD, CohortFactory, MembershipFactory, QuestionFactory, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def limits(settings):
    """One of each an hour; without the cache's memory of other tests."""

    def to(**rates):
        settings.ACCOUNT_RATE_LIMITS = rates
        cache.clear()

    yield to
    cache.clear()


class TestTextsOfVisitors:
    @pytest.fixture
    def why(self):
        return QuestionFactory(session=SessionFactory(open=True), label="Why?")

    def send(self, client, why, text, **headers):
        address = reverse("apply", args=[why.session.slug])
        return client.post(address, {f"question_{why.pk}": text, "action": "save"}, headers=headers)

    def test_one_address_fills_the_database_only_so_fast(self, limits, why):
        limits(keep_entry="2/h/ip")
        answers = [self.send(Client(), why, f"text {number}") for number in range(4)]
        assert [answer.status_code for answer in answers] == [302, 302, 429, 429]
        assert BrowserSession.objects.count() == 2
        # Nothing that was typed is lost.
        assert b"text 3" in answers[3].content
        # A cookie that somebody made up is no session.
        forger = Client()
        forger.cookies["sessionid"] = "0123456789abcdef0123456789abcdef"
        assert self.send(forger, why, "forged", **HTMX).status_code == 409
        assert BrowserSession.objects.count() == 2

    def test_who_began_may_go_on(self, limits, client, why):
        limits(keep_entry="1/h/ip")
        for number in range(3):
            assert self.send(client, why, f"text {number}", **HTMX).status_code == 200


class TestMembers:
    @pytest.fixture
    def member(self, client):
        membership = MembershipFactory(cohort=CohortFactory(session=SessionFactory()))
        client.force_login(membership.user)
        return membership

    def test_syncs(self, limits, client, member):
        limits(sync="1/h/user")
        address = reverse("sync", args=[member.pk])
        assert client.post(address).status_code == 302
        SyncRun.objects.update(state=SyncRun.State.DONE, finished_at=timezone.now())
        assert b"too often" in client.post(address, follow=True).content
        assert b"too often" in client.post(address, headers=HTMX).content
        assert SyncRun.objects.count() == 1

    def test_links(self, limits, client, member):
        limits(track="1/h/user")
        address = reverse("track", args=[member.pk])
        assert client.post(address, {"url": "https://example.org/1", "title": "A talk", "other_kind": "talk"}).status_code == 302
        answer = client.post(address, {"url": "https://example.org/2", "title": "A talk", "other_kind": "talk"})
        assert b"too often" in answer.content
        assert b"https://example.org/2" in answer.content
        assert Contribution.objects.count() == 1


def test_guessing_passwords_has_an_end_and_a_page_that_says_so(limits, client):
    limits()
    person = UserFactory()
    for _guess in range(6):
        answer = client.post(reverse("account_login"), {"login": person.email, "password": "wrong"})
    assert b"Too many attempts" in answer.content
    answer = client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert b"Too many attempts" in answer.content
    limits(login="1/h/ip")
    for _try in range(2):
        answer = client.post(reverse("account_login"), {"login": person.email, "password": "wrong"})
    assert answer.status_code == 429
    assert b"<h1" in answer.content


def test_a_limit_that_cannot_be_counted_says_that_nothing_can_be_saved(limits, client, settings):
    """As when the disk of a database that keeps the cache is full: there Django's cache says nothing, and keeps nothing."""
    limits(login="100/h/ip")
    settings.CACHES = {"default": {"BACKEND": "tests.accounts.test_limits.FullCache"}}
    answer = client.post(reverse("account_login"), {"login": "ada@example.org", "password": "wrong"})
    assert answer.status_code == 503
    assert b"Nothing can be saved right now" in answer.content
    assert b"Too often" not in answer.content


class FullCache(DummyCache):
    """Takes everything and keeps nothing."""

    def add(self, *args, **kwargs):
        return False


class TestForgetting:
    def test_it_is_done_without_being_asked(self):
        assert forget_ended_log_ins_task.module_path in scheduled

    def test_what_is_over_goes_and_the_rest_stays(self, client):
        person = UserFactory()
        client.force_login(person)
        UserSession.objects.create(user=person, session_key=client.session.session_key, ip="127.0.0.1", user_agent="here")
        UserSession.objects.create(user=person, session_key="ended", ip="127.0.0.2", user_agent="gone")
        expired = SessionStore()
        expired["typed_applications"] = {"spring": {"1": "Something personal"}}
        expired.save()
        BrowserSession.objects.filter(session_key=expired.session_key).update(expire_date=timezone.now())
        UserSession.objects.update(created_at=timezone.now() - datetime.timedelta(days=1))
        UserSession.objects.create(user=person, session_key="beginning", ip="127.0.0.3", user_agent="new")
        assert forget_ended() == 2
        assert not BrowserSession.objects.filter(session_key=expired.session_key).exists()
        assert set(UserSession.objects.values_list("user_agent", flat=True)) == {"here", "new"}
        assert client.get(reverse("me")).status_code == 200
        assert User.objects.contains(person)
