"""Many items and a GitHub that fails now and then: in the end everything is there, and was written once."""

import random
from collections import Counter

import pytest

from contributions.models import Contribution, WorkItem
from contributions.sandbox import Sandbox, sandbox_transport, scale_world
from contributions.sandbox.faults import Fault
from contributions.sync import refresh, request_sync, run_sync
from tests.contributions.sync.conftest import NOW
from tests.factories import (
    CohortFactory,
    GitHubIdentityFactory,
    MembershipFactory,
    ProjectFactory,
    RepositoryFactory,
    SessionFactory,
)

MEMBERS = 40


@pytest.fixture
def session(traveller, db, settings):
    session = SessionFactory()
    project = ProjectFactory()
    session.projects.add(project)
    for number in range(1, 4):
        RepositoryFactory(project=project, full_name=f"org/project-{number:03}")
    cohort = CohortFactory(session=session, project=project)
    for number in range(1, MEMBERS + 1):
        GitHubIdentityFactory(user=MembershipFactory(cohort=cohort).user, login=f"m{number:04}")
    settings.GITHUB_CLIENT_GUARD = "contributions.github.guard.forbid_transactions"
    return session


@pytest.mark.parametrize("seed", range(3))
def test_random_failures_lose_nothing(session, traveller, settings, monkeypatch, seed):
    world = scale_world(MEMBERS, 3, now=NOW, days=20, seed=seed)
    sandbox = Sandbox(world)
    settings.GITHUB_TRANSPORT = sandbox_transport(sandbox)
    chance = random.Random(seed)
    # About every tenth request fails.
    for fault in Fault:
        sandbox.faults.sometimes(0.005, fault)
    writes: Counter = Counter()
    save = refresh.save_batch

    def counting(host, batch):
        outcome = save(host, batch)
        writes.update(outcome.created | outcome.updated)
        return outcome

    monkeypatch.setattr(refresh, "save_batch", counting)
    # Small batches: more requests, and more of them fail.
    monkeypatch.setattr("contributions.github.documents.IDS_PER_REFRESH", 5)
    for _day in range(40):
        run = run_sync(request_sync(session, trigger="command", queue=False))
        if run.state == "done":
            break
        traveller.move_to(world.move_on(minutes=chance.uniform(61, 120)))
    assert run.state == "done", run.errors
    assert WorkItem.objects.count() == Contribution.objects.count() == MEMBERS * 5
    assert writes.total() == len(writes) == MEMBERS * 5
    assert {(item.title, item.url, item.updated_at) for item in world.items()} == set(
        WorkItem.objects.values_list("title", "url", "updated_at")
    )
