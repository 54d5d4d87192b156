"""The page of a session's figures: who reads it, what it counts, and how it is taken along."""

import csv
import datetime
import io
import json
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from cohorts.models import SessionRole
from contributions.figures.loading import facts_of
from contributions.models import Contribution, ReviewGiven, WorkItem
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept():
    cache.clear()
    yield
    cache.clear()


def make(finished=True, people=4, **values):
    session = factories.SessionFactory(finished=finished, time_zone="UTC", **values)
    repository = factories.RepositoryFactory()
    cohort = factories.CohortFactory(session=session, project=repository.project)
    members = [
        factories.MembershipFactory(cohort=cohort, user__name=f"Member {number}", state="completed") for number in range(people)
    ]
    return SimpleNamespace(session=session, repository=repository, cohort=cohort, members=members)


def work(world, membership, week=1, *, part=None, **values):
    """A pull request of `membership`, opened on the second day of a week at noon."""
    opened = world.session.begins_at + datetime.timedelta(days=7 * (week - 1) + 1, hours=12)
    values = {"tracked_repository": world.repository, "created_at": opened, "ready_at": opened, "turn": "", **values}
    return factories.ContributionFactory(membership=membership, work_item=factories.WorkItemFactory(**values), **(part or {}))


def merged(world, membership, week=1, after=3, **values):
    opened = world.session.begins_at + datetime.timedelta(days=7 * (week - 1) + 1, hours=12)
    ended = opened + datetime.timedelta(days=after)
    return work(world, membership, week, state="merged", merged_at=ended, closed_at=ended, **values)


def address(world, name="session_figures", *args):
    return reverse(name, args=[world.session.slug, *args])


def numbers(client, world):
    response = client.get(address(world, "session_figures_json"))
    assert response.status_code == 200
    return json.loads(response.content)


def reader(world, who):
    """Somebody logged in, or None."""
    roles = SessionRole.Role
    return {
        "visitor": lambda: None,
        "stranger": factories.UserFactory,
        "reviewer": lambda: factories.SessionRoleFactory(session=world.session, role=roles.REVIEWER).user,
        "organiser of another": lambda: factories.SessionRoleFactory().user,
        "member": lambda: world.members[0].user,
        "member of another cohort": lambda: (
            factories.MembershipFactory(cohort=factories.CohortFactory(session=world.session)).user
        ),
        "member who left": lambda: factories.MembershipFactory(cohort=world.cohort, state="left", left_at=timezone.now()).user,
        "not answered": lambda: factories.MembershipFactory(cohort=world.cohort, state="invited").user,
        "navigator": lambda: factories.MembershipFactory(cohort=world.cohort, role="navigator").user,
        "organiser": lambda: factories.SessionRoleFactory(session=world.session).user,
        "storyteller": lambda: factories.SessionRoleFactory(session=world.session, role=roles.STORYTELLER).user,
        "operator": lambda: factories.UserFactory(is_superuser=True),
    }[who]()


IN_FULL = {"member", "member of another cohort", "navigator", "organiser", "storyteller", "operator"}


@pytest.mark.parametrize(
    "who",
    [*sorted(IN_FULL), "visitor", "stranger", "reviewer", "organiser of another", "member who left", "not answered"],
)
def test_who_reads_what_while_it_runs_and_afterwards(client, who):
    running, over = make(finished=False), make()
    for world in (running, over):
        work(world, world.members[0])
        user = reader(world, who)
        if user:
            client.force_login(user)
        response = client.get(address(world, "session_figures_json"))
        if world is running and who not in IN_FULL:
            assert response.status_code == 404
        else:
            assert json.loads(response.content)["total"]["opened"] == (1 if who in IN_FULL else None)


def test_storytellers_read_figures_and_nothing_else(client):
    world = make(finished=False)
    contribution = work(world, world.members[0])
    client.force_login(reader(world, "storyteller"))
    for name, argument in (("cohort", world.cohort.pk), ("progress", world.members[0].pk), ("work", contribution.pk)):
        assert client.get(reverse(name, args=[argument])).status_code == 404
    assert client.get(reverse("admin:index")).status_code == 302
    assert address(world) in client.get(reverse("home")).content.decode()
    assert address(world) in client.get(reverse("session", args=[world.session.slug])).content.decode()


def test_what_is_counted_in_which_week(client):
    world = make(finished=False)
    amara, jun, leila, _tom = world.members
    merged(world, amara, first_of_author=True)
    shared = work(
        world, jun, 2, first_of_author=None, first_response_after=datetime.timedelta(hours=5), first_response_at=timezone.now()
    )
    factories.ContributionFactory(membership=leila, work_item=shared.work_item, role="co_author")
    merged(world, jun, 2, part={"hidden": True})
    helped = work(world, leila, 2, part={"role": "reviewer"})
    for number in range(2):
        ReviewGiven.objects.create(contribution=helped, database_id=number, submitted_at=helped.work_item.created_at)
    own = work(world, leila, 3, kind="other", other_kind="talk", database_id=None)
    hidden = work(world, amara, 3, part={"role": "reviewer", "hidden": True})
    ReviewGiven.objects.create(contribution=hidden, database_id=9, submitted_at=own.work_item.created_at)
    client.force_login(amara.user)
    found = numbers(client, world)
    assert found["total"] == {
        "opened": 2, "merged": 1, "landed": 0, "reviews": 2, "first": 1, "first_unknown": 1, "issues": 0, "other": 1,
        "waiting": 0, "open": 1, "first_answers": 1, "median_hours": 5.0, "nine_of_ten_hours": 5.0,
    }  # fmt: skip
    assert [(week["number"], week["opened"], week["reviews"], week["other"]) for week in found["weeks"][:3]] == [
        (1, 1, 0, 0), (2, 1, 2, 0), (3, 0, 0, 1),
    ]  # fmt: skip
    assert found["projects"][0]["name"] == world.repository.project.name
    assert found["other_work"] == {"talk": 1}


def test_what_only_a_bot_moved_is_not_of_this_session(client):
    """The same rule as on the progress page: found, from before, and touched by no person since."""
    world = make(finished=False)
    before = world.session.begins_at - datetime.timedelta(days=90)
    inside = world.session.begins_at + datetime.timedelta(days=3)

    def event(what, human):
        return {"at": inside.isoformat(), "what": what, "by": "x", "human": human}

    answered = {"first_response_at": before + datetime.timedelta(hours=7), "ready_at": before}
    work(world, world.members[0], created_at=before, events=[event("commented", False)])
    work(world, world.members[0], created_at=before, events=[event("commented", True)], **answered)
    work(world, world.members[0], created_at=before, part={"source": "pasted"}, first_response_after=None, **answered)
    client.force_login(world.members[0].user)
    found = numbers(client, world)
    assert (found["before"]["opened"], found["total"]["opened"]) == (2, 0)
    # Its wait was not stored by the sync: it is read from its story, and counts with the row in which it was opened.
    assert found["before"]["first_answers"] == 2
    assert found["before"]["median_hours"] == 7.0


def test_names_and_titles_with_consent_alone_and_at_once(client):
    world = make()
    amara, jun = world.members[0].user, world.members[1].user
    User.objects.filter(pk=amara.pk).update(consent_statistics=True)
    merged(world, world.members[0], title="Teach the parser to wait")
    merged(world, world.members[1], title="A secret of Jun")
    page = client.get(address(world)).content.decode()
    assert "Teach the parser to wait" in page
    assert amara.name in page
    for hidden in ("A secret of Jun", jun.name):
        assert hidden not in page
    User.objects.filter(pk=amara.pk).update(consent_statistics=False)
    assert "Teach the parser to wait" not in client.get(address(world)).content.decode()
    # Without a name there is only the address of the account, and nobody agreed to that.
    User.objects.filter(pk=amara.pk).update(consent_statistics=True, name="")
    assert not facts_of([world.session])[world.session.pk].agreed


def test_a_week_can_be_chosen_and_a_wrong_one_is_the_whole_session(client):
    world = make(finished=False, people=4)
    User.objects.update(consent_statistics=True)
    merged(world, world.members[0], 2, title="In week two")
    client.force_login(world.members[0].user)
    assert "In week two" in client.get(address(world), {"week": "2"}).context["markdown"]
    assert "In week two" not in client.get(address(world), {"week": "1"}).context["markdown"]
    for wrong in ("99", "-1", "<b>", ""):
        response = client.get(address(world), {"week": wrong})
        assert response.context["slot"] is None
        assert "In week two" in response.context["markdown"]


def test_files_are_harmless_and_say_the_same(client):
    world = make(finished=False, name="=cmd|' /C calc'!A0")
    world.repository.project.name = '=HYPERLINK("https://evil.example.org")<x>&'
    world.repository.project.save()
    for membership in world.members:
        merged(world, membership)
    client.force_login(world.members[0].user)
    response = client.get(address(world, "session_figures_csv"))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len({len(row) for row in rows}) == 1
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert rows[1][:5] == [
        "Week 1",
        str(world.session.starts_on),
        str(world.session.starts_on + datetime.timedelta(days=6)),
        "4",
        "4",
    ]
    for picture in ("weeks", "answers"):
        response = client.get(address(world, "session_picture", picture))
        assert response["Content-Type"] == "image/svg+xml; charset=utf-8"
        assert "attachment" in response["Content-Disposition"]
        text = response.content.decode()
        ElementTree.fromstring(text)
        assert "style=" not in text
        assert "<script" not in text
    assert client.get(address(world, "session_picture", "nothing")).status_code == 404


def test_a_picture_that_is_saved_shows_what_everybody_may_read(client):
    world, other = make(finished=False), make()
    for each in (world, other):
        merged(each, each.members[0])
    client.force_login(world.members[0].user)
    assert not client.get(address(world)).context["charts"]["weeks"].has_few
    assert "Dashed: some" in client.get(address(world, "session_picture", "weeks")).content.decode()
    query = {"with": other.session.slug, "measure": "opened"}
    assert not client.get(address(world, "compare_figures"), query).context["comparison"].columns[0].total.hidden
    assert "Dashed: some" in client.get(address(world, "compare_picture"), query).content.decode()


@pytest.mark.parametrize("session", ["empty", "one item", "not begun", "fifty-two weeks"])
def test_every_page_works_with_little(client, session):
    world = make(finished=False)
    if session == "not begun":
        world.session.starts_on = timezone.now().date() + datetime.timedelta(days=20)
        world.session.save()
    if session == "fifty-two weeks":
        world.session.weeks = 52
        world.session.save()
        world.session.calendar.all().delete()
    if session in ("one item", "fifty-two weeks"):
        merged(world, world.members[0])
    client.force_login(world.members[0].user)
    for name in ("session_figures", "session_figures_csv", "session_figures_json", "compare_figures", "compare_picture"):
        assert client.get(address(world, name)).status_code == 200
    assert client.get(address(world, "session_picture", "weeks")).status_code == 200
    page = client.get(address(world)).content.decode()
    assert ("Nothing to count yet" in page) == (session == "empty")
    assert ("The session has not begun" in page) == (session == "not begun")


def test_sessions_side_by_side_are_those_that_the_reader_may_read(client):
    world, over, running = make(finished=False), make(name="Over"), make(finished=False, name="Runs elsewhere")
    for each in (world, over, running):
        work(each, each.members[0])
    client.force_login(world.members[0].user)
    query = {"with": [over.session.slug, running.session.slug, "no-such", "<b>"], "measure": "opened"}
    response = client.get(address(world, "compare_figures"), query)
    assert [column.name for column in response.context["comparison"].columns] == [world.session.name, "Over"]
    assert [column.total.hidden for column in response.context["comparison"].columns] == [False, True]
    assert "Runs elsewhere" not in response.content.decode()
    assert client.get(address(world, "compare_picture"), query).status_code == 200
    assert client.get(address(world, "compare_figures"), {"measure": "'; DROP"}).context["measure"] == "opened"


def test_the_page_of_a_session_that_is_over_tells_what_everybody_may_read(client):
    world = make()
    for membership in world.members[:3]:
        merged(world, membership)
    page = client.get(reverse("session", args=[world.session.slug])).content.decode()
    assert "3 pull requests opened" in page
    assert "3 pull requests merged" in page
    assert address(world) in page
    running = make(finished=False)
    work(running, running.members[0])
    page = client.get(reverse("session", args=[running.session.slug])).content.decode()
    assert "in figures" not in page
    client.force_login(running.members[0].user)
    assert address(running) in client.get(reverse("session", args=[running.session.slug])).content.decode()


def test_the_same_queries_for_few_and_for_many(client, django_assert_max_num_queries):
    world = make(finished=False, people=4)
    other = make()
    client.force_login(factories.SessionRoleFactory(session=world.session).user)
    pages = [address(world), address(world, "session_figures_csv"), address(world, "compare_figures")]

    def queries():
        counted = []
        for page in pages:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(page).status_code == 200
            counted.append(len(captured))
        return counted

    for each in (world, other):
        merged(each, each.members[0])
    few = queries()
    fill(world, people=396, items=500)
    assert queries() == few
    assert max(few) <= 25


def fill(world, *, people, items):
    """Many people and items at once."""
    from cohorts.models import Membership

    users = User.objects.bulk_create([User(email=f"many{number}@example.org", name=f"Many {number}") for number in range(people)])
    cohorts = [factories.CohortFactory(session=world.session) for _ in range(10)]
    memberships = Membership.objects.bulk_create(
        [Membership(cohort=cohorts[number % 10], user=user) for number, user in enumerate(users)]
    )
    opened = world.session.begins_at + datetime.timedelta(days=1)
    found = WorkItem.objects.bulk_create(
        [
            WorkItem(
                host="github.com", kind="pull_request", database_id=7_000_000 + number, title=f"T {number}",
                url=f"https://github.com/m/m/pull/{number}", repository="m/m", number=number + 1, created_at=opened,
                ready_at=opened, first_response_at=opened, tracked_repository=world.repository,
            )
            for number in range(items)
        ]
    )  # fmt: skip
    parts = Contribution.objects.bulk_create(
        [Contribution(membership=memberships[number % people], work_item=item) for number, item in enumerate(found)]
    )
    ReviewGiven.objects.bulk_create(
        [ReviewGiven(contribution=part, database_id=number, submitted_at=opened) for number, part in enumerate(parts)]
    )
