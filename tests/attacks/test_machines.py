"""What programs talk to: calendars, monitors, mail providers, webhooks, tables from elsewhere. No request of theirs is a mistake
of ours, and a key that was taken back, or of somebody who is gone, opens nothing."""

import contextlib
import datetime
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.data_requests import KEPT, make_export, request_export
from accounts.feeds import create_feed, revoke_feed
from accounts.models import DataRequest, User
from accounts.personal_data import delete_account
from accounts.unsubscribing import token_for
from cohorts.models import TableImport
from cohorts.moving_in.guessing import guess
from cohorts.moving_in.table import TableError, read_table
from tests.cohorts.test_fuzz_forms import CELLS, EVIL, fuzz
from tests.factories import PASSWORD, UserFactory

ADDRESSES = (
    "/healthz", "/metrics", "/hooks/github/", "/hooks/mail/", "/feeds/{}.ics", "/feeds/cohorts/{}.ics", "/mail/stop/{}/",
    "/mail/stop/{}/again/", "/report/follow/{}/", "/sessions/part/{}/", "/volunteering/invitation/{}/", "/files/{}/",
    "/me/data/export/{}/", "/accounts/confirm-email/{}/", "/accounts/password/reset/key/{}/", "/{}",
)  # fmt: skip
HEADERS = (
    "authorization", "x-hub-signature-256", "x-github-event", "x-github-delivery", "if-none-match", "if-modified-since", "accept",
    "accept-language", "range", "cookie", "x-forwarded-for", "content-length", "content-type", "hx-request", "hx-current-url", "host",
)  # fmt: skip
#: What a web server lets through in a header.
SAID = EVIL.map(lambda text: "".join(c for c in text if c.isprintable() and ord(c) < 256)[:2000])


@pytest.mark.django_db
def test_whatever_programs_send_is_answered(settings):
    settings.METRICS_TOKEN = "a-token-for-these-tests-alone"
    person = UserFactory()
    known = [create_feed(person), token_for(person, "reminders"), str(uuid.UUID(int=1)), "1-abc", "12.x", "x" * 3000]
    client = Client(raise_request_exception=False)

    @fuzz(120, 5000)
    @given(
        address=st.sampled_from(ADDRESSES),
        token=st.sampled_from(known) | EVIL.map(lambda text: text.encode("utf-8", "replace").decode()[:2000]),
        method=st.sampled_from(["GET", "GET", "HEAD", "POST", "POST", "PUT", "OPTIONS", "DELETE", "PROPFIND", "X\u00e9"]),
        body=st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b"payload={}", b"List-Unsubscribe=One-Click", b"\x00"]),
        headers=st.dictionaries(st.sampled_from(HEADERS), SAID, max_size=4),
    )
    def is_answered(address, token, method, body, headers):
        kind = headers.pop("content-type", "application/json")
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        if "HTTP_CONTENT_LENGTH" in headers:
            headers["CONTENT_LENGTH"] = headers.pop("HTTP_CONTENT_LENGTH")
        response = client.generic(method, address.format(token), body, kind, **headers)
        content = response.getvalue() if response.streaming else response.content
        assert response.status_code < 500, (method, address, token, headers, content[:300])

    is_answered()


@pytest.mark.django_db
def test_keys_that_were_taken_back_open_nothing():
    person, client = UserFactory(), Client()
    token = create_feed(person)
    address = reverse("feed", args=[token])
    assert client.get(address).status_code == 200
    # A key is the whole key, in its own letters.
    for other in (token.swapcase(), token[:-1], f"{token}0", f"{token}%00", f" {token}"):
        assert client.get(f"/feeds/{other}.ics").status_code == 404
    newer = create_feed(person)
    assert client.get(address).status_code == 404
    revoke_feed(person)
    assert client.get(reverse("feed", args=[newer])).status_code == 404
    last = reverse("feed", args=[create_feed(person)])
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get(last).status_code == 404
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert client.get(last).status_code == 200
    delete_account(person, by=person)
    assert client.get(last).status_code == 404


@pytest.mark.django_db
def test_a_file_of_somebodys_data_is_for_that_person_alone_and_not_for_ever():
    person, operator = UserFactory(), UserFactory(is_superuser=True)
    found = request_export(person, by=person)
    make_export(found.pk)
    found.refresh_from_db()
    address = reverse("my_data_download", args=[found.key])

    def status(who):
        client = Client()
        if who is not None:
            client.post(reverse("account_login"), {"login": who.email, "password": PASSWORD})
            client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        response = client.get(address)
        if response.streaming:
            response.getvalue()
        return response.status_code

    assert [status(who) for who in (person, operator, UserFactory(), None)] == [200, 404, 404, 302]
    DataRequest.objects.update(expires_at=timezone.now() - KEPT - datetime.timedelta(days=1))
    assert status(person) == 302


TABLES = st.lists(st.lists(CELLS, max_size=7), max_size=6).map(lambda rows: "\n".join(",".join(row) for row in rows))


@fuzz(60, 5000)
@given(
    data=st.binary(max_size=200) | TABLES.map(lambda text: f"email,name,status,why\n{text}".encode("utf-8", "surrogatepass")),
    kind=st.sampled_from(TableImport.Kind.values),
    header=st.none() | st.integers(-1, 9),
)
def test_a_table_from_elsewhere_is_read_or_refused_in_words(data, kind, header):
    with contextlib.suppress(TableError):
        table = read_table(data, header=header)
        assert len(guess(kind, table)) == len(table.names)
        assert all(len(cells) <= len(table.names) for _number, cells in table.rows)
