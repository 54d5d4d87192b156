"""What becomes of items: the row stays with what people wrote, and the page says what happened."""

import datetime

import pytest

from contributions.models import Contribution
from contributions.story import story_of, what_happened
from contributions.sync import paste_link

from .conftest import NOW


def words(item):
    """The timeline as `who: words`."""
    story = story_of(item)
    return [f"{chapter.by}: {chapter.words}" for chapter in [*story.first, *story.middle, *story.last]]


def described(follower, pull):
    """Sync, and let the member write about the item; an hour passes."""
    follower.sync()
    Contribution.objects.update(own_words="It asks once", hidden=False)
    follower.later(hours=1)
    return follower.stored(pull)


def kept(item):
    item.refresh_from_db()
    return list(item.contributions.values_list("own_words", flat=True))


def test_a_renamed_repository(follower):
    pull = follower.pull(follower.member("ada"), closes=[follower.issue(follower.member("ole"))])
    item = described(follower, pull)
    follower.world.rename_repository(follower.project, "neworg/renamed")
    follower.world.comment(pull, follower.maintainer)
    follower.sync()
    assert kept(item) == ["It asks once"]
    assert item.moved_from == "https://github.com/org/project/pull/2"
    assert what_happened(item) == ["Its repository was called org/project before, and is neworg/renamed now."]
    assert what_happened(follower.stored(pull.closes[0])) == what_happened(item)


def test_a_transferred_issue(follower):
    issue = follower.issue(follower.member("ada"))
    item = described(follower, issue)
    follower.world.transfer_issue(issue, follower.world.add_repository("else/where", first_number=40))
    follower.sync()
    assert kept(item) == ["It asks once"]
    assert what_happened(item) == ["It was moved from org/project #1 to else/where #40. We follow it there."]
    assert words(item)[-1] == "ada: moved it here from org/project"
    follower.later(hours=1)
    follower.world.make_private(follower.project)
    follower.sync(full=True)
    item.refresh_from_db()
    assert words(item)[-1] == "ada: moved it here from another repository"


def test_a_deleted_issue(follower):
    issue = follower.issue(follower.member("ada"))
    item = described(follower, issue)
    follower.world.delete_issue(issue)
    follower.sync()
    assert kept(item) == ["It asks once"]
    assert (item.gone, item.gone_at) == ("deleted", NOW + datetime.timedelta(hours=1))
    assert what_happened(item)[0].startswith("It was deleted on GitHub. This is what we knew on 25 November 2026.")
    assert words(item)[-1] == ": It was deleted."


def test_a_repository_that_is_private_for_a_while(follower):
    ada = follower.member("ada")
    elsewhere = follower.world.add_repository("else/where")
    pasted = follower.issue(follower.member("ole"), repository=elsewhere)
    paste_link(ada, pasted.url, by=ada.user)
    pull = follower.pull(ada)
    item = described(follower, pull)
    for repository in (follower.project, elsewhere):
        follower.world.make_private(repository)
    asked = follower.sandbox.requests
    assert follower.sync().gone == 2
    # One look at each item and one at each repository.
    assert follower.asked(asked) == ["Discover", "Ci", "REST", "REST", "REST", "REST"]
    assert kept(item) == ["It asks once"]
    assert (item.gone, item.gone_at) == ("not_visible", NOW + datetime.timedelta(hours=1))
    assert what_happened(item)[0].startswith("Its repository is no longer public, or it was deleted. This is what we knew")
    assert words(item)[-1] == ": It was no longer shown to us."
    asked = follower.sandbox.requests
    follower.later(hours=1)
    assert (follower.sync().gone, follower.asked(asked)) == (0, ["Discover", "Ci"])
    # Long after the session, when nobody looks for new items any more.
    follower.later(days=30)
    for repository in (follower.project, elsewhere):
        follower.world.make_public(repository)
    assert follower.sync().updated == 2
    for each in (item, follower.stored(pasted)):
        each.refresh_from_db()
        assert (each.state, each.gone, each.gone_at, what_happened(each)) == ("open", "", None, [])
    assert kept(item) == ["It asks once"]


def test_an_item_that_vanishes_alone(follower):
    issue = follower.issue(follower.member("ada"))
    item = described(follower, issue)
    hidden = follower.world.add_repository("hid/den")
    follower.world.transfer_issue(issue, hidden)
    follower.world.make_private(hidden)
    follower.sync()
    assert kept(item) == ["It asks once"]
    assert what_happened(item)[0].startswith("GitHub no longer shows it to us.")


def test_an_author_who_deleted_the_account(follower):
    ada = follower.member("ada")
    pull = follower.pull(ada)
    item = described(follower, pull)
    follower.world.delete_user(ada.account)
    follower.world.label(pull, "docs")
    follower.sync()
    assert kept(item) == ["It asks once"]
    assert what_happened(item) == ["Its author deleted their GitHub account. The work stays."]


def test_what_happens_to_a_pull_request_is_told(follower):
    world, rae = follower.world, follower.maintainer
    pull = follower.pull(follower.member("ada"), days=9)
    review = world.review(pull, rae, "CHANGES_REQUESTED", at=world.ago(days=8))
    world.push(pull, force=True, at=world.ago(days=7))
    world.edit(pull, title="Make it much clearer", at=world.ago(days=6))
    world.change_base(pull, "stable", at=world.ago(days=5))
    world.dismiss(review, rae, at=world.ago(days=4))
    world.close(pull, rae, at=world.ago(days=3))
    world.reopen(pull, rae, at=world.ago(days=2))
    world.lock(pull, rae, at=world.ago(days=1))
    item = described(follower, pull)
    assert words(item) == [
        "ada: opened it",
        "maintainer: asked for changes",
        "ada: replaced the commits of the branch",
        "ada: pushed a change",
        "ada: changed its title from “Make it clearer” to “Make it much clearer”",
        "ada: chose to merge it into stable instead of main",
        "maintainer: dismissed a review",
        "maintainer: closed it",
        "maintainer: opened it again",
        "maintainer: locked the conversation",
    ]
    assert (item.title, item.turn, item.turn_since) == ("Make it much clearer", "reviewer", world.ago(days=7, hours=1))
    assert what_happened(item) == ["Its conversation is locked: only people who may write to the repository can comment."]


def test_an_issue_that_goes_on_as_a_discussion(follower):
    issue = follower.issue(follower.member("ada"))
    item = described(follower, issue)
    follower.world.edit(issue, title="How is it meant?", by=follower.maintainer)
    follower.world.convert_to_discussion(issue, follower.maintainer)
    follower.sync()
    assert kept(item) == ["It asks once"]
    assert what_happened(item) == ["It was made a discussion. It goes on there."]
    assert words(item)[1:] == [
        "maintainer: changed its title from “It is unclear” to “How is it meant?”",
        "maintainer: closed it",
        "maintainer: made a discussion of it",
        "maintainer: locked the conversation",
    ]


def test_what_is_asked_beside_it(follower):
    world = follower.world
    body = "## AI disclosure\n- [x] No AI\n- [ ] Some AI\n\n## Checks\n- [x] Tests"
    pull = follower.pull(follower.member("ada"), days=10, draft=True, body=body)
    world.ready(pull, at=world.ago(days=9))
    world.convert_to_draft(pull, at=world.ago(days=8))
    world.ready(pull, at=world.ago(days=5))
    world.comment(pull, follower.maintainer, at=world.ago(days=3))
    world.set_behind(pull)
    item = described(follower, pull)
    assert (item.disclosure, item.behind, item.first_of_author) == ("No AI", True, True)
    assert item.first_response_after == datetime.timedelta(days=3)
    # GitHub works it out again after every change of the base, and its author is a contributor after the merge.
    world.set_mergeable(pull, "UNKNOWN")
    world.comment(pull, pull.by)
    follower.sync()
    item.refresh_from_db()
    assert item.behind is True
    world.merge(pull, follower.maintainer)
    follower.later(hours=1)
    follower.sync()
    item.refresh_from_db()
    assert (item.state, item.behind, item.first_of_author) == ("merged", None, True)


@pytest.mark.parametrize(("merged_before", "first"), [(False, True), (True, False)])
def test_a_first_pull_request(follower, merged_before, first):
    ada = follower.member("ada")
    if merged_before:
        follower.world.merge(follower.pull(ada, days=90), follower.maintainer, at=follower.world.ago(days=80))
    pull = follower.pull(ada)
    follower.sync()
    assert follower.stored(pull).first_of_author is first
