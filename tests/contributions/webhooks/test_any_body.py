"""What somebody with the secret, or without, can send: no body is a mistake of ours."""

import io
import json
from urllib.parse import urlencode

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import InterfaceError, OperationalError
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contributions.deliveries import items_about
from contributions.models import WebhookDelivery
from contributions.payloads import EVENTS, read_delivery
from contributions.webhooks import LARGEST_BODY, github_webhook
from tests.factories import WorkItemFactory

from .delivering import GUID, deliver, sign

pytestmark = pytest.mark.django_db

NAMES = [
    "issue", "pull_request", "check_suite", "repository", "sender", "changes", "pull_requests", "number", "node_id", "full_name",
    "name", "from", "owner", "user", "login",
]  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["owner/repository", "PR_1"])
)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5), max_leaves=30
)
PAYLOADS = st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=st.sampled_from(sorted(EVENTS)), payload=PAYLOADS, number=st.integers(0, 10**12))
def test_a_signed_payload_of_any_shape_is_taken(tasks, event, payload, number):
    assert deliver(payload, event=event, guid=f"{number:012}").status_code == 202
    assert WebhookDelivery.objects.filter(guid=f"{number:012}").exists()


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=200), event=st.sampled_from(sorted(EVENTS)))
def test_a_signed_body_of_any_bytes_is_answered(body, event):
    assert deliver(body=body, event=event).status_code in (202, 400)
    assert deliver(body=body, event=event, headers={"X-Hub-Signature-256": sign(body, "wrong")}).status_code == 401


@pytest.mark.parametrize(
    "body", [b"[" * 1_000_000, b'{"issue":' * 100_000, b'{"issue": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"]
)
def test_deep_nesting(body):
    assert deliver(body=body).status_code == 400


def test_deep_nesting_that_json_takes():
    body = b'{"issue": ' + b"[" * 200 + b"]" * 200 + b"}"
    assert deliver(body=body).status_code == 202


@pytest.mark.parametrize("body", [b"\xff\xfe{}", b"NaN", b"null", b'"text"', b"7", b"", b'{"issue": ', b"{'issue': 1}"])
def test_what_is_no_object(body):
    assert deliver(body=body).status_code == 400
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize("form", ["", "payload=", "payload=%ff", "other=1", "payload=%5B%5D", "payload=%7B%22issue%22"])
def test_a_form_without_a_payload(form):
    assert deliver(body=form.encode(), content_type="application/x-www-form-urlencoded").status_code == 400


def test_a_number_that_python_refuses_to_read():
    assert deliver(body=b'{"issue": {"number": ' + b"9" * 10_000 + b"}}").status_code == 400


def test_many_pull_requests_in_one_check_suite(django_assert_max_num_queries):
    item = WorkItemFactory(number=3)
    suite = {"pull_requests": [{"number": number} for number in range(1, 20_000)]}
    with django_assert_max_num_queries(2):
        found = items_about(
            [read_delivery(GUID, "check_suite", {"check_suite": suite, "repository": {"full_name": item.repository}})]
        )
    assert found == {GUID: [item.pk]}


class Stream(io.BytesIO):
    """What a server gives an application, which may ask for too much."""

    def __init__(self, body):
        super().__init__(body)
        self.given = 0

    def read(self, size=-1):
        part = super().read(size)
        self.given += len(part)
        return part


def answer(body, declared, signed=None, **more):
    """Of a request whose `Content-Length` need not be true: `(status, bytes that were read)`."""
    stream = Stream(body)
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/hooks/github/", "SERVER_NAME": "testserver", "SERVER_PORT": "80",
        "wsgi.input": stream, "wsgi.url_scheme": "http", "CONTENT_TYPE": "application/json", "HTTP_X_GITHUB_EVENT": "ping",
        "HTTP_X_GITHUB_DELIVERY": GUID, "HTTP_X_HUB_SIGNATURE_256": sign(body if signed is None else signed), **more,
    }  # fmt: skip
    if declared is not None:
        environ["CONTENT_LENGTH"] = declared
    return github_webhook(WSGIRequest(environ)).status_code, stream.given


@pytest.mark.parametrize(
    ("declared", "status"),
    [("2", 202), ("1", 401), ("3", 202), ("0", 401), ("-1", 401), ("", 401), (None, 401), ("two", 401), ("2_500_001", 413)],
)
def test_a_length_that_is_not_true(declared, status):
    assert answer(b"{}", declared)[0] == status


def test_what_is_too_large_is_not_read():
    assert answer(b" " * (LARGEST_BODY + 10), str(LARGEST_BODY + 10)) == (413, 0)


def test_no_more_is_read_than_was_declared():
    assert answer(b"{}" + b" " * (LARGEST_BODY * 2), "2", signed=b"{}") == (202, 2)


def test_a_body_that_breaks_off():
    class Broken(Stream):
        def read(self, size=-1):
            raise OSError("The connection was reset.")

    assert answer(b"{}", "2", **{"wsgi.input": Broken(b"{}")})[0] == 400


def test_the_signature_comes_before_all_else():
    headers = {"X-Hub-Signature-256": sign(b"other")}
    assert deliver(body=b"[" * 1_000_000, headers=headers).status_code == 401
    assert deliver(event="star", headers=headers).status_code == 401
    assert deliver(guid="", headers=headers).status_code == 401


# Through the whole site


def post(body, client=None, **headers):
    given = {"X-GitHub-Event": "issues", "X-GitHub-Delivery": GUID, "X-Hub-Signature-256": sign(body), **headers}
    return (client or Client(enforce_csrf_checks=True)).post(
        "/hooks/github/", body, content_type="application/json", headers=given
    )


def test_it_needs_no_cookie_no_token_and_no_known_host(django_assert_num_queries):
    with django_assert_num_queries(1):
        response = post(b"{}", Host="elsewhere.example.org")
    assert (response.status_code, response.content, response["Content-Length"]) == (202, b"", "0")
    assert not response.cookies


def test_an_answer_that_says_why():
    response = post(b"{}", **{"X-Hub-Signature-256": "sha256=no"})
    assert (response.status_code, response.json()) == (401, {"error": "The signature is missing or wrong."})
    assert int(response["Content-Length"]) == len(response.content)


def test_one_that_comes_without_https_is_sent_there(settings):
    settings.SECURE_SSL_REDIRECT = True
    assert post(b"{}").status_code == 301
    assert not WebhookDelivery.objects.exists()
    assert Client(enforce_csrf_checks=True).get("/hooks/github/", secure=True).status_code == 405


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_where_database_and_disk_are_away_github_hears_of_it(monkeypatch, error):
    def away(_deliveries):
        raise error("The database is away.")

    monkeypatch.setattr("contributions.webhooks.take_deliveries", away)
    response = post(b"{}")
    assert (response.status_code, response.json()) == (503, {"error": "The delivery could not be stored. Send it again later."})


def test_a_form_is_read_as_json_is(tasks):
    item = WorkItemFactory()
    body = urlencode({"payload": json.dumps({"issue": {"node_id": item.node_id, "title": "é & ü"}})}).encode()
    assert deliver(body=body, content_type="application/x-www-form-urlencoded").status_code == 202
    assert WebhookDelivery.objects.get().items == [item.pk]
