"""Every address, asked in ways that no page asks: other methods, as a part of a page, with numbers that no row can have, with
words in every text that end whatever they stand in, and under another name of the site."""

import csv
import io
import itertools
import json
import re
import xml.etree.ElementTree as ElementTree
from functools import partial

import pytest
from django.db.models import JSONField, URLField
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from tests.attacks.forms import in_vain, pages
from tests.cohorts.test_fuzz_forms import LONG
from tests.cohorts.walking import routes
from tests.planted_words import _fields
from tests.test_addresses import ADMIN_SITE, SITE, client_of, make_both_worlds, told_to

#: Ends a text, an attribute in either quotes, a CDATA and a comment; a cell that a spreadsheet would run; a line of a calendar and
#: of a mail; turns the direction of what follows.
HURT = "=1+1'\"]]>--><script>alert(1)</script><img src=x onerror=alert(1)>[x](javascript:alert(1))\r\nATTENDEE:mailto:e@evil.example\u202e"
RUNS = re.compile(r"""<script>alert|<img src=x|(?:href|action|src)=["']?\s*(?:javascript|data:text|//evil)""", re.IGNORECASE)
#: Larger than any key, of either database.
TOO_LARGE = (2**63, 10**30)
OVERRIDES = {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST", "X-Method-Override": "POST"}
#: Written at each look: when a browser was last seen, whose turn a review is, and what was looked at.
NOTED = {"usersessions_usersession", "django_session", "accounts_auditentry", "cohorts_reviewclaim"}


@pytest.fixture(scope="module")
def made(kept):
    return kept(make_both_worlds)


@pytest.fixture
def world(db, made):
    return made()


def addresses(world):
    for entries, before in ((SITE, ""), (ADMIN_SITE, "admin:")):
        for name, entry in entries.items():
            yield name, entry, reverse(before + name, args=entry.arguments(world))


def test_no_method_but_post_changes_anything_and_none_breaks(world):
    """Neither does a header or a field that asks for another method."""
    client = client_of(world, "organiser")
    client.raise_request_exception = False
    problems = []

    def judge(response, written):
        if response.streaming:
            response.getvalue()
        said = sorted(written - NOTED)
        return [*said, response.status_code] if said or response.status_code >= 500 else []

    odd = itertools.cycle(("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"))
    for name, entry, address in addresses(world):
        method = next(odd)
        calls = {method: partial(client.generic, method, address, b'{"a": 1}', "application/json")}
        if entry.post:
            calls["GET"] = partial(client.get, f"{address}?_method=POST", headers=OVERRIDES)
            calls["HEAD"] = partial(client.head, address)
        for method, call in calls.items():
            said = in_vain(client, call, judge)
            problems += [(method, name, *said)] if said else []
    assert not problems, problems


@pytest.mark.parametrize("who", ["organiser", *(["member"] if LONG else [])])
def test_asking_for_a_part_shows_and_hides_the_same_as_asking_for_the_page(world, who):
    """htmx says which part it wants by headers, and whoever asks can send any."""
    client = client_of(world, who)
    client.raise_request_exception = False
    headers = {"HX-Request": "true", "HX-Target": "x", "HX-Trigger-Name": "\u00e9'\"", "HX-Current-URL": "https://evil.example//"}
    problems = []

    def judge(response, written):
        said = told_to(world, who, response)
        if response.status_code >= 500 or "evil.example" in str(response.headers):
            said.append(f"{response.status_code} {response.headers}")
        return said

    for name, entry, address in addresses(world):
        if who == "member" and address.startswith("/admin/"):
            continue
        is_for_them = who in entry.ok
        send = client.post if entry.post else client.get

        def part(response, written, is_for_them=is_for_them, name=name):
            said = judge(response, written)
            if not is_for_them and name != "login" and response.status_code < 300 and "HX-Redirect" not in response.headers:
                said.append(f"opens with {response.status_code}")
            return said

        problems += [(name, said) for said in in_vain(client, lambda a=address, s=send: s(a, headers=headers), part)]
    assert not problems, problems


def test_numbers_that_no_row_can_have_are_not_found(world):
    client = client_of(world, "operator")
    client.raise_request_exception = False
    problems = []
    # Each kind of page by one of them: what becomes of a number does not depend on the rest of the address.
    odd = itertools.cycle([(number, send) for number in TOO_LARGE for send in (client.get, client.post)])
    number_of = re.compile(r"<(?:int:\w+|path:object_id)>")
    for route, _model in routes():
        if not number_of.search(route) or route.startswith("/accounts/"):
            continue
        before = re.sub(r"<slug:\w+>", world.session.slug, route)
        number, send = next(odd)
        address = re.sub(r"<\w+:\w+>", "x", number_of.sub(str(number), before))
        status = in_vain(client, partial(send, address)).status_code
        if status not in (302, 404, 405, 403):
            problems.append((address, status))
    assert not problems, problems


def hurt(rows) -> None:
    """The words in every text of `rows`, and what runs in every address."""
    for row in rows:
        if isinstance(row, AuditEntry):
            continue
        texts = {field.name: HURT[: field.max_length] for field in _fields(row) if not isinstance(field, JSONField)}
        links = {field.name: "javascript:alert(1)" for field in row._meta.concrete_fields if type(field) is URLField}
        type(row)._base_manager.filter(pk=row.pk).update(**texts, **links)


@pytest.mark.parametrize("who", ["member", "organiser", *(["navigator", "operator"] if LONG else [])])
def test_words_that_were_made_to_hurt_stay_words_in_every_page_file_and_feed(world, who):
    own = [row for row in vars(world).values() if hasattr(row, "_meta")]
    hurt([*own, *world.people.values(), *world.private])
    world.session.refresh_from_db()
    client = client_of(world, who)
    client.raise_request_exception = False
    opened = shown = 0
    for address in pages(world, who):
        if address.startswith("/admin/") and address.endswith("/delete/"):
            continue
        response = client.get(address)
        content = (response.getvalue() if response.streaming else response.content).decode(errors="replace")
        assert response.status_code < 500, address
        opened += response.status_code == 200
        shown += "alert(1)" in content
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if kind == "text/html":
            assert not RUNS.search(content), (address, RUNS.search(content))
        elif kind == "text/csv":
            cells = [cell for row in csv.reader(io.StringIO(content.removeprefix("\ufeff"))) for cell in row]
            assert not [cell for cell in cells if cell[:1] in ("=", "@", "\t", "\r") or re.match(r"[+-]\D", cell)], address
        elif kind == "image/svg+xml":
            names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(content).iter()}
            assert not names & {"script", "foreignObject", "image", "a"}, address
        elif kind == "text/calendar":
            assert "\nATTENDEE:mailto:e@evil" not in content, address
        elif kind == "application/json":
            json.loads(content)
    assert opened > 40
    assert shown > 20


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver@evil.example", "testserver:80:80", "[::1", "evil.example/testserver", "\u0131"]
)
def test_a_host_that_is_not_ours_is_refused(world, host):
    client = Client(raise_request_exception=False)
    assert client.get(reverse("home"), headers={"host": host}).status_code == 400


def test_what_a_proxy_could_say_changes_no_address(world, settings):
    settings.ALLOWED_HOSTS = ["*"]
    said = {
        "host": "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "gopher", "x-forwarded-port": "1",
        "x-forwarded-server": "evil.example", "forwarded": "host=evil.example", "x-original-url": "/admin/", "x-rewrite-url": "/admin/",
    }  # fmt: skip
    client = client_of(world, "member")
    for name in ("home", "me", "my_meetings", "report", "session"):
        response = client.get(reverse(name, args=SITE[name].arguments(world)), headers=said)
        assert response.status_code == 200
        assert "evil.example" not in response.text, name


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_no_kind_of_body_stands_in_for_the_token_of_the_form(world, kind):
    client = Client(enforce_csrf_checks=True)
    client.cookies.update(client_of(world, "operator").cookies)
    admin = reverse("admin:cohorts_session_archive", args=[world.reviewing.pk])
    for address in (reverse("me"), reverse("report"), reverse("my_data_export"), reverse("contact"), admin):
        for origin in (
            {},
            {"origin": "null"},
            {"origin": "https://evil.example"},
            {"referer": "http://testserver.evil.example/"},
        ):
            answer = client.post(address, b'{"csrfmiddlewaretoken": "a"}', content_type=kind, headers=origin)
            assert answer.status_code == 403, address
