"""Pasting links: the row at once, what it is about soon after, and never twice."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied

from cohorts.models import Tracker
from contributions.by_hand import OtherWorkError
from contributions.models import Contribution, WorkItem
from contributions.sync import paste_link
from contributions.tasks import refresh_items
from tests.factories import CohortFactory, MembershipFactory, UserFactory


def paste(membership, url, **options):
    return paste_link(membership, url, by=options.pop("by", membership.user), **options)


def test_the_row_is_there_at_once_and_is_fetched_soon(follower, tasks, django_capture_on_commit_callbacks):
    ada = follower.member("ada")
    elsewhere = follower.world.add_repository("else/where")
    pull = follower.pull(ada, "Elsewhere", repository=elsewhere)
    with django_capture_on_commit_callbacks(execute=True):
        contribution = paste(ada, f"{pull.url}/files#diff")
    item = contribution.work_item
    assert (item.title, item.url, item.state, item.node_id, item.fetched_at) == ("else/where#1", pull.url, "open", "", None)
    assert (contribution.source, contribution.role) == ("pasted", "helper")
    assert follower.sandbox.requests == 0
    tasks.assert_enqueued(refresh_items, [item.pk], times=1)
    tasks.run()
    item.refresh_from_db()
    assert (item.title, item.database_id, item.author_login) == ("Elsewhere", pull.database_id, "ada")
    assert follower.asked() == ["Pasted"]


def test_a_sync_fetches_what_was_pasted_and_tells_who_wrote_it(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    elsewhere = follower.world.add_repository("else/where")
    pull = follower.pull(ada, "Elsewhere", repository=elsewhere)
    mine, helped = paste(ada, pull.url), paste(ole, pull.url.upper().replace("HTTPS", "https"))
    assert mine.work_item == helped.work_item
    run = follower.sync()
    assert (run.state, run.updated, WorkItem.objects.count()) == ("done", 1, 1)
    mine.refresh_from_db()
    helped.refresh_from_db()
    assert (mine.role, helped.role, mine.work_item.title) == ("author", "helper", "Elsewhere")
    follower.later(hours=1)
    follower.world.comment(pull, follower.maintainer)
    follower.sync()
    assert Contribution.objects.filter(work_item__turn_reason="commented").count() == 2


def test_what_was_found_already_becomes_no_second_row(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    pull = follower.pull(ada)
    follower.sync()
    contribution = paste(ole, f"https://github.com/ORG/Project/issues/{pull.number}")
    assert (contribution.work_item, contribution.role) == (follower.stored(pull), "helper")
    found = Contribution.objects.get(membership=ada)
    assert paste(ada, pull.url) == found
    found.refresh_from_db()
    assert found.source == "found"


def test_a_pasted_address_of_an_issue_that_is_a_pull_request(follower):
    ada = follower.member("ada")
    elsewhere = follower.world.add_repository("else/where")
    pull = follower.pull(ada, repository=elsewhere)
    paste(ada, f"https://github.com/else/where/issues/{pull.number}")
    follower.sync()
    item = WorkItem.objects.get()
    assert (item.kind, item.url) == ("pull_request", pull.url)


def test_a_pasted_link_by_an_old_name_becomes_the_item_that_is_there(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    pull = follower.pull(ada)
    follower.sync()
    follower.world.rename_repository(follower.project, "org/renamed")
    follower.world.comment(pull, follower.maintainer)
    follower.later(hours=1)
    follower.sync()
    pasted = paste(ole, f"https://github.com/org/project/pull/{pull.number}")
    Contribution.objects.filter(pk=pasted.pk).update(note="Helped")
    assert WorkItem.objects.count() == 2
    follower.sync()
    item = WorkItem.objects.get()
    assert item.repository == "org/renamed"
    assert set(item.contributions.values_list("membership", "note")) == {(ada.pk, ""), (ole.pk, "Helped")}


def test_a_link_that_leads_nowhere_keeps_its_problem_and_is_tried_again_later(follower):
    ada = follower.member("ada")
    contribution = paste(ada, "https://github.com/else/where/pull/1")
    good = paste(ada, follower.pull(ada).url)
    run = follower.sync()
    item = contribution.work_item
    item.refresh_from_db()
    assert (run.state, run.errors[0]["about"]) == ("partial", item.url)
    assert item.problem == "GitHub knows no issue or pull request at this address, or we may not see it."
    good.work_item.refresh_from_db()
    assert good.work_item.title == "Make it clearer"
    asked = follower.sandbox.requests
    assert follower.sync().state == "done"
    assert "Pasted" not in follower.asked(asked)
    follower.later(hours=7)
    elsewhere = follower.world.add_repository("else/where")
    follower.pull(ada, "Here now", repository=elsewhere)
    follower.sync()
    item.refresh_from_db()
    assert (item.title, item.problem) == ("Here now", "")


def test_many_links_go_twenty_a_request(follower):
    ada = follower.member("ada")
    elsewhere = follower.world.add_repository("else/where")
    for number in range(45):
        paste(ada, follower.pull(ada, f"Change {number}", repository=elsewhere).url)
    follower.sandbox.faults.above(10, "502", operation="Pasted")
    run = follower.sync()
    assert (run.updated, WorkItem.objects.exclude(fetched_at=None).count()) == (45, 45)
    assert [entry.ids for entry in follower.sandbox.log if entry.operation == "Pasted"] == [20, 10, 10, 10, 10, 5]


def test_tickets_and_other_work(follower):
    ada = follower.member("ada")
    Tracker.objects.create(project=follower.site_project, url="https://code.djangoproject.com")
    ticket = paste(ada, "https://code.djangoproject.com/ticket/12345/")
    assert (ticket.work_item.kind, ticket.work_item.number, ticket.work_item.title) == ("ticket", 12345, "Ticket 12345")
    talk = paste(ada, "https://example.org/talk", title="  My   talk ", other_kind="talk")
    assert (talk.work_item.kind, talk.work_item.title, talk.role) == ("other", "My talk", "author")
    run = follower.sync()
    assert (run.state, follower.asked()) == ("done", ["Identify", "Discover", "Reviews"])


def test_other_work_needs_a_title(follower):
    ada = follower.member("ada")
    with pytest.raises(OtherWorkError, match="Give it a title"):
        paste(ada, "https://example.org/talk")
    assert not WorkItem.objects.exists()


def test_what_other_sessions_say_of_the_same_link_is_theirs(follower):
    ada, bob, eve = follower.member("ada"), follower.member("bob"), follower.member("eve", cohort=CohortFactory())
    link = "https://example.org/talk"
    talk = paste(ada, link, title="A secret of ours", other_kind="talk")
    assert paste(ada, link, title="Again", other_kind="talk") == talk
    assert paste(bob, link, title="Ours", other_kind="post").work_item == talk.work_item
    theirs = paste(eve, link, title="What I heard", other_kind="post").work_item
    assert (theirs.title, theirs.other_kind, theirs.url) == ("What I heard", "post", talk.work_item.url)


def test_what_was_hidden_is_shown_again(follower):
    ada = follower.member("ada")
    pull = follower.pull(ada)
    follower.sync()
    Contribution.objects.update(hidden=True)
    navigator = MembershipFactory(cohort=ada.cohort, role="navigator").user
    assert paste(ada, pull.url, by=navigator).hidden, "only its member takes that back"
    assert not paste(ada, pull.url).hidden
    assert not Contribution.objects.get().hidden


def test_who_may_paste(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    navigator = MembershipFactory(cohort=follower.cohort, role="navigator").user
    url = follower.pull(ada).url
    assert paste(ada, url, by=navigator)
    for user in (ole.user, UserFactory()):
        with pytest.raises(PermissionDenied):
            paste(ada, url, by=user)
    ada.state, ada.left_at = "left", follower.world.now
    ada.save()
    for user in (ada.user, navigator):
        with pytest.raises(PermissionDenied):
            paste(ada, url, by=user)


def test_fetching_at_a_limit_comes_back_when_github_lets_us(follower, tasks):
    item = paste(ada := follower.member("ada"), follower.pull(ada).url).work_item
    follower.sandbox.faults.always("secondary_403")
    assert [run.state for run in tasks.run()] == ["postponed"]
    tasks.assert_enqueued(refresh_items, [item.pk], run_after=datetime.timedelta(seconds=30))
    item.refresh_from_db()
    assert (item.state, item.problem) == ("open", "")


def test_fetching_is_tried_five_times_while_github_is_away(follower, tasks):
    item = paste(ada := follower.member("ada"), follower.pull(ada).url).work_item
    follower.sandbox.faults.always("500")
    runs = tasks.run(until=datetime.timedelta(days=1), fail_silently=True)
    assert [run.state for run in runs] == ["retried"] * 4 + ["failed"]
    item.refresh_from_db()
    assert (item.state, item.problem) == ("open", "")


def test_fetching_without_a_right_token_fails_at_once(follower, tasks):
    paste(ada := follower.member("ada"), follower.pull(ada).url)
    follower.sandbox.faults.always("401")
    with pytest.raises(Exception, match="token"):
        tasks.run()
    tasks.assert_nothing_enqueued()


def test_an_item_that_is_fetched_again_by_itself_is_up_to_date(follower):
    """What a delivery of the webhook leads to."""
    ada = follower.member("ada")
    pull, other = follower.pull(ada, "Before"), follower.pull(ada, "Untouched")
    follower.sync()
    follower.later(hours=1)
    follower.world.edit(pull, title="After")
    follower.world.edit(other, title="Also after")
    asked = follower.sandbox.requests
    refresh_items.call([follower.stored(pull).pk])
    assert follower.asked(asked) == ["RefreshPR"]
    assert (follower.stored(pull).title, follower.stored(other).title) == ("After", "Untouched")


def test_an_item_that_vanished_is_noticed_when_it_is_fetched_again_by_itself(follower):
    ada = follower.member("ada")
    issue = follower.issue(ada)
    follower.sync()
    item = follower.stored(issue)
    follower.world.delete_issue(issue)
    refresh_items.call([item.pk])
    item.refresh_from_db()
    assert (item.state, item.gone) == ("gone", "deleted")


def test_a_link_that_github_finds_too_heavy_keeps_its_problem_and_the_others_go_on(follower, monkeypatch):
    ada = follower.member("ada")
    elsewhere = follower.world.add_repository("else/where")
    bad, good = (paste(ada, follower.pull(ada, title, repository=elsewhere).url).work_item for title in ("Bad", "Good"))
    handle = follower.sandbox.handle

    def refuse(request):
        if bad.url.encode() in request.body and b"Pasted" in request.body:
            follower.sandbox.faults.next(1, "502")
        return handle(request)

    monkeypatch.setattr(follower.sandbox, "handle", refuse)
    run = follower.sync()
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (run.state, [error["about"] for error in run.errors]) == ("partial", [bad.url])
    assert (bad.problem, bad.node_id) == ("GitHub gave up on this request.", "")
    assert (good.title, good.problem) == ("Good", "")


def test_who_pasted_own_work_before_anybody_knew_the_account_is_its_author_in_the_end(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    pull = follower.pull(ada)
    paste(ole, pull.url)
    follower.sync(membership=ole)
    mine = paste(ada, pull.url)
    assert (mine.work_item.author_login, mine.role) == ("ada", "helper")
    follower.sync()
    mine.refresh_from_db()
    assert mine.role == "author"
    assert Contribution.objects.get(membership=ole).role == "helper"
