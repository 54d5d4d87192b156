"""People and repositories that are renamed, items that move or vanish."""

import pytest

from accounts.models import GitHubIdentity
from contributions.models import Contribution, MemberSync, WorkItem
from contributions.sync import gone
from contributions.sync.store import move_item


def test_a_renamed_user_is_followed_and_shown_by_the_new_login(follower):
    ada = follower.member("ada")
    pull = follower.pull(ada)
    follower.sync()
    follower.later(hours=1)
    follower.world.rename_user(ada.account, "ada-lovelace")
    follower.world.add_user("ada")
    second = follower.pull(ada, "Second", days=0)
    run = follower.sync()
    assert (run.state, run.created) == ("done", 1)
    assert GitHubIdentity.objects.get(user=ada.user).login == "ada-lovelace"
    assert {follower.stored(item).author_login for item in (pull, second)} == {"ada-lovelace"}


@pytest.mark.parametrize("old_name_taken", [False, True])
def test_a_verified_account_that_was_renamed_before_the_first_sync_is_found_by_its_number(follower, old_name_taken):
    ada = follower.member("ada", verified=True)
    GitHubIdentity.objects.filter(user=ada.user).update(database_id=ada.account.database_id)
    follower.world.rename_user(ada.account, "ada-lovelace")
    if old_name_taken:
        follower.world.add_user("ada")
    follower.pull(ada)
    run = follower.sync()
    assert (run.state, run.created) == ("done", 1)
    assert GitHubIdentity.objects.get(user=ada.user).login == "ada-lovelace"


def test_a_verified_account_that_is_gone(follower):
    follower.member("ada", on_github=False, verified=True, database_id=4242)
    run = follower.sync()
    assert [error["code"] for error in run.errors] == ["unknown_login"]


def test_a_renamed_repository_is_followed_and_its_items_get_their_new_addresses(follower):
    ada = follower.member("ada")
    old, new = follower.pull(ada, "Old"), follower.pull(ada, "New")
    follower.world.merge(old, follower.maintainer, at=follower.world.ago(days=3))
    follower.sync()
    follower.later(hours=1)
    follower.world.rename_repository(follower.project, "neworg/renamed")
    follower.world.comment(new, follower.maintainer)
    run = follower.sync()
    follower.repository.refresh_from_db()
    assert (run.state, follower.repository.full_name) == ("done", "neworg/renamed")
    for item in (old, new):
        stored = follower.stored(item)
        assert (stored.repository, stored.url) == ("neworg/renamed", f"https://github.com/neworg/renamed/pull/{item.number}")


def test_a_name_that_another_row_has_is_reported(follower):
    ada = follower.member("ada")
    other = follower.world.add_repository("org/other")
    row = follower.track(other)
    follower.pull(ada)
    follower.sync()
    follower.world.rename_repository(other, "org/third")
    follower.world.rename_repository(follower.project, "org/other")
    run = follower.sync()
    follower.repository.refresh_from_db()
    assert [error["code"] for error in run.errors] == ["renamed"]
    assert (follower.repository.full_name, bool(follower.repository.problem)) == ("org/project", True)
    # As soon as the other one shows its new name, the first can take over its own.
    follower.pull(ada, repository=other)
    follower.sync()
    assert follower.sync().state == "done"
    follower.repository.refresh_from_db()
    row.refresh_from_db()
    assert (follower.repository.full_name, follower.repository.problem, row.full_name) == ("org/other", "", "org/third")


def transfer(follower):
    ada = follower.member("ada")
    issue = follower.issue(ada)
    follower.sync()
    item = follower.stored(issue)
    Contribution.objects.update(note="My words")
    follower.later(hours=1)
    return ada, issue, item


@pytest.mark.parametrize("tracked", [False, True])
def test_a_transferred_issue_is_followed(follower, tracked):
    _ada, issue, item = transfer(follower)
    elsewhere = follower.world.add_repository("else/where", first_number=40)
    if tracked:
        follower.track(elsewhere)
    moved = follower.world.transfer_issue(issue, elsewhere)
    run = follower.sync()
    item.refresh_from_db()
    assert (run.state, run.gone, run.errors) == ("done", 0, [])
    assert (item.url, item.repository, item.number, item.state) == (moved.url, "else/where", 40, "open")
    assert (item.node_id, item.database_id) == (moved.id, moved.database_id)
    assert item.moved_from == "https://github.com/org/project/issues/1"
    assert Contribution.objects.get().note == "My words"
    assert (WorkItem.objects.count(), follower.sync().updated) == (1, 0)


def test_a_transferred_issue_that_was_found_at_its_new_place_first_becomes_one_again(follower):
    _ada, issue, item = transfer(follower)
    elsewhere = follower.world.add_repository("else/where")
    follower.track(elsewhere)
    follower.world.transfer_issue(issue, elsewhere)
    # GitHub gives up on the sweep, so this run finds the issue under its new identity and does not know it for the old one.
    follower.sandbox.faults.next(1, "502", operation="Ci")
    follower.sync()
    assert WorkItem.objects.count() == 2
    follower.later(hours=2)
    follower.sandbox.faults.clear()
    run = follower.sync()
    assert run.state == "done"
    item.refresh_from_db()
    assert (item.repository, item.state, item.problem) == ("else/where", "open", "")
    contribution = Contribution.objects.get()
    assert (contribution.note, contribution.work_item) == ("My words", item)
    assert WorkItem.objects.count() == 1


def test_a_transferred_issue_that_vanishes_is_gone(follower):
    _ada, issue, item = transfer(follower)
    hidden = follower.world.add_repository("hid/den")
    follower.world.transfer_issue(issue, hidden)
    follower.world.make_private(hidden)
    assert follower.sync().gone == 1
    item.refresh_from_db()
    assert (item.state, item.gone) == ("gone", "not_visible")


def test_a_deleted_issue_stays_and_says_so(follower):
    _ada, issue, item = transfer(follower)
    follower.world.delete_issue(issue)
    run = follower.sync()
    item.refresh_from_db()
    assert (run.state, run.gone) == ("done", 1)
    assert (item.state, item.gone, item.turn, item.turn_reason) == ("gone", "deleted", "", "gone")
    assert Contribution.objects.get().note == "My words"
    asked = follower.sandbox.requests
    assert follower.sync().gone == 0
    assert follower.asked(asked) == ["Discover"]


def test_a_repository_that_becomes_private_and_public_again(follower):
    ada, issue, _item = transfer(follower)
    pull = follower.pull(ada)
    follower.sync()
    follower.world.make_private(follower.project)
    follower.later(hours=1)
    assert follower.sync().gone == 2
    assert {follower.stored(each).gone for each in (issue, pull)} == {"not_visible"}
    follower.world.make_public(follower.project)
    follower.later(hours=1)
    run = follower.sync()
    assert (run.updated, run.gone) == (2, 0)
    assert {(follower.stored(each).state, follower.stored(each).gone) for each in (issue, pull)} == {("open", "")}


def test_what_vanishes_between_two_requests_is_looked_up(follower):
    _ada, issue, item = transfer(follower)
    follower.later(hours=9)
    follower.world.delete_issue(issue)
    # Eight hours later it is not swept but fetched as a whole.
    assert follower.sync().gone == 1
    item.refresh_from_db()
    assert item.gone == "deleted"


def test_an_unknown_login_is_told_to_the_person_and_to_the_organiser_and_the_rest_goes_on(follower):
    ada, typo = follower.member("ada"), follower.member("tpyo", on_github=False)
    nobody = follower.member("temp")
    nobody.user.github.delete()
    follower.pull(ada)
    run = follower.sync()
    assert (run.state, run.created) == ("partial", 1)
    assert run.errors == [
        {"code": "unknown_login", "where": "identify", "about": "tpyo",
         "message": "GitHub knows no account “tpyo”. Is it spelled right?"}
    ]  # fmt: skip
    assert GitHubIdentity.objects.get(user=typo.user).problem == run.errors[0]["message"]
    sync = MemberSync.objects.get(membership=typo)
    assert (sync.problem_code, sync.problem, sync.synced_at) == ("unknown_login", run.errors[0]["message"], None)
    assert MemberSync.objects.get(membership=nobody).problem_code == "no_login"
    assert MemberSync.objects.get(membership=ada).problem_code == ""
    # Once it is mended, the problem is gone.
    GitHubIdentity.objects.filter(user=typo.user).update(login="typo")
    typo.account = follower.world.add_user("typo")
    follower.pull(typo)
    run = follower.sync()
    assert (run.state, run.created) == ("done", 1)
    assert GitHubIdentity.objects.get(user=typo.user).problem == ""
    assert MemberSync.objects.get(membership=typo).problem == ""


def test_an_organization_is_no_login(follower):
    follower.member("org", on_github=False)
    assert [error["code"] for error in follower.sync().errors] == ["unknown_login"]


def test_an_unknown_repository_is_kept_with_its_problem(follower):
    ada = follower.member("ada")
    follower.pull(ada)
    lost = follower.repository.__class__.objects.create(project=follower.site_project, full_name="org/nowhere")
    run = follower.sync()
    lost.refresh_from_db()
    assert (run.state, run.created, run.errors[0]["about"]) == ("partial", 1, "org/nowhere")
    assert lost.problem == "GitHub knows no repository “org/nowhere”, or we may not see it."
    follower.world.add_repository("org/nowhere")
    assert follower.sync().state == "done"
    lost.refresh_from_db()
    assert (lost.problem, bool(lost.node_id)) == ("", True)


def test_an_item_that_another_one_has_taken_in_meanwhile_stops_nothing(follower, monkeypatch):
    _ada, issue, item = transfer(follower)
    follower.world.transfer_issue(issue, follower.world.add_repository("else/where"))

    def taken_in(*arguments, **options):
        WorkItem.objects.filter(pk=item.pk).delete()
        return move_item(*arguments, **options)

    monkeypatch.setattr(gone, "move_item", taken_in)
    run = follower.sync()
    assert (run.state, run.errors) == ("done", [])
