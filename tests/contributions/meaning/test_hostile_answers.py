"""Answers that were made to hurt: addresses that are no web pages, and private things that something public links to."""

import pytest

from contributions.meaning import Incomplete, read_item

from .nodes import day, issue, pull_request

SCRIPTS = ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>", "//evil.example", "vbscript:x", 7]


def node(url, *, private=False, name="owner/name"):
    repository = {"nameWithOwner": name, "isPrivate": private}
    return {"url": url, "title": "A title", "number": 5, "state": "OPEN", "repository": repository}


def linked(*nodes, **item):
    found = pull_request(closingIssuesReferences={"nodes": list(nodes)}, **item)
    return read_item(found, now=day(28))["linked"]


@pytest.mark.parametrize("url", SCRIPTS)
def test_an_item_whose_address_is_no_web_page_is_refused(url):
    with pytest.raises(Incomplete, match="url"):
        read_item(issue(url=url), now=day(28))


@pytest.mark.parametrize("url", SCRIPTS)
def test_a_linked_item_whose_address_is_no_web_page_is_left_out(url):
    assert linked(node(url)) == []


def test_a_private_item_of_another_repository_is_not_named():
    there = node("https://github.com/org/vault/issues/5", private=True, name="org/vault")
    assert linked(there) == []
    assert len(linked(node("https://github.com/org/open/issues/5", name="org/open"))) == 1


def test_a_private_item_beside_a_private_item_is_named():
    own = {"id": "R_1", "databaseId": 1, "nameWithOwner": "org/vault", "isPrivate": True}
    there = node("https://github.com/org/vault/issues/5", private=True, name="org/vault")
    assert len(linked(there, repository=own)) == 1
