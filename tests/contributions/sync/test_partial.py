"""Answers with holes: what came is used, what did not come is kept as it was and tried again."""

import json

import pytest
from django.db import DataError, IntegrityError
from django.utils import timezone

from contributions.models import Contribution, MemberSync, ReviewGiven, WorkItem
from contributions.sync import discover, store


@pytest.fixture
def tamper(follower, monkeypatch):
    """Change the answers to documents of a name, as long as the test says nothing else: `tamper("Ci", change)`."""

    def tamper(operation, change, path=None):
        original = type(follower.sandbox).handle

        def handle(request):
            reply = original(follower.sandbox, request)
            asked = f"query {operation}".encode() in request.body if operation else request.method == "GET"
            if asked:
                body = json.loads(reply.body)
                change(body, reply)
                reply.body = json.dumps(body).encode()
            return reply

        monkeypatch.setattr(follower.sandbox, "handle", handle)

    tamper.stop = lambda: monkeypatch.undo()
    return tamper


def hole(index, kind="INTERNAL", field=None):
    """An item that did not come, or one part of it."""

    def change(body, reply):
        path = ["nodes", index]
        if field is None:
            body["data"]["nodes"][index] = None
        else:
            body["data"]["nodes"][index][field] = None
            path.append(field)
        body.setdefault("errors", []).append({"path": path, "type": kind, "message": "Something."})

    return change


def two_pulls(follower):
    ada = follower.member("ada")
    return ada, [follower.pull(ada, f"Change {number}", ci="SUCCESS") for number in range(2)]


def move_both(follower, pulls):
    follower.later(hours=1)
    for pull in pulls:
        follower.world.edit(pull, title="Another title")


@pytest.mark.parametrize("field", [None, "statusCheckRollup"])
def test_a_hole_keeps_what_was_stored_and_the_rest_goes_on(follower, tamper, field):
    _ada, pulls = two_pulls(follower)
    follower.sync()
    move_both(follower, pulls)
    tamper("RefreshPR", hole(0, field=field))
    run = follower.sync()
    assert (run.state, run.updated, run.errors[0]["code"]) == ("partial", 1, "not_told")
    kept = WorkItem.objects.exclude(problem="").get()
    assert (kept.title[:6], kept.ci) == ("Change", "success")
    assert WorkItem.objects.filter(problem="").get().title == "Another title"
    tamper.stop()
    assert follower.sync().state == "done"
    assert not WorkItem.objects.exclude(problem="", title="Another title").exists()


def test_a_part_that_is_withheld_from_our_token_does_no_harm(follower, tamper):
    _ada, pulls = two_pulls(follower)
    follower.sync()
    move_both(follower, pulls)
    tamper("RefreshPR", hole(0, "FORBIDDEN", "statusCheckRollup"))
    run = follower.sync()
    assert (run.state, run.updated) == ("done", 2)
    assert WorkItem.objects.filter(ci="").count() == 1


def test_a_new_item_that_comes_in_part_is_stored_and_completed_later(follower, tamper):
    _ada, _pulls = two_pulls(follower)
    tamper("RefreshPR", hole(0, field="statusCheckRollup"))
    run = follower.sync()
    assert (run.state, run.created, run.errors[0]["code"]) == ("partial", 2, "incomplete")
    assert WorkItem.objects.exclude(problem="").get().ci == ""
    tamper.stop()
    assert follower.sync().updated == 1
    assert WorkItem.objects.filter(problem="", ci="success").count() == 2


def test_a_new_item_that_does_not_come_is_found_again(follower, tamper):
    two_pulls(follower)
    tamper("RefreshPR", hole(1))
    assert (follower.sync().created, WorkItem.objects.count()) == (1, 1)
    tamper.stop()
    assert follower.sync().created == 1


def test_an_item_that_lacks_what_matters_keeps_the_reason(follower, tamper):
    _ada, pulls = two_pulls(follower)
    follower.sync()
    move_both(follower, pulls)
    tamper("RefreshPR", lambda body, reply: body["data"]["nodes"][0].update(url=None))
    assert follower.sync().errors[0]["message"] == "GitHub's answer lacks url."
    assert WorkItem.objects.filter(problem="GitHub's answer lacks url.").count() == 1


def test_a_hole_in_the_sweep(follower, tamper):
    two_pulls(follower)
    follower.sync()
    follower.later(hours=1)
    tamper("Ci", hole(0))
    run = follower.sync()
    assert (run.state, run.gone, run.unchanged) == ("partial", 0, 2)
    item = WorkItem.objects.exclude(problem="").get()
    assert (item.state, item.problem) == ("open", "GitHub did not tell us about this item (INTERNAL). It will be tried again.")


def test_one_that_is_too_heavy_for_the_sweep(follower):
    two_pulls(follower)
    follower.sync()
    follower.later(hours=1)
    follower.sandbox.faults.next(2, "502", operation="Ci")
    run = follower.sync()
    assert (run.state, WorkItem.objects.exclude(problem="").count()) == ("partial", 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (hole(0), "not_told"),
        (hole(0, "NOT_FOUND"), "account_gone"),
        (hole(0, field="pullRequests"), "incomplete"),
        (lambda body, reply: body["data"]["nodes"][0].update(__typename="Mannequin"), "not_a_person"),
    ],
)
def test_a_hole_for_one_member(follower, tamper, change, code):
    ada, ole = follower.member("ada"), follower.member("ole")
    follower.pull(ada)
    follower.pull(ole)
    tamper("Discover", change)
    run = follower.sync()
    assert (run.state, run.created, [error["code"] for error in run.errors]) == ("partial", 1, [code])
    assert MemberSync.objects.get(membership=ada).problem_code == code
    assert MemberSync.objects.get(membership=ole).problem_code == ""
    tamper.stop()
    assert follower.sync().created == 1
    ada.user.github.refresh_from_db()
    assert (MemberSync.objects.get(membership=ada).problem, ada.user.github.problem) == ("", "")


def test_holes_for_single_items_of_organisations_that_keep_us_out(follower, tamper):
    _ada, _pulls = two_pulls(follower)

    def change(body, reply):
        body["data"]["nodes"][0]["pullRequests"]["nodes"][0] = None
        path = ["nodes", 0, "pullRequests", "nodes", 0]
        body.setdefault("errors", []).append({"path": path, "type": "FORBIDDEN", "message": "SAML"})

    tamper("Discover", change)
    run = follower.sync()
    assert (run.state, run.created) == ("done", 1)


@pytest.mark.parametrize("name", ["u0", "r0"])
def test_a_name_about_which_github_says_nothing_is_no_unknown_name(follower, tamper, name):
    follower.member("ada")

    def change(body, reply):
        body["data"][name] = None
        body.setdefault("errors", []).append({"path": [name], "type": "INTERNAL", "message": "Something."})

    tamper("Identify", change)
    run = follower.sync()
    assert [error["code"] for error in run.errors] == ["not_told"]
    assert "tried again" in run.errors[0]["message"]


def many_notes(follower):
    ada = follower.member("ada")
    elsewhere = follower.world.add_repository("ada/notes")
    for number in range(60):
        follower.pull(ada, f"Note {number}", repository=elsewhere, days=number / 10)
        follower.issue(ada, f"Question {number}", repository=elsewhere, days=number / 10)
    return ada


@pytest.mark.parametrize(
    "spoil",
    [
        lambda follower, tamper, patch: follower.sandbox.faults.always("502", operation="MorePullRequests"),
        lambda follower, tamper, patch: follower.sandbox.faults.always("resource_limits", operation="MoreIssues"),
        lambda follower, tamper, patch: tamper("MoreIssues", lambda body, reply: body["data"].update(node=None)),
        lambda follower, tamper, patch: patch.setattr(discover, "MOST_PAGES", 1),
    ],
)
def test_a_member_who_cannot_be_continued_keeps_the_reason_and_the_rest_goes_on(follower, tamper, monkeypatch, spoil):
    ada, ole = many_notes(follower), follower.member("ole")
    follower.pull(ole)
    spoil(follower, tamper, monkeypatch)
    run = follower.sync()
    assert (run.state, run.created, len(run.errors)) == ("partial", 1, 1)
    assert MemberSync.objects.get(membership=ada).problem_code == run.errors[0]["code"]
    assert MemberSync.objects.get(membership=ole).problem_code == ""


def test_a_limit_while_a_member_is_continued_stops_the_run(follower):
    ada = many_notes(follower)
    follower.sandbox.faults.always("rate_limited", operation="MorePullRequests")
    run = follower.sync()
    assert (run.state, run.errors[0]["code"]) == ("failed", "rate_limited")
    assert MemberSync.objects.get(membership=ada).synced_at is None


def vanished(follower):
    ada = follower.member("ada")
    issue = follower.issue(ada)
    follower.sync()
    follower.later(hours=1)
    return issue


@pytest.mark.parametrize("status", [418, 200])
def test_answers_about_a_vanished_item_that_make_no_sense(follower, tamper, status):
    issue = vanished(follower)
    tamper("Ci", hole(0, "NOT_FOUND"))
    if status != 200:
        tamper("", lambda body, reply: setattr(reply, "status", status))
        follower.world.delete_issue(issue)
    run = follower.sync()
    item = WorkItem.objects.get()
    assert (run.state, run.gone, item.state, item.problem != "") == ("partial", 0, "open", True)


def test_a_vanished_item_that_leads_to_another_host_is_not_followed(follower, tamper):
    issue = vanished(follower)
    follower.world.transfer_issue(issue, follower.world.add_repository("else/where"))
    tamper("", lambda body, reply: reply.headers.update(location="https://evil.example/repos/a/b/issues/1"))
    assert follower.sync().gone == 1
    assert WorkItem.objects.get().gone == "not_visible"


def test_a_vanished_item_that_github_refuses_to_speak_of_does_not_stop_the_sync(follower, tamper):
    """So it answers for a repository that was closed for breaking its rules."""
    ada = follower.member("ada")
    issues = [follower.issue(ada, f"Issue {number}") for number in range(3)]
    follower.sync()
    follower.later(hours=1)
    follower.pull(follower.member("ole"), "New", days=1)
    tamper("", lambda body, reply: setattr(reply, "status", 403))
    for issue in issues:
        follower.world.delete_issue(issue)
    asked = follower.sandbox.requests
    run = follower.sync()
    assert (run.state, run.created, run.retry_at, follower.asked(asked).count("REST")) == ("partial", 1, None, 1)
    items = WorkItem.objects.filter(kind="issue")
    assert {(item.state, item.problem != "") for item in items} == {("open", True)}
    assert {error["about"] for error in run.errors} == {item.url for item in items}


def test_redirects_in_a_circle_end(follower, tamper):
    issue = vanished(follower)
    follower.world.transfer_issue(issue, follower.world.add_repository("else/where"))

    def turn_back(body, reply):
        reply.status = 301
        reply.headers["location"] = "https://api.github.com/repos/org/project/issues/1"

    tamper("", turn_back)
    asked = follower.sandbox.requests
    assert follower.sync().state == "partial"
    assert follower.asked(asked).count("REST") == 4


def values_of(item):
    return {name: getattr(item, name) for name in store.FETCHED_FIELDS}


def test_an_older_answer_never_replaces_a_newer_one(follower):
    two_pulls(follower)
    follower.sync()
    item = WorkItem.objects.first()
    older = values_of(item) | {"title": "Stale", "updated_at": follower.world.ago(days=20)}
    outcome = store.save_batch("github.com", [store.Fetched(older)])
    item.refresh_from_db()
    assert (outcome.unchanged, item.title[:6]) == ({item.pk}, "Change")


def test_two_syncs_that_store_the_same_new_item_make_one_row(follower, monkeypatch):
    ada, _pulls = two_pulls(follower)
    follower.sync()
    item = WorkItem.objects.first()
    values = values_of(item)
    WorkItem.objects.all().delete()
    save, calls = store._save, []

    def lose_the_race(host, batch):
        calls.append(host)
        if len(calls) == 1:
            save(host, batch)
            raise IntegrityError
        return save(host, batch)

    monkeypatch.setattr(store, "_save", lose_the_race)
    outcome = store.save_batch("github.com", [store.Fetched(values, memberships={ada.pk})])
    assert (len(outcome.unchanged), WorkItem.objects.count(), Contribution.objects.count()) == (1, 1, 1)
    assert store.save_batch("github.com", []).created == set()


def test_an_item_that_the_database_refuses_does_not_stop_the_batch(follower, monkeypatch):
    two_pulls(follower)
    save = store._save

    def refuse(host, batch):
        if any(fetched.values["title"] == "Change 0" for fetched in batch):
            raise DataError
        return save(host, batch)

    monkeypatch.setattr(store, "_save", refuse)
    run = follower.sync()
    assert (run.state, run.created, [error["code"] for error in run.errors]) == ("partial", 1, ["not_stored"])
    monkeypatch.undo()
    assert follower.sync().created == 1


def test_the_same_item_twice_in_a_batch_is_one_row_for_both_members(follower):
    ada, _pulls = two_pulls(follower)
    ole = follower.member("ole")
    follower.sync()
    values = values_of(WorkItem.objects.first())
    WorkItem.objects.all().delete()
    store.save_batch("github.com", [store.Fetched(dict(values), memberships={each.pk}) for each in (ada, ole)])
    assert set(WorkItem.objects.get().contributions.values_list("membership", flat=True)) == {ada.pk, ole.pk}


@pytest.mark.parametrize("words_on_the_twin", [False, True])
def test_when_two_rows_become_one_no_words_are_lost(follower, words_on_the_twin):
    two_pulls(follower)
    follower.sync()
    row, twin = WorkItem.objects.order_by("pk")
    with_words = twin if words_on_the_twin else row
    with_words.contributions.update(note="Mine")
    store.merge_into(row, twin)
    assert Contribution.objects.get().note == "Mine"
    assert Contribution.objects.get().work_item == row


def test_when_two_rows_become_one_no_review_is_lost(follower):
    two_pulls(follower)
    follower.sync()
    row, twin = WorkItem.objects.order_by("pk")
    for number, item in enumerate((row, row, twin, twin)):
        contribution = item.contributions.get()
        # The second one is known of both.
        ReviewGiven.objects.create(contribution=contribution, database_id=(1, 2, 2, 3)[number], submitted_at=timezone.now())
    store.merge_into(row, twin)
    assert set(Contribution.objects.get().reviews_given.values_list("database_id", flat=True)) == {1, 2, 3}
