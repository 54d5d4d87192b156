"""What happens when GitHub fails: what was fetched stays, what is stored stays visible, and the reason is kept."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contributions.models import ApiBudget, MemberSync, SyncRun, WorkItem
from contributions.sync import run as run_module
from contributions.sync.run import run_sync

from .conftest import NOW

STOPPING = {
    "401": "unauthorized",
    "403": "access_denied",
    "rate_limited": "rate_limited",
    "rate_limited_403": "rate_limited",
    "secondary_200": "secondary_limit",
    "secondary_403": "secondary_limit",
    "secondary_403_silent": "secondary_limit",
    "secondary_429": "secondary_limit",
    "500": "server_error",
    "503": "server_error",
    "refused": "unreachable",
    "html": "not_json",
    "truncated": "truncated",
    "malformed": "malformed",
}


@pytest.mark.parametrize("fault", STOPPING)
def test_a_failure_leaves_stored_data_with_its_age_and_the_reason(follower, fault):
    ada = follower.member("ada")
    follower.pull(ada)
    follower.sync()
    stored = list(WorkItem.objects.values())
    follower.later(hours=1)
    asked = follower.sandbox.requests
    follower.sandbox.faults.always(fault)
    run = follower.sync()
    assert (run.state, run.errors[-1]["code"], run.errors[-1]["where"]) == ("failed", STOPPING[fault], "discover")
    assert run.retry_at > follower.world.now
    assert follower.sandbox.requests == asked + 1
    assert list(WorkItem.objects.values()) == stored
    sync = MemberSync.objects.get(membership=ada)
    assert (sync.synced_at, sync.problem_code, sync.problem_since) == (NOW, STOPPING[fault], follower.world.now)
    # The reason is as old as its first appearance, and goes with the first success.
    first = follower.world.now
    follower.later(hours=2)
    follower.sync()
    sync.refresh_from_db()
    assert sync.problem_since == first
    follower.later(hours=2)
    follower.sandbox.faults.clear()
    assert follower.sync().state == "done"
    sync.refresh_from_db()
    assert (sync.synced_at, sync.problem_code, sync.problem_since) == (follower.world.now, "", None)


@pytest.mark.parametrize(
    ("fault", "wait"),
    [("secondary_403", 30), ("secondary_200", 30), ("secondary_403_silent", 60), ("refused", 600), ("401", 3600)],
)
def test_when_it_is_tried_again(follower, fault, wait):
    follower.pull(follower.member("ada"))
    follower.sandbox.faults.next(1, fault)
    assert follower.sync().retry_at == NOW + datetime.timedelta(seconds=wait)


def test_while_github_wants_to_be_left_alone_nothing_is_asked(follower):
    follower.pull(follower.member("ada"))
    follower.sandbox.faults.next(1, "secondary_403")
    follower.sync()
    budget = ApiBudget.objects.get()
    assert budget.blocked_until == NOW + datetime.timedelta(seconds=30)
    run = follower.sync()
    assert (run.state, run.requests, run.errors[-1]["code"], run.retry_at) == ("failed", 0, "rate_limited", budget.blocked_until)
    follower.later(seconds=31)
    assert follower.sync().state == "done"
    budget.refresh_from_db()
    assert (budget.limit, budget.remaining) == (5000, 4996)


def test_the_hourly_points_run_out_half_way_and_nothing_is_lost(follower):
    members = [follower.member(f"m{number}") for number in range(4)]
    for membership in members:
        for number in range(30):
            follower.pull(membership, f"Change {number}", days=1 + number / 10)
    follower.sandbox.points_an_hour = 6
    run = follower.sync()
    assert (run.state, run.errors[-1]["code"], run.errors[-1]["where"]) == ("partial", "rate_limited", "refresh")
    assert (run.created, WorkItem.objects.count()) == (50, 50)
    fresh = MemberSync.objects.exclude(synced_at=None).count()
    assert fresh == 1
    assert MemberSync.objects.filter(problem_code="rate_limited").count() == 3
    assert run.retry_at > follower.world.now
    # The first answered items are not asked for again; after two more hours all of them are there.
    for _hour in range(2):
        follower.later(hours=1, minutes=1)
        run = follower.sync()
    assert (run.state, WorkItem.objects.count()) == ("done", 120)
    assert {len(follower.titles(membership)) for membership in members} == {30}


def test_an_interrupted_run_is_carried_on_and_older_items_are_not_lost(follower, monkeypatch):
    ada = follower.member("ada")
    for number in range(60):
        follower.pull(ada, f"Change {number}", days=1 + number / 10)
    stored = []

    def crash(sync, pairs, store=run_module.refresh.__globals__["store_results"]):
        if stored:
            raise KeyboardInterrupt
        stored.append(store(sync, pairs))

    with monkeypatch.context() as patch:
        patch.setitem(run_module.refresh.__globals__, "store_results", crash)
        with pytest.raises(KeyboardInterrupt):
            follower.sync()
    run = SyncRun.objects.get()
    assert (run.state, WorkItem.objects.count()) == ("running", 50)
    assert run_sync(run).state == "running"
    follower.later(minutes=2)
    run_sync(run)
    assert (run.state, run.created, run.unchanged, WorkItem.objects.count()) == ("done", 10, 50, 60)


def test_too_heavy_above_so_many_ids_halves_and_remembers(follower):
    ada = follower.member("ada")
    for number in range(100):
        follower.pull(ada, f"Change {number}", days=1 + number / 10)
    follower.sandbox.faults.above(13, "502", operation="RefreshPR")
    run = follower.sync()
    assert (run.state, run.created, run.errors) == ("done", 100, [])
    sizes = [entry.ids for entry in follower.sandbox.log if entry.operation == "RefreshPR"]
    assert sizes == [50, 25, 12, 12, 12, 12, 12, 12, 12, 12, 4]


@pytest.mark.parametrize("fault", ["502", "504", "resource_limits", "something_went_wrong", "timeout"])
def test_every_way_to_be_too_heavy(follower, fault):
    for number in range(6):
        follower.pull(follower.member(f"m{number}"))
    follower.sandbox.faults.above(2, fault, operation="RefreshPR").above(2, fault, operation="Discover")
    run = follower.sync()
    assert (run.state, run.created) == ("done", 6)


def test_one_bad_item_keeps_its_problem_and_the_rest_goes_on(follower, monkeypatch):
    ada = follower.member("ada")
    pulls = [follower.pull(ada, f"Change {number}", days=1 + number / 10) for number in range(60)]
    bad = pulls[7]
    follower.sync()
    follower.later(hours=13)
    spoil(follower, monkeypatch, bad.id)
    run = follower.sync()
    assert (run.state, run.unchanged) == ("partial", 59)
    assert [error["about"] for error in run.errors] == [bad.url]
    item = follower.stored(bad)
    assert (item.title, item.problem, item.problem_at) == ("Change 7", "GitHub gave up on this request.", follower.world.now)
    assert WorkItem.objects.exclude(problem="").count() == 1
    sizes = [entry.ids for entry in follower.sandbox.log if entry.operation == "RefreshPR"]
    assert len(sizes) < 2 + 16
    monkeypatch.undo()
    follower.later(minutes=5)
    assert follower.sync().state == "done"
    assert follower.stored(bad).problem == ""


def spoil(follower, monkeypatch, node_id):
    """Let every request for this item fail as too heavy."""
    pick = follower.sandbox.handle

    def handle(request):
        if node_id.encode() in request.body and b"RefreshPR" in request.body:
            follower.sandbox.faults.next(1, "502")
        return pick(request)

    monkeypatch.setattr(follower.sandbox, "handle", handle)


def test_where_everything_is_too_heavy_github_has_a_problem_and_we_stop(follower):
    for number in range(8):
        follower.pull(follower.member(f"m{number}"))
    follower.sandbox.faults.always("502", operation="Discover")
    run = follower.sync()
    assert (run.state, run.errors[-1]["code"]) == ("failed", "too_heavy")
    assert follower.asked().count("Discover") < 8


def test_an_unreadable_item_does_not_stop_the_batch(follower, monkeypatch):
    ada = follower.member("ada")
    bad, good = follower.pull(ada, "Bad"), follower.pull(ada, "Good")
    read_item = run_module.refresh.__globals__["store_results"].__globals__["_read"].__globals__["read_item"]

    def read(node, **options):
        if node["title"] == "Bad":
            raise TypeError("unexpected")
        return read_item(node, **options)

    monkeypatch.setitem(run_module.refresh.__globals__, "read_item", read)
    run = follower.sync()
    assert (run.state, run.created, [error["about"] for error in run.errors]) == ("partial", 1, ["org/project#1"])
    assert follower.stored(good).title == "Good"
    monkeypatch.undo()
    assert follower.sync().created == 1
    assert follower.stored(bad).title == "Bad"


def test_an_error_of_our_own_marks_the_run_and_shows_with_the_task(follower, monkeypatch):
    follower.member("ada")

    def broken(sync):
        raise ZeroDivisionError

    monkeypatch.setattr(run_module, "STEPS", (broken,))
    with pytest.raises(ZeroDivisionError):
        follower.sync()
    run = SyncRun.objects.get()
    assert (run.state, run.errors[-1]["code"]) == ("failed", "internal")


def test_without_a_token_the_run_says_so(follower, settings):
    settings.GITHUB_TOKENS = []
    follower.member("ada")
    run = follower.sync()
    assert (run.state, run.errors[-1]["code"], run.requests) == ("failed", "no_token", 0)


def statements(follower, count, *, change):
    """Statements of the batches that store `count` items, new or changed."""
    ada = follower.member(f"m{count}{change}")
    pulls = [follower.pull(ada, f"Change {number}") for number in range(count)]
    if change:
        follower.sync(membership=ada)
        follower.later(hours=1)
        for pull in pulls:
            follower.world.label(pull, "docs")
    with CaptureQueriesContext(connection) as queries:
        run = follower.sync(membership=ada)
    assert (run.updated if change else run.created) == count
    return [query["sql"].split(" (")[0][:60] for query in queries]


@pytest.mark.parametrize("change", [False, True])
def test_the_number_of_statements_is_the_same_for_1_item_and_for_50(follower, change):
    follower.sync()
    one, fifty = statements(follower, 1, change=change), statements(follower, 50, change=change)
    assert len(one) == len(fifty)


def test_a_run_that_was_given_up_stops_without_a_word(follower, monkeypatch):
    follower.pull(follower.member("ada"))
    original = run_module.STEPS

    def given_up(sync):
        SyncRun.objects.update(state="failed")

    monkeypatch.setattr(run_module, "STEPS", (original[0], given_up, *original[1:]))
    run = follower.sync()
    assert (run.state, WorkItem.objects.count()) == ("failed", 0)
