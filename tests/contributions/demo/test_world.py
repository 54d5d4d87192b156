"""The demonstration's GitHub, and what moves when the demonstration is started in a later week."""

import datetime

import pytest
from django.utils import timezone

from cohorts.models import Session
from contributions.demo import seeding
from contributions.demo.people import ACCOUNTS
from contributions.models import SyncRun, WorkItem
from tests.factories import CheckInFactory, SessionFactory, WorkItemFactory

COHORTS = [("lantern", ["amara-okafor", "tomassharma"]), ("tidewater", ["leilabrandt"])]


@pytest.fixture
def world():
    return seeding.build_world(COHORTS)[0]


def test_the_member_can_sign_in_with_the_address_of_the_account_here(world):
    assert "member" in ACCOUNTS
    assert world.account("amara-okafor").email == "member@example.org"
    assert [each.login for each in world.accounts.values() if each.email] == ["amara-okafor", "robin-newhouse"]


def test_it_is_the_same_each_time(world):
    again = seeding.build_world(COHORTS)[0]
    assert [(each.id, each.title, each.state) for each in again.items()] == [
        (each.id, each.title, each.state) for each in world.items()
    ]


def test_nothing_lies_in_the_future(world):
    now = datetime.datetime.now(datetime.UTC)
    assert all(each.created_at <= each.updated_at <= now for each in world.items())


@pytest.mark.django_db
def test_a_later_week_moves_plans_and_leaves_what_github_tells_to_the_sync():
    session = SessionFactory()
    told, gone = WorkItemFactory(), WorkItemFactory(state=WorkItem.State.GONE)
    run = SyncRun.objects.create(session=session, trigger=SyncRun.Trigger.COMMAND)
    seeding.shift_dates(7, last_used=timezone.now())
    week = datetime.timedelta(days=7)
    before = session.starts_on
    session.refresh_from_db()
    assert session.starts_on == before + week
    assert WorkItem.objects.get(pk=told.pk).created_at == told.created_at
    assert WorkItem.objects.get(pk=gone.pk).created_at == gone.created_at + week
    assert SyncRun.objects.get(pk=run.pk).created == run.created


@pytest.mark.django_db
def test_what_has_happened_never_lies_ahead_in_a_later_week():
    written_yesterday = CheckInFactory(written_at=timezone.now() - datetime.timedelta(days=1))
    deadline = SessionFactory(open=True).applications_close_at
    seeding.shift_dates(7, last_used=timezone.now())
    written_yesterday.refresh_from_db()
    assert written_yesterday.written_at < timezone.now()
    assert Session.objects.latest("applications_close_at").applications_close_at == deadline + datetime.timedelta(days=7)
