"""What a sync finds and stores, and that it finds it once."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contributions.models import Contribution, MemberSync, SyncRun, WorkItem
from contributions.sandbox import World
from contributions.sync.due import full_refresh_every
from tests.factories import CohortFactory, GitHubIdentityFactory, MembershipFactory, RepositoryFactory, SessionFactory

from .conftest import NOW


def test_a_first_sync_stores_members_work_in_tracked_repositories(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    pull = follower.pull(ada, ci="SUCCESS")
    issue = follower.issue(ole)
    elsewhere = follower.world.add_repository("else/where")
    follower.pull(ada, "Not ours", repository=elsewhere)
    run = follower.sync()
    assert (run.state, run.created, run.updated, run.unchanged, run.gone, run.errors) == ("done", 2, 0, 0, 0, [])
    item = follower.stored(pull)
    assert (item.kind, item.url, item.title, item.ci, item.turn) == (
        "pull_request", pull.url, "Make it clearer", "success", "reviewer")  # fmt: skip
    assert (item.tracked_repository, item.author_login, item.fetched_at) == (follower.repository, "ada", NOW)
    contribution = Contribution.objects.get(work_item=item)
    assert (contribution.membership, contribution.source, contribution.role) == (ada, "found", "author")
    assert follower.titles(ole) == [issue.title]
    assert run.requests == follower.sandbox.requests
    assert run.points == follower.sandbox.points
    assert (run.doing, run.finished_at) == ("", NOW)
    assert MemberSync.objects.get(membership=ada).synced_at == NOW


def test_ids_are_remembered_and_not_asked_for_again(follower):
    ada = follower.member("ADA")
    follower.pull(ada)
    follower.sync()
    ada.user.github.refresh_from_db()
    follower.repository.refresh_from_db()
    assert (ada.user.github.login, ada.user.github.node_id, ada.user.github.database_id) == (
        "ADA", ada.account.id, ada.account.database_id)  # fmt: skip
    assert (follower.repository.node_id, follower.repository.database_id) == (follower.project.id, follower.project.database_id)
    asked = follower.sandbox.requests
    follower.sync()
    assert follower.asked(asked) == ["Discover", "Ci"]


def writes(queries):
    return [
        query["sql"]
        for query in queries
        if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
        and ("contributions_workitem" in query["sql"] or "contributions_contribution" in query["sql"])
    ]


@pytest.mark.parametrize("full", [False, True])
def test_a_second_run_writes_no_item_and_no_contribution(follower, full):
    ada = follower.member("ada")
    for number in range(4):
        pull = follower.pull(ada, f"Change {number}", ci="SUCCESS")
        follower.world.comment(pull, follower.maintainer, at=follower.world.ago(days=2))
        follower.issue(ada, f"Problem {number}")
    follower.world.set_mergeable(pull, "CONFLICTING")
    follower.sync()
    before = list(WorkItem.objects.order_by("pk").values())
    with CaptureQueriesContext(
        connection,
    ) as queries:
        run = follower.sync(full=full)
    assert writes(queries) == []
    assert (run.created, run.updated, run.unchanged) == (0, 0, 8)
    assert list(WorkItem.objects.order_by("pk").values()) == before


def test_only_what_changed_is_fetched_again(follower):
    ada = follower.member("ada")
    pulls = [follower.pull(ada, f"Change {number}") for number in range(3)]
    follower.sync()
    follower.later(hours=1)
    follower.world.review(pulls[1], follower.maintainer, "CHANGES_REQUESTED")
    asked = follower.sandbox.requests
    run = follower.sync()
    assert (run.created, run.updated, run.unchanged) == (0, 1, 2)
    refresh = next(entry for entry in follower.sandbox.log[asked:] if entry.operation == "RefreshPR")
    assert refresh.ids == 1
    item = follower.stored(pulls[1])
    assert (item.turn, item.turn_reason, item.review_state) == ("member", "changes_requested", "changes_requested")
    assert item.first_response_at == follower.world.now


def test_checks_and_conflicts_are_noticed_though_they_move_no_date(follower):
    ada = follower.member("ada")
    red, torn = follower.pull(ada, "Red", ci="SUCCESS"), follower.pull(ada, "Torn")
    follower.sync()
    follower.later(hours=1)
    follower.world.set_ci(red, "FAILURE")
    follower.world.set_mergeable(torn, "CONFLICTING")
    run = follower.sync()
    assert run.updated == 2
    assert follower.stored(red).turn_reason == "ci_failing"
    assert (follower.stored(torn).turn_reason, follower.stored(torn).turn_since) == ("conflict", follower.world.now)
    began = follower.world.now
    follower.later(hours=13)
    follower.sync()
    assert follower.stored(torn).turn_since == began


def test_open_items_are_fetched_as_a_whole_every_so_often(follower):
    ada = follower.member("ada")
    pull = follower.pull(ada)
    follower.sync()
    follower.later(minutes=full_refresh_every(follower.session).total_seconds() // 60 - 1)
    asked = follower.sandbox.requests
    follower.sync()
    assert "RefreshPR" not in follower.asked(asked)
    follower.later(minutes=2)
    asked = follower.sandbox.requests
    run = follower.sync()
    assert (follower.asked(asked), run.unchanged) == (["Discover", "RefreshPR"], 1)
    assert follower.stored(pull).fetched_at == follower.world.now
    follower.later(minutes=5)
    asked = follower.sandbox.requests
    follower.sync()
    assert follower.asked(asked) == ["Discover", "Ci"]


def test_what_moved_before_the_first_day_is_left_alone(follower):
    ada = follower.member("ada")
    follower.pull(ada, "Long ago", days=60)
    moved = follower.pull(ada, "Older, but it moved", days=60)
    follower.world.comment(moved, follower.maintainer, at=follower.world.ago(days=3))
    follower.sync()
    assert follower.titles(ada) == ["Older, but it moved"]


def test_the_first_day_is_that_of_week_zero(follower):
    ada = follower.member("ada")
    follower.pull(ada, "In week 0", days=27)
    follower.sync()
    assert follower.titles(ada) == []
    follower.session.has_week_zero = True
    follower.session.save()
    follower.sync()
    assert follower.titles(ada) == ["In week 0"]


def test_before_the_session_begins_people_are_identified_and_nothing_is_discovered(follower):
    ada = follower.member("ada")
    follower.pull(ada)
    follower.session.starts_on = NOW.date() + datetime.timedelta(days=7)
    follower.session.save()
    run = follower.sync()
    assert (run.state, follower.asked(), follower.titles(ada)) == ("done", ["Identify"], [])


def test_after_the_end_each_member_is_asked_once_more_and_then_only_known_items_are_followed(follower):
    ada = follower.member("ada")
    known = follower.pull(ada, "Known")
    follower.sync()
    late = follower.pull(ada, "In the last hour", days=0)
    follower.later(days=30)
    follower.pull(ada, "After the end", days=1)
    run = follower.sync()
    assert (run.state, follower.titles(ada)) == ("done", ["In the last hour", "Known"])
    follower.later(days=1)
    follower.world.merge(known, follower.maintainer)
    follower.pull(ada, "Later still", days=0)
    asked = follower.sandbox.requests
    follower.sync()
    assert (follower.asked(asked), follower.titles(ada)) == (["RefreshPR"], ["In the last hour", "Known"])
    assert (follower.stored(known).state, follower.stored(late).state) == ("merged", "open")


def test_whoever_goes_on_longer_is_asked_for_new_work_until_then(follower):
    ada, grace = follower.member("ada"), follower.member("grace")
    follower.session.starts_on = NOW.date() - datetime.timedelta(days=47)
    follower.session.save()
    ada.extended_until = NOW.date() + datetime.timedelta(days=3)
    ada.save()
    follower.pull(ada, "After the end", days=2)
    follower.pull(grace, "Of her own", days=2)
    follower.sync()
    assert (follower.titles(ada), follower.titles(grace)) == (["After the end"], [])
    follower.later(days=1)
    follower.pull(ada, "On the way", days=0)
    follower.later(days=4)
    follower.pull(ada, "Later", days=0)
    follower.sync()
    assert follower.titles(ada) == ["After the end", "On the way"]


def test_a_member_with_many_items_is_continued_page_by_page(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    elsewhere = follower.world.add_repository("ada/notes")
    for number in range(230):
        follower.pull(ada, f"Note {number}", repository=elsewhere if number % 3 else None, days=number / 10)
        follower.issue(ada, f"Question {number}", repository=elsewhere if number % 3 else None, days=number / 10)
    follower.pull(ole, "Only one")
    run = follower.sync()
    assert run.created == 2 * 77 + 1
    asked = follower.asked()
    assert (asked.count("Discover"), asked.count("MorePullRequests"), asked.count("MoreIssues")) == (1, 2, 2)
    assert follower.sync().unchanged == 2 * 77 + 1


def test_pages_end_where_the_window_ends(follower):
    ada = follower.member("ada")
    for number in range(120):
        follower.pull(ada, f"Long ago {number}", days=60 + number)
    follower.pull(ada, "New")
    follower.sync()
    assert "MorePullRequests" not in follower.asked()
    assert follower.titles(ada) == ["New"]


def test_one_member_alone(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    follower.pull(ada, "Of Ada")
    follower.pull(ole, "Of Ole")
    run = follower.sync(membership=ada)
    assert (run.membership, run.created) == (ada, 1)
    assert (follower.titles(ada), follower.titles(ole)) == (["Of Ada"], [])
    assert not MemberSync.objects.filter(membership=ole).exists()
    follower.sync()
    assert follower.titles(ole) == ["Of Ole"]


def test_only_members_who_are_there_are_followed(follower):
    ada = follower.member("ada")
    follower.pull(ada)
    navigator = MembershipFactory(cohort=follower.cohort, role="navigator")
    GitHubIdentityFactory(user=navigator.user, login="nav")
    left = follower.member("gone-home")
    left.state, left.left_at = "left", NOW
    left.save()
    follower.pull(left, "Of one who left")
    run = follower.sync()
    assert (run.created, run.errors, follower.titles(left)) == (1, [], [])


def test_a_person_in_two_sessions_has_a_contribution_in_each_and_the_item_is_stored_once(follower):
    ada = follower.member("ada")
    pull = follower.pull(ada)
    follower.sync()
    other = SessionFactory()
    other.projects.add(follower.site_project)
    again = MembershipFactory(cohort=CohortFactory(session=other), user=ada.user)
    follower.session = other
    run = follower.sync()
    assert (run.created, WorkItem.objects.count(), follower.titles(again)) == (0, 1, [pull.title])


def test_what_people_wrote_and_hid_stays(follower):
    ada = follower.member("ada")
    pull = follower.pull(ada)
    follower.sync()
    Contribution.objects.update(note="Mine", own_words="It is clearer", ai_disclosure="None", hidden=True, role="co_author")
    follower.later(hours=1)
    follower.world.edit(pull, title="Another title")
    follower.sync()
    contribution = Contribution.objects.get()
    assert contribution.work_item.title == "Another title"
    assert (contribution.note, contribution.own_words, contribution.ai_disclosure, contribution.hidden, contribution.role) == (
        "Mine", "It is clearer", "None", True, "co_author")  # fmt: skip


def test_bots_count_nowhere(follower):
    ada = follower.member("ada")
    pull = follower.pull(ada)
    follower.world.review(pull, follower.bot, "CHANGES_REQUESTED", at=follower.world.ago(days=3))
    follower.world.comment(pull, follower.bot, at=follower.world.ago(days=2))
    follower.sync()
    item = follower.stored(pull)
    assert (item.first_response_at, item.turn_reason, item.review_state) == (None, "nothing_said", "")
    assert [event["human"] for event in item.events] == [True, False, False]


def test_a_ghost_leaves_the_stored_work(follower):
    ada = follower.member("ada")
    pull = follower.pull(ada)
    follower.world.comment(pull, ghost := follower.world.add_user("soon-gone"), at=follower.world.ago(days=2))
    follower.sync()
    assert follower.stored(pull).first_response_at is not None
    follower.later(hours=1)
    follower.world.delete_user(ghost)
    follower.world.label(pull, "docs")
    follower.sync()
    assert follower.stored(pull).first_response_at is None
    follower.world.delete_user(ada.account)
    follower.world.label(pull, "easy")
    follower.later(hours=1)
    run = follower.sync()
    item = follower.stored(pull)
    assert (run.state, [error["code"] for error in run.errors]) == ("partial", ["account_gone"])
    assert (item.author_login, item.state, len(item.labels)) == ("", "open", 2)


def test_a_pull_request_landed_by_hand(follower):
    ada = follower.member("ada")
    with_commit, with_comment, refused = (follower.pull(ada, f"Change {number}") for number in range(3))
    follower.world.land_by_hand(with_commit, follower.maintainer, at=follower.world.ago(days=1))
    follower.world.land_by_hand(with_comment, follower.maintainer, at=follower.world.ago(days=1), comment=True)
    follower.world.close(refused, follower.maintainer, at=follower.world.ago(days=1))
    follower.sync()
    assert [follower.stored(pull).state for pull in (with_commit, with_comment, refused)] == ["landed", "landed", "closed"]


def test_every_page_of_a_large_session(follower):
    for number in range(105):
        follower.pull(follower.member(f"m{number}"))
    run = follower.sync()
    assert run.created == 105
    assert follower.asked() == ["Identify", "Identify", "Discover", "Discover", *["Reviews"] * 3, *["RefreshPR"] * 3]


def test_progress_is_written_while_it_runs(follower, monkeypatch):
    seen = []
    update = SyncRun.objects.filter().__class__.update

    def note(queryset, **values):
        if "doing" in values:
            seen.append((values["doing"], values.get("total")))
        return update(queryset, **values)

    follower.pull(follower.member("ada"))
    monkeypatch.setattr(SyncRun.objects.filter().__class__, "update", note)
    run = follower.sync()
    assert seen[:4] == [("identify", 2), ("discover", 1), ("reviews", 1), ("refresh", 1)]
    assert (run.done, run.total, run.progress_at) == (1, 1, NOW)


def test_a_github_enterprise(follower, settings):
    follower.world.web_url = settings.GITHUB_URL = "https://git.example.org"
    follower.repository.host = "git.example.org"
    follower.repository.save()
    RepositoryFactory(project=follower.site_project, full_name="org/elsewhere", host="github.com")
    ada = follower.member("ada")
    follower.pull(ada)
    run = follower.sync()
    item = WorkItem.objects.get()
    assert (item.host, item.url) == ("git.example.org", "https://git.example.org/org/project/pull/1")
    assert [error["code"] for error in run.errors] == ["other_host"]
    assert World(web_url="https://git.example.org/").web_url == item.url[:23]
