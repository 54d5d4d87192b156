"""GitHub's answers in short: nodes as plain dictionaries. Times are days of November 2026, as numbers: 3.5 is the 3rd at noon."""

import datetime

START = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


def day(number):
    return START + datetime.timedelta(days=number - 1)


def iso(number):
    return day(number).isoformat().replace("+00:00", "Z")


def actor(login, kind="User"):
    return None if login is None else {"__typename": kind, "login": login, "id": f"U_{login}"}


AUTHOR = actor("ada")
REVIEWER = actor("rae")
OTHER = actor("ole")
BOT = actor("checks", "Bot")


def review(state, at, by=REVIEWER, association="MEMBER"):
    return {"__typename": "PullRequestReview", "state": state, "submittedAt": iso(at), "author": by,
            "authorAssociation": association}  # fmt: skip


def comment(at, by=REVIEWER, text="", association="NONE"):
    return {"__typename": "IssueComment", "createdAt": iso(at), "author": by, "bodyText": text, "authorAssociation": association}


def pushed(at):
    return {"__typename": "PullRequestCommit", "commit": {"oid": "0" * 40, "committedDate": iso(at)}}


def event(name, at, by=AUTHOR, **more):
    return {"__typename": f"{name}Event", "createdAt": iso(at), "actor": by, **more}


def closed(at, by=REVIEWER, closer=None):
    return event("Closed", at, by, closer=closer)


def dismissed(state, at, dismissed_at, by=REVIEWER):
    """A review that said `state` and was dismissed by somebody else, as GitHub tells it: two nodes."""
    given = {**review("DISMISSED", at, by), "id": f"PRR_{at}"}
    taken_back = {"previousReviewState": state, "review": {"id": given["id"], "author": by}}
    return given, event("ReviewDismissed", dismissed_at, OTHER, **taken_back)


COMMIT = {"__typename": "Commit", "oid": "0a" * 20}


def pull_request(*timeline, author=AUTHOR, opened=1, updated=28, **more):
    return {
        "__typename": "PullRequest", "id": "PR_1", "fullDatabaseId": "77", "number": 5, "title": "Make it clearer",
        "url": "https://github.com/o/r/pull/5", "prState": "OPEN", "isDraft": False, "createdAt": iso(opened),
        "updatedAt": iso(updated), "author": author, "repository": {"id": "R_1", "databaseId": 1, "nameWithOwner": "o/r"},
        "mergeable": "MERGEABLE", "timelineItems": {"nodes": list(timeline)}, "recent": {"nodes": []}, "totalCommentsCount": 2,
        "additions": 3, "deletions": 1, "changedFiles": 2, **more,
    }  # fmt: skip


def issue(*comments, author=AUTHOR, opened=1, updated=28, **more):
    return {
        "__typename": "Issue", "id": "I_1", "fullDatabaseId": "78", "number": 6, "title": "It is unclear",
        "url": "https://github.com/o/r/issues/6", "issueState": "OPEN", "createdAt": iso(opened), "updatedAt": iso(updated),
        "author": author, "repository": {"id": "R_1", "databaseId": 1, "nameWithOwner": "o/r"},
        "comments": {"totalCount": len(comments), "nodes": list(comments)}, **more,
    }  # fmt: skip
