"""GitHub does not stand still while it is asked: clocks differ, answers come late, repositories vanish in the middle."""

import datetime

import pytest

from contributions.models import Contribution, SyncRun, WorkItem
from contributions.sync.items import refetch

from .busy import differences


@pytest.mark.parametrize("minutes", [-10, 10])
def test_clocks_that_differ(busy, minutes):
    """Ours runs so many minutes ahead of GitHub's, or behind."""
    busy.happen()
    follower = busy.follower
    follower.traveller.move_to(follower.world.now + datetime.timedelta(minutes=minutes))
    ours = datetime.datetime.now(datetime.UTC)
    follower.sandbox.faults.next(1, "rate_limited", operation="RefreshPR")
    run = follower.sync()
    assert run.state == "partial"
    assert datetime.timedelta(0) < run.retry_at - ours <= datetime.timedelta(hours=1, seconds=2)
    follower.world.move_on(hours=1, minutes=1)
    follower.traveller.move_to(follower.world.now + datetime.timedelta(minutes=minutes))
    run = follower.sync()
    assert (run.state, run.errors) == ("done", [])
    # What changes from now on is seen, though GitHub's time for it lies before our last look.
    follower.world.edit(busy.unclear, title="Clearest")
    follower.sync()
    assert WorkItem.objects.filter(title="Clearest").exists()
    assert differences(busy.stored(), busy.fetched_anew()) == []


def test_an_answer_that_comes_after_a_later_one_changes_nothing(busy, monkeypatch, settings):
    """A slow worker asked before the change, and stores after a quick one that asked later, with another token."""
    settings.GITHUB_TOKENS = ["of the slow one", "of the quick one"]
    follower = busy.follower
    pull = busy.pulls[0]
    row = follower.stored(pull)
    asked = follower.sandbox.handle

    def slow(request):
        reply = asked(request)
        monkeypatch.setattr(follower.sandbox, "handle", asked)
        follower.later(minutes=1)
        follower.world.edit(pull, title="Newer")
        follower.world.merge(pull, follower.maintainer)
        refetch([row.pk])
        return reply

    monkeypatch.setattr(follower.sandbox, "handle", slow)
    refetch([row.pk])
    row.refresh_from_db()
    assert (row.title, row.state) == ("Newer", "merged")


@pytest.mark.parametrize("request_number", range(1, 13))
def test_a_repository_that_vanishes_in_the_middle(busy, monkeypatch, request_number):
    """And comes back the next day: nothing of it is lost meanwhile, and everything else goes on."""
    busy.happen()
    follower = busy.follower
    repository, count, asked = follower.project, 0, follower.sandbox.handle
    owned = set(Contribution.objects.values_list("membership_id", "work_item_id"))

    def vanishing(request):
        nonlocal count
        count += 1
        if count == request_number:
            follower.world.make_private(repository)
        return asked(request)

    monkeypatch.setattr(follower.sandbox, "handle", vanishing)
    follower.sync()
    follower.later(hours=1)
    run = follower.sync()
    assert run.state in ("done", "partial")
    rows = set(Contribution.objects.values_list("membership_id", "work_item_id"))
    assert len(rows) >= len(owned)
    here = WorkItem.objects.filter(repository="org/project").exclude(state__in=["merged", "closed"])
    assert set(here.values_list("state", "gone")) <= {("gone", "not_visible"), ("gone", "deleted")}
    follower.world.make_public(repository)
    follower.later(days=1)
    follower.sync(full=True)
    assert SyncRun.objects.latest("pk").state == "done"
    assert differences(busy.stored(), busy.fetched_anew()) == []
