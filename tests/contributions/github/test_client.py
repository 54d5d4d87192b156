"""The client: what it sends, what it makes of each kind of answer, and what it never lets out."""

import json
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
import time_machine

from contributions.github.client import GitHubClient, client_from_settings, graphql_url, token_key
from contributions.github.errors import (
    AccessDenied,
    GitHubError,
    InvalidQuery,
    RateLimited,
    TooHeavy,
    Unauthorized,
    Unavailable,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RESET = NOW + timedelta(minutes=40)
TOKEN = "ghp_very-secret"
QUERY = "query Something { viewer { login } }"
SECONDARY = "You have exceeded a secondary rate limit. Please wait."


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOW, tick=False):
        yield


def client_for(*replies, api_url="https://api.github.com", **options):
    """A client whose requests meet `replies` in turn; the requests are kept in `client.sent`."""
    waiting, sent = list(replies), []

    def answer(request):
        sent.append(request)
        reply = waiting.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    client = GitHubClient(
        api_url=api_url, token=TOKEN, user_agent="Site (cohorts)", transport=httpx2.MockTransport(answer), **options
    )
    client.sent = sent
    return client


def reply(status=200, body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, json=body, headers=headers)


def graphql_error(message, type=None, data=None, **more):
    return {"data": data, "errors": [{"message": message} | ({"type": type} if type else {}) | more]}


# Addresses
@pytest.mark.parametrize(
    ("api_url", "expected"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://api.github.com/", "https://api.github.com/graphql"),
        ("https://git.example.org/api/v3", "https://git.example.org/api/graphql"),
        ("https://git.example.org/api/v3/", "https://git.example.org/api/graphql"),
        ("http://127.0.0.1:4711/api/v3", "http://127.0.0.1:4711/api/graphql"),
    ],
)
def test_graphql_follows_from_the_api_url(api_url, expected):
    assert graphql_url(api_url) == expected


# Requests
def test_a_question_carries_its_variables_and_says_who_asks():
    client = client_for(reply(body={"data": {}}))
    client.query(QUERY, {"login": "x"})
    request = client.sent[0]
    assert json.loads(request.content) == {"query": QUERY, "variables": {"login": "x"}}
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["user-agent"] == "Site (cohorts)"
    assert request.headers["x-github-next-global-id"] == "1"


def test_a_user_agent_that_is_no_ascii_does_not_break_the_request():
    sent = []
    transport = httpx2.MockTransport(lambda request: sent.append(request) or reply(body={"data": {}}))
    GitHubClient(api_url="https://api.github.com", token="t", user_agent="Zürich\r\nX: y", transport=transport).query("{a}")
    assert sent[0].headers["user-agent"] == "Z?rich??X: y"


def test_every_request_has_a_time_out():
    client = client_for(reply(body={"data": {}}))
    client.query(QUERY)
    assert all(client.sent[0].extensions["timeout"].values())


def test_the_guard_runs_before_each_request():
    def refuse():
        raise RuntimeError("not now")

    client = client_for(reply(body={"data": {}}), guard=refuse)
    with pytest.raises(RuntimeError, match="not now"):
        client.query(QUERY)
    assert client.sent == []
    assert client.requests == 0


def test_it_counts_requests_and_points():
    rate = {"cost": 3, "limit": 5000, "remaining": 4200, "resetAt": "2026-11-22T12:40:00Z"}
    client = client_for(reply(body={"data": {"rateLimit": rate}}), reply(body={"data": {"rateLimit": rate}}), reply(502))
    answers = [client.query(QUERY), client.query(QUERY)]
    with pytest.raises(TooHeavy):
        client.query(QUERY)
    assert (client.requests, client.points) == (3, 6)
    assert (answers[0].points, answers[0].remaining, answers[0].limit, answers[0].reset_at) == (3, 4200, 5000, RESET)
    assert (client.budget.limit, client.budget.remaining, client.budget.reset_at) == (5000, 4200, RESET)


def test_the_budget_comes_from_the_headers_of_errors_too():
    headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "17", "x-ratelimit-reset": str(int(RESET.timestamp()))}
    client = client_for(reply(502, **headers))
    assert client.budget is None
    with pytest.raises(TooHeavy):
        client.query(QUERY)
    assert (client.budget.remaining, client.budget.reset_at) == (17, RESET)


def test_closing_closes_the_connection_pool():
    with client_for(reply(body={"data": {}})) as client:
        client.query(QUERY)
    with pytest.raises(RuntimeError, match="closed"):
        client.query(QUERY)


# Partial results
def test_holes_are_returned_with_their_reasons():
    body = graphql_error("Could not resolve", "NOT_FOUND", data={"nodes": [None, {"id": "a"}]}, path=["nodes", 0])
    answer = client_for(reply(body=body)).query(QUERY)
    assert answer.data == {"nodes": [None, {"id": "a"}]}
    assert [(error.path, error.type) for error in answer.errors] == [(("nodes", 0), "NOT_FOUND")]


def test_a_name_with_the_words_of_a_limit_is_no_limit():
    body = graphql_error("Could not resolve 'x/rate limit'", "NOT_FOUND", data={"r0": None}, path=["r0"])
    assert client_for(reply(body=body)).query(QUERY).data == {"r0": None}


def test_malformed_errors_do_not_hide_the_data():
    answer = client_for(reply(body={"data": {"a": 1}, "errors": ["?", {"path": "nodes", "message": None}]})).query(QUERY)
    assert answer.data == {"a": 1}
    assert [error.path for error in answer.errors] == [(), ()]


ERRORS = {
    "401": (reply(401, {"message": "Bad credentials"}), Unauthorized, "unauthorized", None),
    "403 for lack of rights": (reply(403, {"message": "Resource not accessible"}), AccessDenied, "access_denied", None),
    "403 with points left": (reply(403, {"message": "No"}, x_ratelimit_remaining="9"), AccessDenied, "access_denied", None),
    "403 that is HTML": (httpx2.Response(403, text="<p>Forbidden"), AccessDenied, "access_denied", None),
    "403 with no points left": (
        reply(403, {"message": "No"}, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(RESET.timestamp()))),
        RateLimited, "rate_limited", 2401,
    ),
    "200 with no points left": (
        reply(200, graphql_error("API rate limit exceeded", "RATE_LIMITED"), x_ratelimit_remaining="0",
              x_ratelimit_reset=str(int(RESET.timestamp()))),
        RateLimited, "rate_limited", 2401,
    ),
    "200 with no points left, the newer word": (
        reply(200, graphql_error("exceeded", "RATE_LIMIT"), x_ratelimit_reset=str(int(RESET.timestamp()))),
        RateLimited, "rate_limited", 2401,
    ),
    "rate limited together with data": (
        reply(200, graphql_error("exceeded", "RATE_LIMITED", data={"nodes": []}), retry_after="7"),
        RateLimited, "secondary_limit", 7,
    ),
    "a reset that is over": (
        reply(403, {"message": "No"}, x_ratelimit_remaining="0", x_ratelimit_reset="1000"), RateLimited, "rate_limited", 1,
    ),
    "a reset that is nonsense": (
        reply(403, {"message": "No"}, x_ratelimit_remaining="0", x_ratelimit_reset="soon"), RateLimited, "rate_limited", 60,
    ),
    "403 with retry-after": (reply(403, {"message": "Slow"}, retry_after="30"), RateLimited, "secondary_limit", 30),
    "403 that says so": (reply(403, {"message": SECONDARY}), RateLimited, "secondary_limit", 60),
    "403 for abuse": (reply(403, {"message": "abuse detection mechanism"}), RateLimited, "secondary_limit", 60),
    "429 with retry-after": (reply(429, {"message": SECONDARY}, retry_after="30"), RateLimited, "secondary_limit", 30),
    "429 that says nothing": (reply(429), RateLimited, "secondary_limit", 60),
    "429 with nonsense": (httpx2.Response(429, text="<", headers={"retry-after": "x"}), RateLimited, "secondary_limit", 60),
    "200 with a secondary limit": (reply(200, graphql_error(SECONDARY), retry_after="45"), RateLimited, "secondary_limit", 45),
    "200 with a secondary limit, silent": (reply(200, graphql_error(SECONDARY)), RateLimited, "secondary_limit", 60),
    "502": (httpx2.Response(502, text="<html>"), TooHeavy, "too_heavy", None),
    "504": (httpx2.Response(504, text="<html>"), TooHeavy, "too_heavy", None),
    "resources": (reply(200, graphql_error("exceeded", "RESOURCE_LIMITS_EXCEEDED")), TooHeavy, "resource_limits_exceeded", None),
    "resources, with some data": (
        reply(200, graphql_error("exceeded", "RESOURCE_LIMITS_EXCEEDED", data={"nodes": [None]}, path=["nodes", 0])),
        TooHeavy, "resource_limits_exceeded", None,
    ),
    "too many nodes": (reply(200, graphql_error("max", "MAX_NODE_LIMIT_EXCEEDED")), TooHeavy, "max_node_limit_exceeded", None),
    "ran into its time limit": (
        reply(200, graphql_error("Something went wrong while executing your query. This may be")), TooHeavy, "timed_out", None,
    ),
    "500": (reply(500), Unavailable, "server_error", None),
    "503": (httpx2.Response(503, text="down"), Unavailable, "server_error", None),
    "an error inside GitHub": (reply(200, graphql_error("oops", "INTERNAL")), Unavailable, "server_error", None),
    "time-out": (httpx2.ReadTimeout("slow"), Unavailable, "timeout", None),
    "no connection in time": (httpx2.ConnectTimeout("slow"), Unavailable, "timeout", None),
    "refused": (httpx2.ConnectError("refused"), Unavailable, "unreachable", None),
    "broken off": (httpx2.RemoteProtocolError("peer closed connection"), Unavailable, "truncated", None),
    "cannot be unpacked": (httpx2.DecodingError("gzip"), Unavailable, "malformed", None),
    "HTML": (httpx2.Response(200, text="<!doctype html>"), Unavailable, "not_json", None),
    "nothing": (httpx2.Response(200, content=b""), Unavailable, "not_json", None),
    "truncated": (httpx2.Response(200, text='{"data": {"nodes": [{"id'), Unavailable, "truncated", None),
    "not UTF-8": (httpx2.Response(200, content=b"\xff\xfe\x00"), Unavailable, "not_json", None),
    "a list": (reply(200, [1]), Unavailable, "malformed", None),
    "a number": (reply(200, 1), Unavailable, "malformed", None),
    "neither data nor errors": (reply(200, {"data": None}), Unavailable, "malformed", None),
    "data that is a list": (reply(200, {"data": [1]}), Unavailable, "malformed", None),
    "errors that are no list": (reply(200, {"errors": {"message": "x"}}), Unavailable, "malformed", None),
    "a redirect": (reply(302, location="https://evil.example"), Unavailable, "wrong_address", None),
    "404": (reply(404), Unavailable, "wrong_address", None),
    "400": (reply(400, {"message": "Problems parsing JSON"}), InvalidQuery, "invalid_query", None),
    "our mistake": (reply(200, graphql_error("Field 'x' doesn't exist on type 'Query'")), InvalidQuery, "invalid_query", None),
    "our mistake, with its code": (
        reply(200, {"errors": [{"message": "no", "extensions": {"code": "undefinedField"}}]}),
        InvalidQuery, "invalid_query", None,
    ),
    "no access and no data": (reply(200, graphql_error("No", "FORBIDDEN")), AccessDenied, "access_denied", None),
}  # fmt: skip


# Errors
@pytest.mark.parametrize("name", ERRORS)
def test_each_failure_has_the_class_that_says_what_to_do(name, caplog):
    answer, expected, code, seconds = ERRORS[name]
    with caplog.at_level(logging.DEBUG), pytest.raises(GitHubError) as caught:
        client_for(answer).query(QUERY)
    assert type(caught.value) is expected
    assert caught.value.code == code
    assert caught.value.retry_at == (NOW + timedelta(seconds=seconds) if seconds else None)
    assert str(caught.value)
    assert TOKEN not in caplog.text


def test_secondary_limits_that_do_not_say_how_long_take_twice_as_long_each_time():
    client = client_for(*(reply(403, {"message": SECONDARY}) for _ in range(9)), reply(body={"data": {}}), reply(429))
    waits = []
    for _ in range(9):
        with pytest.raises(RateLimited) as caught:
            client.query(QUERY)
        waits.append((caught.value.retry_at - NOW).total_seconds())
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    client.query(QUERY)
    with pytest.raises(RateLimited) as caught:
        client.query(QUERY)
    assert caught.value.retry_at == NOW + timedelta(seconds=60)


def test_the_hourly_limit_empties_the_budget_and_a_secondary_one_does_not():
    rate = {"cost": 1, "limit": 5000, "remaining": 4200, "resetAt": "2026-11-22T12:40:00Z"}
    client = client_for(
        reply(body={"data": {"rateLimit": rate}}), reply(429), reply(200, graphql_error("exceeded", "RATE_LIMITED"))
    )
    client.query(QUERY)
    with pytest.raises(RateLimited) as secondary:
        client.query(QUERY)
    assert secondary.value.secondary
    assert client.budget.remaining == 4200
    with pytest.raises(RateLimited) as primary:
        client.query(QUERY)
    assert not primary.value.secondary
    assert client.budget.remaining == 0


def test_a_clock_that_is_wrong_does_not_move_the_reset():
    theirs = NOW + timedelta(hours=3)
    headers = {
        "date": format_datetime(theirs, usegmt=True),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int((theirs + timedelta(minutes=5)).timestamp())),
    }
    with pytest.raises(RateLimited) as caught:
        client_for(reply(403, {}, **headers)).query(QUERY)
    assert caught.value.retry_at == NOW + timedelta(minutes=5, seconds=1)


@pytest.mark.parametrize("date", ["yesterday", "Sun, 22 Nov 2026 12:00:03 -0000", ""])
def test_a_date_that_is_nonsense_or_nearly_right_changes_nothing(date):
    headers = {"date": date, "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(RESET.timestamp()))}
    with pytest.raises(RateLimited) as caught:
        client_for(reply(403, {}, **headers)).query(QUERY)
    assert caught.value.retry_at == RESET + timedelta(seconds=1)


# Rest
def test_a_path_is_asked_below_the_api_url():
    client = client_for(reply(200, {"id": 1}), api_url="https://git.example.org/api/v3")
    answer = client.get("/repos/a/b/issues/1")
    assert str(client.sent[0].url) == "https://git.example.org/api/v3/repos/a/b/issues/1"
    assert (answer.status, answer.data, answer.location) == (200, {"id": 1}, None)


@pytest.mark.parametrize("location", ["https://api.github.com/repositories/7/issues/2", "/repositories/7/issues/2"])
def test_a_redirect_is_reported_and_not_followed(location):
    client = client_for(reply(301, {"message": "Moved"}, location=location))
    answer = client.get("repos/a/b/issues/1")
    assert (answer.status, answer.location) == (301, "https://api.github.com/repositories/7/issues/2")
    assert client.requests == 1


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_an_answer(status):
    assert client_for(reply(status, {"message": "x"})).get("repos/a/b/issues/1").status == status
    assert client_for(httpx2.Response(status, text="<p>")).get("repos/a/b/issues/1").data is None


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/repos/a/b",
        "http://api.github.com/repos/a/b",
        "https://api.github.com.evil.example/repos/a/b",
        "https://api.github.com@evil.example/repos/a/b",
        "https://api.github.com:8443/repos/a/b",
    ],
)
def test_the_token_goes_to_no_other_host(address):
    client = client_for()
    with pytest.raises(GitHubError) as caught:
        client.get(address)
    assert caught.value.code == "foreign_address"
    assert client.sent == []


@pytest.mark.parametrize("path", ["https://git.example.org/admin", "../../admin", "/repos/../../../admin"])
def test_it_does_not_leave_the_api_of_an_enterprise_host(path):
    with pytest.raises(GitHubError) as caught:
        client_for(api_url="https://git.example.org/api/v3").get(path)
    assert caught.value.code == "foreign_address"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply(401), Unauthorized),
        (reply(403, {"message": "No"}), AccessDenied),
        (reply(429), RateLimited),
        (reply(502), Unavailable),
        (httpx2.Response(200, text="<html>"), Unavailable),
        (httpx2.ReadTimeout("slow"), Unavailable),
    ],
)
def test_failures_have_the_same_classes(answer, expected):
    with pytest.raises(expected):
        client_for(answer).get("user")


def test_the_limit_of_another_resource_leaves_the_points_alone():
    rate = {"cost": 1, "limit": 5000, "remaining": 4200, "resetAt": "2026-11-22T12:40:00Z"}
    limited = reply(403, {"message": "API rate limit exceeded"}, x_ratelimit_remaining="0", x_ratelimit_resource="core")
    client = client_for(reply(body={"data": {"rateLimit": rate}}), limited)
    client.query(QUERY)
    with pytest.raises(RateLimited):
        client.get("user")
    assert client.budget.remaining == 4200


# Secrecy
def test_the_token_is_in_no_representation():
    client = client_for(httpx2.ConnectError("refused"))
    with pytest.raises(Unavailable) as caught:
        client.query(QUERY)
    assert TOKEN not in f"{client!r} {client} {caught.value!r} {caught.value.__cause__!r}"
    assert client.token_key == token_key(TOKEN)
    assert TOKEN not in token_key(TOKEN)


# Settings
def test_the_factory_takes_everything_from_the_settings(settings):
    sent = []
    settings.GITHUB_API_URL = "https://git.example.org/api/v3"
    settings.GITHUB_TOKENS = ["first", "second"]
    settings.SITE_NAME = "Our cohorts"
    settings.GITHUB_TRANSPORT = httpx2.MockTransport(lambda request: sent.append(request) or reply(body={"data": {}}))
    with client_from_settings() as client:
        client.query(QUERY)
    with client_from_settings("second") as client:
        client.query(QUERY)
    assert [request.headers["authorization"] for request in sent] == ["Bearer first", "Bearer second"]
    assert sent[0].headers["user-agent"] == "Our cohorts (mentoring-cohorts)"
    assert str(sent[0].url) == "https://git.example.org/api/graphql"


def test_no_token_is_an_error_that_says_what_to_set(settings):
    settings.GITHUB_TOKENS = []
    with pytest.raises(GitHubError, match="GITHUB_TOKEN") as caught:
        client_from_settings()
    assert caught.value.code == "no_token"


@pytest.mark.django_db
def test_the_guard_of_tests_finds_a_request_inside_a_transaction(settings):
    from django.db import transaction

    settings.GITHUB_CLIENT_GUARD = "contributions.github.guard.forbid_transactions"
    settings.GITHUB_TRANSPORT = httpx2.MockTransport(lambda request: reply(body={"data": {}}))
    client = client_from_settings()
    client.query(QUERY)
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        client.query(QUERY)
    client.query(QUERY)
