"""Reviews that members gave on other people's pull requests."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contributions.models import Contribution, ReviewGiven, SessionSync, WorkItem
from contributions.sync.items import refetch
from tests.factories import CohortFactory, MembershipFactory, SessionFactory

from .conftest import NOW


@pytest.fixture
def ada(follower):
    return follower.member("ada")


def theirs(follower, title="Of somebody else", *, by=None, days=5, repository=None):
    """A pull request of somebody who is no member."""
    author = by or follower.maintainer
    return follower.world.add_pull_request(repository or follower.project, author, title, at=follower.world.ago(days=days))


def given(membership):
    rows = ReviewGiven.objects.filter(contribution__membership=membership)
    return list(rows.values_list("contribution__work_item__title", "state", "contribution__role"))


def review(follower, pull, by, state="COMMENTED", **ago):
    return follower.world.review(pull, by.account, state, at=follower.world.ago(**(ago or {"days": 2})))


def test_a_review_of_somebody_elses_pull_request_is_stored_with_it(follower, ada):
    pull = theirs(follower)
    entry = review(follower, pull, ada, "CHANGES_REQUESTED")
    run = follower.sync()
    assert (run.state, run.created, run.errors) == ("done", 1, [])
    contribution = Contribution.objects.get(membership=ada)
    assert (contribution.role, contribution.source) == ("reviewer", "found")
    item = contribution.work_item
    assert (item.title, item.author_login, item.tracked_repository) == (pull.title, "maintainer", follower.repository)
    row = contribution.reviews_given.get()
    assert (row.database_id, row.state, row.submitted_at, row.url) == (
        entry.database_id, "changes_requested", entry.created_at, entry.url)  # fmt: skip
    assert follower.session.following.reviews_at == NOW


def test_all_reviews_of_a_pull_request_count_though_github_tells_the_last(follower, ada):
    pull = theirs(follower)
    for days, state in ((4, "COMMENTED"), (3, "CHANGES_REQUESTED"), (1, "APPROVED")):
        review(follower, pull, ada, state, days=days)
    follower.sync()
    assert [state for _title, state, _role in given(ada)] == ["commented", "changes_requested", "approved"]


@pytest.mark.parametrize("full", [False, True])
def test_a_second_run_writes_nothing(follower, ada, full):
    review(follower, theirs(follower), ada)
    follower.sync()
    follower.later(hours=7)
    before = list(ReviewGiven.objects.values()), list(Contribution.objects.values())
    with CaptureQueriesContext(connection) as queries:
        run = follower.sync(full=full)
    assert (run.created, run.updated) == (0, 0)
    assert not [query for query in queries if "reviewgiven" in query["sql"] and not query["sql"].startswith("SELECT")]
    assert (list(ReviewGiven.objects.values()), list(Contribution.objects.values())) == before


def test_what_does_not_count(follower, ada):
    ole = follower.member("ole")
    own = follower.pull(ada, "My own")
    review(follower, own, ada)
    review(follower, theirs(follower, "Elsewhere", repository=follower.world.add_repository("else/where")), ada)
    review(follower, theirs(follower, "Before the session", days=60), ada, days=40)
    review(follower, theirs(follower, "Not submitted"), ada, "PENDING")
    follower.world.comment(theirs(follower, "Only a comment"), ada.account)
    follower.sync()
    assert (given(ada), follower.titles(ada), follower.titles(ole)) == ([], ["My own"], [])
    assert Contribution.objects.get().role == "author"


def test_among_members_each_keeps_the_own_part(follower, ada):
    ole, eva = follower.member("ole"), follower.member("eva")
    pull = follower.pull(ada, "Of Ada")
    follower.sync()
    item = follower.stored(pull)
    Contribution.objects.create(membership=eva, work_item=item, role="co_author", source="manual")
    follower.later(hours=7)
    for reviewer in (ole, eva):
        review(follower, pull, reviewer, "APPROVED", hours=1)
    follower.sync()
    assert dict(item.contributions.values_list("membership", "role")) == {
        ada.pk: "author", ole.pk: "reviewer", eva.pk: "co_author"}  # fmt: skip
    assert given(ole) == [("Of Ada", "approved", "reviewer")]
    assert given(eva) == [("Of Ada", "approved", "co_author")]
    assert WorkItem.objects.count() == 1


def test_they_are_asked_for_every_six_hours(follower, ada):
    follower.pull(ada)
    follower.sync()
    for minutes, asks in ((300, False), (59, False), (1, True), (60, False)):
        follower.later(minutes=minutes)
        asked = follower.sandbox.requests
        follower.sync()
        assert ("Reviews" in follower.asked(asked)) is asks
    assert follower.sync(full=True).requests == 3
    # One who presses for the own work gets the own reviews as well, which says nothing about the others'.
    before = SessionSync.objects.get().reviews_at
    follower.later(minutes=10)
    asked = follower.sandbox.requests
    follower.sync(membership=ada)
    assert ("Reviews" in follower.asked(asked), SessionSync.objects.get().reviews_at) == (True, before)


def test_a_review_becomes_dismissed_and_stays_so(follower, ada):
    pull = theirs(follower)
    entry = review(follower, pull, ada, "CHANGES_REQUESTED")
    follower.sync()
    for state in ("DISMISSED", "CHANGES_REQUESTED"):
        follower.later(hours=7)
        entry.state = state
        follower.world.label(pull, state)
        follower.sync()
        assert given(ada) == [(pull.title, "dismissed", "reviewer")]


def test_what_was_reviewed_is_followed_like_everything_else(follower, ada):
    pull = theirs(follower)
    review(follower, pull, ada)
    follower.sync()
    follower.later(hours=1)
    follower.world.merge(pull, follower.maintainer)
    asked = follower.sandbox.requests
    run = follower.sync()
    assert (follower.asked(asked), run.updated) == (["Discover", "Ci", "RefreshPR"], 1)
    assert follower.stored(pull).state == "merged"


def test_what_another_session_knows_is_linked_and_not_fetched_again(follower, ada):
    pull = theirs(follower)
    review(follower, pull, ada)
    follower.sync()
    other = SessionFactory()
    other.projects.add(follower.site_project)
    again = MembershipFactory(cohort=CohortFactory(session=other), user=ada.user)
    follower.session = other
    asked = follower.sandbox.requests
    run = follower.sync()
    assert (follower.asked(asked), run.created) == (["Discover", "Reviews"], 0)
    assert given(again) == given(ada) == [(pull.title, "commented", "reviewer")]


def test_after_the_end_they_are_asked_for_once_more(follower, ada):
    follower.sync()
    pulls = [theirs(follower, "Inside", days=0), theirs(follower, "Outside", days=0)]
    follower.later(days=1)
    review(follower, pulls[0], ada, hours=1)
    follower.later(days=29)
    review(follower, pulls[1], ada, days=1)
    follower.sync()
    follower.later(days=1)
    asked = follower.sandbox.requests
    follower.sync()
    assert given(ada) == [("Inside", "commented", "reviewer")]
    assert "Reviews" not in follower.asked(asked)


def test_before_the_session_nothing_is_asked(follower, ada):
    follower.session.starts_on = NOW.date() + datetime.timedelta(days=7)
    follower.session.save()
    follower.sync()
    assert follower.asked() == ["Identify"]


def test_who_reviewed_a_lot_is_continued_page_by_page(follower, ada):
    for number in range(170):
        review(follower, theirs(follower, f"Change {number}", days=6), ada, minutes=number + 1)
    follower.sync()
    asked = follower.asked()
    assert (asked.count("Reviews"), asked.count("MoreReviews")) == (1, 2)
    assert ReviewGiven.objects.count() == 170


@pytest.mark.parametrize(
    ("fault", "state", "retry"), [("502", "done", False), ("403", "partial", False), ("secondary_403", "partial", True)]
)
def test_a_failure_leaves_the_rest_as_it_is(follower, ada, fault, state, retry):
    pull = follower.pull(ada)
    review(follower, theirs(follower), ada)
    follower.sandbox.faults.next(1, fault, operation="Reviews")
    ole = follower.member("ole")
    run = follower.sync()
    assert (run.state, run.retry_at is not None) == (state, retry)
    if not retry:
        assert follower.titles(ada)[0] == pull.title
        assert ole.sync.problem_code == ""
    follower.later(minutes=5)
    follower.sync()
    assert [title for title, _state, _role in given(ada)] == ["Of somebody else"]


def test_a_webhook_that_fetches_an_item_again_needs_no_members(follower, ada):
    pull = theirs(follower)
    review(follower, pull, ada)
    follower.sync()
    follower.later(hours=1)
    review(follower, pull, ada, "APPROVED", minutes=5)
    refetch([follower.stored(pull).pk])
    assert len(given(ada)) == 1
    follower.sync()
    assert len(given(ada)) in (1, 2)
    follower.later(hours=6)
    follower.sync()
    assert len(given(ada)) == 2
