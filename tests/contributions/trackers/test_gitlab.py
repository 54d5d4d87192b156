"""A second forge behind the same interface: GitLab's issues and merge requests, with the states that all items have."""

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
        ("https://gitlab.com/g/p/-/tree/main", "other", "https://gitlab.com/g/p/-/tree/main"),
        ("https://gitlab.com/p/-/issues/1", "other", "https://gitlab.com/p/-/issues/1"),
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
    assert gitlab.asked == ["/api/v4/projects/tools%2Fdeep%2Flens/merge_requests/12"]
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
            Place("pull_request", 12, "x", "tools/deep/lens"), gitlab.things["tools/deep/lens", "merge_requests", 12]
        )


def test_hostile_values_become_harmless(gitlab):
    gitlab.add(
        "merge_requests", 12, title="\0a\ud800", author="ada", labels=[None, {"a": 1}, "x" * 500], user_notes_count="many",
        head_pipeline={"status": {"a": 1}}, has_conflicts="yes", draft="no", updated_at="9999-12-31T23:59:59-14:00",
    )  # fmt: skip
    snapshot = TRACKERS["gitlab"].read(
        Place("pull_request", 12, "x", "tools/deep/lens"), gitlab.things["tools/deep/lens", "merge_requests", 12]
    )
    assert (snapshot.title, snapshot.author_login, snapshot.comments, snapshot.ci, snapshot.conflicting) == (
        "a?",
        "",
        0,
        "",
        False,
    )
    assert (snapshot.state, snapshot.updated_at, [len(label["name"]) for label in snapshot.labels]) == ("open", None, [60])
