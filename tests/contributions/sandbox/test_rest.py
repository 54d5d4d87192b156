"""REST: what moved, what is gone, and the search that we do without."""

import pytest

from contributions.github.errors import RateLimited


@pytest.fixture
def issue(world):
    return world.add_issue(world.project, world.member, "Broken", labels=["bug"])


def test_an_item_by_name_and_by_id(world, client, issue):
    for address in ("repos/org/project/issues/1", f"repositories/{world.project.database_id}/issues/1"):
        answer = client.get(address)
        assert (answer.status, answer.data["node_id"], answer.data["user"]["login"]) == (200, issue.id, "member")
    pull_request = world.add_pull_request(world.project, world.member, "Fix")
    world.merge(pull_request, world.maintainer)
    data = client.get("repos/org/project/issues/2").data
    assert (data["state"], data["pull_request"]["merged_at"]) == ("closed", "2026-11-22T12:00:00Z")


def test_a_transferred_issue_says_where_it_went(world, client, issue):
    elsewhere = world.add_repository("org/elsewhere", first_number=70)
    moved = world.transfer_issue(issue, elsewhere)
    answer = client.get("repos/org/project/issues/1")
    assert (answer.status, answer.location) == (
        301,
        f"https://api.github.com/repositories/{elsewhere.database_id}/issues/70",
    )
    assert client.get(answer.location).data["node_id"] == moved.id


def test_a_transfer_to_where_we_cannot_see(world, client, issue):
    secret = world.add_repository("org/secret")
    world.transfer_issue(issue, secret)
    world.make_private(secret)
    answer = client.get("repos/org/project/issues/1")
    assert answer.status == 301
    assert client.get(answer.location).status == 404


def test_a_deleted_issue_is_gone(world, client, issue):
    world.delete_issue(issue)
    assert client.get("repos/org/project/issues/1").status == 410


@pytest.mark.parametrize("path", ["repos/org/project/issues/9", "repos/org/none/issues/1", "repositories/1/issues/1", "what"])
def test_what_never_was_is_not_found(client, issue, path):
    assert client.get(path).status == 404


def test_a_private_repository_is_not_found(world, client, issue):
    world.make_private(world.project)
    assert client.get("repos/org/project/issues/1").status == 404
    assert client.get("repos/org/project").status == 404


def test_a_renamed_repository_redirects_to_its_id(world, client, issue):
    world.rename_repository(world.project, "org/renamed")
    for rest in ("", "/issues/1"):
        answer = client.get(f"repos/org/project{rest}")
        assert (answer.status, answer.location) == (301, f"https://api.github.com/repositories/{world.project.database_id}{rest}")
    assert client.get(answer.location).data["html_url"] == "https://github.com/org/renamed/issues/1"
    assert client.get(f"repositories/{world.project.database_id}").data["full_name"] == "org/renamed"


def test_an_item_of_a_deleted_account_has_no_user(world, client, issue):
    world.delete_user(world.member)
    assert client.get("repos/org/project/issues/1").data["user"] is None


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("author:member repo:org/project type:pr", ["Fix"]),
        ("author:member repo:org/project is:issue", ["Broken"]),
        ("author:member repo:org/project repo:org/other", ["Other", "Fix", "Broken"]),
        ("author:maintainer", []),
        ("reviewed-by:maintainer type:pr", ["Fix"]),
        ("commenter:maintainer", ["Broken"]),
        ("author:member state:closed", ["Other"]),
        ("author:member is:open updated:>=2026-11-21", ["Fix"]),
        ("brok", ["Broken"]),
    ],
)
def test_search(world, client, query, titles):
    broken = world.add_issue(world.project, world.member, "Broken", at=world.ago(days=9))
    world.comment(broken, world.maintainer, at=world.ago(days=8))
    fix = world.add_pull_request(world.project, world.member, "Fix", at=world.ago(days=3))
    world.review(fix, world.maintainer, at=world.ago(days=1))
    other = world.add_pull_request(world.add_repository("org/other"), world.member, "Other", at=world.ago(days=2))
    world.close(other, world.member)
    data = client.get(f"search/issues?q={query.replace(' ', '+')}&per_page=100").data
    assert [item["title"] for item in data["items"]] == titles
    assert data["total_count"] == len(titles)


def test_search_gives_pages_up_to_a_thousand(world, client):
    for number in range(130):
        world.add_issue(world.project, world.member, f"Problem {number}")
    counts = [len(client.get(f"search/issues?q=author:member&per_page=100&page={page}").data["items"]) for page in (1, 2, 3)]
    assert counts == [100, 30, 0]
    assert len(client.get("search/issues?q=author:member").data["items"]) == 30
    assert client.get("search/issues?q=author:member&per_page=101").status == 422
    assert client.get("search/issues?q=author:member&per_page=100&page=11").status == 422


def test_search_allows_thirty_requests_a_minute(world, client):
    for _ in range(30):
        client.get("search/issues?q=author:member")
    with pytest.raises(RateLimited):
        client.get("search/issues?q=author:member")
    assert client.get("repos/org/project").status == 200
    world.move_on(minutes=1)
    assert client.get("search/issues?q=author:member").status == 200
