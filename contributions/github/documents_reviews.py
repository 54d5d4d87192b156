"""What we ask GitHub about reviews that people gave. GitHub tells the review submitted last for each pull request.

A stretch of time may be a year at most. Reviews of pull requests that we know come with those as well, so that earlier ones
are not lost.
"""

#: People a request. What they contributed is dear to compute for GitHub, so not as many as elsewhere.
IDS_PER_REVIEWS = 50

_RATE_LIMIT = "rateLimit { cost limit remaining resetAt }"

# Enough to compare the pull request with what is stored, and all of the review.
_GIVEN = """
    pageInfo { hasNextPage endCursor }
    nodes {
      pullRequest { id fullDatabaseId number updatedAt author { ... on Node { id } } repository { databaseId nameWithOwner } }
      pullRequestReview { id fullDatabaseId state submittedAt url }
    }
"""

REVIEWS = f"""
query Reviews($ids: [ID!]!, $from: DateTime!, $to: DateTime!) {{
  {_RATE_LIMIT}
  nodes(ids: $ids) {{
    __typename
    ... on User {{
      id contributionsCollection(from: $from, to: $to) {{ pullRequestReviewContributions(first: 50) {{ {_GIVEN} }} }}
    }}
  }}
}}
"""
"""Pull requests that people reviewed, newest first. Variables: `ids` (at most 50 of users), `from` and `to` (ISO 8601)."""

MORE_REVIEWS = f"""
query MoreReviews($id: ID!, $after: String!, $from: DateTime!, $to: DateTime!) {{
  {_RATE_LIMIT}
  node(id: $id) {{
    ... on User {{
      contributionsCollection(from: $from, to: $to) {{
        pullRequestReviewContributions(first: 100, after: $after) {{ {_GIVEN} }}
      }}
    }}
  }}
}}
"""
"""The next page of one person. Variables: `id`, `after`, `from`, `to`."""
