"""Worlds for benchmarks: the promised sizes, the same each time, and quick to ask."""

import time

from contributions.github import documents
from contributions.github.client import GitHubClient
from contributions.sandbox import sandbox_transport, scale_world

from .conftest import NOW


def shape(world):
    return [(item.id, item.state, item.updated_at) for item in world.items()]


def test_it_has_the_promised_size():
    items = list(scale_world(32, 5, 4, 1, now=NOW).items())
    assert len(items) == 160
    assert sum(item.typename == "PullRequest" for item in items) == 128
    assert 60 <= sum(item.state == "OPEN" for item in items) <= 100
    assert all(NOW > item.updated_at >= item.created_at for item in items)


def test_the_same_seed_gives_the_same_world():
    assert shape(scale_world(8, 2, now=NOW)) == shape(scale_world(8, 2, now=NOW))
    assert shape(scale_world(8, 2, now=NOW)) != shape(scale_world(8, 2, now=NOW, seed=1))


def test_items_elsewhere_come_on_top():
    world = scale_world(4, 2, 2, 1, now=NOW, elsewhere=3)
    assert len(list(world.items())) == 4 * 6
    assert len(world.repository("m0001/notes").items) == 3


def test_large_questions_take_far_less_than_a_second():
    world = scale_world(100, 20, 4, 1, now=NOW)
    members = [world.account(f"m{index:04}").id for index in range(1, 101)]
    with GitHubClient(
        api_url="https://api.github.com", token="t", user_agent="tests", transport=sandbox_transport(world)
    ) as client:
        began = time.process_time()
        answer = client.query(documents.DISCOVER, {"ids": members, "since": "2026-01-01T00:00:00Z", "n": 50})
        found = [node["id"] for user in answer.data["nodes"] for node in user["pullRequests"]["nodes"]]
        client.query(documents.REFRESH_PULL_REQUESTS, {"ids": found[:50]})
        spent = time.process_time() - began
    assert len(found) == 400
    assert spent < 1
