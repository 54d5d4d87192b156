"""Deliveries under WSGI, where they are taken before Django is asked: on disk, or else in the database."""

import io
import json

import pytest
from django.urls import reverse

from contributions import deliveries
from contributions.front import PATH, WebhookFront
from contributions.models import WebhookDelivery
from contributions.spool import Spool
from contributions.tasks import process_deliveries_task
from contributions.webhooks import LARGEST_BODY
from tests.factories import WorkItemFactory

from .delivering import GUID, sign


@pytest.fixture
def site():
    """The front, before a site that only tells that it was asked."""

    def asked(environ, start_response):
        start_response("200 OK", [])
        return [b"the site"]

    front = WebhookFront(asked)

    def send(body=b"{}", **environ):
        answer = []
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": PATH, "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json",
            "HTTP_X_GITHUB_EVENT": "issues", "HTTP_X_GITHUB_DELIVERY": GUID, "HTTP_X_HUB_SIGNATURE_256": sign(body),
            "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "http", **environ,
        }  # fmt: skip
        parts = front(environ, lambda status, headers: answer.append((status, dict(headers))))
        return *answer[0], b"".join(parts)

    return send


@pytest.fixture
def on_disk(tmp_path, monkeypatch):
    """The spool of this process, which stores when it is told to."""
    spool = Spool(tmp_path / "spool", deliveries.take_deliveries)
    spool.begin = lambda: None
    monkeypatch.setattr("contributions.front.spool", lambda: spool)
    monkeypatch.setattr("contributions.webhooks.spool", lambda: spool)
    monkeypatch.setattr(deliveries, "spool", lambda: spool)
    return spool


def test_the_address_is_the_one_of_the_site():
    assert reverse("github_webhook") == PATH


def test_a_delivery_is_on_disk_before_it_is_answered_without_the_database(site, on_disk):
    assert site() == ("202 Accepted", {"Content-Length": "0"}, b"")
    assert len(list(on_disk.folder.glob("*.deliveries"))) == 1


@pytest.mark.django_db
def test_what_is_on_disk_is_stored_and_queued(site, on_disk, tasks):
    item = WorkItemFactory()
    body = json.dumps({"issue": {"node_id": item.node_id}}).encode()
    assert site(body)[0] == site(body)[0] == "202 Accepted"
    assert on_disk.drain() == 2
    assert list(WebhookDelivery.objects.values_list("guid", "items")) == [(GUID, [item.pk])]
    tasks.assert_enqueued(process_deliveries_task, times=1)


@pytest.mark.django_db
def test_the_schedule_finds_what_a_web_server_left_behind(site, on_disk, tasks):
    item = WorkItemFactory()
    site(json.dumps({"issue": {"node_id": item.node_id}}).encode())
    deliveries.queue_forgotten()
    tasks.assert_enqueued(process_deliveries_task, times=1)
    assert WebhookDelivery.objects.count() == 1


@pytest.mark.django_db
def test_where_the_disk_is_full_the_database_takes_it(site, on_disk, monkeypatch, tasks):
    def full(_delivery):
        raise OSError("No space left on device")

    monkeypatch.setattr(on_disk, "put", full)
    assert site()[0] == "202 Accepted"
    assert WebhookDelivery.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "environ"),
    [
        ("401 Unauthorized", {"HTTP_X_HUB_SIGNATURE_256": sign(b"{}", "wrong")}),
        ("401 Unauthorized", {"HTTP_X_HUB_SIGNATURE_256": "", "HTTP_X_HUB_SIGNATURE": "sha1=" + "0" * 40}),
        ("401 Unauthorized", {"CONTENT_LENGTH": ""}),
        ("400 Bad Request", {"HTTP_X_GITHUB_DELIVERY": ""}),
        ("413 Content Too Large", {"CONTENT_LENGTH": str(LARGEST_BODY + 1)}),
    ],
)
def test_what_is_refused_says_why(site, on_disk, status, environ):
    said, headers, body = site(**environ)
    # The words for 413 changed with Python 3.13.
    assert said.split()[0] == status.split()[0]
    assert (headers["Content-Type"], headers["Content-Length"]) == ("application/json", str(len(body)))
    assert json.loads(body)["error"]
    assert not on_disk.folder.exists()


def test_an_event_that_is_not_used(site, on_disk):
    assert site(HTTP_X_GITHUB_EVENT="star")[::2] == ("204 No Content", b"")
    assert site(b"no", HTTP_X_HUB_SIGNATURE_256=sign(b"no"))[0] == "400 Bad Request"


@pytest.mark.parametrize("environ", [{"REQUEST_METHOD": "GET"}, {"PATH_INFO": "/"}, {"PATH_INFO": "/hooks/github"}])
def test_all_else_is_the_sites(site, environ):
    assert site(**environ) == ("200 OK", {}, b"the site")


@pytest.mark.parametrize(
    ("header", "environ", "taken"),
    [
        (None, {}, False),
        (None, {"wsgi.url_scheme": "https"}, True),
        (None, {"HTTP_X_FORWARDED_PROTO": "https"}, False),
        (("HTTP_X_FORWARDED_PROTO", "https"), {"HTTP_X_FORWARDED_PROTO": "https, http"}, True),
        (("HTTP_X_FORWARDED_PROTO", "https"), {"HTTP_X_FORWARDED_PROTO": "http", "wsgi.url_scheme": "https"}, False),
        (("HTTP_X_FORWARDED_PROTO", "https"), {"wsgi.url_scheme": "https"}, True),
    ],
)
def test_one_that_comes_without_https_is_the_sites_as_well(site, on_disk, settings, header, environ, taken):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_PROXY_SSL_HEADER = True, header
    assert (site(**environ)[0] == "202 Accepted") == taken


def test_each_database_has_a_folder_of_its_own(settings, tmp_path):
    deliveries.spool.cache_clear()
    settings.WEBHOOK_SPOOL = tmp_path
    try:
        found = deliveries.spool()
        assert found.folder.parent == tmp_path
        assert deliveries.spool() is found
    finally:
        deliveries.spool.cache_clear()
    settings.WEBHOOK_SPOOL = None
    assert deliveries.spool() is None
