"""Syncs, freshness, budgets and tracked work in the admin."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from background.models import TaskRun
from contributions.following import APART_FOR_PEOPLE
from contributions.models import ApiBudget, BudgetSample, MemberSync, ReviewGiven, SyncRun
from contributions.tasks import fetch_from_tracker, refresh_items
from tests.factories import (
    CohortFactory,
    ContributionFactory,
    MembershipFactory,
    ProjectFactory,
    RepositoryFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
    WorkItemFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(client):
    role = SessionRoleFactory(session=SessionFactory())
    client.force_login(role.user)
    return role.session


@pytest.fixture
def operator(client):
    user = UserFactory()
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    client.force_login(user)
    return user


def admin(name, *args):
    return reverse(f"admin:contributions_{name}", args=args)


def run_of(session, **values):
    now = timezone.now()
    return SyncRun.objects.create(**{"session": session, "state": "done", "started_at": now, "finished_at": now, **values})


def test_sync_now_says_what_happens_and_then_queues_one_sync(client, session):
    address = admin("syncrun_now", session.pk)
    assert address in client.get(admin("syncrun_changelist")).text
    assert address in client.get(reverse("admin:cohorts_session_change", args=[session.pk])).text
    session.projects.add(RepositoryFactory().project)
    cohort = CohortFactory(session=session)
    for _number in range(2):
        ContributionFactory(membership=MembershipFactory(cohort=cohort))
    run_of(session, requests=3, points=5)
    page = client.get(address).text
    for words in (
        "what 2 members of",
        "in 1 repository",
        "2 open items",
        "About 3 requests",
        "up to 5 where",
        "3 requests and 5 points",
    ):
        assert words in page
    assert not SyncRun.objects.waiting_or_running().exists()
    for _ in range(2):
        response = client.post(address)
    run = SyncRun.objects.waiting_or_running().get()
    assert response.url == admin("syncrun_change", run.pk)
    assert (run.session, run.membership, run.project, run.trigger) == (session, None, None, "person")
    assert run.requested_by == session.roles.get().user
    assert "One is under way since" in client.get(address).text


def test_a_project_and_a_person_are_synced_alone(client, session):
    project = ProjectFactory()
    session.projects.add(project)
    member = MembershipFactory(cohort=CohortFactory(session=session))
    for_project, for_member = admin("syncrun_now_project", session.pk, project.pk), admin("syncrun_now_member", member.pk)
    assert for_project in client.get(reverse("admin:cohorts_project_change", args=[project.pk])).text
    assert for_member in client.get(reverse("admin:accounts_user_change", args=[member.user_id])).text
    freshness = client.get(admin("membersync_session", session.pk)).text
    assert for_project in freshness
    assert for_member in freshness
    client.post(for_project)
    client.post(for_member)
    runs = SyncRun.objects.order_by("pk").values_list("project", "membership", "trigger")
    assert list(runs) == [(project.pk, None, "person"), (None, member.pk, "person")]
    assert client.post(admin("syncrun_now_project", session.pk, ProjectFactory().pk)).status_code == 404


def test_a_session_of_others_is_not_synced(client, session):
    other = SessionFactory()
    project, member = ProjectFactory(), MembershipFactory(cohort=CohortFactory(session=other))
    other.projects.add(project)
    for address in (
        admin("syncrun_now", other.pk),
        admin("syncrun_now_project", other.pk, project.pk),
        admin("syncrun_now_member", member.pk),
    ):
        assert client.post(address).status_code == 404
        assert client.get(address).status_code == 404
    assert not SyncRun.objects.exists()
    assert "Sync now" not in client.get(reverse("admin:cohorts_project_change", args=[project.pk])).text


def test_reviewers_have_no_syncs(client, session):
    reviewer = SessionRoleFactory(session=session, role="reviewer").user
    client.force_login(reviewer)
    assert client.get(admin("syncrun_changelist")).status_code == 403
    assert client.post(admin("syncrun_now", session.pk)).status_code == 404


def test_a_run_shows_its_figures_and_its_problems_in_words(client, session):
    errors = [
        {"code": "unknown_login", "where": "identify", "about": "<b>gohst</b>", "message": "No account has this login."},
        {"code": "secondary_limit", "where": "refresh", "about": "", "message": "GitHub asked us to slow down."},
    ]
    run = run_of(session, state="partial", requests=3, points=5, created=7, errors=errors, retry_at=timezone.now())
    page = client.get(admin("syncrun_change", run.pk)).text
    for expected in (
        "3 requests, 5 points",
        "7 new",
        "No account has this login.",
        "&lt;b&gt;gohst&lt;/b&gt;",
        "is tried again from",
    ):
        assert expected in page
    rows = client.get(admin("syncrun_changelist")).text
    assert "GitHub asked us to slow down" in rows
    assert "and 1 more" in rows


def test_runs_are_found_by_what_they_were_of(client, session):
    member = MembershipFactory(cohort=CohortFactory(session=session))
    project = ProjectFactory()
    whole, of_member, of_project = run_of(session), run_of(session, membership=member), run_of(session, project=project)
    stopped = run_of(session, state="failed", retry_at=timezone.now())

    def found(query):
        return list(client.get(f"{admin('syncrun_changelist')}?{query}").context["cl"].result_list)

    assert found("of=member") == [of_member]
    assert found("of=project") == [of_project]
    assert found("stopped=yes") == [stopped]
    assert found("of=all&stopped=no") == [whole]
    assert found(f"session={session.pk}&of=member") == [of_member]
    assert found(f"session={SessionFactory().pk}") == []
    for nothing in ("x", "9" * 20, "9" * 5000):
        assert found(f"session={nothing}&of=member") == [of_member]
    session.projects.add(project)
    assert found(f"project={project.pk}") == [of_project]
    assert found(f"q={member.user.name.replace(' ', '+')}") == [of_member]


def test_last_success_and_last_failure_of_everything_stand_on_one_page(client, session):
    now = timezone.now()
    project = RepositoryFactory(problem="GitHub knows no repository of this name.").project
    session.projects.add(project)
    run_of(session, finished_at=now - datetime.timedelta(hours=3))
    run_of(session, state="failed", retry_at=now, errors=[{"code": "timeout", "about": "", "message": "Too slow."}])
    cohort = CohortFactory(session=session)
    ill, mended, new = (MembershipFactory(cohort=cohort) for _ in range(3))
    MemberSync.objects.create(
        membership=ill, problem_code="unknown_login", problem="No account.", failed_at=now, failure="No account."
    )
    MemberSync.objects.create(
        membership=mended, synced_at=now, failed_at=now - datetime.timedelta(days=2), failure="We were asked to wait."
    )
    page = client.get(admin("membersync_session", session.pk))
    overview = page.context["overview"]
    assert overview.session.problem == "GitHub did not answer in time"
    assert (overview.session.synced_at, overview.session.failure) == (
        now - datetime.timedelta(hours=3),
        "GitHub did not answer in time",
    )
    assert "knows no repository" in overview.projects[0].problem
    lines = {line.subject: line for line in overview.members}
    assert (lines[ill].failure, lines[ill].problem) == ("No account.", "GitHub does not know this login")
    assert (lines[mended].is_mended, lines[mended].failure) == (True, "We were asked to wait.")
    assert (lines[new].synced_at, lines[new].failed_at) == (None, None)
    assert "1 of 3 members" in page.text


def test_problems_of_members_can_be_found(client, session):
    cohort = CohortFactory(session=session)
    well, ill = MembershipFactory(cohort=cohort), MembershipFactory(cohort=cohort)
    MemberSync.objects.create(membership=well, synced_at=timezone.now())
    MemberSync.objects.create(membership=ill, problem="No account has this login.")
    response = client.get(admin("membersync_changelist") + "?problem__isempty=0")
    assert [row.membership for row in response.context["cl"].result_list] == [ill]


def test_budgets_are_the_operators_and_are_drawn(client, session, operator):
    now = timezone.now()
    budget = ApiBudget.objects.create(
        key="abcdef0123456789", seen_at=now, remaining=900, reset_at=now + datetime.timedelta(minutes=9)
    )
    address = admin("apibudget_change", budget.pk)
    assert "the token was not used" in client.get(address).text
    for minutes, remaining in ((90, 5000), (60, 1500), (30, 900)):
        at = now - datetime.timedelta(minutes=minutes)
        BudgetSample.objects.create(budget=budget, at=at, limit=5000, remaining=remaining)
    blocked = [{"code": "secondary_limit", "about": "", "message": "Slow down."}]
    run_of(session, budget=budget, state="failed", errors=blocked, finished_at=now - datetime.timedelta(minutes=50), retry_at=now)
    page = client.get(f"{address}?hours=168")
    assert page.context["picture"].line
    assert len(page.context["picture"].blocked) == 1
    for words in ("The same as a table", "750", "7 days", "aria-label"):
        assert words in page.text
    assert "style=" not in page.text.split('<figure class="budget">')[1].split("</figure>")[0]
    for odd in ("99999999999999999999", "01689999999999999999", "９"):
        assert client.get(f"{address}?hours={odd}").context["spans"][0][2]
    assert "budget-small" in client.get(admin("apibudget_changelist")).text
    client.force_login(session.roles.get().user)
    assert client.get(address).status_code in (403, 404)
    assert "abcdef" not in client.get(admin("syncrun_changelist")).text


def test_items_are_fetched_again_by_an_action(client, session, tasks):
    member = MembershipFactory(cohort=CohortFactory(session=session))
    pull = WorkItemFactory()
    ticket = WorkItemFactory(kind="ticket", tracker="trac", url="https://code.example.org/ticket/1")
    talk = WorkItemFactory(kind="other", other_kind="talk", url="", state="closed", database_id=None)
    elsewhere = WorkItemFactory()
    another = WorkItemFactory(kind="ticket", tracker="trac", url="https://code.example.org/ticket/2")
    contributions = [ContributionFactory(membership=member, work_item=item) for item in (pull, ticket, another, talk)]
    picked = {"action": "fetch_again", "_selected_action": [pull.pk, ticket.pk, another.pk, talk.pk, elsewhere.pk]}
    page = client.post(admin("workitem_changelist"), picked, follow=True).text
    assert "3 items are fetched again" in page
    assert "1 is other work" in page
    tasks.assert_enqueued(refresh_items, [pull.pk], times=1)
    tasks.assert_enqueued(fetch_from_tracker, ticket.pk, times=1)
    first, second = (
        TaskRun.objects.filter(task_path=fetch_from_tracker.module_path).order_by("pk").values_list("run_after", flat=True)
    )
    assert second - first == APART_FOR_PEOPLE, "a tracker gets no burst"
    address = admin("contribution_changelist")
    client.post(address, {"action": "fetch_again", "_selected_action": [contributions[0].pk]})
    tasks.assert_enqueued(refresh_items, [pull.pk], times=2)


def test_what_a_member_hid_stays_hidden_in_the_admin(client, session):
    member = MembershipFactory(cohort=CohortFactory(session=session))
    hidden = ContributionFactory(membership=member, hidden=True, work_item__title="Not mine at all")
    review = ReviewGiven.objects.create(contribution=hidden, database_id=1, submitted_at=timezone.now())
    for name, row in (("contribution", hidden), ("workitem", hidden.work_item), ("reviewgiven", review)):
        assert "Not mine at all" not in client.get(admin(f"{name}_changelist")).text
        assert client.get(admin(f"{name}_change", row.pk)).status_code == 404
    hidden.hidden = False
    hidden.save()
    page = client.get(admin("workitem_change", hidden.work_item_id)).text
    assert admin("contribution_change", hidden.pk) in page
    for name in ("contribution", "workitem", "reviewgiven"):
        assert "Not mine at all" in client.get(admin(f"{name}_changelist")).text


@pytest.mark.parametrize("name", ["workitem", "contribution", "reviewgiven", "syncrun", "membersync", "apibudget", "freshness"])
def test_a_list_of_many_rows_takes_as_many_queries_as_one_of_one(client, session, operator, name, django_assert_num_queries):
    def grow():
        member = MembershipFactory(cohort=CohortFactory(session=session))
        contribution = ContributionFactory(membership=member, work_item__tracked_repository=RepositoryFactory())
        ReviewGiven.objects.create(contribution=contribution, database_id=1, submitted_at=timezone.now())
        MemberSync.objects.create(membership=member, synced_at=timezone.now())
        budget = ApiBudget.objects.create(key=f"key{member.pk}", seen_at=timezone.now())
        BudgetSample.objects.create(budget=budget, at=timezone.now(), limit=5000, remaining=1)
        project = RepositoryFactory().project
        session.projects.add(project)
        run_of(session, membership=member, budget=budget)
        run_of(session, project=project, retry_at=timezone.now())

    grow()
    address = admin("membersync_session", session.pk) if name == "freshness" else admin(f"{name}_changelist")
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for _number in range(4):
        grow()
    with django_assert_num_queries(len(few)):
        client.get(address)
