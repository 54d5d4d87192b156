"""Whom the commits of a pull request name beside its author: by GitHub's own addresses and accounts, never by private mail."""

import pytest

from contributions.meaning.people import Named, named_in

from .nodes import AUTHOR, iso, issue, pull_request

HOST = "github.com"


def commit(message="", user=None):
    return {"commit": {"oid": "0" * 40, "committedDate": iso(2), "message": message, "author": {"user": user}}}


def co_authored(address, name="Co-authored-by"):
    return commit(f"Make it clearer\n\n{name}: Ole <{address}>")


def named(*commits, item=pull_request, **more):
    return named_in(item(commits={"nodes": list(commits)}, **more), host=HOST)


OLE = {"id": "U_ole", "login": "ole"}


@pytest.mark.parametrize(
    ("node", "people"),
    [
        (commit("Make it clearer"), []),
        (co_authored("123+ole@users.noreply.github.com"), [Named(database_id=123)]),
        (co_authored("123+Ole-L@USERS.NOREPLY.GITHUB.COM"), [Named(database_id=123)]),
        (co_authored("Ole-L@users.noreply.github.com"), [Named(login="ole-l")]),
        (co_authored("123+ole@users.noreply.github.com", "Co-developed-by"), [Named(database_id=123)]),
        (co_authored("123+ole@users.noreply.github.com", "Helped-by"), []),
        (co_authored("123+ole@users.noreply.github.com", "Signed-off-by"), []),
        (co_authored("ole@example.org"), []),
        (co_authored("123+ole@users.noreply.github.com.example.org"), []),
        (co_authored("123+ole@users.noreply.git.example.org"), []),
        (co_authored("ole@evil.users.noreply.github.com"), []),
        (co_authored("x123+ole@users.noreply.github.com"), []),
        (co_authored("0+ole@users.noreply.github.com"), [Named(login="ole")]),
        (co_authored(f"{'9' * 40}+ole@users.noreply.github.com"), []),
        (co_authored(f"{'o' * 2000}@users.noreply.github.com"), []),
        (co_authored("ada@users.noreply.github.com"), []),
        (commit("Co-authored-by: Ole <123+ole@users.noreply.github.com>"), []),
        (commit(user=OLE), [Named(node_id="U_ole")]),
        (commit(user=AUTHOR), []),
        (commit(user={"login": "ole"}), []),
        ({"commit": None}, []),
        ({"commit": {"message": 7, "author": "ole"}}, []),
        ({"commit": {"message": None, "author": {"user": ["ole"]}}}, []),
    ],
)
def test_people_whom_a_commit_names(node, people):
    assert named(node) == people


def test_each_once_and_not_too_many():
    twice = co_authored("123+ole@users.noreply.github.com")
    assert named(twice, twice, commit(user=OLE)) == [Named(database_id=123), Named(node_id="U_ole")]
    assert len(named(*(commit(user={"id": f"U_{number}"}) for number in range(100)))) == 30


def test_commits_of_the_timeline_count_and_issues_have_none():
    story = {"nodes": [{"__typename": "PullRequestCommit", **commit(user=OLE)}]}
    assert named(recent=story) == [Named(node_id="U_ole")]
    assert named(commit(user=OLE), item=issue) == []


def test_another_github():
    item = pull_request(commits={"nodes": [co_authored("123+ole@users.noreply.git.example.org")]})
    assert named_in(item, host="git.example.org") == [Named(database_id=123)]


def test_a_ghosts_pull_request():
    assert named(commit(user=OLE), author=None) == [Named(node_id="U_ole")]
