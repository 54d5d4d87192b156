"""A GitHub App in place of tokens: its proof, its installations, their tokens, and what happens when one of them is taken away."""

import datetime
import logging

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from contributions import budgets
from contributions.github import access
from contributions.github.access import apart, client_for
from contributions.github.app_auth import app_from_settings
from contributions.github.errors import GitHubError, RateLimited, Unauthorized
from contributions.models import ApiBudget, WorkItem
from contributions.sync.items import refetch

from .conftest import NOW

APP_ID = 4711
QUERY = "query { rateLimit { cost remaining limit resetAt } }"
MINUTE = datetime.timedelta(minutes=1)


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def app(follower, settings, key):
    """The App in the sandbox, of which the settings have number and key. Nobody has a token besides."""
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    settings.GITHUB_APP_ID, settings.GITHUB_APP_PRIVATE_KEY = APP_ID, pem(key)
    settings.GITHUB_TOKENS = []
    follower.sandbox.tokens = set()
    return follower.sandbox.add_app(APP_ID, public.decode())


def use(**options):
    return client_for(**{"by_person": False, "holder": "test"} | options)


def ask(**options):
    with use(**options) as client:
        client.query(QUERY)
        return client.token_key


def key_of(installation):
    return f"app-{APP_ID}-{installation.id}"


def test_a_sync_with_an_app(follower, app):
    installation = app.install("org")
    follower.pull(follower.member("ada"))
    run = follower.sync()
    assert (run.state, run.created, run.budget.key, run.budget.kind) == ("done", 1, key_of(installation), "app")
    assert [(entry.method, entry.path) for entry in follower.sandbox.log[:2]] == [
        ("GET", "/app/installations"),
        ("POST", f"/app/installations/{installation.id}/access_tokens"),
    ]
    follower.later(minutes=9)
    follower.sync()
    assert app.made == 1
    stored = " ".join(map(str, ApiBudget.objects.values_list()))
    assert "ghs_" not in stored


@pytest.mark.parametrize("api_url", ["https://api.github.com", "https://git.example.org/api/v3"])
def test_github_enterprise_has_the_same_addresses_below_its_own(app, settings, api_url):
    installation = app.install("org")
    settings.GITHUB_API_URL = api_url
    assert ask() == key_of(installation)


def test_the_proof_is_signed_for_ten_minutes_and_begins_a_minute_ago(app, key):
    claims = jwt.decode(app_from_settings().signed(), key.public_key(), algorithms=["RS256"])
    assert claims["iss"] == str(APP_ID)
    assert claims["iat"] == (NOW - MINUTE).timestamp()
    assert claims["exp"] - claims["iat"] == 600


def test_tokens_are_made_anew_before_they_end_also_in_the_middle_of_a_sync(follower, app, monkeypatch):
    app.install("org")
    follower.pull(follower.member("ada"))
    from contributions.sync import run as run_module

    def wait(sync):
        follower.later(minutes=56)

    monkeypatch.setattr(run_module, "STEPS", (run_module.STEPS[0], wait, *run_module.STEPS[1:]))
    run = follower.sync()
    assert (run.state, run.created, app.made) == ("done", 1, 2)


def test_a_token_that_is_refused_before_its_time_is_made_anew_at_once(app):
    app.install("org")
    with use() as client:
        client.query(QUERY)
        app.revoke_tokens()
        client.query(QUERY)
        assert app.made == 2
    assert budgets.problems() == []


@pytest.mark.parametrize("minutes", [-90, -10, -2, 0.5, 10, 90])
def test_a_clock_that_is_wrong(follower, app, traveller, minutes):
    app.install("org")
    traveller.move_to(NOW + minutes * MINUTE)
    with use() as client:
        client.query(QUERY)
    traveller.shift(50 * MINUTE)
    follower.world.move_on(minutes=50)
    ask()
    assert app.made == 1
    traveller.shift(6 * MINUTE)
    follower.world.move_on(minutes=6)
    ask()
    assert app.made == 2


def test_more_installations_than_a_page_holds(app):
    for number in range(101):
        app.install(f"org{number:03}")
    assert len(app_from_settings().installations()) == 101


# Which installation
def test_public_data_is_read_by_any_installation_in_turn(follower, app):
    one, other = app.install("somewhere"), app.install("elsewhere")
    assert {ask(), ask()} == {key_of(one), key_of(other)}
    follower.pull(follower.member("ada"))
    assert follower.sync().created == 1


def test_private_repositories_are_read_by_the_installation_of_their_owner_alone(follower, app):
    app.install("somewhere")
    secret = follower.world.add_repository("company/secret", private=True)
    ours = app.install("company")
    follower.track(secret)
    ada = follower.member("ada")
    follower.pull(ada), follower.pull(ada, "Hidden", repository=secret)
    for _ in range(3):
        run = follower.sync()
        assert (run.state, run.errors, run.budget.key) == ("done", [], key_of(ours))
        follower.later(hours=1)
    assert WorkItem.objects.filter(state="gone").count() == 0
    assert WorkItem.objects.count() == 2
    # Another one does not step in: it would see the item gone.
    ApiBudget.objects.filter(key=key_of(ours)).update(blocked_until=follower.world.now + MINUTE)
    with pytest.raises(RateLimited):
        refetch(WorkItem.objects.filter(title="Hidden").values_list("pk", flat=True))
    assert WorkItem.objects.filter(state="gone").count() == 0


def test_items_of_several_owners_are_asked_for_apart(follower, app):
    one, other = app.install("a"), app.install("b")
    names = {1: "A/x", 2: "b/y", 3: "elsewhere/z", 4: "a/w", 5: ""}
    assert apart(names) == [{3, 5}, {1, 4}, {2}]
    assert apart({}) == []
    assert [each.key for each in access.accesses(["a/x", "b/y", "b/z"])] == [key_of(other)]
    assert [each.key for each in access.accesses(["b/y", "a/x"])] == [key_of(one)]
    assert [each.key for each in access.accesses(["c/y"])] == [key_of(one), key_of(other)]


# Taken away
@pytest.mark.parametrize("what", ["suspended", "gone"])
def test_an_installation_that_is_taken_away_lets_others_go_on(follower, app, caplog, what):
    one, other = app.install("a"), app.install("b")
    assert ask() == key_of(one)
    # After the list was read, and before the first token of this one was made.
    if what == "suspended":
        other.is_suspended = True
    else:
        app.uninstall(other)
    with caplog.at_level(logging.ERROR):
        assert ask() == key_of(one)
    failed = ApiBudget.objects.get(key=key_of(other))
    assert (failed.failed_at, budgets.failure_code(failed)) == (NOW, f"installation_{what}")
    assert len(caplog.records) == len(budgets.problems()) == 1
    # The list is read afresh, so nobody asks for it any more, and after a day nobody is told of it either.
    asked = follower.sandbox.requests
    assert ask() == key_of(one)
    assert [entry.operation for entry in follower.sandbox.log[asked:]] == ["APP", ""]
    follower.later(days=1, minutes=1)
    assert budgets.problems() == []


def test_one_that_is_suspended_and_serves_the_repositories_says_so(app):
    app.install("somewhere")
    app.install("org").is_suspended = True
    with pytest.raises(Unauthorized) as caught:
        ask(repositories=["org/project"])
    assert caught.value.code == "installation_suspended"
    assert ask() is not None


def test_where_all_are_suspended_or_none_is_there(app, follower):
    with pytest.raises(GitHubError) as caught:
        ask()
    assert caught.value.code == "no_installation"
    app.install("org").is_suspended = True
    follower.later(minutes=11)
    with pytest.raises(GitHubError) as caught:
        ask()
    assert caught.value.code == "installation_suspended"


def test_an_app_that_github_does_not_accept_is_told_once_and_heals(follower, app, settings, caplog):
    app.install("org")
    app.app_id = 1
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            run = follower.sync()
            assert (run.state, run.errors[-1]["code"]) == ("failed", "app_refused")
    assert [record.getMessage()[:24] for record in caplog.records] == [f"GitHub refuses app-{APP_ID}:"[:24]]
    (problem,) = budgets.problems()
    assert "GITHUB_APP_PRIVATE_KEY" in problem
    app.app_id = APP_ID
    follower.later(hours=1)
    assert follower.sync().state == "done"
    assert budgets.problems() == []


@pytest.mark.parametrize("text", ["-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----", "elliptic"])
def test_a_key_that_cannot_sign_is_not_repeated(app, settings, text):
    if text == "elliptic":
        from cryptography.hazmat.primitives.asymmetric import ec

        text = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()  # fmt: skip
    settings.GITHUB_APP_PRIVATE_KEY = text
    with pytest.raises(Unauthorized) as caught:
        ask()
    assert caught.value.code == "bad_private_key"
    assert caught.value.__cause__ is None
    assert "SECRET" not in f"{caught.value} {caught.value.__cause__!r}"


@pytest.mark.parametrize(("fault", "code"), [("502", "server_error"), ("timeout", "timeout"), ("html", "not_json"), ("malformed", "malformed"),
                                             ("secondary_403", "secondary_limit")])  # fmt: skip
@pytest.mark.parametrize("question", ["which installations", "a token"])
def test_what_can_go_wrong_with_the_questions_of_the_app(follower, app, fault, code, question):
    app.install("org")
    follower.member("ada")
    if question == "a token":
        app_from_settings().installations()
    follower.sandbox.faults.always(fault, operation="APP")
    run = follower.sync()
    assert (run.state, run.errors[-1]["code"]) == ("failed", code)
    follower.sandbox.faults.clear()
    follower.later(hours=1)
    assert follower.sync().state == "done"


def test_no_token_and_no_key_in_any_representation(app):
    app.install("org")
    with use() as client:
        client.query(QUERY)
        shown = f"{client!r} {app_from_settings()!r} {access.accesses()!r}"
    assert "ghs_" not in shown
    assert "BEGIN" not in shown
