"""Accepting the code of conduct and the privacy terms by their version, and being asked again without losing a word."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts import terms
from accounts.models import TermsAcceptance, User
from accounts.personal_data import export
from tests.factories import UserFactory

HOURS = {"time_zone": "Europe/Rome", "slot": ["20", "21"]}


@pytest.fixture
def behind(client, db):
    """Somebody who accepted an earlier version, logged in."""
    person = UserFactory(terms_version="2020-01")
    client.force_login(person)
    return person


def held_back(response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in response.context["typed"]]


def test_a_form_waits_in_the_page_that_asks_and_goes_where_it_was_meant_to(client, behind):
    address = reverse("availability")
    typed = {**HOURS, "extra": 'a "quoted"\r\nline <b>'}
    response = client.post(address, typed)
    assert response.status_code == 428
    assert held_back(response) == [("time_zone", "Europe/Rome"), ("slot", "20"), ("slot", "21"), ("extra", typed["extra"])]
    assert f'action="{address}"' in response.text
    assert "&lt;b&gt;" in response.text
    # No way out of this page that loses what waits in it.
    assert "Read and accept" not in response.text
    behind.refresh_from_db()
    assert behind.terms_version == "2020-01"
    again = client.post(address, typed | {terms.ACCEPT_FIELD: terms.TERMS_VERSION})
    assert again.status_code in (200, 302)
    behind.refresh_from_db()
    assert behind.availability.slots == [20, 21]
    assert behind.terms_version == terms.TERMS_VERSION
    assert [one.version for one in behind.terms_accepted.all()] == [terms.TERMS_VERSION]
    assert export(behind)["terms_accepted"][0]["version"] == terms.TERMS_VERSION
    # Asked once.
    assert client.post(address, HOURS).status_code != 428


@pytest.mark.parametrize("version", ["", "2020-01", "2999-12"])
def test_another_version_is_not_accepted_by_that(client, behind, version):
    assert client.post(reverse("availability"), HOURS | {terms.ACCEPT_FIELD: version}).status_code == 428
    assert client.post(reverse("terms"), {terms.ACCEPT_FIELD: version}).status_code == 422
    assert not TermsAcceptance.objects.exists()


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {"Sec-Fetch-Dest": "empty"}], ids=["htmx", "script"])
def test_what_pages_save_by_themselves_is_saved(client, behind, headers):
    assert client.post(reverse("availability"), HOURS, headers=headers).status_code != 428
    assert User.objects.get(pk=behind.pk).availability.slots == [20, 21]


def test_a_form_with_a_file_is_done_and_asked_about_afterwards(client, behind):
    response = client.post(reverse("availability"), HOURS | {"file": SimpleUploadedFile("a.txt", b"x")})
    assert response.url.startswith(reverse("terms") + "?next=")
    assert User.objects.get(pk=behind.pk).availability.slots == [20, 21]


def test_reading_leaving_and_ones_own_data_need_no_answer(client, behind):
    page = client.get(reverse("home")).text
    assert reverse("terms") in page
    for name in ("my_data", "availability", "report", "contact"):
        assert client.get(reverse(name)).status_code == 200
    for name in ("theme", "my_data_export", "contact", "account_logout"):
        assert client.post(reverse(name)).status_code != 428
    assert not TermsAcceptance.objects.exists()


def test_nobody_else_is_asked(client, db):
    assert client.post(reverse("contact")).status_code == 422
    client.force_login(UserFactory())
    assert reverse("terms") not in client.get(reverse("home")).text


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [
        ("/availability/", "/availability/"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("https://testserver@evil.example/", "/"),
    ],
)
def test_accepting_leads_back_within_this_site(client, behind, back, leads_to):
    page = client.get(reverse("terms"), {"next": back})
    assert page.context["back"] == (back if leads_to != "/" else "")
    response = client.post(reverse("terms"), {terms.ACCEPT_FIELD: terms.TERMS_VERSION, "next": back})
    assert response.url == leads_to


def test_every_name_that_is_open_without_exists():
    from django.urls import get_resolver

    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert terms._open_without - {"mail_events"} <= names
