"""How often sessions are synced, what covers what, and what is asked for together."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied

from cohorts.models import Session, Tracker
from contributions import following
from contributions.models import Contribution, MemberSync, SessionSync, SyncRun, WorkItem
from contributions.sync import looked, request_sync, run_sync
from contributions.sync.due import full_refresh_every, next_sync_at, queue_due_syncs
from tests.factories import (
    CohortFactory,
    MembershipFactory,
    ProjectFactory,
    RepositoryFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

from .conftest import NOW

PERSON = SyncRun.Trigger.PERSON


# How often


def test_while_somebody_looks_a_running_session_is_synced_every_quarter_of_an_hour(follower):
    follower.sync()
    for minutes, due in ((14, 0), (1, 1), (14, 0), (2, 1)):
        follower.later(minutes=minutes)
        looked(follower.session)
        runs = queue_due_syncs()
        assert len(runs) == due
        for run in runs:
            run_sync(run)
    # Nobody looks any more.
    follower.later(minutes=16)
    assert queue_due_syncs() == []
    follower.later(minutes=44)
    assert len(queue_due_syncs()) == 1


def test_looking_is_noted_every_five_minutes_however_many_look(follower, django_assert_num_queries):
    with django_assert_num_queries(3):
        looked(follower.session)
    for _person in range(3):
        with django_assert_num_queries(1):
            looked(follower.session)
    assert follower.session.following.looked_at == NOW
    follower.later(minutes=5)
    with django_assert_num_queries(2):
        looked(follower.session)
    assert SessionSync.objects.get().looked_at == follower.world.now


@pytest.mark.parametrize("starts_in_days", [-45, 5])
def test_looking_at_a_session_that_does_not_run_changes_nothing(db, traveller, starts_in_days, django_assert_num_queries):
    session = SessionFactory(starts_on=NOW.date() + datetime.timedelta(days=starts_in_days))
    with django_assert_num_queries(0):
        looked(session)


def test_looking_does_not_ask_again_before_github_lets_us(follower):
    follower.member("ada")
    follower.sandbox.faults.next(1, "rate_limited")
    run = follower.sync()
    follower.later(minutes=20)
    looked(follower.session)
    assert (next_sync_at(follower.session), queue_due_syncs()) == (run.retry_at, [])


def test_a_finished_session_is_followed_every_day_for_twelve_weeks(follower):
    follower.sync()
    follower.session.starts_on = NOW.date() - datetime.timedelta(days=42 + 80)
    follower.session.save()
    assert queue_due_syncs() == []
    follower.later(days=1)
    (run,) = queue_due_syncs()
    run_sync(run)
    follower.later(days=10)
    assert queue_due_syncs() == []


def test_full_refreshes_are_spread_over_the_sessions():
    spans = [full_refresh_every(Session(pk=pk)) for pk in range(1, 41)]
    assert all(datetime.timedelta(hours=6) <= span <= datetime.timedelta(hours=12) for span in spans)
    hours = [int(span.total_seconds() // 3600) for span in spans]
    assert all(5 <= hours.count(hour) <= 8 for hour in range(6, 12))


def test_what_another_session_fetched_lately_is_not_fetched_again_in_full(follower):
    ada = follower.member("ada")
    pull = follower.pull(ada)
    first = follower.session
    follower.sync()
    other = SessionFactory()
    other.projects.add(follower.site_project)
    MembershipFactory(cohort=CohortFactory(session=other), user=ada.user)
    follower.later(hours=13)
    follower.session = other
    assert follower.sync().unchanged == 1
    assert follower.stored(pull).fetched_at == NOW
    asked = follower.sandbox.requests
    # Due in both: the first that comes does it for the other.
    follower.later(hours=13)
    follower.sync()
    follower.session = first
    follower.later(minutes=5)
    follower.sync()
    assert follower.asked(asked).count("RefreshPR") == 1


# One project


@pytest.fixture
def docs(follower):
    """A second project of the session, with a repository of its own."""
    follower.docs = follower.world.add_repository("org/docs", collaborators=[follower.maintainer])
    project = ProjectFactory()
    follower.session.projects.add(project)
    RepositoryFactory(project=project, full_name="org/docs")
    return project


def test_a_run_of_one_project_is_about_its_repositories_alone(follower, docs):
    ada = follower.member("ada")
    ours = follower.pull(ada, "Of the project")
    theirs = follower.pull(ada, "Of the docs", repository=follower.docs)
    run = follower.sync(project=docs)
    assert (run.project, run.created, follower.titles(ada)) == (docs, 1, ["Of the docs"])
    assert not MemberSync.objects.exists()
    assert not SessionSync.objects.exclude(full_at=None, reviews_at=None).exists()
    follower.sync()
    follower.later(hours=1)
    follower.world.set_ci(ours, "FAILURE")
    follower.world.set_ci(theirs, "FAILURE")
    run = follower.sync(project=docs)
    assert (run.updated, follower.stored(ours).ci, follower.stored(theirs).ci) == (1, "", "failure")


def test_a_session_that_waits_covers_a_project_and_a_member(follower, docs, tasks):
    ada = follower.member("ada")
    alone = request_sync(follower.session, project=docs, trigger=PERSON)
    assert request_sync(follower.session, project=docs, trigger=PERSON) == alone
    assert request_sync(follower.session, project=follower.site_project, trigger=PERSON) != alone
    own = request_sync(follower.session, membership=ada, trigger=PERSON)
    whole = request_sync(follower.session, trigger=PERSON)
    assert whole not in (alone, own)
    assert request_sync(follower.session, project=docs, trigger=PERSON) == whole
    # What was asked for before the session's sync began needs not be done after it.
    follower.later(seconds=2)
    run_sync(whole)
    for run in (alone, own):
        run_sync(run)
        assert (run.state, run.requests, run.finished_at) == ("done", 0, follower.world.now)
    follower.later(seconds=2)
    assert run_sync(request_sync(follower.session, project=docs, trigger=PERSON)).requests > 0


def test_a_full_one_is_not_covered_by_one_that_is_not(follower, docs):
    follower.member("ada")
    alone = request_sync(follower.session, project=docs, trigger=PERSON, full=True)
    follower.later(seconds=2)
    run_sync(SyncRun.objects.create(session=follower.session))
    assert run_sync(alone).requests > 0


def test_who_may_ask_for_a_project(follower, docs):
    ada, stranger, operator = follower.member("ada"), UserFactory(), UserFactory(is_superuser=True)
    organiser, navigator = UserFactory(), MembershipFactory(cohort=follower.cohort, role="navigator").user
    SessionRoleFactory(session=follower.session, user=organiser)
    for user in (organiser, navigator, operator):
        assert request_sync(follower.session, project=docs, trigger=PERSON, by=user)
    for user in (ada.user, stranger):
        with pytest.raises(PermissionDenied):
            request_sync(follower.session, project=docs, trigger=PERSON, by=user)
    with pytest.raises(ValueError, match="another session"):
        request_sync(follower.session, project=ProjectFactory(), trigger=PERSON, by=operator)
    with pytest.raises(ValueError, match="not of both"):
        request_sync(follower.session, project=docs, membership=ada, trigger=PERSON, by=operator)


# Tickets


def test_who_presses_gets_the_tickets_as_well(follower, docs, monkeypatch):
    asked = []
    monkeypatch.setattr(following, "fetch_now", lambda memberships: asked.append({each.pk for each in memberships}))
    ada, ole = follower.member("ada"), follower.member("ole")
    request_sync(follower.session, trigger=SyncRun.Trigger.SCHEDULE)
    request_sync(follower.session, trigger=SyncRun.Trigger.COMMAND, queue=False)
    assert asked == []
    request_sync(follower.session, membership=ada, trigger=PERSON, by=ada.user)
    request_sync(follower.session, trigger=PERSON)
    assert asked == [{ada.pk}, {ada.pk, ole.pk}]
    # A project that keeps its tickets on GitHub has no tracker to ask.
    request_sync(follower.session, project=docs, trigger=PERSON)
    assert len(asked) == 2
    Tracker.objects.create(project=docs, url="https://code.djangoproject.com")
    request_sync(follower.session, project=docs, trigger=PERSON)
    assert asked[2:] == [{ada.pk, ole.pk}]


# Vanishing together


def test_a_repository_that_is_out_of_sight_is_asked_about_once(follower):
    ada = follower.member("ada")
    for number in range(12):
        follower.pull(ada, f"Change {number}")
    follower.sync()
    follower.later(hours=1)
    follower.world.make_private(follower.project)
    run = follower.sync()
    assert (run.gone, follower.asked().count("REST")) == (12, 2)
    assert set(WorkItem.objects.values_list("state", "gone")) == {("gone", "not_visible")}
    assert Contribution.objects.count() == 12


@pytest.mark.parametrize("part", [{}, {"membership": True}])
def test_who_presses_while_one_waits_by_itself_may_use_what_is_kept_for_people(follower, part):
    ada = follower.member("ada")
    waiting = request_sync(follower.session, trigger="schedule")
    part = {"membership": ada} if part else {}
    again = request_sync(follower.session, trigger="person", by=ada.user if part else None, **part)
    assert (again, again.trigger, again.requested_by) == (waiting, "person", ada.user if part else None)
    # What begins again by itself takes nothing away.
    assert request_sync(follower.session, trigger="schedule").trigger == "person"
    waiting.refresh_from_db()
    assert waiting.trigger == "person"
