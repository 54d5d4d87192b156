"""Deliveries of GitHub's webhook: the signature, what they lead to, and what is refused."""

import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest
from django.test import RequestFactory

from contributions.models import WebhookDelivery
from contributions.webhooks import LARGEST_BODY, github_webhook, is_signed
from tests.contributions.webhooks.delivering import SECRET, sign
from tests.factories import WorkItemFactory


def test_githubs_own_test_vector():
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert is_signed(b"Hello, World!", signature, [SECRET])
    assert not is_signed(b"Hello, World?", signature, [SECRET])
    assert not is_signed(b"Hello, World!", signature, ["", "another"])


def test_a_delivery_about_an_item_of_ours_fetches_it_again(queued):
    item = WorkItemFactory()
    status, refetches = queued({"action": "opened", "pull_request": {"node_id": item.node_id}}, event="pull_request")
    delivery = WebhookDelivery.objects.get()
    assert (status, refetches) == (202, [[item.pk]])
    assert (delivery.event, delivery.about, delivery.processed_at) == ("pull_request", item.node_id, None)


def payload_of(item, event):
    repository = {"full_name": item.repository.upper()}
    if event in ("pull_request", "pull_request_review"):
        return {"pull_request": {"number": item.number}, "repository": repository}
    if event in ("issues", "issue_comment"):
        return {"issue": {"number": item.number, "node_id": "another form"}, "repository": repository}
    if event == "check_suite":
        return {"check_suite": {"pull_requests": [{"number": item.number}]}, "repository": repository}
    if event == "status":
        return {"repository": repository, "sender": {"node_id": item.author_node_id}}
    return {"repository": {"full_name": "owner/renamed"}, "changes": {"repository": {"name": {"from": "repository"}}}}


@pytest.mark.parametrize(
    "event", ["issues", "pull_request", "pull_request_review", "issue_comment", "check_suite", "status", "repository"]
)
def test_every_event_that_can_be_about_an_item(queued, event):
    item = WorkItemFactory(author_node_id="U_1", ci="pending")
    WorkItemFactory(repository="another/one")
    status, refetches = queued(payload_of(item, event), event=event)
    assert (status, refetches) == (202, [[item.pk]])


@pytest.mark.parametrize("event", ["check_suite", "status"])
def test_checks_of_a_fork_mean_those_that_run(queued, event):
    running, _done = WorkItemFactory(ci="pending"), WorkItemFactory(ci="success")
    _status, refetches = queued({"repository": {"full_name": running.repository}}, event=event)
    assert refetches == [[running.pk]]


@pytest.mark.parametrize("event", ["issues", "check_suite", "status", "repository", "ping"])
@pytest.mark.parametrize("payload", [{}, {"issue": []}, {"issue": {"node_id": 5}, "repository": "x", "check_suite": {}}])
def test_what_nobody_here_works_on_is_taken_and_forgotten(queued, event, payload):
    WorkItemFactory()
    assert queued(payload, event=event) == (202, [])
    assert WebhookDelivery.objects.get().processed_at


def test_events_that_are_not_used(queued):
    assert queued({}, event="star") == (204, [])
    assert not WebhookDelivery.objects.exists()


def test_two_secrets_while_one_is_replaced(queued, settings):
    settings.GITHUB_WEBHOOK_SECRETS = ["the new one", SECRET]
    assert queued({})[0] == 202
    assert queued({}, headers={"X-Hub-Signature-256": sign(b"{}", "the new one")})[0] == 202
    assert queued({}, headers={"X-Hub-Signature-256": sign(b"{}", "an old one")})[0] == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Hub-Signature-256": None},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256="},
        {"X-Hub-Signature-256": "sha256=" + "é" * 64},
        {"X-Hub-Signature-256": hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()},
        {"X-Hub-Signature-256": None, "X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), b"{}", "sha1").hexdigest()},
        {"X-Hub-Signature-256": "sha1=" + hmac.new(SECRET.encode(), b"{}", "sha1").hexdigest()},
    ],
)
def test_without_a_right_signature_nothing_is_stored(queued, headers):
    assert queued({}, headers=headers) == (401, [])
    assert not WebhookDelivery.objects.exists()


def test_what_is_refused(queued, settings):
    assert queued(body=b"not json")[0] == 400
    assert queued(body=b"[]")[0] == 400
    assert queued(guid="")[0] == 400
    assert queued(guid="x" * 65)[0] == 400
    assert queued(body=b" " * (LARGEST_BODY + 1))[0] == 413
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert queued(body=b" " * 101)[0] == 413
    settings.GITHUB_WEBHOOK_SECRETS = []
    assert queued({})[0] == 404


def test_as_a_form(queued):
    item = WorkItemFactory()
    body = urlencode({"payload": json.dumps({"issue": {"node_id": item.node_id}})}).encode()
    status, refetches = queued(body=body, content_type="application/x-www-form-urlencoded")
    assert (status, len(refetches)) == (202, 1)


def test_it_is_post_only():
    assert github_webhook(RequestFactory().get("/hooks/github/")).status_code == 405


@pytest.mark.parametrize("event", ["issues", "pull_request", "issue_comment", "check_suite", "status", "repository"])
@pytest.mark.parametrize(
    "value",
    [[], [[]], {}, "x", 7, None, True, {"name": []}, {"name": {"from": []}}, {"node_id": "a\0b"}, {"node_id": "\ud800"}, {"node_id": "x" * 5000},
     {"number": 10**30}, {"number": -1}, {"number": True}, {"pull_requests": [{"number": 10**30}, 7]}, {"full_name": "o/\0"}, {"full_name": "o/\ud800"}],
)  # fmt: skip
def test_a_signed_delivery_of_any_shape_is_no_mistake_of_ours(queued, event, value):
    parts = ("issue", "pull_request", "check_suite", "changes", "repository", "sender")
    payload = dict.fromkeys(parts, value) | {"issue": value, "changes": {"repository": value}}
    assert queued(payload, event=event)[0] == 202
