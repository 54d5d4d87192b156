"""Projects: what they ask, how fresh that is, and how long our members wait for a first answer."""

import datetime

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Project, Tracker
from contributions.figures.answering import answering_now
from tests import factories

pytestmark = pytest.mark.django_db
HOUR = datetime.timedelta(hours=1)


@pytest.fixture(autouse=True)
def nothing_kept():
    cache.clear()
    yield
    cache.clear()


def asked(repository, membership, hours=None, *, days_ago=20, part=None, **values):
    """A pull request that was answered after so many hours, or is not."""
    ready = timezone.now() - datetime.timedelta(days=days_ago)
    if hours is not None:
        values = {"first_response_at": ready + hours * HOUR, "first_response_after": hours * HOUR, **values}
    item = factories.WorkItemFactory(tracked_repository=repository, created_at=ready, **{"ready_at": ready, **values})
    return factories.ContributionFactory(membership=membership, work_item=item, **(part or {}))


@pytest.fixture
def lumen():
    project = factories.ProjectFactory(name="Lumen", slug="lumen")
    repository = factories.RepositoryFactory(project=project)
    return project, repository, [factories.MembershipFactory() for _ in range(3)]


def test_how_long_answers_take_is_told_from_five_answers_of_three_people(client, lumen):
    project, repository, members = lumen
    for number in range(4):
        asked(repository, members[number % 3], (number + 1) * 10)
    page = reverse("project", args=["lumen"])
    assert "we cannot say yet" in client.get(page).content.decode()
    asked(repository, members[1], 50)
    for member in members:
        asked(repository, member)
    asked(repository, members[0], 1, part={"hidden": True})
    asked(repository, members[0], 1, days_ago=400)
    asked(repository, members[0], 1, part={"role": "reviewer"})
    asked(repository, members[0], state="draft", ready_at=None)
    shared = asked(repository, members[2], 60)
    factories.ContributionFactory(membership=members[0], work_item=shared.work_item, role="co_author")
    assert "we cannot say yet" in client.get(page).content.decode(), "kept for everybody alike, for a while"
    cache.clear()
    for address in (page, reverse("projects")):
        html = " ".join(client.get(address).content.decode().split())
        assert "within 35 hours, nine of ten within 2 days (6 answers in the last twelve months). 3 still wait." in html
    found = answering_now(timezone.now())[project.pk]
    assert (found.waits.median, found.waits.most, found.waiting) == (35 * HOUR, 60 * HOUR, 3)


def test_the_answers_to_one_or_two_people_are_not_told(lumen):
    project, repository, members = lumen
    for number in range(8):
        asked(repository, members[number % 2], number + 1)
    # A third one who still waits has no part in the answers.
    asked(repository, members[2])
    assert answering_now(timezone.now())[project.pk].waits.hidden
    asked(repository, members[2], 9)
    found = answering_now(timezone.now())[project.pk]
    assert (found.waits.answered, found.waiting) == (9, 0), "of one person, so it is not told who waits"


def test_a_wait_that_was_not_stored_is_read_from_the_story(lumen):
    project, repository, members = lumen
    for number in range(6):
        contribution = asked(repository, members[number % 3], 48, first_response_after=None)
        item = contribution.work_item
        item.events = [
            {"at": (item.ready_at + 10 * HOUR).isoformat(), "what": "draft", "by": "m", "human": True},
            {"at": (item.ready_at + 30 * HOUR).isoformat(), "what": "ready", "by": "m", "human": True},
        ]
        item.save()
    assert answering_now(timezone.now())[project.pk].waits.median == 28 * HOUR


@pytest.mark.parametrize(
    ("policy", "checked", "words"),
    [
        ("disclosure", 10, "Checked on"),
        ("disclosure", 90, "Checked on"),
        ("disclosure", 91, "which is long ago"),
        ("welcome", None, "Nobody has checked this yet"),
        ("not_stated", None, "The project has not said"),
    ],
)
def test_the_age_of_an_ai_policy_is_told(client, policy, checked, words):
    on = checked and timezone.localdate() - datetime.timedelta(days=checked)
    factories.ProjectFactory(slug="lumen", ai_policy=policy, ai_policy_checked_on=on)
    for address in (reverse("project", args=["lumen"]), reverse("projects")):
        assert words in client.get(address).content.decode()


def test_what_it_asks_and_where_the_work_is(client):
    project = factories.ProjectFactory(
        slug="lumen", issue_first=True, large_change_lines=300, contributing_url="https://lumen.example.org/guide"
    )
    factories.RepositoryFactory(project=project, full_name="lumen/lumen")
    factories.RepositoryFactory(project=project, full_name="lumen/vault", is_private=True)
    Tracker.objects.create(project=project, url="https://tickets.example.org")
    session = factories.SessionFactory(name="Seen by all")
    hidden = factories.SessionFactory(draft=True, name="Not announced")
    for each in (session, hidden):
        each.projects.add(project)
    page = client.get(reverse("project", args=["lumen"])).content.decode()
    for words in (
        "An issue or ticket comes before", "large from 300 lines", "https://lumen.example.org/guide",
        "https://github.com/lumen/lumen", "https://tickets.example.org", "Seen by all",
    ):  # fmt: skip
        assert words in page
    assert "Not announced" not in page
    assert "lumen/vault" not in page
    assert client.get(reverse("project", args=["no-such"])).status_code == 404


def test_hostile_addresses_are_no_links(client):
    project = factories.ProjectFactory(slug="lumen")
    hostile = "javascript:alert(1)"
    Project.objects.filter(pk=project.pk).update(url=hostile, contributing_url=hostile, ai_policy_url=hostile)
    Tracker.objects.create(project=project, url=hostile)
    session = factories.SessionFactory()
    session.projects.add(project)
    for address in (reverse("projects"), reverse("project", args=["lumen"]), reverse("session", args=[session.slug])):
        assert hostile not in client.get(address).content.decode()


def test_the_same_queries_for_one_project_and_for_many(client, lumen):
    _project, repository, members = lumen

    def queries():
        cache.clear()
        found = []
        for address in (reverse("projects"), reverse("project", args=["lumen"])):
            with CaptureQueriesContext(connection) as captured:
                client.get(address)
            found.append(len(captured))
        return found

    one = queries()
    for number in range(5):
        other = factories.RepositoryFactory()
        asked(other, members[0], number)
        asked(repository, members[0], number)
    assert queries() == one
