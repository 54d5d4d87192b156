"""Answers of GitHub with an odd value somewhere: no run breaks, and when it is over everything is as it should be."""

import copy
import itertools

import pytest

from accounts.models import GitHubIdentity
from cohorts.models import Repository
from contributions.github.client import GitHubClient
from contributions.models import ReviewGiven, SessionSync, WorkItem
from tests.contributions.meaning.test_hostile_answers import places

ODD = [None, 7, "x\0\ud800", [], {}, {"nodes": 7}, "9" * 50, -1, 2**70, True, "l" * 2000, [None, 7]]


def spoil(data, path, odd):
    """Put an odd value at a place of an answer, where there is such a place now."""
    place = data
    for name in path[:-1]:
        try:
            place = place[name]
        except (LookupError, TypeError):
            return
    if isinstance(place, dict) or (isinstance(place, list) and path[-1] < len(place)):
        place[path[-1]] = odd


@pytest.mark.parametrize("operation", ["Identify", "Discover", "Ci", "Reviews"])
def test_an_odd_value_breaks_no_run(follower, monkeypatch, operation):
    ada, ole = follower.member("ada"), follower.member("ole")
    pull = follower.pull(ada)
    follower.issue(ole)
    follower.world.review(pull, ole.account, "APPROVED", at=follower.world.ago(days=2))
    query = GitHubClient.query
    answers, spoilt = [], []

    def ask(client, document, variables):
        answer = query(client, document, variables)
        if f"query {operation}(" in document:
            answers.append(copy.deepcopy(answer.data))
            for path, odd in spoilt:
                spoil(answer.data, path, odd)
        return answer

    monkeypatch.setattr(GitHubClient, "query", ask)
    follower.sync()
    follower.sync()
    paths = [path for path in places(answers[0]) if path[0] != "rateLimit"]
    assert len(paths) > 8
    for path, odd in zip(paths, itertools.cycle(ODD), strict=False):
        spoilt[:] = [(path, odd)]
        if operation == "Identify":
            GitHubIdentity.objects.update(node_id="", database_id=None)
            Repository.objects.update(node_id="", database_id=None)
        if operation == "Reviews":
            SessionSync.objects.all().delete()
        follower.sync()
    spoilt.clear()
    GitHubIdentity.objects.update(login="ada", node_id="", database_id=None)
    GitHubIdentity.objects.filter(user=ole.user).update(login="ole")
    SessionSync.objects.all().delete()
    assert follower.sync(full=True).state == "done"
    assert sorted(WorkItem.objects.values_list("state", "author_login")) == [("open", "ada"), ("open", "ole")]
    assert [review.contribution.membership for review in ReviewGiven.objects.all()] == [ole]
