"""Adding work by hand: what the form asks, what is kept of what was typed, and changing or deleting what was added."""

import datetime

import pytest
from django.urls import reverse

from contributions.models import Contribution, WorkItem
from tests.contributions.pages.conftest import NOW
from tests.factories import ContributionFactory

TALK = "https://www.youtube.com/watch?v=abc"
DETAILS = {"url": TALK, "asked": "details", "title": "My talk", "other_kind": "talk", "on": "2027-02-20"}


@pytest.fixture
def post(world, client):
    client.force_login(world.amara.user)

    def send(**data):
        return client.post(reverse("track", args=[world.amara.pk]), data)

    return send


def test_a_link_that_nobody_understands_is_asked_about_and_nothing_typed_is_lost(post):
    page = post(url=TALK)
    assert page.status_code == 200
    form = page.context["track_form"]
    assert (form.asks, form.errors, form["other_kind"].value(), form["url"].value()) == ("details", {}, "talk", TALK)
    assert "We do not follow www.youtube.com" in page.text
    assert not Contribution.objects.exists()
    page = post(url=TALK, asked="details", guessed="talk", other_kind="translation", title="", on="2027-02-20")
    form = page.context["track_form"]
    assert (list(form.errors), form["other_kind"].value(), form["on"].value()) == (["title"], "translation", "2027-02-20")
    assert post(**DETAILS).status_code == 302
    contribution = Contribution.objects.get()
    item = contribution.work_item
    assert (item.title, item.other_kind, item.state, contribution.role) == ("My talk", "talk", "closed", "author")
    assert item.created_at == datetime.datetime(2027, 2, 20, 12, tzinfo=datetime.UTC)


def test_the_page_begins_where_something_is_wrong_or_asked(post):
    assert '<input type="text" name="url" value="nonsense"' in (page := post(url="nonsense").text)
    assert page.count("autofocus") == 1
    assert "autofocus" in page[page.index('id="field-url"') : page.index('id="track-details"')]
    page = post(url="https://example.org/x").text
    assert page.count("autofocus") == 1
    assert "autofocus" in page[page.index('id="field-other_kind"') : page.index('id="field-title"')]


def test_work_without_a_link_is_tracked_once(post):
    page = post(without="1")
    assert page.context["track_form"].asks == "details"
    for _ in range(2):
        assert post(**DETAILS | {"url": ""}).status_code == 302
    assert post(**DETAILS | {"url": "", "on": "2027-02-19"}).status_code == 302
    assert list(WorkItem.objects.values_list("host", "url", "title")) == [("", "", "My talk")] * 2
    assert set(Contribution.objects.values_list("source", flat=True)) == {"manual"}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": "\u202e\u2066"}, "title"),
        # Nobody could see it, or press on it.
        ({"title": "\u200b\u2060 \u00ad\u2800\u3164"}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"other_kind": ""}, "other_kind"),
        ({"other_kind": "riddle", "url": ""}, "other_kind"),
        ({"on": "2027-02-25"}, "on"),
        ({"on": "0001-01-01"}, "on"),
        ({"on": "soon"}, "on"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": f"https://example.org/{'a' * 10_000}"}, "url"),
        ({"url": "https://me:secret@example.org/"}, "url"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(post, changed, field):
    given = {**DETAILS, "url": "https://example.org/x", **changed}
    page = post(**given)
    assert page.status_code == 200
    form = page.context["track_form"]
    assert list(form.errors) == [field]
    assert {name: form[name].value() for name in ("url", "title", "on")} == {name: given[name] for name in ("url", "title", "on")}
    assert not Contribution.objects.exists()


def test_while_somebody_types_the_form_asks_what_fits_and_nothing_is_tracked(post):
    page = post(look="1", url=TALK)
    assert "<!doctype" not in page.text
    assert "track_title" in page.text
    assert post(look="1", url=TALK, asked="details", guessed="talk", other_kind="talk").status_code == 204
    # Another link proposes another kind, unless one was chosen.
    post_link = "https://example.org/blog/mine"
    assert '"post" selected' in post(look="1", url=post_link, asked="details", guessed="talk", other_kind="talk").text
    assert post(look="1", url=post_link, asked="details", guessed="post", other_kind="help").status_code == 204
    page = post(look="1", url="https://github.com/lumen/lumen/pull/1")
    assert "track_role" in page.text
    for unfinished in ("", "https://", "https://yout"):
        assert post(look="1", url=unfinished).status_code == 204
    assert not Contribution.objects.exists()


def test_the_part_in_a_pull_request_of_somebody_else_can_be_chosen(world, post, track):
    item = track(
        world.jun, author_login="jun", url="https://github.com/lumen/lumen/pull/7", number=7, author_node_id="U_jun"
    ).work_item
    for chosen in ("reviewer", "co_author"):
        assert post(url=item.url, role=chosen).status_code == 302
        assert Contribution.objects.get(membership=world.amara).role == chosen


def test_other_work_is_changed_by_its_member_while_nobody_else_has_it(world, post, client):
    post(**DETAILS)
    contribution = Contribution.objects.get()
    address = reverse("edit_work", args=[contribution.pk])
    assert 'value="2027-02-20"' in client.get(address).text
    page = client.post(address, {"title": " ", "other_kind": "post", "on": "2027-02-19"})
    assert "Give it a title" in page.text
    assert client.post(address, {"title": "Better", "other_kind": "post", "on": "2027-02-19"}).status_code == 302
    contribution.work_item.refresh_from_db()
    item = contribution.work_item
    assert (item.title, item.other_kind, item.created_at.day, item.url) == ("Better", "post", 19, TALK)
    client.force_login(world.navigator)
    assert client.get(address).status_code == 404
    client.force_login(world.amara.user)
    ContributionFactory(membership=world.jun, work_item=item)
    assert client.get(address).status_code == 404
    assert client.post(reverse("delete_work", args=[contribution.pk])).status_code == 404


def test_other_work_is_deleted_after_a_question(post, client):
    post(**DETAILS)
    contribution = Contribution.objects.get()
    address = reverse("delete_work", args=[contribution.pk])
    assert "This cannot be undone" in client.get(address).text
    assert Contribution.objects.exists()
    client.post(address)
    assert not WorkItem.objects.exists()


def test_what_was_found_is_neither_changed_nor_deleted_here(world, post, track, client):
    found = track(world.amara, created_at=NOW)
    for name in ("edit_work", "delete_work"):
        assert client.get(reverse(name, args=[found.pk])).status_code == 404
