"""Asking for a sync: who may, one at a time, lost ones, and which sessions are due."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from contributions.models import SyncRun
from contributions.sync import request_sync
from contributions.sync.due import interval_of, next_sync_at, queue_due_syncs
from contributions.sync.run import run_sync
from contributions.tasks import sync_due_sessions, sync_session_task
from tests.factories import CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory, UserFactory

from .conftest import NOW

PERSON = SyncRun.Trigger.PERSON


def test_it_is_queued_with_what_asks_for_it_and_with_its_id_alone(follower, tasks):
    with transaction.atomic():
        request_sync(follower.session, trigger=PERSON)
        transaction.set_rollback(True)
    tasks.assert_nothing_enqueued()
    run = request_sync(follower.session, trigger=PERSON)
    tasks.assert_enqueued(sync_session_task, run.pk, times=1)
    assert (run.state, run.queued_at) == ("queued", NOW)
    tasks.run()
    run.refresh_from_db()
    assert run.state == "done"
    # Done once: a task that comes twice changes nothing.
    asked = follower.sandbox.requests
    sync_session_task.func(run.pk)
    sync_session_task.func(run.pk + 1000)
    assert follower.sandbox.requests == asked


def test_a_task_that_comes_again_because_its_worker_was_lost_carries_on(follower, tasks):
    follower.pull(follower.member("ada"))
    run = SyncRun.objects.create(session=follower.session, state="running", started_at=NOW, progress_at=NOW)
    follower.later(seconds=15)
    sync_session_task.enqueue(run.pk)
    assert [run.state for run in tasks.run()] == ["postponed"]
    tasks.assert_enqueued(sync_session_task, run.pk, run_after=NOW + datetime.timedelta(seconds=61))
    assert follower.sandbox.requests == 0
    follower.later(seconds=46)
    assert [run.state for run in tasks.run()] == ["succeeded"]
    run.refresh_from_db()
    assert (run.state, run.created) == ("done", 1)


def test_who_knows_that_its_worker_was_lost_carries_on_at_once(follower):
    follower.pull(follower.member("ada"))
    run = SyncRun.objects.create(session=follower.session, state="running", started_at=NOW, progress_at=NOW)
    follower.later(seconds=15)
    assert run_sync(run, worker_was_lost=True).state == "done"


def test_asking_again_leads_to_the_same_run(follower, tasks):
    ada = follower.member("ada")
    run = request_sync(follower.session, trigger=PERSON)
    assert request_sync(follower.session, trigger=PERSON) == run
    # A sync of everybody is one of this member as well.
    assert request_sync(follower.session, membership=ada, trigger=PERSON) == run
    assert [waiting.args for waiting in tasks.enqueued(sync_session_task)] == [[run.pk]]
    SyncRun.objects.update(state="done")
    alone = request_sync(follower.session, membership=ada, trigger=PERSON)
    assert request_sync(follower.session, membership=ada, trigger=PERSON) == alone
    assert request_sync(follower.session, trigger=PERSON) not in (run, alone)


def test_one_that_waits_can_still_become_a_full_one(follower):
    run = request_sync(follower.session, trigger=PERSON, queue=False)
    request_sync(follower.session, trigger=PERSON, full=True)
    run.refresh_from_db()
    assert run.full


@pytest.mark.parametrize("state", ["queued", "running"])
def test_one_without_a_sign_of_life_is_lost_and_a_new_one_made(follower, state):
    run = request_sync(follower.session, trigger=PERSON, queue=False)
    if state == "running":
        SyncRun.objects.update(state="running", progress_at=NOW)
    follower.later(minutes=14)
    assert request_sync(follower.session, trigger=PERSON, queue=False) == run
    follower.later(minutes=2)
    again = request_sync(follower.session, trigger=PERSON, queue=False)
    run.refresh_from_db()
    assert again != run
    assert (run.state, run.errors[-1]["code"], run.finished_at) == ("failed", "lost", follower.world.now)


def test_who_may_ask(follower):
    ada, organiser, stranger = follower.member("ada"), UserFactory(), UserFactory()
    SessionRoleFactory(session=follower.session, user=organiser)
    navigator = MembershipFactory(cohort=follower.cohort, role="navigator").user
    for user in (organiser, navigator):
        assert request_sync(follower.session, trigger=PERSON, by=user)
    for user in (ada.user, stranger):
        with pytest.raises(PermissionDenied):
            request_sync(follower.session, trigger=PERSON, by=user)
    assert request_sync(follower.session, membership=ada, trigger=PERSON, by=ada.user)
    with pytest.raises(PermissionDenied):
        request_sync(follower.session, membership=ada, trigger=PERSON, by=stranger)
    with pytest.raises(ValueError, match="another session"):
        request_sync(SessionFactory(), membership=ada, trigger=PERSON, by=ada.user)


@pytest.mark.parametrize(
    ("starts_in_days", "hours"), [(-24, 1), (-45, 24), (-42 - 83, 24), (-42 - 85, None), (10, 24), (20, None)]
)
def test_how_often(db, traveller, starts_in_days, hours):
    session = SessionFactory(starts_on=NOW.date() + datetime.timedelta(days=starts_in_days))
    assert interval_of(session) == (hours and datetime.timedelta(hours=hours))


def test_whoever_goes_on_longer_is_followed_for_twelve_weeks_after_that(db, traveller):
    session = SessionFactory(starts_on=NOW.date() - datetime.timedelta(days=42 + 85))
    extended = MembershipFactory(cohort=CohortFactory(session=session))
    for days, expected in ((2, datetime.timedelta(days=1)), (0, None)):
        extended.extended_until = session.last_day + datetime.timedelta(days=days)
        extended.save()
        assert interval_of(session) == expected


@pytest.mark.parametrize("state", [{"archived_at": NOW}, {"published_at": None}, {"announced_at": None}])
def test_only_published_sessions_are_synced_by_themselves(db, traveller, state):
    session = SessionFactory(**state)
    assert interval_of(session) is None
    assert next_sync_at(session) is None
    assert queue_due_syncs() == []


def test_due_sessions_are_queued_once_an_hour(follower):
    SessionFactory(draft=True)
    (run,) = queue_due_syncs()
    assert (run.session, run.trigger) == (follower.session, "schedule")
    assert queue_due_syncs() == []
    sync_session_task.func(run.pk)
    assert queue_due_syncs() == []
    follower.later(minutes=59)
    assert queue_due_syncs() == []
    follower.later(minutes=1)
    sync_due_sessions.func()
    assert SyncRun.objects.count() == 2


def test_after_a_limit_the_next_one_comes_when_github_lets_us(follower):
    follower.member("ada")
    follower.sandbox.faults.next(1, "secondary_403")
    run = follower.sync()
    assert next_sync_at(follower.session) == run.retry_at
    assert queue_due_syncs() == []
    follower.later(seconds=30)
    assert len(queue_due_syncs()) == 1


def test_a_lost_run_does_not_stop_the_schedule(follower):
    (run,) = queue_due_syncs()
    follower.later(minutes=16)
    (again,) = queue_due_syncs()
    assert again != run
