"""Syncs in the admin."""

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.models import MemberSync, SyncRun
from tests.factories import CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(client):
    role = SessionRoleFactory(session=SessionFactory())
    client.force_login(role.user)
    return role.session


def test_sync_now_asks_first_and_then_queues_one_sync(client, session):
    address = reverse("admin:contributions_syncrun_now", args=[session.pk])
    assert address in client.get(reverse("admin:contributions_syncrun_changelist")).content.decode()
    assert client.get(address).status_code == 200
    assert not SyncRun.objects.exists()
    for _ in range(2):
        page = client.post(address)
    run = SyncRun.objects.get()
    assert page.url == reverse("admin:contributions_syncrun_change", args=[run.pk])
    assert (run.session, run.membership, run.trigger, run.state) == (session, None, "person", "queued")
    assert run.requested_by == session.roles.get().user


def test_a_session_of_others_is_not_synced(client, session):
    other = SessionFactory()
    address = reverse("admin:contributions_syncrun_now", args=[other.pk])
    assert client.post(address).status_code == 404
    assert not SyncRun.objects.exists()


def test_reviewers_have_no_syncs(client, session):
    reviewer = SessionRoleFactory(session=session, role="reviewer").user
    client.force_login(reviewer)
    assert client.get(reverse("admin:contributions_syncrun_changelist")).status_code == 403
    assert client.post(reverse("admin:contributions_syncrun_now", args=[session.pk])).status_code == 404


def test_a_run_shows_its_figures_and_its_problems_in_words(client, session):
    now = timezone.now()
    run = SyncRun.objects.create(
        session=session,
        state="partial",
        started_at=now,
        finished_at=now,
        requests=3,
        points=5,
        created=7,
        errors=[{"code": "unknown_login", "where": "identify", "about": "<b>gohst</b>", "message": "No account has this login."}],
    )
    text = client.get(reverse("admin:contributions_syncrun_change", args=[run.pk])).content.decode()
    for expected in ("3 requests, 5 points", "7 new", "No account has this login.", "&lt;b&gt;gohst&lt;/b&gt;"):
        assert expected in text


def test_problems_of_members_can_be_found(client, session):
    cohort = CohortFactory(session=session)
    well, ill = MembershipFactory(cohort=cohort), MembershipFactory(cohort=cohort)
    MemberSync.objects.create(membership=well, synced_at=timezone.now())
    MemberSync.objects.create(membership=ill, problem="No account has this login.")
    response = client.get(reverse("admin:contributions_membersync_changelist") + "?problem__isempty=0")
    assert [row.membership for row in response.context["cl"].result_list] == [ill]
