"""What happens in the world, as our documents see it."""

from datetime import timedelta

import pytest

from contributions.github import documents
from contributions.sandbox import World


def refresh(client, item):
    document = documents.REFRESH_ISSUES if item.typename == "Issue" else documents.REFRESH_PULL_REQUESTS
    return client.query(document, {"ids": [item.id]}).data["nodes"][0]


def discover(client, *accounts, n=100, since="2026-01-01T00:00:00Z"):
    return client.query(documents.DISCOVER, {"ids": [each.id for each in accounts], "since": since, "n": n})


def moments(node):
    return [(each["__typename"], each.get("createdAt") or each.get("submittedAt")) for each in node["timelineItems"]["nodes"]]


def test_names_are_resolved_and_unknown_ones_are_holes(world, client):
    answer = client.query(*documents.identify(["MEMBER", "nobody", "org"], ["Org/Project", "org/none"]))
    assert answer.data["u0"] == {
        "id": world.member.id, "databaseId": world.member.database_id, "login": "member", "name": "A Member"
    }  # fmt: skip
    assert answer.data["r0"]["nameWithOwner"] == "org/project"
    assert [answer.data[name] for name in ("u1", "u2", "r1")] == [None] * 3
    assert {(error.path, error.type) for error in answer.errors} == {
        (("u1",), "NOT_FOUND"), (("u2",), "NOT_FOUND"), (("r1",), "NOT_FOUND")
    }  # fmt: skip


def test_a_pull_request_tells_its_story_in_order(world, client):
    pull_request = world.add_pull_request(
        world.project, world.member, "Fix it", at=world.ago(days=5), draft=True, body="Why", labels=["bug"], milestone="1.0",
        assignees=[world.member], message="Fix it\n\nCo-authored-by: B <b@example.org>", ci="PENDING",
    )  # fmt: skip
    world.review(pull_request, world.maintainer, "CHANGES_REQUESTED", at=world.ago(days=2), comments=2)
    world.ready(pull_request, at=world.ago(days=4))
    world.request_review(pull_request, world.member, at=world.ago(days=3, hours=12))
    world.comment(pull_request, world.maintainer, "Thanks", at=world.ago(days=3))
    world.push(pull_request, at=world.ago(days=1), force=True, ci="SUCCESS")
    node = refresh(client, pull_request)
    assert moments(node) == [
        ("PullRequestCommit", None),
        ("ReadyForReviewEvent", "2026-11-18T12:00:00Z"),
        ("ReviewRequestedEvent", "2026-11-19T00:00:00Z"),
        ("IssueComment", "2026-11-19T12:00:00Z"),
        ("PullRequestReview", "2026-11-20T12:00:00Z"),
        ("HeadRefForcePushedEvent", "2026-11-21T12:00:00Z"),
        ("PullRequestCommit", None),
    ]
    assert node["recent"]["nodes"] == node["timelineItems"]["nodes"]
    assert (node["createdAt"], node["updatedAt"]) == ("2026-11-17T12:00:00Z", "2026-11-21T12:00:00Z")
    assert (node["isDraft"], node["publishedAt"], node["prState"]) == (False, "2026-11-18T12:00:00Z", "OPEN")
    assert node["fullDatabaseId"] == str(pull_request.database_id)
    assert node["url"] == "https://github.com/org/project/pull/1"
    assert node["totalCommentsCount"] == 3
    assert node["statusCheckRollup"] == {"state": "SUCCESS"}
    assert node["commits"]["totalCount"] == 2
    assert node["commits"]["nodes"][0]["commit"]["message"].endswith("Co-authored-by: B <b@example.org>")
    assert node["headRefOid"] == node["commits"]["nodes"][1]["commit"]["oid"]
    assert node["author"] == {"__typename": "User", "login": "member", "id": world.member.id}
    assert node["labels"]["nodes"][0]["name"] == "bug"
    assert node["milestone"] == {"title": "1.0"}
    assert node["assignees"]["nodes"] == [{"id": world.member.id, "login": "member"}]
    review = node["timelineItems"]["nodes"][4]
    assert (review["state"], review["authorAssociation"]) == ("CHANGES_REQUESTED", "MEMBER")


def test_merging_closes_the_issues_that_it_names(world, client):
    issue = world.add_issue(world.project, world.member, "Broken", at=world.ago(days=3))
    pull_request = world.add_pull_request(world.project, world.member, "Fix", at=world.ago(days=2), closes=[issue])
    assert refresh(client, pull_request)["closingIssuesReferences"]["nodes"][0]["state"] == "OPEN"
    world.merge(pull_request, world.maintainer, at=world.ago(days=1))
    node, closed = refresh(client, pull_request), refresh(client, issue)
    assert (node["prState"], node["mergedAt"], node["mergedBy"]["login"]) == ("MERGED", "2026-11-21T12:00:00Z", "maintainer")
    assert {name for name, _ in moments(node)} >= {"MergedEvent", "ClosedEvent"}
    assert (closed["issueState"], closed["stateReason"], closed["closedAt"]) == ("CLOSED", "COMPLETED", "2026-11-21T12:00:00Z")
    assert closed["closedByPullRequestsReferences"]["nodes"][0]["state"] == "MERGED"
    assert refresh(client, pull_request)["authorAssociation"] == "CONTRIBUTOR"


@pytest.mark.parametrize("comment", [False, True])
def test_a_pull_request_can_be_landed_by_hand(world, client, comment):
    pull_request = world.add_pull_request(world.project, world.member, "Fix", at=world.ago(days=2))
    commit = world.land_by_hand(pull_request, world.maintainer, comment=comment)
    node = refresh(client, pull_request)
    closed = node["timelineItems"]["nodes"][-1]
    assert (node["prState"], node["mergedAt"]) == ("CLOSED", None)
    assert closed["closer"] == (None if comment else {"__typename": "Commit", "oid": commit.oid})
    said = [each for each in node["timelineItems"]["nodes"] if each["__typename"] == "IssueComment"]
    assert [commit.oid in each["bodyText"] and each["authorAssociation"] for each in said] == (["MEMBER"] if comment else [])


def test_closing_and_reopening_an_issue(world, client):
    issue = world.add_issue(world.project, world.member, "Broken")
    world.close(issue, world.maintainer, reason="DUPLICATE")
    assert (refresh(client, issue)["issueState"], refresh(client, issue)["stateReason"]) == ("CLOSED", "DUPLICATE")
    world.reopen(issue, world.maintainer)
    node = refresh(client, issue)
    assert (node["issueState"], node["stateReason"], node["closedAt"]) == ("OPEN", "REOPENED", None)


def test_drafts_come_and_go(world, client):
    pull_request = world.add_pull_request(world.project, world.member, "Fix")
    world.convert_to_draft(pull_request)
    assert refresh(client, pull_request)["isDraft"]
    world.ready(pull_request)
    world.close(pull_request, world.member)
    world.reopen(pull_request, world.member)
    node = refresh(client, pull_request)
    assert (node["isDraft"], node["prState"], node["closedAt"]) == (False, "OPEN", None)


def test_an_old_comment_and_many_new_ones_are_both_there(world, client):
    issue = world.add_issue(world.project, world.member, "Broken", at=world.ago(days=9))
    for minute in range(40):
        world.comment(issue, world.maintainer, f"{minute}", at=world.ago(minutes=100 - minute))
    node = refresh(client, issue)
    assert node["comments"]["totalCount"] == 40
    assert [len(node[name]["nodes"]) for name in ("firstComments", "comments")] == [10, 20]
    assert node["firstComments"]["nodes"][0]["createdAt"] < node["comments"]["nodes"][0]["createdAt"]


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        (lambda world, item: world.comment(item, world.maintainer), True),
        (lambda world, item: world.review(item, world.maintainer), True),
        (lambda world, item: world.push(item), True),
        (lambda world, item: world.label(item, "easy"), True),
        (lambda world, item: world.assign(item, world.member), True),
        (lambda world, item: world.edit(item, title="Better"), True),
        (lambda world, item: world.close(item, world.maintainer), True),
        (lambda world, item: world.set_ci(item, "FAILURE"), False),
        (lambda world, item: world.set_mergeable(item, "CONFLICTING"), False),
        (lambda world, item: world.rename_user(world.member, "renamed"), False),
        (lambda world, item: world.comment(item, world.maintainer, at=timedelta(days=30)), False),
    ],
)
def test_what_moves_the_date_of_the_last_change(world, change, moves):
    pull_request = world.add_pull_request(world.project, world.member, "Fix", at=world.ago(days=2))
    before = pull_request.updated_at
    change(world, pull_request)
    assert (pull_request.updated_at > before) is moves


def test_the_sweep_sees_checks_and_conflicts(world, client):
    pull_request = world.add_pull_request(world.project, world.member, "Fix")
    issue = world.add_issue(world.project, world.member, "Broken")
    world.set_ci(pull_request, "FAILURE")
    world.set_mergeable(pull_request, "CONFLICTING")
    nodes = client.query(documents.SWEEP, {"ids": [pull_request.id, issue.id]}).data["nodes"]
    assert (nodes[0]["statusCheckRollup"]["state"], nodes[0]["mergeable"]) == ("FAILURE", "CONFLICTING")
    assert nodes[1]["issueState"] == "OPEN"


@pytest.mark.parametrize(
    ("reviews", "decision"),
    [
        ([], "REVIEW_REQUIRED"),
        (["COMMENTED"], "REVIEW_REQUIRED"),
        (["APPROVED"], "APPROVED"),
        (["APPROVED", "CHANGES_REQUESTED"], "CHANGES_REQUESTED"),
        (["CHANGES_REQUESTED", "APPROVED"], "APPROVED"),
        (["CHANGES_REQUESTED", "DISMISSED"], "REVIEW_REQUIRED"),
    ],
)
def test_a_decision_is_there_where_the_branch_demands_reviews(world, client, reviews, decision):
    pull_request = world.add_pull_request(world.project, world.member, "Fix")
    for state in reviews:
        world.review(pull_request, world.maintainer, state)
    world.review(pull_request, world.add_user("passer-by"), "APPROVED")
    assert refresh(client, pull_request)["reviewDecision"] is None
    world.project.requires_review = True
    assert refresh(client, pull_request)["reviewDecision"] == decision


def test_a_renamed_member_keeps_id_and_work(world, client):
    world.add_pull_request(world.project, world.member, "Fix")
    world.rename_user(world.member, "new-name")
    user = discover(client, world.member).data["nodes"][0]
    assert (user["login"], len(user["pullRequests"]["nodes"])) == ("new-name", 1)
    assert client.query(*documents.identify(["member"], [])).data["u0"] is None


def test_a_renamed_repository_keeps_its_id_and_its_old_address_leads_on(world, client):
    pull_request = world.add_pull_request(world.project, world.member, "Fix")
    old = pull_request.url
    world.rename_repository(world.project, "neworg/renamed")
    assert refresh(client, pull_request)["url"] == "https://github.com/neworg/renamed/pull/1"
    assert client.query(*documents.identify([], ["org/project"])).data["r0"]["id"] == world.project.id
    assert client.query(*documents.pasted([old])).data["l0"]["id"] == pull_request.id


def test_what_is_deleted_transferred_or_private_is_a_hole(world, client):
    elsewhere = world.add_repository("org/elsewhere")
    secret = world.add_repository("org/secret")
    deleted, moving = (world.add_issue(world.project, world.member, title) for title in ("One", "Two"))
    hidden = world.add_pull_request(secret, world.member, "Three")
    stays = world.add_pull_request(world.project, world.member, "Four", closes=[moving])
    moving_id = moving.id
    world.comment(moving, world.maintainer)
    world.delete_issue(deleted)
    moved = world.transfer_issue(moving, elsewhere)
    world.make_private(secret)
    answer = client.query(documents.SWEEP, {"ids": [deleted.id, moving_id, hidden.id, stays.id]})
    assert [node and node["id"] for node in answer.data["nodes"]] == [None, None, None, stays.id]
    assert [(error.path, error.type) for error in answer.errors] == [(("nodes", index), "NOT_FOUND") for index in range(3)]
    user = discover(client, world.member).data["nodes"][0]
    assert [node["id"] for node in user["issues"]["nodes"]] == [moved.id]
    assert [node["id"] for node in user["pullRequests"]["nodes"]] == [stays.id]
    assert refresh(client, stays)["closingIssuesReferences"]["nodes"][0]["id"] == moved.id
    assert refresh(client, moved)["comments"]["totalCount"] == 1
    world.make_public(secret)
    assert refresh(client, hidden)["title"] == "Three"


def test_a_deleted_account_leaves_work_without_an_author(world, client):
    pull_request = world.add_pull_request(world.project, world.member, "Fix", assignees=[world.member])
    world.comment(pull_request, world.member)
    world.delete_user(world.member)
    node = refresh(client, pull_request)
    assert (node["author"], node["assignees"]["nodes"]) == (None, [])
    assert node["timelineItems"]["nodes"][1]["author"] is None
    assert node["timelineItems"]["nodes"][0]["commit"]["author"] == {"user": None}
    assert discover(client, world.member).data["nodes"] == [None]


def test_bots_and_mannequins_are_told_from_people(world, client):
    pull_request = world.add_pull_request(world.project, world.member, "Fix")
    world.review(pull_request, world.add_bot("linter"))
    world.comment(pull_request, world.add_user("imported", kind="Mannequin"))
    kinds = [each["author"]["__typename"] for each in refresh(client, pull_request)["timelineItems"]["nodes"] if "author" in each]
    assert kinds == ["Bot", "Mannequin"]


def test_pages_of_a_member_with_very_many_items_stay_right_while_items_move(world, client):
    for hour in range(250):
        world.add_pull_request(world.project, world.member, f"Change {hour}", at=world.ago(hours=hour + 1))
    page = discover(client, world.member).data["nodes"][0]["pullRequests"]
    seen = [node["id"] for node in page["nodes"]]
    moved = world.project.items[120]
    world.comment(moved, world.maintainer)
    while page["pageInfo"]["hasNextPage"]:
        variables = {"id": world.member.id, "after": page["pageInfo"]["endCursor"]}
        page = client.query(documents.MORE_PULL_REQUESTS, variables).data["node"]["pullRequests"]
        seen += [node["id"] for node in page["nodes"]]
    assert len(seen) == len(set(seen)) == 249
    assert discover(client, world.member).data["nodes"][0]["pullRequests"]["nodes"][0]["id"] == moved.id


def test_issues_are_found_since_a_date(world, client):
    for day in range(1, 131):
        world.add_issue(world.project, world.member, f"Problem {day}", at=world.ago(days=day))
    assert len(discover(client, world.member, since="2026-11-12T12:00:00Z").data["nodes"][0]["issues"]["nodes"]) == 10
    page = discover(client, world.member).data["nodes"][0]["issues"]
    variables = {"id": world.member.id, "after": page["pageInfo"]["endCursor"], "since": "2026-07-20T12:00:00Z"}
    rest = client.query(documents.MORE_ISSUES, variables).data["node"]["issues"]
    assert len(page["nodes"]) + len(rest["nodes"]) == 125


def test_pasted_links_lead_to_items_also_by_the_other_kind_of_address(world, client):
    pull_request = world.add_pull_request(world.project, world.member, "Fix")
    issue = world.add_issue(world.project, world.member, "Broken")
    links = [pull_request.url, pull_request.url.replace("pull", "issues"), issue.url,
             "https://github.com/org/project/pull/99", "https://example.org/org/project/pull/1",
             "https://github.com/org/none/pull/1", "https://github.com/org/project"]  # fmt: skip
    data = client.query(*documents.pasted(links)).data
    assert [(data[f"l{index}"] or {}).get("__typename") for index in range(7)] == [
        "PullRequest", "PullRequest", "Issue", None, None, None, "Repository"
    ]  # fmt: skip


def test_associations(world):
    user_owned = world.add_repository("member/own", collaborators=[world.maintainer])
    assert user_owned.association(world.member) == "OWNER"
    assert user_owned.association(world.maintainer) == "COLLABORATOR"
    assert world.project.association(world.maintainer) == "MEMBER"
    assert world.project.association(world.member) == "NONE"
    assert world.project.association(None) == "NONE"


def test_the_same_story_gives_the_same_ids():
    first, second = (World(), World())
    ids = [world.add_pull_request(world.add_repository("o/n"), world.add_user("m"), "T").id for world in (first, second)]
    assert ids[0] == ids[1]
    assert ids[0].startswith("PR_kwDO")
    assert first.account("m").id.startswith("U_kgDO")


def test_mistakes_in_a_story_are_told(world):
    with pytest.raises(ValueError, match="Member already"):
        world.add_user("Member")
    world.add_issue(world.project, world.member, "One", number=7)
    with pytest.raises(ValueError, match="number 7"):
        world.add_issue(world.project, world.member, "Two", number=7)
    assert world.add_issue(world.project, world.member, "Three").number == 8


def test_a_world_without_a_fixed_time_lives_in_ours():
    world = World()
    assert world.now - world.ago(minutes=1) >= timedelta(minutes=1)
    assert world.move_on(hours=1) == world.now
