"""Several tokens: which one asks, one use at a time, what is kept for people, and what becomes of one that is refused or at its limit."""

import datetime
import logging

import pytest
from django.utils import timezone

from contributions.github import access
from contributions.github.access import client_for
from contributions.github.client import token_key
from contributions.github.errors import GitHubError, LeaseLost, RateLimited, TokenBusy, Unauthorized
from contributions.github.leases import LEASE, RENEW_EVERY, Lease
from contributions.models import ApiBudget, BudgetSample, SyncRun, WorkItem
from contributions.sync import request_sync, run_sync
from contributions.sync.items import refetch
from contributions.tasks import go_on_with_sync, refresh_items, sync_session_task

from .conftest import NOW

QUERY = "query { rateLimit { cost remaining limit resetAt } }"
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def two(follower, settings):
    """Two tokens. Of two that are as good the one with the lower key is taken first: that is `first`."""
    settings.GITHUB_TOKENS = sorted(["one", "two"], key=token_key)
    follower.first, follower.second = settings.GITHUB_TOKENS
    return follower


def budget(token):
    return ApiBudget.objects.get(key=token_key(token))


def use(**options):
    return client_for(**{"by_person": False, "holder": "test"} | options)


def ask(**options):
    """Ask once, and say with which token."""
    with use(**options) as client:
        client.query(QUERY)
        return client.token_key


# Which token
def test_the_one_with_most_points_asks(two):
    assert ask() == token_key(two.first)
    assert ask() == token_key(two.second)
    two.later(seconds=1)
    assert [ask() for _ in range(4)] == [token_key(each) for each in (two.first, two.second, two.first, two.second)]
    row = budget(two.first)
    assert (row.remaining, row.limit, row.leased_by, row.leased_until, row.succeeded_at) == (
        4997,
        5000,
        "",
        None,
        NOW + MINUTE / 60,
    )


def test_a_token_is_used_by_one_at_a_time(two):
    with use() as one, use() as other:
        assert {one.token_key, other.token_key} == {token_key(two.first), token_key(two.second)}
        assert budget(two.first).leased_by.startswith("test ")
        with pytest.raises(TokenBusy) as busy, use():
            pass
        assert NOW < busy.value.retry_at <= NOW + MINUTE
    assert ask() == token_key(two.first)


def test_without_a_token_it_says_what_to_set(follower, settings):
    settings.GITHUB_TOKENS = []
    with pytest.raises(GitHubError, match="GITHUB_TOKEN") as caught, use():
        pass
    assert caught.value.code == "no_token"


# Leases
def test_a_lease_is_renewed_while_it_works_and_taken_over_after_silence(two, settings):
    settings.GITHUB_TOKENS = [two.first]
    with use(holder="slow") as slow:
        for _ in range(6):
            two.later(seconds=RENEW_EVERY.total_seconds() + 1)
            slow.query(QUERY)
            with pytest.raises(TokenBusy), use():
                pass
        two.later(seconds=LEASE.total_seconds() + 1)
        with use(holder="quick") as quick:
            quick.query(QUERY)
            asked = two.sandbox.requests
            with pytest.raises(LeaseLost):
                slow.query(QUERY)
            assert two.sandbox.requests == asked
            assert budget(two.first).leased_by.startswith("quick ")
            remaining = quick.budget.remaining
    assert (budget(two.first).leased_by, budget(two.first).remaining) == ("", remaining)


def test_one_that_was_silent_and_missed_by_nobody_goes_on(two):
    with use() as client:
        two.later(seconds=LEASE.total_seconds() * 3)
        client.query(QUERY)
        assert budget(two.first).leased_by.startswith("test ")
    assert budget(two.first).leased_by == ""


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, RateLimited("", retry_at=NOW)])
def test_a_token_is_given_back_whatever_happens(two, settings, error):
    settings.GITHUB_TOKENS = [two.first]
    with pytest.raises(error if isinstance(error, type) else RateLimited), use():
        raise error
    assert budget(two.first).leased_until is None


def test_whoever_had_it_before_may_have_used_it_up(two, settings, monkeypatch):
    settings.GITHUB_TOKENS = [two.first]
    ask()
    take = Lease.take

    def late(row, holder):
        ApiBudget.objects.update(blocked_until=NOW + MINUTE)
        return take(row, holder)

    monkeypatch.setattr(Lease, "take", late)
    with pytest.raises(RateLimited) as caught, use():
        pass
    assert (caught.value.retry_at, budget(two.first).leased_until) == (NOW + MINUTE, None)


def test_of_two_that_want_the_last_free_one_one_goes_away(two, settings, monkeypatch):
    settings.GITHUB_TOKENS = [two.first]
    monkeypatch.setattr(Lease, "take", lambda row, holder: None)
    with pytest.raises(TokenBusy), use():
        pass


# Points
def test_what_runs_by_itself_leaves_fifteen_percent_for_people(two, settings):
    settings.GITHUB_TOKENS = [two.first]
    two.sandbox.leave_points(752, token=two.first)
    with use() as client:
        client.query(QUERY)
        client.query(QUERY)
        with pytest.raises(RateLimited) as caught:
            client.query(QUERY)
    # In the middle, with the first answer that shows it.
    assert (client.requests, caught.value.code, caught.value.retry_at) == (2, "kept_for_people", budget(two.first).reset_at)
    assert budget(two.first).blocked_until is None
    with pytest.raises(RateLimited) as caught, use():
        pass
    assert caught.value.code == "kept_for_people"
    two.sandbox.leave_points(20, token=two.first)
    with use(by_person=True) as client:
        for _ in range(20):
            client.query(QUERY)
        with pytest.raises(RateLimited):
            client.query(QUERY)
    with pytest.raises(RateLimited), use(by_person=True):
        pass
    two.later(hours=1, seconds=2)
    assert ask() == token_key(two.first)


def test_where_all_are_used_up_the_earliest_reset_is_said(two):
    ApiBudget.objects.bulk_create(
        ApiBudget(key=token_key(token), remaining=0, reset_at=NOW + minutes * MINUTE, seen_at=NOW)
        for token, minutes in ((two.first, 40), (two.second, 25))
    )
    with pytest.raises(RateLimited) as caught, use():
        pass
    assert caught.value.retry_at == NOW + 25 * MINUTE


def test_a_limit_on_one_token_lets_the_other_go_on(two):
    ada = two.member("ada")
    two.pull(ada)
    two.sandbox.faults.next(1, "secondary_403")
    run = two.sync()
    assert (run.state, run.errors, run.created) == ("done", [], 1)
    assert run.budget.key == token_key(two.second)
    assert budget(two.first).blocked_until == NOW + MINUTE / 2
    assert budget(two.first).failed_at is None
    # Not asked again before its time.
    assert ask() == ask() == token_key(two.second)
    two.later(minutes=1)
    assert ask() == token_key(two.first)


def test_limits_that_do_not_say_how_long_take_twice_as_long_from_run_to_run_until_one_succeeds(two, settings):
    settings.GITHUB_TOKENS = [two.first]
    two.pull(two.member("ada"))
    two.sandbox.faults.next(3, "secondary_403_silent")
    waits = []
    for _run in range(3):
        run = two.sync()
        waits.append((run.retry_at - timezone.now()).total_seconds())
        two.later(seconds=waits[-1] + 1)
    assert waits == [60, 120, 240]
    assert two.sync().state == "done"
    two.later(minutes=5)
    two.sandbox.faults.next(1, "secondary_403_silent")
    assert (two.sync().retry_at - timezone.now()).total_seconds() == 60


def test_where_one_after_the_other_is_at_its_limit_the_run_stops_with_the_earliest_time(two):
    two.pull(two.member("ada"))
    two.sandbox.faults.next(2, "secondary_403")
    run = two.sync()
    assert (run.errors[-1]["code"], run.retry_at) == ("secondary_limit", NOW + MINUTE / 2)


# Refused
def test_a_token_that_is_refused_is_told_once_and_the_other_goes_on_until_it_heals(two, caplog):
    two.pull(two.member("ada"))
    two.sandbox.tokens = {two.second}
    with caplog.at_level(logging.ERROR):
        run = two.sync()
        assert (run.state, run.errors, run.budget.key) == ("done", [], token_key(two.second))
        row = budget(two.first)
        assert (row.failed_at, row.failure, row.succeeded_at) == (NOW, "unauthorized: GitHub does not accept the token.", None)
        asked = two.sandbox.requests
        two.later(minutes=5)
        two.sync()
        assert all(entry.status == 200 for entry in two.sandbox.log[asked:])
        two.later(minutes=56)
        # Only where there is nothing better it is tried again.
        ApiBudget.objects.filter(key=token_key(two.second)).update(blocked_until=timezone.now() + 5 * MINUTE)
        with pytest.raises(RateLimited), use() as client:
            client.query(QUERY)
        assert budget(two.first).failed_at == two.world.now
    assert [record.message for record in caplog.records].count(
        f"GitHub refuses {token_key(two.first)}: GitHub does not accept the token."
    ) == 1
    two.sandbox.tokens = None
    ApiBudget.objects.filter(key=token_key(two.second)).update(blocked_until=two.world.now + 90 * MINUTE)
    two.later(minutes=61)
    assert ask() == token_key(two.first)
    assert access.is_refused(budget(two.first)) is False


def test_where_all_are_refused_it_stops_and_a_person_may_try_sooner(two):
    two.member("ada")
    two.sandbox.tokens = set()
    run = two.sync(trigger="schedule")
    assert (run.state, run.errors[-1]["code"], run.requests) == ("failed", "unauthorized", 2)
    with pytest.raises(Unauthorized) as caught, use():
        pass
    assert caught.value.retry_at == NOW + 60 * MINUTE
    two.sandbox.tokens = None
    two.later(minutes=2)
    assert two.sync(trigger="person").state == "done"


# Runs and tasks
def test_a_run_whose_turn_has_not_come_waits_and_does_not_fail(two, settings, tasks):
    settings.GITHUB_TOKENS = [two.first]
    two.pull(two.member("ada"))
    run = request_sync(two.session, trigger="schedule")
    with use(holder="sync of others"):
        tasks.run()
        run.refresh_from_db()
        assert (run.state, run.started_at, run.errors) == ("queued", None, [])
        assert NOW < run.retry_at <= NOW + MINUTE / 4
        assert tasks.enqueued(sync_session_task)
        two.later(seconds=16)
        tasks.run()
    two.later(seconds=16)
    tasks.run()
    run.refresh_from_db()
    assert (run.state, run.created, run.retry_at) == ("done", 1, None)


def test_at_a_limit_the_rest_goes_on_by_itself_at_the_reset(two, settings, tasks):
    settings.GITHUB_TOKENS = [two.first]
    for number in range(4):
        membership = two.member(f"m{number}")
        for pull in range(30):
            two.pull(membership, f"Change {pull}", days=1 + pull / 10)
    two.sandbox.points_an_hour = 8
    request_sync(two.session, trigger="person")
    tasks.run()
    run = SyncRun.objects.get()
    assert (run.state, run.errors[-1]["code"]) == ("partial", "rate_limited")
    assert run.retry_at > NOW
    (waiting,) = tasks.enqueued(go_on_with_sync)
    assert (waiting.task.run_after, waiting.args) == (run.retry_at, [run.pk])
    # Whoever presses meanwhile is told the same, and nothing waits twice.
    again = two.sync(trigger="person")
    assert (again.state, again.retry_at) == ("failed", run.retry_at)
    assert len(tasks.enqueued(go_on_with_sync)) == 1
    for _hour in range(3):
        two.later(hours=1, seconds=2)
        tasks.run()
    assert (SyncRun.objects.first().state, WorkItem.objects.count()) == ("done", 120)
    assert not tasks.enqueued(go_on_with_sync)


def test_what_went_through_meanwhile_is_not_done_again(two, tasks):
    two.sandbox.faults.next(2, "secondary_403")
    two.member("ada")
    run = two.sync()
    two.later(minutes=1)
    assert two.sync().state == "done"
    tasks.run()
    assert SyncRun.objects.count() == 2
    assert run.retry_at is not None


def test_fetching_a_few_items_waits_for_its_turn_and_may_use_what_is_kept_for_people(two, settings, tasks):
    settings.GITHUB_TOKENS = [two.first]
    pull = two.pull(two.member("ada"))
    two.sync()
    two.world.label(pull, "docs")
    two.sandbox.leave_points(20, token=two.first)
    ApiBudget.objects.update(remaining=20)
    item = two.stored(pull)
    with pytest.raises(RateLimited):
        refetch([item.pk])
    refresh_items.enqueue([item.pk])
    with use(by_person=True, holder="others"):
        tasks.run()
        assert tasks.enqueued(refresh_items)
    two.later(seconds=30)
    tasks.run()
    assert not tasks.enqueued(refresh_items)
    assert [label["name"] for label in two.stored(pull).labels] == ["docs"]


def test_a_worker_that_was_taken_for_lost_writes_nothing_over_the_one_that_carries_on(two, settings, monkeypatch):
    settings.GITHUB_TOKENS = [two.first]
    two.pull(two.member("ada"))
    run = request_sync(two.session, trigger="person", queue=False)
    from contributions.sync import run as run_module

    steps, second = run_module.STEPS, []

    def asleep(sync):
        """Until another worker has found the run silent, and done it."""
        if not second:
            two.later(minutes=2)
            second.append(SyncRun.objects.get(pk=run.pk))
            run_sync(second[0])

    monkeypatch.setattr(run_module, "STEPS", (steps[0], asleep, *steps[1:]))
    run_sync(run)
    assert (second[0].state, second[0].created) == ("done", 1)
    stored = SyncRun.objects.get(pk=run.pk)
    assert (stored.state, stored.created, stored.errors, stored.finished_at) == ("done", 1, [], second[0].finished_at)
    assert run.state == "done"
    assert budget(two.first).leased_until is None


def test_each_use_leaves_a_sample_and_the_run_says_whose_points_it_used(two):
    two.member("ada")
    first = two.sync()
    two.later(minutes=1)
    second = two.sync()
    assert {first.budget.key, second.budget.key} == {token_key(two.first), token_key(two.second)}
    assert set(BudgetSample.objects.values_list("budget__key", flat=True)) == {token_key(two.first), token_key(two.second)}
    sample = BudgetSample.objects.earliest("at")
    assert (sample.at, sample.limit, sample.remaining) == (
        NOW,
        5000,
        sample.budget.remaining if sample.budget == first.budget else 0,
    )


def test_the_rest_of_a_project_that_left_its_session_is_nobodys(two, tasks):
    two.pull(two.member("ada"))
    two.sandbox.faults.always("rate_limited")
    run = two.sync(project=two.site_project)
    assert (run.state, len(tasks.enqueued(go_on_with_sync))) == ("failed", 1)
    two.session.projects.remove(two.site_project)
    two.sandbox.faults.clear()
    two.later(hours=2)
    tasks.run()
    assert not tasks.enqueued(go_on_with_sync)
    assert list(SyncRun.objects.all()) == [run]
