"""Whose turn it is: each rule, their order, and since when."""

import pytest

from contributions.meaning import Previous, read_item

from .nodes import (
    AUTHOR,
    BOT,
    COMMIT,
    OTHER,
    REVIEWER,
    actor,
    closed,
    comment,
    day,
    dismissed,
    event,
    iso,
    issue,
    pull_request,
    pushed,
    review,
)

NOW = day(28)
FAILING = {"statusCheckRollup": {"state": "FAILURE"}}


def turn(item, **options):
    values = read_item(item, now=NOW, **options)
    return values["turn"], values["turn_reason"], values["turn_since"]


CASES = {
    "nothing was said": (pull_request(), "reviewer", "nothing_said", 1),
    "only a bot spoke": (pull_request(comment(2, BOT), review("COMMENTED", 3, BOT)), "reviewer", "nothing_said", 1),
    "only a deleted account spoke": (pull_request(comment(2, None)), "reviewer", "nothing_said", 1),
    "only the author spoke": (pull_request(comment(2, AUTHOR)), "reviewer", "nothing_said", 1),
    "a draft": (pull_request(isDraft=True), "member", "draft", 1),
    "back to draft": (pull_request(event("ConvertToDraft", 4), isDraft=True), "member", "draft", 4),
    "ready after a draft": (pull_request(event("ReadyForReview", 4)), "reviewer", "nothing_said", 4),
    "draft wins over failing checks": (pull_request(isDraft=True, **FAILING), "member", "draft", 1),
    "checks fail": (pull_request(**FAILING), "member", "ci_failing", 1),
    "checks fail since the last push": (pull_request(pushed(3), pushed(5), **FAILING), "member", "ci_failing", 5),
    "checks failed while it was a draft": (
        pull_request(pushed(3), event("ReadyForReview", 6), **FAILING), "member", "ci_failing", 6),
    "checks run": (pull_request(statusCheckRollup={"state": "PENDING"}), "reviewer", "nothing_said", 1),
    "failing checks win over an approval": (pull_request(review("APPROVED", 2), **FAILING), "member", "ci_failing", 1),
    "a conflict seen first now": (pull_request(mergeable="CONFLICTING"), "member", "conflict", 28),
    "changes requested": (pull_request(review("CHANGES_REQUESTED", 3)), "member", "changes_requested", 3),
    "changes requested, then a bot spoke": (
        pull_request(review("CHANGES_REQUESTED", 3), comment(4, BOT)), "member", "changes_requested", 3),
    "changes requested by a bot": (pull_request(review("CHANGES_REQUESTED", 3, BOT)), "reviewer", "nothing_said", 1),
    "pushed since changes were requested": (
        pull_request(review("CHANGES_REQUESTED", 3), pushed(4), pushed(6)), "reviewer", "pushed_since", 4),
    "force-pushed since": (
        pull_request(review("CHANGES_REQUESTED", 3), event("HeadRefForcePushed", 4)), "reviewer", "pushed_since", 4),
    "answered since changes were requested": (
        pull_request(review("CHANGES_REQUESTED", 3), comment(5, AUTHOR)), "reviewer", "answered", 5),
    "asked for another review": (
        pull_request(review("CHANGES_REQUESTED", 3), event("ReviewRequested", 5)), "reviewer", "answered", 5),
    "answered, then pushed: it waits since the answer": (
        pull_request(review("CHANGES_REQUESTED", 3), comment(5, AUTHOR), pushed(6)), "reviewer", "pushed_since", 5),
    "changes requested again": (
        pull_request(review("CHANGES_REQUESTED", 3), pushed(4), review("CHANGES_REQUESTED", 6)),
        "member", "changes_requested", 6),
    "the one who asks for changes is not content yet": (
        pull_request(review("CHANGES_REQUESTED", 3), pushed(4), comment(6)), "member", "changes_requested", 6),
    "somebody else speaks after the push": (
        pull_request(review("CHANGES_REQUESTED", 3), pushed(4), comment(6, OTHER)), "reviewer", "pushed_since", 4),
    "the same reviewer approved later": (
        pull_request(review("CHANGES_REQUESTED", 3), pushed(4), review("APPROVED", 6)), "maintainer", "approved", 6),
    "another reviewer's approval does not lift it": (
        pull_request(review("CHANGES_REQUESTED", 3), review("APPROVED", 5, OTHER)), "member", "changes_requested", 3),
    "a dismissed review asks for nothing": (pull_request(review("DISMISSED", 3)), "reviewer", "answered", 3),
    "a request that was taken back asks for nothing": (
        pull_request(*dismissed("CHANGES_REQUESTED", 3, 5)), "reviewer", "answered", 5),
    "taken back after a push: it waits since the push": (
        pull_request(*dismissed("CHANGES_REQUESTED", 3, 5), pushed(4)), "reviewer", "pushed_since", 4),
    "of two requests one was taken back": (
        pull_request(*dismissed("CHANGES_REQUESTED", 3, 5), review("CHANGES_REQUESTED", 4, OTHER)),
        "member", "changes_requested", 3),
    "an approval that was taken back": (pull_request(*dismissed("APPROVED", 3, 5)), "reviewer", "answered", 5),
    "an approval that was taken back, and given again": (
        pull_request(*dismissed("APPROVED", 3, 5), review("APPROVED", 7)), "maintainer", "approved", 7),
    "a maintainer brought the branch up to date": (
        pull_request(review("CHANGES_REQUESTED", 3), event("HeadRefForcePushed", 4, REVIEWER)),
        "member", "changes_requested", 3),
    "nobody knows who replaced the commits": (
        pull_request(review("CHANGES_REQUESTED", 3), event("HeadRefForcePushed", 4, None)), "reviewer", "pushed_since", 4),
    "checks fail since the commits were replaced": (
        pull_request(event("HeadRefForcePushed", 4), **FAILING), "member", "ci_failing", 4),
    "approved, then pushed": (pull_request(review("APPROVED", 3), pushed(4)), "maintainer", "approved", 3),
    "opened again": (pull_request(comment(2), closed(3), event("Reopened", 4)), "member", "commented", 2),
    "another title changes nothing": (
        pull_request(comment(2), event("RenamedTitle", 4), event("BaseRefChanged", 5), event("Locked", 6)),
        "member", "commented", 2),
    "several drafts": (
        pull_request(event("ReadyForReview", 2), event("ConvertToDraft", 4), event("ReadyForReview", 6)),
        "reviewer", "nothing_said", 6),
    "a change to ready that the story lacks": (
        pull_request(event("ReadyForReview", 2), event("ConvertToDraft", 4)), "reviewer", "nothing_said", 28),
    "somebody commented": (pull_request(comment(3)), "member", "commented", 3),
    "somebody commented twice": (pull_request(comment(3), comment(5, OTHER)), "member", "commented", 3),
    "a review that only comments": (pull_request(review("COMMENTED", 3)), "member", "commented", 3),
    "commented and answered": (pull_request(comment(3), comment(4, AUTHOR)), "reviewer", "answered", 4),
    "commented and pushed": (pull_request(comment(3), pushed(4)), "reviewer", "pushed_since", 4),
    "approved": (pull_request(review("APPROVED", 3)), "maintainer", "approved", 3),
    "approved by a bot": (pull_request(review("APPROVED", 3, BOT)), "reviewer", "nothing_said", 1),
    "approved, and thanked for": (pull_request(review("APPROVED", 3), comment(4, AUTHOR)), "maintainer", "approved", 3),
    "approved, and the approver said more": (pull_request(review("APPROVED", 3), comment(4)), "maintainer", "approved", 3),
    "approved, then somebody else asked": (pull_request(review("APPROVED", 3), comment(4, OTHER)), "member", "commented", 4),
    "approved, asked, answered": (
        pull_request(review("APPROVED", 3), comment(4, OTHER), comment(5, AUTHOR)), "maintainer", "approved", 5),
    "merged": (pull_request(prState="MERGED", mergedAt=iso(9), closedAt=iso(9), **FAILING), "", "merged", 9),
    "closed": (pull_request(closed(9), prState="CLOSED", closedAt=iso(9)), "", "closed", 9),
    "landed": (pull_request(closed(9, closer=COMMIT), prState="CLOSED", closedAt=iso(9)), "", "landed", 9),
    "the author is a ghost": (pull_request(comment(3), author=None), "member", "commented", 3),
    "what the story lacks, the present state says": (
        pull_request(event("ReadyForReview", 2), isDraft=True), "member", "draft", 28),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_pull_requests(case):
    item, who, reason, since = CASES[case]
    assert turn(item) == (who, reason, day(since))


def test_a_conflict_began_when_it_was_first_seen():
    item = pull_request(mergeable="CONFLICTING")
    before = Previous(conflicting=True, conflicting_since=day(20), fetched_at=day(25))
    assert turn(item, previous=before) == ("member", "conflict", day(20))


def test_while_github_computes_it_a_known_conflict_holds_until_something_is_pushed():
    before = Previous(conflicting=True, conflicting_since=day(20), fetched_at=day(25))
    assert turn(pull_request(mergeable="UNKNOWN"), previous=before)[1] == "conflict"
    assert turn(pull_request(pushed(24), mergeable="UNKNOWN"), previous=before)[1] == "conflict"
    assert turn(pull_request(pushed(26), mergeable="UNKNOWN"), previous=before)[1] == "nothing_said"
    assert turn(pull_request(mergeable="UNKNOWN"))[1] == "nothing_said"


def linked(state):
    return {"closedByPullRequestsReferences": {"nodes": [{"url": "https://github.com/o/r/pull/9", "number": 9, "state": state}]}}


ISSUES = {
    "nothing was said": (issue(), "maintainer", "nothing_said", 1),
    "another human spoke last": (issue(comment(3)), "member", "commented", 3),
    "another human spoke twice": (issue(comment(3), comment(4, OTHER)), "member", "commented", 3),
    "the member answered": (issue(comment(3), comment(5, AUTHOR)), "maintainer", "answered", 5),
    "a bot spoke last": (issue(comment(3, BOT)), "maintainer", "nothing_said", 1),
    "a ghost spoke last": (issue(comment(3, None)), "maintainer", "nothing_said", 1),
    "an open pull request is linked": (issue(comment(3), **linked("OPEN")), "", "linked_pull_request", None),
    "a merged pull request is linked": (issue(comment(3), **linked("MERGED")), "member", "commented", 3),
    "renamed, moved and locked": (
        issue(comment(3), timelineItems={"nodes": [event("RenamedTitle", 4), event("Transferred", 5), event("Locked", 6)]}),
        "member", "commented", 3),
    "opened again": (
        issue(comment(3), timelineItems={"nodes": [closed(4), event("Reopened", 5)]}), "member", "commented", 3),
    "closed": (issue(issueState="CLOSED", closedAt=iso(9)), "", "closed", 9),
    "the first comments come apart": (
        issue(firstComments={"nodes": [comment(2), comment(3, AUTHOR)]}), "maintainer", "answered", 3),
}  # fmt: skip


@pytest.mark.parametrize("case", ISSUES)
def test_issues(case):
    item, who, reason, since = ISSUES[case]
    assert turn(item) == (who, reason, since and day(since))


def test_people_are_told_apart_by_id_so_a_renamed_author_stays_the_author():
    renamed = {**actor("ada-l"), "id": AUTHOR["id"]}
    assert turn(pull_request(review("CHANGES_REQUESTED", 3), comment(5, renamed)))[1] == "answered"
    assert turn(pull_request(comment(5, {**REVIEWER, "login": "ada"})))[1] == "commented"
