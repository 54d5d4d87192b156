"""A worker that dies in the middle of a sync, wherever that is: whoever carries on ends where nobody had died."""

import itertools

import pytest

from contributions.models import SyncRun
from contributions.sync import refresh


class Killed(BaseException):
    """Like `SIGKILL`: nothing of ours may catch it."""


@pytest.fixture
def moments(busy, monkeypatch):
    """Count the moments of a sync: before and after each request, before and after each batch is stored.

    `moments.last` is the moment at which the worker dies, None for never.
    """
    counter = itertools.count()

    class Moments:
        last: int | None = None
        passed = 0

    def moment() -> None:
        Moments.passed = next(counter) + 1
        if Moments.passed - 1 == Moments.last:
            raise Killed

    def around(function):
        def watched(*arguments):
            moment()
            result = function(*arguments)
            moment()
            return result

        return watched

    busy.happen()
    monkeypatch.setattr(busy.follower.sandbox, "handle", around(busy.follower.sandbox.handle))
    monkeypatch.setattr(refresh, "save_batch", around(refresh.save_batch))
    return Moments


#: So many moments there are in this sync, more or less: a test says so when it has become more.
MOMENTS = 32


def test_all_moments_are_tried(busy, moments):
    assert busy.follower.sync().state == "done"
    assert 20 < moments.passed <= MOMENTS
    busy.assert_told_right()


@pytest.mark.parametrize("last", range(MOMENTS))
def test_a_worker_that_dies_there_costs_nothing(busy, moments, last):
    moments.last = last
    try:
        assert busy.follower.sync().state == "done"
    except Killed:
        run = SyncRun.objects.latest("pk")
        assert run.state == "running"
        busy.until_well(first=run)
    moments.last = None
    busy.assert_told_right()
