"""What comes back from a tracker, and what it must never lead to."""

import datetime

import httpx2
import pytest

from contributions import following
from contributions.sandbox.trac import add_ticket
from contributions.tasks import fetch_from_tracker
from contributions.trackers import answers
from contributions.trackers.answers import Busy, Missing, Refused, TrackerError, Unavailable, ask

from .conftest import TRAC, paste

ADDRESS = "https://tracker.example.org/api/tickets/1"


@pytest.fixture
def answered(settings):
    """Let the tracker answer with what a function of the request returns; gives the list of addresses that were asked."""

    def set_up(answer):
        asked = []

        def handle(request):
            asked.append(str(request.url))
            return answer(request) if callable(answer) else answer

        settings.TRACKER_TRANSPORT = httpx2.MockTransport(handle)
        return asked

    return set_up


@pytest.mark.parametrize(
    ("response", "error", "words"),
    [
        (httpx2.Response(404, json={}), Missing, "Trac shows us nothing at this address"),
        (httpx2.Response(410), Missing, "Trac shows us nothing at this address"),
        (httpx2.Response(500, text="x"), Unavailable, "has a problem of its own"),
        (httpx2.Response(503), Unavailable, "has a problem of its own"),
        (httpx2.Response(403), Refused, "does not let us in"),
        (httpx2.Response(401), Refused, "does not let us in"),
        (httpx2.Response(418), TrackerError, "answered with status 418"),
        (httpx2.Response(200, text="<!doctype html><p>Log in</p>"), Unavailable, "answered with a web page"),
        (httpx2.Response(200, text='{"id": 1'), Unavailable, "cannot be read"),
        (httpx2.Response(200, content=b"\xff\xfe\x00"), Unavailable, "cannot be read"),
        (httpx2.Response(200, text="[" * 200_000), Unavailable, "cannot be read"),
        (httpx2.Response(200, json=["a"]), Unavailable, "cannot be read"),
        (httpx2.Response(200, text=""), Unavailable, "cannot be read"),
        (httpx2.Response(302, headers={"location": "https://evil.example.org/"}), TrackerError, "another host"),
        (httpx2.Response(302, headers={"location": "http://tracker.example.org/api/tickets/1"}), TrackerError, "another host"),
        (httpx2.Response(302, headers={"location": "//169.254.169.254/latest"}), TrackerError, "another host"),
        (httpx2.Response(302, headers={"location": "https://[broken"}), TrackerError, "another host"),
        (httpx2.Response(302), TrackerError, "another host"),
        (httpx2.Response(301, headers={"location": ADDRESS}), TrackerError, "round in circles"),
        (httpx2.Response(200, content=b" " * (answers.LARGEST + 1)), TrackerError, "far more than a ticket"),
    ],
)
def test_each_failure_has_its_words(answered, response, error, words):
    answered(lambda request: httpx2.Response(response.status_code, headers=response.headers, content=response.content))
    with pytest.raises(error, match=words) as raised:
        ask(ADDRESS, name="Trac")
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("headers", "status", "seconds"),
    [({}, 429, 60), ({"retry-after": "5"}, 429, 60), ({"retry-after": "120"}, 503, 120), ({"retry-after": "99999999"}, 429, 21600),
     ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 429, 60), ({"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}, 503, 21600),
     ({"retry-after": "soon"}, 429, 60)],
)  # fmt: skip
def test_a_tracker_that_asks_for_patience_gets_it(answered, headers, status, seconds):
    answered(httpx2.Response(status, headers=headers))
    with pytest.raises(Busy) as raised:
        ask(ADDRESS, name="Trac")
    assert raised.value.seconds == seconds


@pytest.mark.parametrize("error", [httpx2.ConnectError("no"), httpx2.RemoteProtocolError("cut"), httpx2.DecodingError("bad")])
def test_no_answer(answered, error):
    def fail(request):
        raise error

    answered(fail)
    with pytest.raises(Unavailable, match=r"Trac did not answer$"):
        ask(ADDRESS, name="Trac")


def test_an_answer_that_takes_too_long(answered, monkeypatch):
    def fail(request):
        raise httpx2.ReadTimeout("slow")

    answered(fail)
    with pytest.raises(Unavailable, match="in time"):
        ask(ADDRESS, name="Trac")
    answered(httpx2.Response(200, json={"id": 1}))
    monkeypatch.setattr(answers, "LONGEST", -1)
    with pytest.raises(Unavailable, match="in time"):
        ask(ADDRESS, name="Trac")


def test_a_redirect_on_the_same_host_is_followed(answered):
    def answer(request):
        if request.url.path.endswith("/"):
            return httpx2.Response(200, json={"id": 1})
        return httpx2.Response(301, headers={"location": "/api/tickets/1/"})

    asked = answered(answer)
    assert ask(ADDRESS, name="Trac") == {"id": 1}
    assert asked == [ADDRESS, f"{ADDRESS}/"]


def test_only_a_get_without_any_secret(answered):
    def answer(request):
        assert request.method == "GET"
        assert not {"authorization", "cookie"} & set(request.headers)
        assert "mentoring-cohorts" in request.headers["user-agent"]
        return httpx2.Response(200, json={})

    answered(answer)
    assert ask(ADDRESS, name="Trac") == {}


def test_an_outage_is_tried_five_times_and_kept_on_the_item(trac, tasks):
    item = paste(trac.member("ada"), f"{TRAC}/ticket/5")
    trac.sandbox.faults.always("500")
    runs = tasks.run(until=datetime.timedelta(hours=5), fail_silently=True)
    assert [run.state for run in runs if run.task.module_path == fetch_from_tracker.module_path] == ["retried"] * 4 + ["failed"]
    item.refresh_from_db()
    assert (item.problem, item.state) == ("Trac has a problem of its own", "open")
    trac.sandbox.faults.clear()
    add_ticket(trac.world, 5, "Slow")
    following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.problem, item.title) == ("", "Slow")


def test_patience_is_no_failure(trac, tasks):
    item = paste(trac.member("ada"), f"{TRAC}/ticket/5")
    trac.sandbox.faults.next(1, "secondary_429")
    add_ticket(trac.world, 5, "Slow")
    assert [run.state for run in tasks.run()] == ["postponed"]
    item.refresh_from_db()
    assert (item.problem, item.fetched_at) == ("", None)
    tasks.assert_enqueued(fetch_from_tracker, item.pk, run_after=datetime.timedelta(seconds=60))


@pytest.mark.parametrize("fault", ["html", "truncated", "malformed", "timeout", "refused", "502", "503"])
def test_every_fault_leaves_what_was_stored(trac, tasks, fault):
    add_ticket(trac.world, 5, "Slow", stage="Accepted")
    item = paste(trac.member("ada"), f"{TRAC}/ticket/5")
    tasks.run()
    trac.sandbox.faults.next(1, fault)
    with pytest.raises(Unavailable):
        following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.title, item.stage, item.state) == ("Slow", "Accepted", "open")
    assert item.problem.startswith("Trac ")
