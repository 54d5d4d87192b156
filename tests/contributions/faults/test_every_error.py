"""Every error that GitHub documents, at every step of a sync: afterwards the rows equal GitHub, as if nothing had been."""

import pytest

from contributions.models import MemberSync, WorkItem
from contributions.sandbox.faults import Fault

#: Every kind of request that a sync sends.
STEPS = (
    "Identify", "Discover", "MorePullRequests", "MoreIssues", "Reviews", "Ci", "REST", "Pasted", "RefreshPR", "RefreshIssue",
)  # fmt: skip


def test_the_steps_named_here_are_all_there_are(busy):
    busy.happen()
    before = len(busy.follower.sandbox.log)
    run = busy.follower.sync()
    assert (run.state, run.errors) == ("done", [])
    assert set(busy.follower.asked(before)) == set(STEPS)
    busy.assert_told_right()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", Fault)
def test_an_error_at_a_step_costs_nothing_but_time(busy, step, fault):
    busy.happen()
    rows = set(WorkItem.objects.values_list("pk", flat=True))
    busy.follower.sandbox.faults.always(fault, operation=step)
    run = busy.follower.sync()
    assert run.state in ("partial", "failed")
    assert all(error["message"] for error in run.errors)
    assert run.errors
    # Nothing that was stored is lost, and whoever could not be asked about is said to be as old as before.
    assert rows <= set(WorkItem.objects.values_list("pk", flat=True))
    busy.follower.sandbox.faults.clear()
    busy.follower.later(hours=7)
    run = busy.follower.sync()
    assert (run.state, run.errors) == ("done", [])
    assert not MemberSync.objects.exclude(problem_code="").exists()
    busy.assert_told_right()
