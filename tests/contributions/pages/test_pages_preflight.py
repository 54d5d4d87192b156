"""What a pull request lacks before maintainers are asked: each rule as a table of cases, without a database."""

import datetime

import pytest
from django.utils import timezone

from cohorts.models import Project, Repository
from contributions.models import Contribution, WorkItem
from contributions.preflight import applies_to, preflight, summary, to_do
from contributions.reading import Row

from .conftest import NOW

ISSUE = {"url": "https://github.com/o/r/issues/7", "number": 7, "repository": "o/r", "title": "Slow", "state": "open"}
TICKET = {"url": "https://code.example.org/ticket/9", "number": 9, "repository": "", "title": "", "state": ""}


def row_of(project=None, *, item=None, said=None, yours=True, known=None):
    """A row of unsaved objects: a pull request of a project that asks for everything, unless told otherwise."""
    asks = {"name": "Lumen", "ai_policy": "disclosure", "large_change_lines": 300, "issue_first": True}
    asks["ai_policy_checked_on"] = timezone.localdate()
    repository = None if project is False else Repository(project=Project(**asks | (project or {})), full_name="o/r")
    values = {"kind": "pull_request", "state": "open", "additions": 20, "deletions": 4, "url": "https://github.com/o/r/pull/8"}
    values |= {"fetched_at": NOW, "tracked_repository": repository, **(item or {})}
    contribution = Contribution(pk=5, work_item=WorkItem(**values), **(said or {}))
    return Row(contribution, NOW, yours, known=known or {})


def point(key, row):
    return next((each for each in preflight(row) if each.key == key), None)


def seen(link, **values):
    kind = "ticket" if link is TICKET else "issue"
    return {link["url"]: WorkItem(**{"kind": kind, "url": link["url"], "state": "open", "fetched_at": NOW, **values})}


@pytest.mark.parametrize(
    ("linked", "known", "project", "state", "words"),
    [
        ([], {}, {}, "todo", "Lumen wants one first"),
        ([], {}, {"issue_first": False}, "not_asked", "none is asked for"),
        ([], {}, False, "not_asked", "none is asked for"),
        ([ISSUE], {}, {}, "ok", "#7 is linked and open"),
        ([ISSUE | {"state": "OPEN"}], {}, {}, "ok", "#7 is linked and open"),
        ([ISSUE | {"state": "closed"}], {}, {}, "todo", "#7 is closed"),
        ([ISSUE | {"state": ""}], {}, {}, "unsure", "not known here"),
        ([ISSUE], seen(ISSUE, labels=[{"name": "bug"}, {"name": "Needs-Triage"}]), {}, "todo", "labelled “Needs-Triage”"),
        ([ISSUE], seen(ISSUE, labels=[{"name": "needed soon"}]), {}, "ok", "#7 is linked and open"),
        ([ISSUE], seen(ISSUE, state="closed"), {}, "todo", "#7 is closed"),
        ([ISSUE], seen(ISSUE, fetched_at=None), {}, "ok", "#7 is linked and open"),
        ([TICKET], {}, {}, "unsure", "Ticket 9 is linked"),
        ([TICKET], seen(TICKET, stage="Accepted"), {}, "ok", "Ticket 9 is linked and accepted"),
        ([TICKET], seen(TICKET, stage="Ready for checkin"), {}, "ok", "ready for checkin"),
        ([TICKET], seen(TICKET, stage="Unreviewed"), {}, "todo", "its stage is “Unreviewed”"),
        ([TICKET], seen(TICKET, stage=""), {}, "unsure", "not known here"),
        ([TICKET], seen(TICKET, stage="Accepted", state="closed"), {}, "todo", "Ticket 9 is closed"),
        # One that is ready is enough.
        ([ISSUE | {"state": "closed"}, TICKET], seen(TICKET, stage="Accepted"), {}, "ok", "Ticket 9"),
        ([{"url": "javascript:alert(1)", "number": 1}], {}, {}, "todo", "No issue or ticket"),
    ],
)
def test_an_issue_that_is_ready(linked, known, project, state, words):
    found = point("issue", row_of(project, item={"linked": linked}, known=known))
    assert (found.state, words in found.title) == (state, True), found.title


@pytest.mark.parametrize(
    ("additions", "deletions", "project", "state", "words"),
    [
        (200, 99, {}, "ok", "299 lines: small enough"),
        (200, 100, {}, "todo", "300 lines: from 300 on"),
        (1, 0, {"large_change_lines": None}, "not_asked", "1 line;"),
        (1, 0, False, "not_asked", "1 line;"),
        (None, 0, {}, "unsure", "not known"),
    ],
)
def test_its_size(additions, deletions, project, state, words):
    found = point("size", row_of(project, item={"additions": additions, "deletions": deletions}))
    assert (found.state, words in found.title) == (state, True), found.title


@pytest.mark.parametrize(
    ("key", "item", "state"),
    [
        ("checks", {"ci": "success"}, "ok"),
        ("checks", {"ci": "failure"}, "todo"),
        ("checks", {"ci": "pending"}, "unsure"),
        ("checks", {"ci": ""}, "unsure"),
        ("base", {}, "ok"),
        ("base", {"behind": False}, "ok"),
        ("base", {"behind": True}, "todo"),
        ("base", {"conflicting": True}, "todo"),
        ("ready", {}, "ok"),
        ("ready", {"state": "draft"}, "todo"),
    ],
)
def test_checks_base_and_readiness(key, item, state):
    assert point(key, row_of(item=item)).state == state


@pytest.mark.parametrize(
    ("flags", "state", "words"),
    [
        ([], "ok", "no further tests"),
        (["has_patch", "easy"], "ok", "no further tests"),
        (["needs_tests", "needs_docs"], "todo", "needs tests, needs documentation"),
    ],
)
def test_what_the_ticket_says_is_missing(flags, state, words):
    found = point("tests", row_of(item={"linked": [TICKET]}, known=seen(TICKET, stage="Accepted", flags=flags)))
    assert (found.state, words in found.title) == (state, True)


def test_nothing_is_said_about_tests_where_no_ticket_does():
    assert point("tests", row_of(item={"linked": [ISSUE]}, known=seen(ISSUE))) is None


TOOL, PERSON = ["Assisted-by: A Model"], ["Co-authored-by: Jun"]


@pytest.mark.parametrize(
    ("policy", "use", "item", "state"),
    [
        ("welcome", "", {}, "not_asked"),
        ("welcome", "assisted", {}, "not_asked"),
        ("welcome", "none", {"trailers": TOOL}, "todo"),
        ("disclosure", "", {}, "todo"),
        ("disclosure", "", {"trailers": TOOL}, "ok"),
        ("disclosure", "", {"trailers": PERSON}, "todo"),
        ("disclosure", "", {"disclosure": "A tool wrote the tests."}, "ok"),
        ("disclosure", "none", {}, "ok"),
        ("disclosure", "none", {"trailers": TOOL}, "todo"),
        ("disclosure", "assisted", {}, "todo"),
        ("disclosure", "assisted", {"trailers": TOOL}, "ok"),
        ("disclosure", "assisted", {"disclosure": "A tool wrote the tests."}, "ok"),
        ("not_accepted", "", {}, "todo"),
        ("not_accepted", "none", {}, "ok"),
        ("not_accepted", "none", {"trailers": TOOL}, "todo"),
        ("not_accepted", "assisted", {}, "todo"),
        ("not_accepted", "", {"disclosure": "No tool helped."}, "todo"),
        ("not_stated", "", {}, "unsure"),
        ("not_stated", "none", {}, "ok"),
        ("not_stated", "none", {"trailers": TOOL}, "todo"),
        ("not_stated", "", {"disclosure": "A tool wrote the tests."}, "ok"),
        ("not_stated", "", {"trailers": TOOL}, "ok"),
        ("not_stated", "assisted", {}, "unsure"),
        ("not_stated", "assisted", {"disclosure": "A tool wrote the tests."}, "ok"),
        (None, "", {}, "unsure"),
    ],
)
@pytest.mark.parametrize("yours", [True, False])
def test_what_is_said_about_ai_against_the_policy(policy, use, item, state, yours):
    row = row_of(False if policy is None else {"ai_policy": policy}, item=item, said={"ai_use": use}, yours=yours)
    assert point("disclosure", row).state == state


@pytest.mark.parametrize(
    ("checked", "words"),
    [
        (timezone.localdate(), None),
        (timezone.localdate() - datetime.timedelta(days=200), "We last read its policy on"),
        (None, "Nobody has checked this lately"),
    ],
)
def test_an_old_policy_is_said_to_be_old(checked, words):
    asks = {"ai_policy_checked_on": checked, "ai_policy_url": "https://lumen.example.org/ai"}
    found = point("disclosure", row_of(asks, said={"ai_use": "none"}))
    assert words is None or words in found.why
    assert bool(found.url) == (words is not None)


def test_own_words_and_the_whole_list():
    row = row_of(item={"linked": [ISSUE], "ci": "success"}, said={"ai_use": "none", "own_words": "It asks once."})
    assert to_do(preflight(row)) == []
    assert summary(preflight(row), yours=True) == ""
    row = row_of(item={"linked": [ISSUE], "ci": "success"}, said={"own_words": " \n"})
    assert [each.key for each in to_do(preflight(row))] == ["disclosure", "own_words"]
    assert summary(preflight(row), yours=True) == "2 things before you ask"
    assert summary(preflight(row)[-2:], yours=False) == "1 thing before they ask"


def test_every_point_says_why_and_what_is_left_says_how():
    for yours in (True, False):
        row = row_of(item={"state": "draft", "ci": "failure", "conflicting": True, "additions": 900}, yours=yours)
        for each in preflight(row):
            assert each.title
            assert each.why
            assert all((each.tone, each.icon, each.state_words))
            assert each.how or each.state != "todo"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"kind": "issue"}, {}),
        ({"state": "merged"}, {}),
        ({"state": "gone"}, {}),
        ({"fetched_at": None}, {}),
        ({}, {"role": "reviewer"}),
        ({}, {"role": "helper"}),
    ],
)
def test_only_open_pull_requests_that_the_member_wrote(item, said):
    row = row_of(item=item, said=said)
    assert not applies_to(row)
    assert preflight(row) == []
