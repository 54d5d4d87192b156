"""Answers that were made to hurt: addresses that are no web pages, private things that something public links to, odd values."""

import copy
import json

import pytest
from django.db import models

from contributions.meaning import Incomplete, read_item
from contributions.meaning.people import named_in
from contributions.models import WorkItem
from contributions.trackers import TRACKERS, Place

from .nodes import AUTHOR, closed, comment, day, dismissed, event, iso, issue, pull_request, pushed, review

SCRIPTS = ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>", "//evil.example", "vbscript:x", 7]


def node(url, *, private=False, name="owner/name"):
    repository = {"nameWithOwner": name, "isPrivate": private}
    return {"url": url, "title": "A title", "number": 5, "state": "OPEN", "repository": repository}


def linked(*nodes, **item):
    found = pull_request(closingIssuesReferences={"nodes": list(nodes)}, **item)
    return read_item(found, now=day(28))["linked"]


@pytest.mark.parametrize("url", SCRIPTS)
def test_an_item_whose_address_is_no_web_page_is_refused(url):
    with pytest.raises(Incomplete, match="url"):
        read_item(issue(url=url), now=day(28))


@pytest.mark.parametrize("url", SCRIPTS)
def test_a_linked_item_whose_address_is_no_web_page_is_left_out(url):
    assert linked(node(url)) == []


def test_no_title_turns_the_page_around_it():
    there = node("https://github.com/owner/name/issues/5") | {"title": "\u2067gnp.exe"}
    found = pull_request(
        event("RenamedTitle", 8, previousTitle="\u202ea", currentTitle="b"),
        title="Fix \u202etxt.\u202c and é",
        labels={"nodes": [{"name": "bug\u202e", "color": "ffffff"}]},
        closingIssuesReferences={"nodes": [there]},
    )
    values = read_item(found, now=day(28))
    assert (values["title"], values["labels"][0]["name"], values["linked"][0]["title"]) == ("Fix txt. and é", "bug", "gnp.exe")
    assert values["events"][-1]["from"] == "a"
    assert TRACKERS["trac"].read(Place("ticket", 1, "x"), {"summary": "a\u202eb", "status": "new"}, {}).title == "ab"


def test_a_private_item_of_another_repository_is_not_named():
    there = node("https://github.com/org/vault/issues/5", private=True, name="org/vault")
    assert linked(there) == []
    assert len(linked(node("https://github.com/org/open/issues/5", name="org/open"))) == 1


def test_a_private_item_beside_a_private_item_is_named():
    own = {"id": "R_1", "databaseId": 1, "nameWithOwner": "org/vault", "isPrivate": True}
    there = node("https://github.com/org/vault/issues/5", private=True, name="org/vault")
    assert len(linked(there, repository=own)) == 1


ODD = [
    None, True, 7, -1, 1.5, 2**70, float("nan"), "", "\0", "a\0b", "\ud800", "x" * 2000, "9" * 5000, [], {}, [None], [7], {"nodes": 7},
    {"nodes": [None, 7, "x", []]}, {"a": {"b": None}}, "0000-00-00T00:00:00Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-11-03", "2026-11-03T00:00:00",
]  # fmt: skip

FULL = [
    pull_request(
        *dismissed("APPROVED", 3, 4), pushed(5), comment(6, text="Merged in 0a1b2c3"), review("CHANGES_REQUESTED", 7),
        event("RenamedTitle", 8, previousTitle="a", currentTitle="b"), event("ReadyForReview", 9), closed(10),
        event("Transferred", 10, fromRepository={"nameWithOwner": "o/old", "isPrivate": False}), event("Merged", 11),
        labels={"nodes": [{"name": "docs", "color": "ffffff"}]}, statusCheckRollup={"state": "SUCCESS"}, mergeStateStatus="CLEAN",
        body="## AI use\n- [x] none", authorAssociation="FIRST_TIMER", reviewDecision="APPROVED", closedAt=iso(10), mergedAt=iso(11),
        closingIssuesReferences={"nodes": [node("https://github.com/o/r/issues/5")]},
        commits={"nodes": [{"commit": {"oid": "0" * 40, "committedDate": iso(2), "message": "a\n\nAssisted-by: b",
                                       "author": {"user": AUTHOR}}}]},
    ),
    issue(
        comment(3), comment(4, AUTHOR), labels={"nodes": [{"name": "docs", "color": "ffffff"}]}, bodyText="ticket-5",
        timelineItems={"nodes": [event("Locked", 5)]}, closedAt=iso(7),
        closedByPullRequestsReferences={"nodes": [{**node("https://github.com/o/r/pull/5"), "state": "OPEN"}]},
    ),
]  # fmt: skip


def places(value, path=()):
    """The path of every part of an answer."""
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*path, name))


def with_odd(item, path, odd):
    item = copy.deepcopy(item)
    place = item
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = odd
    return item


def check_that_it_can_be_stored(values):
    text = json.dumps([value for value in values.values() if isinstance(value, str | list | dict)], ensure_ascii=False)
    text.encode()
    assert "\\u0000" not in text
    for name, value in values.items():
        field = WorkItem._meta.get_field(name)
        if isinstance(field, models.CharField):
            assert len(value) <= field.max_length, name
            assert not field.choices or value in dict(field.flatchoices) or (field.blank and not value), name
        elif isinstance(field, models.PositiveIntegerField):
            assert value is None or 0 <= value < 2**31, name
        elif isinstance(field, models.BigIntegerField):
            assert 0 < value < 2**63
        elif isinstance(field, models.DateTimeField):
            assert value is None or 1970 <= value.year <= 2200, name
            assert value is None or value.utcoffset().total_seconds() == 0, name


@pytest.mark.parametrize("item", FULL, ids=["pull request", "issue"])
def test_an_odd_value_anywhere_is_read_or_refused(item):
    check_that_it_can_be_stored(read_item(item, now=day(28)))
    refused = 0
    for path in places(item):
        for odd in ODD:
            answer = with_odd(item, path, odd)
            named_in(answer, host="github.com")
            try:
                values = read_item(answer, now=day(28))
            except Incomplete:
                refused += 1
            else:
                check_that_it_can_be_stored(values)
    # Only what an item cannot be without: its type, times, numbers, address and repository.
    assert 0 < refused < 10 * len(ODD)


@pytest.mark.parametrize("item", [None, 7, "x", [], {}])
def test_what_is_no_item_is_refused(item):
    with pytest.raises(Incomplete):
        read_item(item, now=day(28))


def test_a_login_of_two_thousand_letters_is_cut():
    long = {"__typename": "User", "login": "l" * 2000, "id": "U_" + "i" * 2000}
    values = read_item(pull_request(comment(3, long), author=long), now=day(28))
    assert (values["author_login"], values["author_node_id"]) == ("l" * 100, "")
    assert {len(told["by"]) for told in values["events"]} == {100}
