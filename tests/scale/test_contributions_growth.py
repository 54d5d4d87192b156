"""Pages about work cost the same number of queries for 1 and for 30 rows."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contributions.models import Contribution, MemberSync, WorkItem
from tests.factories import (
    CheckInFactory,
    CohortFactory,
    ContributionFactory,
    GitHubIdentityFactory,
    MembershipFactory,
    ProjectFactory,
    RepositoryFactory,
    SessionFactory,
    SessionRoleFactory,
    WorkItemFactory,
)

pytestmark = pytest.mark.django_db

STATES = [
    {"turn": "member", "turn_reason": "ci_failing", "ci": "failure"},
    {"turn": "member", "turn_reason": "changes_requested"},
    {"turn": "reviewer"},
    {"turn": "maintainer", "turn_reason": "approved"},
    {"turn": "", "state": "merged"},
    {"turn": "", "state": "closed"},
    {"turn": "", "state": "gone", "gone": "deleted"},
]


@pytest.fixture
def cohort():
    project = ProjectFactory(ai_policy="disclosure")
    cohort = CohortFactory(session=SessionFactory(), project=project)
    cohort.session.projects.add(project)
    return cohort


def work(membership, number):
    for position in range(number):
        ended = timezone.now() - datetime.timedelta(days=3)
        for values in STATES:
            repository = (
                RepositoryFactory(project=ProjectFactory(ai_policy="disclosure")) if position % 2 else RepositoryFactory()
            )
            moments = {"merged": {"merged_at": ended}, "closed": {"closed_at": ended}}.get(values.get("state"), {})
            ContributionFactory(
                membership=membership, work_item=WorkItemFactory(tracked_repository=repository, **values, **moments)
            )
        ContributionFactory(membership=membership, work_item=WorkItemFactory(), hidden=True)


def members(cohort, number):
    for _ in range(number):
        membership = MembershipFactory(cohort=cohort)
        GitHubIdentityFactory(user=membership.user)
        MemberSync.objects.create(membership=membership, synced_at=timezone.now())
        work(membership, 1)
        # From before the session: only its story tells whether a person has touched it since.
        old = {"created_at": timezone.now() - datetime.timedelta(days=900), "turn": "reviewer", "turn_reason": "answered"}
        ContributionFactory(membership=membership, work_item=WorkItemFactory(**old))
        weeks = list(cohort.session.calendar.all())
        CheckInFactory(membership=membership, week=weeks[1], energy=1, wants_to_talk=True, stuck="Tests")
        CheckInFactory(membership=membership, week=weeks[3], resting=True, written_at=None)


def queries(client, address) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("who", ["member", "navigator", "organiser"])
def test_progress(client, cohort, who):
    membership = MembershipFactory(cohort=cohort)
    GitHubIdentityFactory(user=membership.user)
    MemberSync.objects.create(membership=membership, synced_at=timezone.now())
    user = {
        "member": lambda: membership.user,
        "navigator": lambda: MembershipFactory(cohort=cohort, role="navigator").user,
        "organiser": lambda: SessionRoleFactory(session=cohort.session).user,
    }[who]()
    client.force_login(user)
    work(membership, 1)
    address = reverse("progress", args=[membership.pk])
    # That somebody looks is noted at the first visit, and then for five minutes no more.
    queries(client, address)
    one = queries(client, address)
    work(membership, 4)
    assert queries(client, address) == one
    assert one <= 30


def test_progress_with_five_and_with_five_hundred_items(client, cohort):
    membership = MembershipFactory(cohort=cohort)
    MemberSync.objects.create(membership=membership, synced_at=timezone.now())
    repository = RepositoryFactory(project=cohort.project)
    client.force_login(membership.user)
    address = reverse("progress", args=[membership.pk])

    def add(number):
        made = [
            WorkItemFactory.build(
                tracked_repository=repository,
                linked=[{"url": f"https://github.com/owner/repository/issues/{place}", "number": place, "repository": "o/r"}],
                **STATES[place % len(STATES)],
            )
            for place in range(number)
        ]
        tickets = [WorkItemFactory.build(kind="ticket", url=f"https://code.example.org/{item.number}") for item in made[::5]]
        items = WorkItem.objects.bulk_create([*made, *tickets])
        roles = ("author", "reviewer", "co_author")
        Contribution.objects.bulk_create(
            Contribution(membership=membership, work_item=item, role=roles[place % 3]) for place, item in enumerate(items)
        )

    add(5)
    queries(client, address)
    few = queries(client, address)
    add(495)
    assert queries(client, address) == few


@pytest.mark.parametrize("who", ["member", "navigator", "organiser"])
def test_board(client, cohort, who):
    user = {
        "member": lambda: MembershipFactory(cohort=cohort).user,
        "navigator": lambda: MembershipFactory(cohort=cohort, role="navigator").user,
        "organiser": lambda: SessionRoleFactory(session=cohort.session).user,
    }[who]()
    client.force_login(user)
    members(cohort, 1)
    address = reverse("cohort", args=[cohort.pk])
    # Noting that somebody looks costs more the first time.
    client.get(address)
    one = queries(client, address)
    members(cohort, 29)
    for _ in range(5):
        CohortFactory(session=cohort.session)
    assert queries(client, address) == one
    assert one <= 60


@pytest.mark.parametrize("query", ["", "?help=reviews"])
def test_session_board(client, cohort, query):
    client.force_login(SessionRoleFactory(session=cohort.session).user)
    MembershipFactory(cohort=cohort, role="navigator")
    members(cohort, 1)
    address = reverse("session_board", args=[cohort.session.slug]) + query
    client.get(address)
    one = queries(client, address)
    for _ in range(4):
        another = CohortFactory(session=cohort.session, project=cohort.project)
        MembershipFactory(cohort=another, role="navigator")
        members(another, 3)
    assert queries(client, address) == one
    assert one <= 60


def test_an_item_shared_by_many(client, cohort):
    contribution = ContributionFactory(
        membership=MembershipFactory(cohort=cohort), work_item=WorkItemFactory(tracked_repository=RepositoryFactory())
    )
    ContributionFactory(membership=MembershipFactory(cohort=cohort), work_item=contribution.work_item)
    client.force_login(contribution.membership.user)
    address = reverse("work", args=[contribution.pk])
    queries(client, address)
    one = queries(client, address)
    for _ in range(8):
        ContributionFactory(membership=MembershipFactory(cohort=cohort), work_item=contribution.work_item)
    assert queries(client, address) == one


def test_projects(client):
    RepositoryFactory()
    client.get(reverse("projects"))  # how long answers take is kept for a while
    one = queries(client, reverse("projects"))
    for _ in range(10):
        project = ProjectFactory()
        RepositoryFactory(project=project)
        RepositoryFactory(project=project)
    assert queries(client, reverse("projects")) == one


def test_check_in(client, cohort):
    membership = MembershipFactory(cohort=cohort)
    weeks = list(cohort.session.calendar.all())
    client.force_login(membership.user)
    CheckInFactory(membership=membership, week=weeks[2])
    address = reverse("checkin", args=[membership.pk, weeks[3].number])
    one = queries(client, address)
    for week in weeks[:2]:
        CheckInFactory(membership=membership, week=week)
    assert queries(client, address) == one
