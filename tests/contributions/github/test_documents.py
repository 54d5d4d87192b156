"""The documents: valid against our part of the schema, and within their budgets of points."""

import re

import pytest
from graphql import build_schema, parse, validate

from contributions.github import documents, documents_reviews
from contributions.github.cost import MOST_NODES, NotAllowed, estimate
from contributions.sandbox.execution import load_schema

IDS = [f"id{index}" for index in range(100)]

DOCUMENTS = {
    "identify": documents.identify(["a", "b"], ["o/n"])[0],
    "identify without repositories": documents.identify(["a"], [])[0],
    "identify without logins": documents.identify([], ["o/n"])[0],
    "discover": documents.DISCOVER,
    "more pull requests": documents.MORE_PULL_REQUESTS,
    "more issues": documents.MORE_ISSUES,
    "refresh pull requests": documents.REFRESH_PULL_REQUESTS,
    "refresh issues": documents.REFRESH_ISSUES,
    "sweep": documents.SWEEP,
    "reviews": documents_reviews.REVIEWS,
    "more reviews": documents_reviews.MORE_REVIEWS,
    "pasted": documents.pasted(["https://github.com/o/n/pull/1"] * 3)[0],
}


def test_no_document_is_forgotten_here():
    named = [*vars(documents).items(), *vars(documents_reviews).items()]
    constants = {value for name, value in named if name.isupper() and isinstance(value, str) and name[0] != "_"}
    assert constants <= set(DOCUMENTS.values())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_valid(name):
    assert validate(load_schema(), parse(DOCUMENTS[name])) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_asks_for_the_budget_and_has_a_name(name):
    assert re.match(r"\s*query [A-Z]\w+\(", DOCUMENTS[name])
    assert "rateLimit { cost limit remaining resetAt }" in DOCUMENTS[name]


@pytest.mark.parametrize(
    ("document", "variables", "points"),
    [
        (*documents.identify(["x"] * 100, ["o/n"] * 100), 1),
        (documents.DISCOVER, {"ids": IDS, "since": "", "n": 100}, 2),
        (documents.DISCOVER, {"ids": IDS[:32], "since": "", "n": 50}, 1),
        (documents.MORE_PULL_REQUESTS, {"id": "x", "after": "x"}, 1),
        (documents.MORE_ISSUES, {"id": "x", "after": "x", "since": ""}, 1),
        (documents.REFRESH_PULL_REQUESTS, {"ids": IDS[: documents.IDS_PER_REFRESH]}, 3),
        (documents.REFRESH_ISSUES, {"ids": IDS[: documents.IDS_PER_REFRESH]}, 3),
        (documents.SWEEP, {"ids": IDS[: documents.IDS_PER_SWEEP]}, 1),
        (documents_reviews.REVIEWS, {"ids": IDS[: documents_reviews.IDS_PER_REVIEWS], "from": "", "to": ""}, 1),
        (documents_reviews.MORE_REVIEWS, {"id": "x", "after": "x", "from": "", "to": ""}, 1),
        (*documents.pasted(["https://github.com/o/n/pull/1"] * documents.LINKS_PER_REQUEST), 2),
    ],
)
def test_it_costs_no_more_than_its_budget(document, variables, points):
    cost = estimate(load_schema(), document, variables)
    assert cost.points == points
    assert cost.nodes < MOST_NODES / 20


def test_values_travel_as_variables_only():
    bad = 'x") { id } evil: user(login: "y'
    for document, variables in (documents.identify([bad], [f"{bad}/{bad}"]), documents.pasted([bad])):
        assert "evil" not in document
        assert any("evil" in value for value in variables.values())


# Estimate

SCHEMA = build_schema(
    """
    type Query { viewer: User! nodes(ids: [ID!]!): [User]! }
    type User { name: String repositories(first: Int, last: Int): RepositoryConnection! }
    type RepositoryConnection { totalCount: Int! nodes: [Repository] edges: [RepositoryEdge] }
    type RepositoryEdge { node: Repository }
    type Repository { issues(first: Int): IssueConnection! }
    type IssueConnection { edges: [IssueEdge] }
    type IssueEdge { node: Issue }
    type Issue { labels(first: Int): LabelConnection! }
    type LabelConnection { edges: [LabelEdge] }
    type LabelEdge { node: Label }
    type Label { name: String }
    """
)
PUBLISHED_EXAMPLE = """
    query { viewer { repositories(first: 100) { edges { node {
      issues(first: 50) { edges { node { labels(first: 60) { edges { node { name } } } } } } } } } } }
"""


def test_the_published_example():
    cost = estimate(SCHEMA, PUBLISHED_EXAMPLE, {})
    assert (cost.requests, cost.points) == (1 + 100 + 5000, 51)
    assert cost.nodes == 100 + 100 * 50 + 100 * 50 * 60


@pytest.mark.parametrize("ids", [1, 49, 50, 100])
def test_points_are_rounded_and_never_zero(ids):
    cost = estimate(SCHEMA, "query A($ids: [ID!]!) { nodes(ids: $ids) { repositories(last: 3) { nodes { __typename } } } }",
                    {"ids": IDS[:ids]})  # fmt: skip
    assert cost.points == 1
    assert cost.nodes == ids + ids * 3


def test_a_count_alone_is_free():
    assert estimate(SCHEMA, "{ viewer { repositories { totalCount } } }", {}).requests == 0


def test_defaults_of_variables_count():
    document = "query A($n: Int = 7) { viewer { repositories(first: $n) { nodes { __typename } } } }"
    assert estimate(SCHEMA, document, {}).nodes == 7
    assert estimate(SCHEMA, document, {"n": 9}).nodes == 9


@pytest.mark.parametrize(
    ("document", "ids", "type"),
    [
        ("{ viewer { repositories { nodes { __typename } } } }", 0, "MISSING_PAGINATION_BOUNDARIES"),
        ("{ viewer { repositories(first: 101) { nodes { __typename } } } }", 0, "EXCESSIVE_PAGINATION"),
        ("{ viewer { repositories(first: 0) { nodes { __typename } } } }", 0, "INVALID_PAGINATION"),
        ("query A($ids: [ID!]!) { nodes(ids: $ids) { name } }", 101, "ARGUMENT_LIMIT"),
        (PUBLISHED_EXAMPLE.replace("50", "100"), 0, "MAX_NODE_LIMIT_EXCEEDED"),
    ],
)
def test_what_github_refuses(document, ids, type):
    with pytest.raises(NotAllowed) as caught:
        estimate(SCHEMA, document, {"ids": ["x"] * ids})
    assert caught.value.type == type
