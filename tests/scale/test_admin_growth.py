"""Lists and pages of the admin cost the same number of queries for 1 and for 30 rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.messages import queue_message
from cohorts.models import Answer, Conflict, ReviewAssignment
from cohorts.reviews import hand_in
from contributions.models import MemberSync, SyncRun
from tests.cohorts.world import make_world
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    ContributionFactory,
    GitHubIdentityFactory,
    MembershipFactory,
    ProjectFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

PAGES = [
    "admin:index",
    "admin:cohorts_session_changelist",
    "admin:cohorts_project_changelist",
    "admin:cohorts_application_changelist",
    "admin:cohorts_application_export",
    "admin:cohorts_cohort_changelist",
    "admin:cohorts_review_queue",
    "admin:cohorts_review_changelist",
    "admin:cohorts_review_export",
    "admin:cohorts_reviewassignment_changelist",
    "admin:cohorts_conflict_changelist",
    "admin:accounts_user_changelist",
    "admin:accounts_githubidentity_changelist",
    "admin:accounts_message_changelist",
    "admin:contributions_workitem_changelist",
    "admin:contributions_contribution_changelist",
    "admin:contributions_syncrun_changelist",
    "admin:contributions_membersync_changelist",
]


def grow(world, number):
    """So many more of everything in the world's session."""
    question = world.session.questions.first()
    for _ in range(number):
        application = ApplicationFactory(session=world.session)
        GitHubIdentityFactory(user=application.applicant)
        Answer.objects.create(application=application, question=question, value="More")
        for reviewer in (world.reviewer, world.organiser):
            hand_in(application, by=reviewer, scores=world.scores(1, 2))
        ReviewAssignment.objects.create(application=application, reviewer=world.navigator)
        Conflict.objects.create(application=application, reviewer=UserFactory())
        queue_message(application.applicant, kind="test", about=application, subject="Hello", body="Hello")
        membership = MembershipFactory(cohort=CohortFactory(session=world.session, project=ProjectFactory()))
        ContributionFactory(membership=membership)
        MemberSync.objects.create(membership=membership)
        SyncRun.objects.create(session=world.session, membership=membership, state="done")


def count(client, address) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(address).status_code == 200, address
    return len(queries)


def test_no_list_asks_more_for_more_rows(client):
    world = make_world(applications=0)
    client.force_login(world.organiser)
    addresses = [reverse(name) for name in PAGES]
    grow(world, 1)
    for address in addresses:
        client.get(address)
    before = {address: count(client, address) for address in addresses}
    grow(world, 29)
    after = {address: count(client, address) for address in addresses}
    assert after == before


def test_the_page_of_an_application_asks_no_more_for_more_reviews(client):
    world = make_world(applications=1)
    application = world.applications[0]
    pages = [
        reverse("admin:cohorts_application_change", args=[application.pk]),
        reverse("admin:cohorts_review_application", args=[application.pk]),
    ]
    client.force_login(world.organiser)
    hand_in(application, by=world.reviewer, scores=world.scores(1, 1))
    before = [count(client, page) for page in pages]
    hand_in(application, by=world.navigator, scores=world.scores(1, 1))
    hand_in(application, by=world.operator, scores=world.scores(1, 1))
    grow(world, 5)
    assert [count(client, page) for page in pages] == before


def test_answers_side_by_side_and_the_next_one_ask_no_more_for_more_applications(client):
    world = make_world(applications=1)
    client.force_login(world.navigator)
    page = reverse("admin:cohorts_review_question", args=[world.session.questions.get().pk])
    inside = reverse("admin:cohorts_review_application", args=[world.applications[0].pk]) + "?list="

    def costs() -> list[int]:
        found = [count(client, page), count(client, inside)]
        with CaptureQueriesContext(connection) as queries:
            client.post(reverse("admin:cohorts_review_next"), {"session": world.session.slug})
        return [*found, len(queries)]

    costs()
    before = costs()
    grow(world, 29)
    assert costs() == before
