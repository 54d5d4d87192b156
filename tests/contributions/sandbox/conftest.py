"""A small world with a client that talks to it."""

from datetime import UTC, datetime

import pytest
import time_machine

from contributions.github.client import GitHubClient
from contributions.sandbox import Sandbox, World, sandbox_transport

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def world():
    """A world at a fixed time: `member` works in `org/project`, where `maintainer` decides."""
    world = World(now=NOW)
    world.member = world.add_user("member", name="A Member", email="member@example.org")
    world.maintainer = world.add_user("maintainer")
    world.project = world.add_repository("org/project", collaborators=[world.maintainer])
    return world


@pytest.fixture
def sandbox(world):
    return Sandbox(world)


@pytest.fixture
def client(sandbox):
    with (
        time_machine.travel(NOW, tick=False),
        GitHubClient(
            api_url="https://api.github.com", token="t", user_agent="tests", transport=sandbox_transport(sandbox)
        ) as client,
    ):
        yield client
