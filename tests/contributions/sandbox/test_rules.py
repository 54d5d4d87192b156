"""GitHub's rules and failures, as the client meets them."""

from datetime import timedelta

import pytest
import time_machine

from contributions.github import documents
from contributions.github.client import GitHubClient
from contributions.github.errors import (
    AccessDenied,
    InvalidQuery,
    RateLimited,
    TooHeavy,
    Unauthorized,
    Unavailable,
)
from contributions.sandbox import Fault, sandbox_transport

from .conftest import NOW

BUDGET = "query Budget { rateLimit { cost limit remaining used resetAt nodeCount } }"


def test_every_request_is_in_the_log(world, sandbox, client):
    pull_request = world.add_pull_request(world.project, world.member, "Fix")
    client.query(documents.REFRESH_PULL_REQUESTS, {"ids": [pull_request.id] * 50})
    client.query(*documents.pasted([pull_request.url] * 4))
    client.get("repos/org/project")
    assert [(each.operation, each.ids, each.points, each.status) for each in sandbox.log] == [
        ("RefreshPR", 50, 3, 200),
        ("Pasted", 4, 1, 200),
        ("REST", 0, 0, 200),
    ]
    assert (sandbox.requests, sandbox.points) == (3, 4)
    assert (client.requests, client.points) == (3, 4)


def test_points_run_out_and_come_back(world, sandbox, client):
    answer = client.query(BUDGET)
    assert (answer.points, answer.remaining, answer.limit, answer.reset_at) == (1, 4999, 5000, NOW + timedelta(hours=1))
    sandbox.leave_points(2)
    assert client.query(BUDGET).remaining == 1
    with pytest.raises(RateLimited) as caught:
        client.query(documents.DISCOVER, {"ids": [world.member.id] * 100, "since": "2026-11-01T00:00:00Z", "n": 1})
    assert caught.value.retry_at == NOW + timedelta(hours=1, seconds=1)
    assert client.budget.remaining == 0
    world.move_on(hours=1)
    with time_machine.travel(world.now, tick=False):
        assert client.query(BUDGET).remaining == 4999


def test_each_token_has_points_of_its_own(sandbox):
    sandbox.leave_points(0, token="poor")

    def client_of(token):
        return GitHubClient(api_url="https://api.github.com", token=token, user_agent="t", transport=sandbox_transport(sandbox))

    with pytest.raises(RateLimited):
        client_of("poor").query(BUDGET)
    assert client_of("rich").query(BUDGET).remaining == 4999
    sandbox.tokens = {"poor"}
    with pytest.raises(Unauthorized):
        client_of("rich").query(BUDGET)


@pytest.mark.parametrize(
    ("document", "variables", "words"),
    [
        ("{ nope }", {}, "nope"),
        ("{ rateLimit { cost }", {}, "Syntax"),
        (documents.SWEEP, {}, "ids"),
        (documents.SWEEP, {"ids": 7.5}, "ids"),
        (documents.SWEEP, {"ids": ["x"] * 101}, "100"),
        (documents.DISCOVER, {"ids": ["x"], "since": "2026-11-01T00:00:00Z", "n": 101}, "100"),
        (documents.DISCOVER, {"ids": ["x"], "since": "2026-11-01T00:00:00Z", "n": 0}, "1 to 100"),
        ("query A($i: ID!) { node(id: $i) { ... on User { issues { nodes { id } } } } }", {"i": "x"}, "first"),
    ],
)
def test_questions_that_github_refuses(client, document, variables, words):
    with pytest.raises(InvalidQuery, match=words):
        client.query(document, variables)


def test_a_cursor_of_our_own_making_is_refused(world, client):
    for cursor in ("nonsense", "bm9uc2Vuc2U="):
        answer = client.query(documents.MORE_PULL_REQUESTS, {"id": world.member.id, "after": cursor})
        assert answer.errors[0].type == "INVALID_CURSOR_ARGUMENTS"


def test_too_many_nodes_are_too_heavy(world, client):
    document = """query Heavy($ids: [ID!]!) { nodes(ids: $ids) { ... on User { pullRequests(first: 100) { nodes {
        timelineItems(first: 100) { nodes { __typename } } } } } } }"""
    with pytest.raises(TooHeavy):
        client.query(document, {"ids": [world.member.id] * 100})


@pytest.mark.parametrize(
    ("fault", "expected", "code", "seconds"),
    [
        (Fault.BAD_GATEWAY, TooHeavy, "too_heavy", None),
        (Fault.GATEWAY_TIMEOUT, TooHeavy, "too_heavy", None),
        (Fault.RESOURCE_LIMITS, TooHeavy, "resource_limits_exceeded", None),
        (Fault.SOMETHING_WENT_WRONG, TooHeavy, "timed_out", None),
        (Fault.SERVER_ERROR, Unavailable, "server_error", None),
        (Fault.SERVICE_UNAVAILABLE, Unavailable, "server_error", None),
        (Fault.UNAUTHORIZED, Unauthorized, "unauthorized", None),
        (Fault.FORBIDDEN, AccessDenied, "access_denied", None),
        (Fault.RATE_LIMITED, RateLimited, "rate_limited", 3601),
        (Fault.RATE_LIMITED_403, RateLimited, "rate_limited", 3601),
        (Fault.SECONDARY_200, RateLimited, "secondary_limit", 30),
        (Fault.SECONDARY_403, RateLimited, "secondary_limit", 30),
        (Fault.SECONDARY_403_SILENT, RateLimited, "secondary_limit", 60),
        (Fault.SECONDARY_429, RateLimited, "secondary_limit", 30),
        (Fault.TIMEOUT, Unavailable, "timeout", None),
        (Fault.REFUSED, Unavailable, "unreachable", None),
        (Fault.HTML, Unavailable, "not_json", None),
        (Fault.TRUNCATED, Unavailable, "truncated", None),
        (Fault.MALFORMED, Unavailable, "malformed", None),
    ],
)
def test_every_failure_can_be_had(sandbox, client, fault, expected, code, seconds):
    sandbox.faults.next(1, fault)
    with pytest.raises(expected) as caught:
        client.query(BUDGET)
    assert caught.value.code == code
    assert caught.value.retry_at == (NOW + timedelta(seconds=seconds) if seconds else None)
    assert sandbox.log[0].fault == fault
    assert client.query(BUDGET).data["rateLimit"]["limit"] == 5000


def outcomes(client, times, document=BUDGET, variables=None):
    told = []
    for _ in range(times):
        try:
            client.query(document, variables)
            told.append("ok")
        except TooHeavy:
            told.append("502")
        except Unavailable as error:
            told.append(error.code)
    return told


def test_a_plan_says_when_things_go_wrong(sandbox, client):
    sandbox.faults.next(2, "502").at(4, "html")
    assert outcomes(client, 5) == ["502", "502", "ok", "not_json", "ok"]
    sandbox.faults.clear().always("timeout")
    assert outcomes(client, 2) == ["timeout", "timeout"]


def test_a_plan_can_mean_one_kind_of_document(sandbox, client):
    sandbox.faults.always("502", operation="Ci").next(1, "500", operation="REST")
    assert outcomes(client, 1) == ["ok"]
    assert outcomes(client, 1, documents.SWEEP, {"ids": []}) == ["502"]
    with pytest.raises(Unavailable):
        client.get("repos/org/project")
    assert client.get("repos/org/project").status == 200


def test_large_questions_fail_above_a_size(sandbox, client):
    sandbox.faults.above(20)
    assert outcomes(client, 1, documents.SWEEP, {"ids": ["x"] * 21}) == ["502"]
    assert outcomes(client, 1, documents.SWEEP, {"ids": ["x"] * 20}) == ["ok"]
    assert client.query(*documents.identify(["member"] * 30, [])).data["u29"]["login"] == "member"


def test_failures_by_chance_repeat(world, client, sandbox):
    sandbox.faults.sometimes(0.5, "502")
    told = outcomes(client, 40)
    assert 10 < told.count("502") < 30
    fresh = sandbox_transport(world)
    fresh.sandbox.faults.sometimes(0.5, "502")
    again = GitHubClient(api_url="https://api.github.com", token="t", user_agent="t", transport=fresh)
    assert outcomes(again, 40) == told


def test_a_github_whose_clock_is_ahead(world, client):
    world.move_on(hours=5)
    assert client.query(BUDGET).reset_at == NOW + timedelta(hours=1)


def test_a_request_must_say_who_asks(sandbox):
    client = GitHubClient(api_url="https://api.github.com", token="t", user_agent="", transport=sandbox_transport(sandbox))
    with pytest.raises(AccessDenied):
        client.query(BUDGET)
