"""A second forge behind the same interface: GitLab's issues and merge requests, with the states that all items have."""

import datetime

import pytest
from django.urls import reverse

from contributions import following
from contributions.links import LinkError, parse_link
from contributions.models import Contribution
from contributions.trackers import TRACKERS, Place, TrackerAt, references_of
from contributions.trackers.interface import Unreadable

from .conftest import paste

BASE = "https://gitlab.com"


@pytest.mark.parametrize(
    ("text", "kind", "url"),
    [
        ("https://gitlab.com/g/p/-/merge_requests/12", "pull_request", "https://gitlab.com/g/p/-/merge_requests/12"),
        ("gitlab.com/g/p/-/merge_requests/12/diffs?x=1#note_3", "pull_request", "https://gitlab.com/g/p/-/merge_requests/12"),
        ("https://GitLab.com/g/s/u/p.q/-/issues/12/", "issue", "https://gitlab.com/g/s/u/p.q/-/issues/12"),
        ("https://gitlab.com/g/p/-/work_items/12", "issue", "https://gitlab.com/g/p/-/issues/12"),
        ("gitlab.com/g/p/merge_requests/12", "pull_request", "https://gitlab.com/g/p/-/merge_requests/12"),
        ("http://gitlab.com//g/p/-/Issues/12/designs", "issue", "https://gitlab.com/g/p/-/issues/12"),
        ("https://gitlab.com/g/p/-/issues/incident/12", "issue", "https://gitlab.com/g/p/-/issues/12"),
        ("https://gitlab.com/g/issues/wiki", "other", "https://gitlab.com/g/issues/wiki"),
        ("https://gitlab.com/g/p/-/tree/main", "other", "https://gitlab.com/g/p/-/tree/main"),
        ("https://gitlab.com/p/-/issues/1", "other", "https://gitlab.com/p/-/issues/1"),
        ("https://gitlab.com/g/../-/issues/1", "other", "https://gitlab.com/g/../-/issues/1"),
        ("https://gitlab.com/./p/-/issues/1", "other", "https://gitlab.com/./p/-/issues/1"),
    ],
)
def test_links(text, kind, url):
    link = parse_link(text, trackers=[TrackerAt("gitlab", BASE)])
    assert (link.kind, link.url, link.is_github) == (kind, url, False)
    assert link.tracker == ("" if kind == "other" else "gitlab")


@pytest.mark.parametrize("end", ["issues", "issues/0", "merge_requests/99999999999"])
def test_links_to_nothing(end):
    with pytest.raises(LinkError, match="names no ticket"):
        parse_link(f"{BASE}/g/p/-/{end}", trackers=[TrackerAt("gitlab", BASE)])


def test_only_below_the_address_of_the_tracker():
    link = parse_link(f"{BASE}/g/lens2/-/issues/1", trackers=[TrackerAt("gitlab", f"{BASE}/g/lens")])
    assert link.kind == "other"


def test_references_are_whole_addresses():
    text = f"Closes #5, see {BASE}/g/p/-/issues/7. And ({BASE}/g/p/-/merge_requests/8), {BASE}/g/p/-/issues/0 https://[x"
    found = references_of(TrackerAt("gitlab", f"{BASE}/g/p"), title="Fixed #5", text=text)
    assert [(each.number, each.repository) for each in found] == [(7, "g/p"), (8, "g/p")]


@pytest.mark.parametrize(
    ("values", "state", "turn", "words"),
    [
        ({}, "open", ("reviewer", "nothing_said"), "Waits for a review"),
        ({"draft": True}, "draft", ("member", "draft"), "still a draft"),
        ({"head_pipeline": {"status": "failed"}}, "open", ("member", "ci_failing"), "checks fail"),
        ({"has_conflicts": True, "head_pipeline": None}, "open", ("member", "conflict"), "conflicts with newer changes"),
        ({"state": "merged", "merged_at": "2026-11-18T08:00:00Z"}, "merged", ("", "merged"), "Merged in week"),
        ({"state": "closed", "closed_at": "2026-11-18T08:00:00Z"}, "closed", ("", "closed"), "Closed without merging"),
    ],
)
def test_a_merge_request_has_the_states_of_all_items(gitlab, follower, tasks, client, values, state, turn, words):
    ada = follower.member("ada")
    item = paste(ada, gitlab.add("merge_requests", 12, **values))
    tasks.run()
    item.refresh_from_db()
    # Who approved is asked for of what is open; notes are told to those alone who log in.
    [first, *further] = gitlab.asked
    assert first == "/api/v4/projects/tools%2Fdeep%2Flens/merge_requests/12"
    assert further == ([f"{first}/approvals"] if item.is_open else [])
    assert (item.title, item.state, (item.turn, item.turn_reason), item.comments) == ("Sharper edges", state, turn, 3)
    client.force_login(ada.user)
    text = client.get(reverse("work", args=[Contribution.objects.get().pk])).text
    for each in (words, "Open on GitLab", "tools/deep/lens #12", "opened it", "ada"):
        assert each in text
    assert "First answer" not in text
    assert words in client.get(reverse("my_progress")).text


def test_an_issue(gitlab, follower, tasks):
    item = paste(follower.member("ada"), gitlab.add("issues", 3))
    tasks.run()
    item.refresh_from_db()
    assert (item.kind, item.state, item.turn, item.ci) == ("issue", "open", "maintainer", "")
    gitlab.things["tools/deep/lens", "issues", 3] |= {"state": "closed", "closed_at": "2026-11-20T00:00:00Z"}
    following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.state, [event["what"] for event in item.events]) == ("closed", ["opened", "closed"])


def test_what_becomes_private_is_gone(gitlab, follower, tasks, client):
    ada = follower.member("ada")
    item = paste(ada, gitlab.add("merge_requests", 12))
    tasks.run()
    gitlab.things.clear()
    following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.state, item.gone) == ("gone", "not_visible")
    client.force_login(ada.user)
    assert "GitLab no longer shows it to us" in client.get(reverse("work", args=[Contribution.objects.get().pk])).text


def test_a_sync_with_github_leaves_it_alone(gitlab, follower, tasks):
    item = paste(follower.member("ada"), gitlab.add("merge_requests", 12))
    tasks.run()
    run = follower.sync(full=True)
    item.refresh_from_db()
    assert (run.state, item.state, item.problem) == ("done", "open", "")


def test_a_gitlab_that_the_operator_does_not_name_is_never_asked(gitlab, follower, tasks, settings):
    settings.GITLAB_URLS = ["https://gitlab.com"]
    item = paste(follower.member("ada"), gitlab.add("merge_requests", 12))
    tasks.run()
    item.refresh_from_db()
    assert (gitlab.asked, item.fetched_at, item.problem) == ([], None, "")


@pytest.mark.parametrize(
    "values",
    [
        {"title": None}, {"state": "sideways"}, {"state": ["opened"]}, {"created_at": "yesterday"}, {"created_at": 5},
        {"created_at": "0001-01-01T00:00:00+14:00"}, {"iid": 13}, {"iid": "12"},
    ],
)  # fmt: skip
def test_bad_answers_are_refused(gitlab, values):
    gitlab.add("merge_requests", 12, **values)
    with pytest.raises(Unreadable):
        TRACKERS["gitlab"].read(
            Place("pull_request", 12, "x", "tools/deep/lens"), gitlab.things["tools/deep/lens", "merge_requests", 12], {}
        )


def test_hostile_values_become_harmless(gitlab):
    gitlab.add(
        "merge_requests", 12, title="\0a\ud800", author="ada", labels=[None, {"a": 1}, "x" * 500], user_notes_count="many",
        head_pipeline={"status": {"a": 1}}, has_conflicts="yes", draft="no", updated_at="9999-12-31T23:59:59-14:00",
    )  # fmt: skip
    snapshot = TRACKERS["gitlab"].read(
        Place("pull_request", 12, "x", "tools/deep/lens"), gitlab.things["tools/deep/lens", "merge_requests", 12], {}
    )
    assert (snapshot.title, snapshot.author_login, snapshot.comments, snapshot.ci, snapshot.conflicting) == (
        "a?",
        "",
        0,
        "",
        False,
    )
    assert (snapshot.state, snapshot.updated_at, [len(label["name"]) for label in snapshot.labels]) == ("open", None, [60])


PEOPLE = {
    "ada": {"username": "ada"},
    "rev": {"username": "rev"},
    "bot": {"username": "project_7_bot_1a2b"},
    "ghost": {"username": "ghost1"},
}


def note(at, by, body="Looks good.", *, id=None, **values):
    """A note of 2026-11-`at`, by a person of `PEOPLE`."""
    system = values.pop("system", body != "Looks good.")
    return {"id": id, "created_at": f"2026-11-{at}:00:00Z", "author": PEOPLE[by], "body": body, "system": system, **values}


def read(gitlab, notes=None, approved_by=None, *, part="merge_requests", **values):
    gitlab.add(part, 12, created_at="2026-11-10T08:00:00Z", **values)
    place = Place(
        "pull_request" if part == "merge_requests" else "issue",
        12,
        f"{gitlab.url}/tools/deep/lens/-/{part}/12",
        "tools/deep/lens",
    )
    more = {"notes": notes, "newest": list(reversed(notes or [])), "approvals": approved_by and {"approved_by": approved_by}}
    return TRACKERS["gitlab"].read(place, gitlab.things["tools/deep/lens", part, 12], more)


@pytest.mark.parametrize(
    ("notes", "turn", "since", "review", "first"),
    [
        ([], ("reviewer", "nothing_said"), "10T08", "", None),
        ([note("11T08", "bot"), note("11T09", "ghost"), note("11T10", "ada")], ("reviewer", "nothing_said"), "10T08", "", None),
        ([note("12T08", "rev")], ("member", "commented"), "12T08", "", "12T08"),
        ([note("12T08", "rev", type="DiffNote")], ("member", "commented"), "12T08", "commented", "12T08"),
        ([note("12T08", "rev"), note("13T08", "ada")], ("reviewer", "answered"), "13T08", "", "12T08"),
        ([note("12T08", "rev", "approved this merge request")], ("maintainer", "approved"), "12T08", "approved", "12T08"),
        ([note("12T08", "rev", "approved this merge request"), note("13T08", "rev", "unapproved this merge request")],
         ("reviewer", "answered"), None, "", "12T08"),
        ([note("12T08", "rev", "requested changes"), note("14T08", "ada", "added 2 commits\n\n<ul><li>1a2b</li></ul>")],
         ("reviewer", "pushed_since"), "14T08", "changes_requested", "12T08"),
        ([note("12T08", "rev", "requested changes")], ("member", "changes_requested"), "12T08", "changes_requested", "12T08"),
        ([note("11T08", "ada", "marked this merge request as **draft**"), note("12T08", "rev"),
          note("13T08", "ada", "marked this merge request as **ready**"), note("14T08", "rev")], ("member", "commented"), None, "", "14T08"),
        ([note("12T08", "rev", internal=True), note("12T09", "rev", "changed the description")], ("reviewer", "nothing_said"), "10T08", "", None),
    ],
)  # fmt: skip
def test_what_was_said_and_pushed_counts_by_the_rules_of_all_items(gitlab, notes, turn, since, review, first):
    snapshot = read(gitlab, notes)
    assert (snapshot.turn, snapshot.turn_reason) == turn
    if since:
        assert f"{snapshot.turn_since:%dT%H}" == since
    assert snapshot.review_state == review
    assert (snapshot.first_response_at and f"{snapshot.first_response_at:%dT%H}") == first
    assert (snapshot.first_response_after is None) == (first is None)


def test_the_clock_of_the_first_answer_stops_while_it_is_a_draft(gitlab):
    words = ("marked this merge request as **draft**", "marked this merge request as **ready**")
    snapshot = read(gitlab, [note("10T09", "ada", words[0]), note("12T09", "ada", words[1]), note("12T11", "rev")])
    assert snapshot.first_response_after == datetime.timedelta(hours=3)


def test_without_logging_in_approvals_are_all_that_is_known_of_reviews(gitlab):
    approved = [{"user": PEOPLE["rev"]}, {"user": PEOPLE["bot"]}, {"user": None}, "rev"]
    snapshot = read(gitlab, None, approved)
    assert (snapshot.review_state, snapshot.turn, snapshot.turn_reason) == ("approved", "maintainer", "approved")
    assert (snapshot.turn_since, snapshot.first_response_at, snapshot.first_response_after) == (None, None, None)
    timed = read(gitlab, [], [{"user": PEOPLE["rev"], "approved_at": "2026-11-12T08:00:00Z"}])
    assert f"{timed.turn_since:%dT%H}" == "12T08"


@pytest.mark.parametrize(
    "notes",
    [{"message": "no"}, [None, 5, [], {}, {"created_at": "soon", "system": False}], [{"created_at": "2026-11-12T08:00:00Z", "author": 5, "body": {"a": 1}, "system": True}]],
)  # fmt: skip
def test_notes_of_any_shape_are_harmless(gitlab, notes):
    place = Place("pull_request", 12, "x", "tools/deep/lens")
    gitlab.add("merge_requests", 12)
    more = {"notes": notes, "newest": notes, "approvals": notes}
    snapshot = TRACKERS["gitlab"].read(place, gitlab.things["tools/deep/lens", "merge_requests", 12], more)
    assert (snapshot.turn_reason, snapshot.first_response_at) == ("nothing_said", None)


def test_an_issue_is_the_members_turn_when_somebody_asks(gitlab):
    assert read(gitlab, [note("12T08", "rev")], part="issues").turn == "member"
    assert read(gitlab, [note("12T08", "rev"), note("13T08", "ada")], part="issues").turn == "maintainer"


def test_with_a_token_reviews_are_followed_and_shown(gitlab, follower, tasks, client, settings):
    settings.GITLAB_TOKENS = {gitlab.url: "glpat-secret"}
    ada = follower.member("ada")
    item = paste(ada, gitlab.add("merge_requests", 12, created_at="2026-11-10T08:00:00Z"))
    gitlab.notes = [note("12T08", "rev", "approved this merge request", id=1)]
    tasks.run()
    item.refresh_from_db()
    assert (item.review_state, item.turn, item.first_response_after) == ("approved", "maintainer", datetime.timedelta(days=2))
    # The item itself is asked for as anybody may, so that nothing private is ever shown.
    assert [path.rpartition("/")[2].partition("?")[0] for path in gitlab.asked_by_token] == ["notes", "notes"]
    assert len(gitlab.asked) == 4
    client.force_login(ada.user)
    text = client.get(reverse("work", args=[Contribution.objects.get().pk])).text
    assert "First answer" in text
    # A token that is refused later takes nothing away.
    settings.GITLAB_TOKENS = {gitlab.url: "glpat-withdrawn"}
    following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.first_response_after, item.problem) == (datetime.timedelta(days=2), "")


@pytest.mark.parametrize("taken", [False, True])
def test_a_project_that_moved_is_followed(gitlab, follower, tasks, client, taken):
    ada = follower.member("ada")
    old = gitlab.add("merge_requests", 12)
    item = paste(ada, old)
    tasks.run()
    new = f"{gitlab.url}/optics/lens/-/merge_requests/12"
    gitlab.add("merge_requests", 12, project="optics/lens", web_url=new)
    gitlab.moved["tools/deep/lens"] = "optics/lens"
    if taken:
        follower.site_project.tracker.url = gitlab.url
        follower.site_project.tracker.save()
        paste(ada, new)
    following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.url, item.repository, item.moved_from) == ((old, "tools/deep/lens", "") if taken else (new, "optics/lens", old))
    following.fetch(item.pk)
