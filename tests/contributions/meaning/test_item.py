"""From GitHub's answer to stored values: state, answers, reviews, links, trailers, events."""

import datetime

import pytest

from contributions.meaning import Incomplete, Previous, read_item
from contributions.meaning.reviews import asked_again_at, waited_for_response
from contributions.trackers import TrackerAt, references_of

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

HASH = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"


def read(item, **options):
    return read_item(item, now=day(28), **options)


def by_hand(text, association="COLLABORATOR", by=REVIEWER):
    return pull_request(comment(8, by, text, association), closed(9), prState="CLOSED", closedAt=iso(9))


@pytest.mark.parametrize(
    ("item", "state"),
    [
        (pull_request(), "open"),
        (pull_request(isDraft=True), "draft"),
        (pull_request(prState="MERGED", isDraft=True), "merged"),
        (pull_request(closed(9), prState="CLOSED"), "closed"),
        (pull_request(closed(9), prState="CLOSED", isDraft=True), "closed"),
        (pull_request(closed(9, closer=COMMIT), prState="CLOSED"), "landed"),
        (pull_request(closed(9, closer={"__typename": "PullRequest", "id": "PR_2"}), prState="CLOSED"), "closed"),
        (pull_request(closed(5, closer=COMMIT), event("Reopened", 6), closed(9), prState="CLOSED"), "closed"),
        (pull_request(closed(5, closer=COMMIT), event("Reopened", 6)), "open"),
        (by_hand(f"Merged in {HASH}. Thanks!"), "landed"),
        (by_hand(f"merged in `{HASH}`"), "landed"),
        (by_hand(f"Fixed in [{HASH}](https://github.com/o/r/commit/{HASH})"), "landed"),
        (by_hand(f"fixed in **{HASH}**", "MEMBER"), "landed"),
        (by_hand(f"Merged in {HASH}", "OWNER"), "landed"),
        (by_hand("Merged in 0a1b2c3."), "landed"),
        (by_hand("Merged in o/r@0a1b2c3."), "landed"),
        (by_hand(f"Merged in {HASH}", "CONTRIBUTOR"), "closed"),
        (by_hand(f"Merged in {HASH}", "NONE"), "closed"),
        (by_hand(f"Merged in {HASH}", "MEMBER", BOT), "closed"),
        (by_hand("This was fixed in 5.2 already"), "closed"),
        (by_hand("Fixed in 1234567"), "closed"),
        (by_hand(f"Unmerged in {HASH}"), "closed"),
        (issue(), "open"),
        (issue(issueState="CLOSED"), "closed"),
    ],
)
def test_state(item, state):
    assert read(item)["state"] == state


@pytest.mark.parametrize(
    ("item", "ready", "answered"),
    [
        (pull_request(), 1, None),
        (pull_request(comment(3), review("APPROVED", 2, OTHER)), 1, 2),
        (pull_request(comment(2, AUTHOR), comment(3, BOT), comment(4, None), comment(5)), 1, 5),
        (pull_request(comment(2, actor("helper[bot]")), comment(5)), 1, 5),
        (pull_request(comment(2, actor("import", "Mannequin")), comment(5)), 1, 5),
        (pull_request(review("PENDING", 2), review("DISMISSED", 3)), 1, 3),
        (pull_request(isDraft=True), None, None),
        (pull_request(comment(2), isDraft=True), None, None),
        (pull_request(comment(2), event("ReadyForReview", 3), comment(5)), 3, 5),
        (pull_request(event("ConvertToDraft", 2), comment(3), event("ReadyForReview", 4), comment(6)), 1, 6),
        (pull_request(event("ConvertToDraft", 2), isDraft=True), 1, None),
        (issue(comment(4)), None, 4),
        (issue(comment(4, AUTHOR)), None, None),
    ],
)
def test_first_answer_by_a_human_after_it_was_ready(item, ready, answered):
    values = read(item)
    assert values["ready_at"] == (ready and day(ready))
    assert values["first_response_at"] == (answered and day(answered))


READY, DRAFT = "ReadyForReview", "ConvertToDraft"


@pytest.mark.parametrize(
    ("item", "days"),
    [
        (pull_request(), None),
        (pull_request(comment(2, AUTHOR), comment(3, BOT), comment(4, None)), None),
        (pull_request(comment(4)), 3),
        (pull_request(comment(1)), 0),
        (pull_request(comment(4), event(DRAFT, 5), event(READY, 9)), 3),
        (pull_request(event(DRAFT, 3), event(READY, 7), comment(8)), 3),
        (pull_request(event(READY, 3), comment(5)), 2),
        (pull_request(comment(2), event(READY, 3), event(DRAFT, 5), event(READY, 8), event(DRAFT, 9), event(READY, 11),
                      comment(12)), 4),
        (pull_request(event(READY, 3), event(DRAFT, 5), comment(6), isDraft=True), None),
        (pull_request(event(READY, 3), event(DRAFT, 5), comment(6), event(READY, 7), comment(9)), 4),
        (pull_request(event(READY, 3), event(READY, 4), comment(5)), 2),
        (pull_request(event(DRAFT, 2), event(DRAFT, 3), event(READY, 4), comment(5)), 2),
        (pull_request(review("DISMISSED", 4)), 3),
        (pull_request(event("Merged", 4, REVIEWER), prState="MERGED"), None),
        (issue(comment(4)), 3),
        (issue(comment(4, AUTHOR), comment(5, BOT)), None),
    ],
)  # fmt: skip
def test_how_long_the_first_answer_took_without_the_time_as_a_draft(item, days):
    values = read(item)
    waited = None if days is None else datetime.timedelta(days=days)
    assert values["first_response_after"] == waited
    # The same from what is stored, for items that were fetched before it was kept.
    ready = values["ready_at"] or day(1)
    assert waited_for_response(values["events"], ready_at=ready, first_response_at=values["first_response_at"]) == waited


@pytest.mark.parametrize(
    ("item", "state"),
    [
        (pull_request(), ""),
        (pull_request(reviewDecision="REVIEW_REQUIRED"), "review_required"),
        (pull_request(review("CHANGES_REQUESTED", 2), reviewDecision="APPROVED"), "approved"),
        (pull_request(review("APPROVED", 2)), "approved"),
        (pull_request(review("CHANGES_REQUESTED", 2), review("APPROVED", 3)), "approved"),
        (pull_request(review("CHANGES_REQUESTED", 2), review("APPROVED", 3, OTHER)), "changes_requested"),
        (pull_request(review("CHANGES_REQUESTED", 2), review("COMMENTED", 3)), "changes_requested"),
        (pull_request(review("COMMENTED", 2)), "commented"),
        (pull_request(review("COMMENTED", 2, AUTHOR)), ""),
        (pull_request(review("APPROVED", 2, BOT), review("CHANGES_REQUESTED", 2, None)), ""),
        (pull_request(review("APPROVED", 2), pushed(3)), "approved"),
        (pull_request(review("CHANGES_REQUESTED", 2), pushed(3)), "changes_requested"),
        (pull_request(review("DISMISSED", 2)), "commented"),
        (pull_request(review("APPROVED", 2), review("DISMISSED", 3)), "commented"),
        (pull_request(review("APPROVED", 2, OTHER), review("DISMISSED", 3)), "approved"),
        (pull_request(*dismissed("CHANGES_REQUESTED", 2, 3)), ""),
        (pull_request(*dismissed("CHANGES_REQUESTED", 2, 3), review("APPROVED", 4)), "approved"),
        (pull_request(*dismissed("APPROVED", 2, 3), review("CHANGES_REQUESTED", 2, OTHER)), "changes_requested"),
        (pull_request(review("DISMISSED", 2), reviewDecision="REVIEW_REQUIRED"), "review_required"),
    ],
)
def test_review_state(item, state):
    assert read(item)["review_state"] == state


@pytest.mark.parametrize(
    ("item", "first"),
    [
        (pull_request(authorAssociation="FIRST_TIMER"), True),
        (pull_request(authorAssociation="FIRST_TIME_CONTRIBUTOR"), True),
        (pull_request(authorAssociation="FIRST_TIME_CONTRIBUTOR", prState="MERGED"), True),
        (pull_request(authorAssociation="CONTRIBUTOR"), False),
        (pull_request(authorAssociation="MEMBER", isDraft=True), False),
        (pull_request(authorAssociation="CONTRIBUTOR", prState="MERGED"), None),
        (pull_request(authorAssociation="OWNER", prState="CLOSED"), None),
        (pull_request(authorAssociation="NONE"), None),
        (pull_request(authorAssociation="MANNEQUIN"), None),
        (pull_request(), None),
        (issue(authorAssociation="FIRST_TIMER"), None),
    ],
)
def test_the_first_pull_request_of_its_author(item, first):
    assert read(item)["first_of_author"] is first


BEFORE = Previous(fetched_at=day(20), behind=True)


@pytest.mark.parametrize(
    ("item", "previous", "behind"),
    [
        (pull_request(), None, None),
        (pull_request(mergeStateStatus="BEHIND"), None, True),
        (pull_request(mergeStateStatus="CLEAN"), BEFORE, False),
        (pull_request(mergeStateStatus="HAS_HOOKS"), None, False),
        (pull_request(mergeStateStatus="UNSTABLE"), None, False),
        (pull_request(mergeStateStatus="BLOCKED"), BEFORE, None),
        (pull_request(mergeStateStatus="DIRTY"), BEFORE, None),
        (pull_request(mergeStateStatus="UNKNOWN"), None, None),
        (pull_request(mergeStateStatus="UNKNOWN"), BEFORE, True),
        (pull_request(pushed(19), mergeStateStatus="UNKNOWN"), BEFORE, True),
        (pull_request(pushed(21), mergeStateStatus="UNKNOWN"), BEFORE, None),
        (pull_request(mergeStateStatus="BEHIND", prState="MERGED"), BEFORE, None),
        (pull_request(mergeStateStatus="NEW_WORD"), BEFORE, None),
        (issue(mergeStateStatus="BEHIND"), BEFORE, None),
    ],
)
def test_whether_it_lags_behind_its_base(item, previous, behind):
    assert read(item, previous=previous)["behind"] is behind


NAMES = {"previousTitle": "Old", "currentTitle": "New", "previousRefName": "main", "currentRefName": "stable"}


@pytest.mark.parametrize(
    ("node", "told"),
    [
        (event("RenamedTitle", 3, **NAMES), {"what": "renamed", "from": "Old", "to": "New"}),
        (event("BaseRefChanged", 3, **NAMES), {"what": "base_changed", "from": "main", "to": "stable"}),
        (event("Transferred", 3, fromRepository={"nameWithOwner": "o/old", "isPrivate": False}),
         {"what": "transferred", "from": "o/old"}),
        (event("Transferred", 3, fromRepository={"nameWithOwner": "o/old", "isPrivate": True}), {"what": "transferred"}),
        (event("Transferred", 3, fromRepository=None), {"what": "transferred"}),
        (event("ReviewRequested", 3, requestedReviewer={"__typename": "User", "login": "rae"}),
         {"what": "review_requested", "to": "rae"}),
        (event("ReviewRequested", 3, requestedReviewer={"__typename": "Team"}), {"what": "review_requested"}),
        (event("Locked", 3), {"what": "locked"}),
        (event("Unlocked", 3), {"what": "unlocked"}),
        (event("ConvertedToDiscussion", 3), {"what": "became_discussion"}),
        (event("HeadRefForcePushed", 3), {"what": "force_pushed"}),
        (event("Reopened", 3), {"what": "reopened"}),
        (event("RenamedTitle", 3, previousTitle="x" * 5000), {"what": "renamed", "from": "x" * 200}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("make", [pull_request, issue])
def test_what_became_of_it_is_an_event(make, node, told):
    item = make(timelineItems={"nodes": [node]})
    assert read(item)["events"][1] == {"at": iso(3), "by": "ada", "human": True, **told}


def test_whoever_made_a_commit_is_told():
    made = {**pushed(3), "commit": {**pushed(3)["commit"], "author": {"user": {"id": "U_ole", "login": "ole"}}}}
    item = pull_request(made, commits={"nodes": [{"commit": pushed(3)["commit"]}]})
    assert [(told["what"], told["by"]) for told in read(item)["events"]] == [("opened", "ada"), ("pushed", "ole")]


def test_events_tell_the_story_once_and_in_order():
    item = pull_request(
        {**review("CHANGES_REQUESTED", 3), "id": "PRR_1"}, pushed(4), comment(5, BOT), event("Merged", 6, REVIEWER), closed(6),
        recent={"nodes": [{**review("CHANGES_REQUESTED", 3), "id": "PRR_1"}, pushed(4)]},
        commits={"nodes": [{"commit": {"committedDate": iso(4), "message": ""}}, {"commit": {"committedDate": iso(0.5)}}]},
        prState="MERGED",
    )  # fmt: skip
    told = [(told["what"], told["by"], told["human"]) for told in read(item)["events"]]
    assert told == [
        ("opened", "ada", True), ("changes_requested", "rae", True), ("pushed", "ada", True), ("commented", "checks", False),
        ("merged", "rae", True),
    ]  # fmt: skip
    assert read(item)["events"][0]["at"] == "2026-11-01T00:00:00Z"


def test_a_landing_is_told_as_one():
    events = read(pull_request(closed(9, closer=COMMIT), prState="CLOSED"))["events"]
    assert [told["what"] for told in events] == ["opened", "landed"]


def test_a_clock_that_is_ahead_puts_no_push_into_the_future():
    events = read(pull_request(pushed(60), updated=10))["events"]
    assert events[-1] == {"at": iso(10), "what": "pushed", "by": "ada", "human": True}


def test_long_stories_keep_their_beginning_and_their_end():
    events = read(pull_request(*(comment(2 + number / 100) for number in range(200))))["events"]
    assert len(events) == 120
    assert (events[0]["what"], events[-1]["at"]) == ("opened", iso(2 + 199 / 100))


def test_linked_issues_and_pull_requests():
    closes = {"closingIssuesReferences": {"nodes": [
        {"id": "I_9", "number": 9, "title": "Broken", "url": "https://github.com/o/r/issues/9", "state": "OPEN",
         "repository": {"nameWithOwner": "o/r"}}, None]}}  # fmt: skip
    assert read(pull_request(**closes))["linked"] == [
        {"url": "https://github.com/o/r/issues/9", "title": "Broken", "number": 9, "repository": "o/r", "state": "open"}
    ]


def test_tickets_are_linked_only_where_the_project_has_a_tracker():
    item = pull_request(title="Fixed #12345 -- Made it clearer (refs #77)", bodyText="See ticket-34567 and #9, ticket 12345.")
    assert read(item)["linked"] == []
    tickets = references_of(TrackerAt("trac", "https://code.djangoproject.com/"), title=item["title"], text=item["bodyText"])
    linked = read(item, tickets=tickets)["linked"]
    assert [ticket["url"] for ticket in linked] == [
        f"https://code.djangoproject.com/ticket/{number}" for number in (12345, 77, 34567)
    ]


def test_a_number_of_a_ticket_is_never_an_issue_of_the_repository():
    item = pull_request(title="Fixed #9 -- Made it clearer", closingIssuesReferences={"nodes": [
        {"id": "I_9", "number": 9, "title": "Other", "url": "https://github.com/o/r/issues/9", "state": "OPEN",
         "repository": {"nameWithOwner": item_repository()}},
        {"id": "I_10", "number": 9, "title": "Elsewhere", "url": "https://github.com/o/other/issues/9", "state": "OPEN",
         "repository": {"nameWithOwner": "o/other"}}]})  # fmt: skip
    tickets = references_of(TrackerAt("trac", "https://trac.example.org"), title=item["title"], text="")
    linked = read(item, tickets=tickets)["linked"]
    assert [link["url"] for link in linked] == ["https://github.com/o/other/issues/9", "https://trac.example.org/ticket/9"]


def item_repository():
    return pull_request()["repository"]["nameWithOwner"]


def test_trailers_are_shown_as_disclosed_without_addresses():
    messages = [
        "Make it clearer\n\nWith care.\n\nCo-authored-by: Ole <ole@example.org>\nAssisted-by: Some Tool 2\nSigned-off-by: Ada",
        "Assisted-by: is only a subject here",
        "Again\r\n\r\nASSISTED-BY: some tool 2\r\nHelped-by: rae@example.org",
    ]
    item = pull_request(commits={"nodes": [{"commit": {"message": message, "committedDate": iso(1)}} for message in messages]})
    assert read(item)["trailers"] == ["Co-authored-by: Ole", "Assisted-by: Some Tool 2"]


def test_plain_values():
    item = pull_request(
        labels={"nodes": [{"name": "docs", "color": "D73A4A"}, {"name": "odd", "color": "<script>"}]},
        statusCheckRollup={"state": "ERROR"}, author=actor("ada"),
    )  # fmt: skip
    values = read(item)
    assert values["labels"] == [{"name": "docs", "color": "d73a4a"}, {"name": "odd", "color": ""}]
    assert (values["ci"], values["database_id"], values["comments"], values["author_login"]) == ("failure", 77, 2, "ada")
    assert (values["author_node_id"], values["additions"], values["kind"], values["number"]) == ("U_ada", 3, "pull_request", 5)


def test_a_deleted_author_leaves_the_item():
    values = read(pull_request(comment(3), author=None))
    assert (values["author_login"], values["author_node_id"], values["first_response_at"]) == ("", "", day(3))


@pytest.mark.parametrize("lost", ["id", "url", "number", "createdAt", "fullDatabaseId", "repository", "__typename"])
def test_an_answer_that_lacks_what_matters_is_refused(lost):
    item = pull_request()
    item[lost] = None
    with pytest.raises(Incomplete):
        read(item)


@pytest.mark.parametrize(
    "lost", ["updatedAt", "timelineItems", "recent", "author", "mergeable", "totalCommentsCount", "additions", "title"]
)
def test_an_answer_that_lacks_something_else_is_read(lost):
    item = pull_request(comment(3))
    item[lost] = None
    assert read(item)["state"] == "open"


def told(what, at, by="rae", **more):
    return {"at": iso(at), "what": what, "by": by, "human": by != "checks", **more}


@pytest.mark.parametrize(
    ("events", "asked"),
    [
        ([], None),
        ([told("review_requested", 3, "ada")], None),
        ([told("review_requested", 6, "ada")], 6),
        ([told("review_requested", 6, "ada"), told("review_requested", 8, "ada")], 6),
        ([told("review_requested", 6, "ada", to="rae")], 6),
        ([told("review_requested", 6, "ada", to="ole")], None),
        ([told("review_requested", 6, "ada", to="ole"), told("review_requested", 7, "ada", to="rae")], 7),
        ([told("approved", 4, "ole"), told("review_requested", 6, "ada")], None),
        ([told("approved", 4, "ole"), told("review_requested", 6, "ada", to="rae")], 6),
        ([told("approved", 4, "ole"), told("review_requested", 6, "ada", to="ole")], None),
        ([told("reviewed", 4, "checks"), told("review_requested", 6, "ada")], 6),
        ([{"what": "review_requested", "at": None}], None),
    ],
)
def test_whether_a_reviewer_is_asked_again(events, asked):
    assert asked_again_at([told("changes_requested", 5), *events], reviewed_at=day(5)) == (asked and day(asked))


def test_a_review_that_the_story_lacks():
    events = [told("reviewed", 3), told("review_requested", 6, "ada", to="rae")]
    assert asked_again_at(events, reviewed_at=day(5)) == day(6)
    assert asked_again_at([told("approved", 2, "ole"), *events], reviewed_at=day(5)) is None
