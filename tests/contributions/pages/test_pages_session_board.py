"""All cohorts of a session on one page: for its organisers alone, with what calls for somebody open and the rest folded."""

import datetime

import pytest
from django.urls import reverse

from cohorts.models import Membership
from contributions.models import SyncRun
from tests import factories

from .conftest import ago


@pytest.fixture
def mars(world, track):
    """A second cohort, in which somebody works and nobody needs anything."""
    cohort = factories.CohortFactory(session=world.session, name="Mars", project=world.project)
    membership = factories.MembershipFactory(cohort=cohort, user=factories.UserFactory(name="Mira Sol"))
    Membership.objects.filter(pk=membership.pk).update(joined_at=world.session.begins_at)
    membership.refresh_from_db()
    factories.GitHubIdentityFactory(user=membership.user, login="mira")
    factories.CheckInFactory(membership=membership, week=world.session.calendar.get(number=4))
    track(membership, title="Mars work", turn="reviewer", turn_since=ago(days=1))
    return cohort


def board(client, world, user, query=""):
    client.force_login(user)
    return client.get(reverse("session_board", args=[world.session.slug]) + query)


def test_only_organisers_of_the_session_see_it(world, client):
    world.operator = factories.UserFactory(is_superuser=True)
    for who in ("amara", "navigator", "captain", "other_organiser", "stranger"):
        assert board(client, world, getattr(getattr(world, who), "user", getattr(world, who))).status_code == 404
    for who in ("organiser", "operator"):
        assert board(client, world, getattr(world, who)).status_code == 200
    reviewer = factories.SessionRoleFactory(session=world.session, role="reviewer").user
    assert board(client, world, reviewer).status_code == 404


def test_cohorts_that_call_for_somebody_open_and_the_others_are_folded(world, mars, client):
    text = board(client, world, world.organiser).text
    opened, folded = text.split('id="quiet-cohorts"')
    assert f'id="cohort-{world.cohort.pk}"' in opened
    assert "Has not written yet, 17 working days" in opened
    assert "Mars work" not in text
    assert "1 cohort in which nobody needs anything" in folded
    assert "Mira" in folded
    assert ">2</span>" in opened.split('id="help-everything"')[1][:300]


def test_a_filter_opens_the_cohorts_that_it_is_about(world, mars, client):
    opened, folded = board(client, world, world.organiser, "?help=reviews").text.split('id="quiet-cohorts"')
    assert "Mars work" in opened
    assert "1 cohort with nothing of this kind" in folded
    assert "Venus" in folded


def test_many_cohorts_come_in_pages_by_name(world, client, monkeypatch):
    monkeypatch.setattr("contributions.views.session_board.BLOCKS_A_PAGE", 1)
    second = factories.CohortFactory(session=world.session, name="Zeta")
    factories.MembershipFactory(cohort=second, state="resting")
    third = factories.CohortFactory(session=world.session, name="Alpha")
    membership = factories.MembershipFactory(cohort=third)
    Membership.objects.filter(pk=membership.pk).update(joined_at=world.session.begins_at)
    first = board(client, world, world.organiser, "?help=silent").text
    assert f'id="cohort-{third.pk}"' in first
    assert "?help=silent&amp;page=2" in first
    assert f'id="cohort-{world.cohort.pk}"' in board(client, world, world.organiser, "?help=silent&page=2").text
    assert board(client, world, world.organiser, "?page=junk").status_code == 200


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (datetime.datetime(2027, 1, 20, tzinfo=datetime.UTC), "nobody waits for anything"),
        (datetime.datetime(2027, 4, 1, tzinfo=datetime.UTC), "The session is over."),
    ],
)
def test_before_and_after_it_is_calm(world, mars, client, time_machine, when, words):
    time_machine.move_to(when, tick=False)
    assert words in board(client, world, world.organiser).text


def test_without_cohorts_it_says_what_to_do(world, client):
    Membership.objects.all().delete()
    world.cohort.delete()
    assert "No cohorts yet" in board(client, world, world.organiser).text


def test_organisers_sync_from_it_and_find_it(world, client):
    client.force_login(world.organiser)
    address = reverse("session_sync", args=[world.session.slug])
    assert client.post(address).url == reverse("session_board", args=[world.session.slug])
    assert SyncRun.objects.get().session == world.session
    page = reverse("session_board", args=[world.session.slug])
    assert page in client.get(reverse("session", args=[world.session.slug])).text
    assert page in client.get(reverse("home")).text
    assert page in client.get(reverse("admin:index")).text
    assert page in client.get(reverse("cohort", args=[world.cohort.pk])).text
    client.force_login(world.navigator)
    assert page not in client.get(reverse("cohort", args=[world.cohort.pk])).text
    assert client.post(address).status_code == 404
