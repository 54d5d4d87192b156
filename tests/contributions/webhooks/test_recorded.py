"""Every delivery that GitHub's own examples record is answered, and asks for what it should.

They come from npm: `COHORTS_GITHUB_WEBHOOKS="$(.ci/github-webhooks)" uv run pytest tests/contributions/webhooks`.
"""

import json
import os
from pathlib import Path

import pytest

from contributions.models import WebhookDelivery
from contributions.payloads import EVENTS
from tests.conftest import require_or_skip
from tests.factories import WorkItemFactory

NAME = "_octokit_webhooks-examples-7.6.1/package/api.github.com/index.json"
REPOSITORY = "Codertocat/Hello-World"


@pytest.fixture(scope="module")
def examples():
    path = Path(os.environ.get("COHORTS_GITHUB_WEBHOOKS") or "-") / NAME
    if not path.is_file():
        require_or_skip("GitHub's recorded deliveries: run .ci/github-webhooks and set COHORTS_GITHUB_WEBHOOKS to its folder")
    return [(event["name"], example) for event in json.loads(path.read_text()) for example in event["examples"]]


@pytest.fixture
def issue(db):
    return WorkItemFactory(kind="issue", repository=REPOSITORY, number=1, node_id="MDU6SXNzdWU0NDQ1MDAwNDE=")


@pytest.fixture
def pull_request(db):
    # As GitHub names it today: the examples have the old form, so it is known by its number.
    return WorkItemFactory(repository=REPOSITORY.lower(), number=2, node_id="PR_kwDOtoday", ci="pending")


def expected(event, payload, issue, pull_request):
    """What a delivery is to fetch, said of the examples by hand."""
    in_repository = payload.get("repository", {}).get("full_name") == REPOSITORY
    if event in ("issues", "issue_comment"):
        # One example was moved to another repository, where nobody follows it.
        return {1: [issue.pk], 2: [pull_request.pk]}[payload["issue"]["number"]] if in_repository else []
    if event in ("pull_request", "pull_request_review", "check_suite", "status"):
        # The repository has one pull request whose checks run, so those that name none mean that one.
        return [pull_request.pk] if in_repository else []
    if event == "repository":
        return [issue.pk, pull_request.pk] if in_repository else []
    if event == "installation":
        # What a GitHub App may see: the repository is named, or all of its owner's are meant.
        return [issue.pk, pull_request.pk] if payload["installation"]["account"]["login"] == "Codertocat" else []
    return []


def test_each_is_answered_and_asks_for_what_it_is_about(examples, queued, tasks, issue, pull_request):
    assert len(examples) == 329
    WorkItemFactory(repository="octo-org/octo-repo", number=99)
    wrong, used = [], 0
    for number, (event, payload) in enumerate(examples):
        WebhookDelivery.objects.all().delete()
        status, items = queued(payload, event=event, guid=f"recorded-{number}")
        wanted = expected(event, payload, issue, pull_request)
        if (status, items) != (202 if event in EVENTS else 204, [wanted] if wanted else []):
            wrong.append((event, payload.get("action"), status, items))
        if wanted:
            used += 1
            # One fetch for each, and then the next is looked at with nothing waiting.
            assert len(tasks.enqueued()) == 1
            WebhookDelivery.objects.all().delete()
            tasks.run()
        tasks.assert_nothing_enqueued()
    assert wrong == []
    assert used == 93


def test_none_asks_for_anything_where_nothing_is_tracked(examples, queued):
    for number, (event, payload) in enumerate(examples):
        assert queued(payload, event=event, guid=f"recorded-{number}") == (202 if event in EVENTS else 204, [])
    assert not WebhookDelivery.objects.filter(processed_at=None).exists()
    assert WebhookDelivery.objects.count() == sum(event in EVENTS for event, _payload in examples)
