"""What we ask GitHub: GraphQL documents. Values always travel as variables, never inside a document.

Points are GitHub's estimate (see `cost.py`) and are asserted by tests. `state` is asked for as `prState` and `issueState`,
because the two have different types and clash where both fragments meet in one document.
"""

from collections.abc import Sequence
from typing import Any

IDS_PER_DISCOVER = 100
IDS_PER_SWEEP = 100
IDS_PER_REFRESH = 50
LINKS_PER_REQUEST = 20
NAMES_PER_IDENTIFY = 100

_ACTOR = """
fragment Actor on Actor { __typename login ... on Node { id } }
"""

_REPOSITORY = """
fragment Repository on Repository { id databaseId nameWithOwner isPrivate isArchived }
"""

# What a page of found items says: enough to compare with what is stored.
_FOUND = """
    pageInfo { hasNextPage endCursor }
    nodes { id fullDatabaseId number updatedAt repository { ...Repository } }
"""

_TIMELINE_TYPES = (
    "[PULL_REQUEST_REVIEW, ISSUE_COMMENT, READY_FOR_REVIEW_EVENT, CONVERT_TO_DRAFT_EVENT, REVIEW_REQUESTED_EVENT, "
    "REVIEW_DISMISSED_EVENT, HEAD_REF_FORCE_PUSHED_EVENT, BASE_REF_CHANGED_EVENT, PULL_REQUEST_COMMIT, RENAMED_TITLE_EVENT, "
    "CLOSED_EVENT, REOPENED_EVENT, MERGED_EVENT, LOCKED_EVENT, UNLOCKED_EVENT]"
)
_ISSUE_TIMELINE_TYPES = (
    "[CLOSED_EVENT, REOPENED_EVENT, RENAMED_TITLE_EVENT, TRANSFERRED_EVENT, CONVERTED_TO_DISCUSSION_EVENT, LOCKED_EVENT, "
    "UNLOCKED_EVENT]"
)

_TIMELINE = """
fragment Timeline on PullRequestTimelineItems {
  __typename
  ... on Node { id }
  ... on PullRequestReview { fullDatabaseId url state submittedAt author { ...Actor } authorAssociation }
  ... on IssueComment { createdAt author { ...Actor } authorAssociation bodyText }
  ... on ReadyForReviewEvent { createdAt actor { ...Actor } }
  ... on ConvertToDraftEvent { createdAt actor { ...Actor } }
  ... on ReviewRequestedEvent { createdAt actor { ...Actor } requestedReviewer { __typename ... on User { login } } }
  ... on ReviewDismissedEvent { createdAt actor { ...Actor } previousReviewState review { id author { ...Actor } } }
  ... on HeadRefForcePushedEvent { createdAt actor { ...Actor } }
  ... on BaseRefChangedEvent { createdAt actor { ...Actor } previousRefName currentRefName }
  ... on RenamedTitleEvent { createdAt actor { ...Actor } previousTitle currentTitle }
  ... on PullRequestCommit { commit { oid committedDate author { user { id login } } } }
  ... on ClosedEvent { createdAt actor { ...Actor } closer { __typename ... on Commit { oid } ... on PullRequest { id } } }
  ... on ReopenedEvent { createdAt actor { ...Actor } }
  ... on MergedEvent { createdAt actor { ...Actor } }
  ... on LockedEvent { createdAt actor { ...Actor } }
  ... on UnlockedEvent { createdAt actor { ...Actor } }
}
"""

# The earliest entries of the timeline hold the first answer, the latest say whose turn it is. Commits are asked for their
# message and not for their `authors`: trailers tell who else worked on it, and a list of authors of each commit would
# cost thirty times as many points. The description is asked for as it was written: as text it has lost its check boxes.
_PULL_REQUEST = f"""
fragment PullRequest on PullRequest {{
  __typename id fullDatabaseId number title url prState: state isDraft
  createdAt updatedAt closedAt mergedAt publishedAt
  additions deletions changedFiles reviewDecision mergeable mergeStateStatus totalCommentsCount isCrossRepository
  authorAssociation headRefOid baseRefName body
  author {{ ...Actor }} mergedBy {{ ...Actor }}
  repository {{ ...Repository isFork }}
  milestone {{ title }}
  statusCheckRollup {{ state }}
  labels(first: 10) {{ nodes {{ name color }} }}
  assignees(first: 5) {{ nodes {{ id login }} }}
  closingIssuesReferences(first: 10) {{
    totalCount nodes {{ id number title url state repository {{ nameWithOwner isPrivate }} }}
  }}
  commits(first: 30) {{ totalCount nodes {{ commit {{ oid committedDate message author {{ user {{ id login }} }} }} }} }}
  timelineItems(first: 40, itemTypes: {_TIMELINE_TYPES}) {{
    totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ ...Timeline }}
  }}
  recent: timelineItems(last: 40, itemTypes: {_TIMELINE_TYPES}) {{ totalCount nodes {{ ...Timeline }} }}
}}
"""

_ISSUE = f"""
fragment Issue on Issue {{
  __typename id fullDatabaseId number title url issueState: state stateReason(enableDuplicate: true)
  createdAt updatedAt closedAt authorAssociation bodyText
  author {{ ...Actor }}
  repository {{ ...Repository }}
  milestone {{ title }}
  labels(first: 10) {{ nodes {{ name color }} }}
  assignees(first: 10) {{ nodes {{ id login }} }}
  firstComments: comments(first: 10) {{ nodes {{ ...Comment }} }}
  comments(last: 20) {{ totalCount nodes {{ ...Comment }} }}
  timelineItems(last: 20, itemTypes: {_ISSUE_TIMELINE_TYPES}) {{ nodes {{ ...IssueTimeline }} }}
  closedByPullRequestsReferences(first: 5, includeClosedPrs: true) {{
    nodes {{ id number title url state author {{ ...Actor }} repository {{ nameWithOwner isPrivate }} }}
  }}
}}
fragment IssueTimeline on IssueTimelineItems {{
  __typename
  ... on Node {{ id }}
  ... on ClosedEvent {{ createdAt actor {{ ...Actor }} }}
  ... on ReopenedEvent {{ createdAt actor {{ ...Actor }} }}
  ... on RenamedTitleEvent {{ createdAt actor {{ ...Actor }} previousTitle currentTitle }}
  ... on TransferredEvent {{ createdAt actor {{ ...Actor }} fromRepository {{ nameWithOwner isPrivate }} }}
  ... on ConvertedToDiscussionEvent {{ createdAt actor {{ ...Actor }} }}
  ... on LockedEvent {{ createdAt actor {{ ...Actor }} }}
  ... on UnlockedEvent {{ createdAt actor {{ ...Actor }} }}
}}
fragment Comment on IssueComment {{ id createdAt author {{ ...Actor }} authorAssociation }}
"""

_RATE_LIMIT = "rateLimit { cost limit remaining resetAt }"

DISCOVER = f"""
query Discover($ids: [ID!]!, $since: DateTime!, $n: Int!) {{
  {_RATE_LIMIT}
  nodes(ids: $ids) {{
    __typename
    ... on User {{
      id databaseId login name
      pullRequests(first: $n, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{ {_FOUND} }}
      issues(first: $n, filterBy: {{since: $since}}, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{ {_FOUND} }}
    }}
  }}
}}
{_REPOSITORY}
"""
"""Members' pull requests and issues, newest first. Variables: `ids` (at most 100 of users), `since` (ISO 8601), `n` (page)."""

MORE_PULL_REQUESTS = f"""
query MorePullRequests($id: ID!, $after: String!) {{
  {_RATE_LIMIT}
  node(id: $id) {{
    ... on User {{
      pullRequests(first: 100, after: $after, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{ {_FOUND} }}
    }}
  }}
}}
{_REPOSITORY}
"""
"""The next page of one member. Variables: `id`, `after`."""

MORE_ISSUES = f"""
query MoreIssues($id: ID!, $after: String!, $since: DateTime!) {{
  {_RATE_LIMIT}
  node(id: $id) {{
    ... on User {{
      issues(first: 100, after: $after, filterBy: {{since: $since}}, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
        {_FOUND}
      }}
    }}
  }}
}}
{_REPOSITORY}
"""
"""The next page of one member. Variables: `id`, `after`, `since`."""

REFRESH_PULL_REQUESTS = f"""
query RefreshPR($ids: [ID!]!) {{ {_RATE_LIMIT} nodes(ids: $ids) {{ __typename ...PullRequest }} }}
{_PULL_REQUEST}{_TIMELINE}{_REPOSITORY}{_ACTOR}
"""
"""All that we show of pull requests. Variables: `ids`, at most 50."""

REFRESH_ISSUES = f"""
query RefreshIssue($ids: [ID!]!) {{ {_RATE_LIMIT} nodes(ids: $ids) {{ __typename ...Issue }} }}
{_ISSUE}{_REPOSITORY}{_ACTOR}
"""
"""All that we show of issues. Variables: `ids`, at most 50."""

SWEEP = f"""
query Ci($ids: [ID!]!) {{
  {_RATE_LIMIT}
  nodes(ids: $ids) {{
    __typename
    ... on PullRequest {{ id updatedAt prState: state isDraft mergeable headRefOid statusCheckRollup {{ state }} }}
    ... on Issue {{ id updatedAt issueState: state }}
  }}
}}
"""
"""What may change without moving `updatedAt`, and whether items are still there. Variables: `ids`, at most 100."""


def identify(logins: Sequence[str], repositories: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """A document that resolves logins and `owner/name`s, and its variables.

    The answer holds `u0`, `u1`, … for the logins and `r0`, `r1`, … for the repositories, in order; None where not found.
    """
    declared, asked, variables = [], [], {}
    for index, login in enumerate(logins):
        variables[f"u{index}"] = login
        declared.append(f"$u{index}: String!")
        asked.append(f"u{index}: user(login: $u{index}) {{ id databaseId login name }}")
    for index, full_name in enumerate(repositories):
        owner, _, name = full_name.partition("/")
        variables |= {f"o{index}": owner, f"n{index}": name}
        declared.append(f"$o{index}: String!, $n{index}: String!")
        asked.append(f"r{index}: repository(owner: $o{index}, name: $n{index}) {{ ...Repository }}")
    body = "\n  ".join([_RATE_LIMIT, *asked])
    fragments = _REPOSITORY if repositories else ""
    return f"query Identify({', '.join(declared)}) {{\n  {body}\n}}\n{fragments}", variables


def pasted(urls: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """A document that resolves links of issues and pull requests, and its variables.

    The answer holds `l0`, `l1`, … in order: like a node of the two refreshing documents, by its `__typename`, or None.
    """
    variables = {f"u{index}": url for index, url in enumerate(urls)}
    declared = ", ".join(f"${name}: URI!" for name in variables)
    asked = [f"l{index}: resource(url: $u{index}) {{ __typename ...PullRequest ...Issue }}" for index in range(len(urls))]
    body = "\n  ".join([_RATE_LIMIT, *asked])
    return f"query Pasted({declared}) {{\n  {body}\n}}\n{_PULL_REQUEST}{_TIMELINE}{_ISSUE}{_REPOSITORY}{_ACTOR}", variables
