"""The sandbox over a local port: the API, the log-in and its small pages."""

import base64
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from contributions.github import documents
from contributions.github.client import GitHubClient
from contributions.github.errors import Unavailable
from contributions.sandbox import serve

BUDGET = "query Budget { rateLimit { cost remaining } }"
HTML = {"accept": "text/html"}


@pytest.fixture
def server(sandbox):
    with serve(sandbox, hold=0.5) as server:
        yield server


@pytest.fixture
def client(server):
    with GitHubClient(api_url=server.api_url, token="t", user_agent="tests", timeout=60.0) as client:
        yield client


@pytest.fixture
def browser(server):
    with httpx2.Client(base_url=server.url, trust_env=False) as browser:
        yield browser


def test_graphql_and_rest_over_a_port(world, server, client):
    world.add_pull_request(world.project, world.member, "Fix")
    assert client.query(*documents.identify(["member"], [])).data["u0"]["login"] == "member"
    assert client.get("repos/org/project/issues/1").data["html_url"] == f"{server.url}/org/project/pull/1"
    world.rename_repository(world.project, "org/renamed")
    answer = client.get("repos/org/project/issues/1")
    assert answer.location.startswith(server.api_url)
    assert client.get(answer.location).status == 200


@pytest.mark.parametrize(("fault", "code"), [("truncated", "truncated"), ("refused", "truncated"), ("html", "not_json")])
def test_broken_answers_over_a_port(sandbox, client, fault, code):
    client.query(BUDGET)
    sandbox.faults.next(1, fault)
    with pytest.raises(Unavailable) as caught:
        client.query(BUDGET)
    assert caught.value.code == code
    client.query(BUDGET)


def test_a_time_out_over_a_port(sandbox, server):
    sandbox.faults.next(1, "timeout")
    with GitHubClient(api_url=server.api_url, token="t", user_agent="tests", timeout=0.1) as client:
        with pytest.raises(Unavailable) as caught:
            client.query(BUDGET)
        assert caught.value.code == "timeout"


def test_nobody_listens():
    client = GitHubClient(api_url="http://127.0.0.1:1/api/v3", token="t", user_agent="tests")
    with client, pytest.raises(Unavailable) as caught:
        client.query(BUDGET)
    assert caught.value.code == "unreachable"


def test_many_at_once(server, sandbox):
    def ask(_):
        with GitHubClient(api_url=server.api_url, token="t", user_agent="tests") as client:
            return client.query(BUDGET).remaining

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(24)), reverse=True) == list(range(4999, 4975, -1))


def test_latency(sandbox, client):
    sandbox.latency = 0.05
    began = time.monotonic()
    client.query(BUDGET)
    assert time.monotonic() - began >= 0.05


def authorize(browser, **more):
    asked = {"client_id": "c", "redirect_uri": "http://testserver/callback", "state": "s1", "scope": "read:user"} | more
    return browser.get("/login/oauth/authorize", params=asked)


def code_of(response):
    assert response.status_code == 302
    return parse_qs(urlsplit(response.headers["location"]).query)["code"][0]


def change(browser, code, **more):
    form = {"client_id": "c", "client_secret": "x", "code": code} | more
    return browser.post("/login/oauth/access_token", data=form, headers={"accept": "application/json"}).json()


def test_signing_in_by_choosing_an_account(world, browser):
    page = authorize(browser)
    assert page.status_code == 200
    assert "member" in page.text
    assert "maintainer" not in page.text
    response = authorize(browser, login="member")
    assert "state=s1" in response.headers["location"]
    token = change(browser, code_of(response))["access_token"]
    headers = {"authorization": f"token {token}"}
    who = browser.get("/api/v3/user", headers=headers).json()
    assert (who["id"], who["login"], who["name"]) == (world.member.database_id, "member", "A Member")
    assert browser.get("/api/v3/user/emails", headers=headers).json() == [
        {"email": "member@example.org", "primary": True, "verified": True, "visibility": "private"}
    ]
    assert browser.get("/api/v3/user", headers={"authorization": "token other"}).status_code == 404


def test_signing_in_without_being_asked(sandbox, browser):
    sandbox.sign_in.sign_in_as = "member"
    sandbox.tokens = set()
    token = change(browser, code_of(authorize(browser)))["access_token"]
    assert browser.get("/api/v3/user", headers={"authorization": f"Bearer {token}"}).json()["login"] == "member"
    assert browser.get("/api/v3/user", headers={"authorization": "Bearer x"}).status_code == 401


def test_a_code_works_once_and_only_for_who_asked(browser):
    code = code_of(authorize(browser, login="member"))
    assert change(browser, code, client_id="other")["error"] == "incorrect_client_credentials"
    code = code_of(authorize(browser, login="member"))
    assert change(browser, code, redirect_uri="http://evil.example")["error"] == "redirect_uri_mismatch"
    code = code_of(authorize(browser, login="member"))
    assert "access_token" in change(browser, code)
    assert change(browser, code)["error"] == "bad_verification_code"


def test_the_challenge_is_checked(browser):
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).decode().rstrip("=")
    asked = {"login": "member", "code_challenge": challenge, "code_challenge_method": "S256"}
    assert change(browser, code_of(authorize(browser, **asked)))["error"] == "bad_verification_code"
    assert "access_token" in change(browser, code_of(authorize(browser, **asked)), code_verifier="verifier")


def test_the_token_comes_as_a_form_to_those_who_do_not_ask_for_json(browser):
    form = {"client_id": "c", "client_secret": "x", "code": code_of(authorize(browser, login="member"))}
    response = browser.post("/login/oauth/access_token", data=form)
    assert "access_token" in parse_qs(response.text)


def test_signing_in_can_be_cancelled_and_wrong_requests_are_refused(browser):
    assert "error=access_denied" in authorize(browser, deny="1").headers["location"]
    assert authorize(browser, redirect_uri="javascript:alert(1)").status_code == 400
    assert authorize(browser, login="nobody").status_code == 200
    assert browser.get("/login/nowhere").status_code == 404


def test_links_to_items_lead_to_pages(world, sandbox, browser):
    pull_request = world.add_pull_request(world.project, world.member, "Fix <b>")
    world.review(pull_request, world.maintainer, "APPROVED", body="<script>")
    page = browser.get("/org/project/pull/1", headers=HTML)
    assert page.status_code == 200
    assert "Fix &lt;b&gt;" in page.text
    assert "<script>" not in page.text
    assert "approved <time" in page.text
    assert browser.get("/org/project/issues/1", headers=HTML).headers["location"] == "/org/project/pull/1"
    assert [browser.get(path, headers=HTML).status_code for path in ("/member", "/org/project", "/org/project/pull/9", "/")] == [
        200, 200, 404, 200
    ]  # fmt: skip
    assert sandbox.requests == 0


@pytest.mark.parametrize("end", ["%0d%0a", "%0a", "%0d"])
def test_an_address_to_go_back_to_writes_no_headers(browser, world, end):
    """Cookies know no ports: one that is set here would be sent to the site as well."""
    back = f"http://localhost/{end}Set-Cookie:%20sessionid=planted{end}{end}<script>"
    for more in ("", "&deny=1", "&login=ada", f"&state=x{end}Set-Cookie:%20a=b"):
        answer = browser.get(f"/login/oauth/authorize?client_id=c&redirect_uri={back}{more}")
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers
    answer = browser.get(
        f"/login/oauth/authorize?client_id=c&redirect_uri=http://localhost/&deny=1&state=x{end}Set-Cookie:%20a=b"
    )
    assert answer.status_code == 302
    assert "set-cookie" not in answer.headers
