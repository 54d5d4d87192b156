"""The few REST addresses that we need, with GitHub's redirects for what moved."""

import re
from datetime import datetime
from typing import Any

from .entities import Account, Item, PullRequest, Repository
from .messages import Reply, Request, json_reply
from .world import World

NOT_FOUND = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}
MOST_FOUND = 1000

BY_NAME = re.compile(r"/repos/([^/]+/[^/]+)(?:/issues/(\d+))?")
BY_LOGIN = re.compile(r"/users/([^/]+)")
BY_USER_ID = re.compile(r"/user/(\d+)")
BY_ID = re.compile(r"/repositories/(\d+)(?:/issues/(\d+))?")


def reply(world: World, request: Request) -> Reply:
    """The reply to a GET of REST; 404 for every address that is not one of ours."""
    path = request.path
    if request.method == "GET":
        if path == "/search/issues":
            return _search(world, request)
        if match := BY_USER_ID.fullmatch(path):
            account = next((each for each in world.accounts.values() if each.database_id == int(match[1])), None)
            return json_reply(200, _account(account)) if account else json_reply(404, NOT_FOUND)
        if match := BY_LOGIN.fullmatch(path):
            account = world.accounts.get(match[1].lower())
            return json_reply(200, _account(account) | {"name": account.name}) if account else json_reply(404, NOT_FOUND)
        if match := BY_ID.fullmatch(path):
            repository = world.repository_by_database_id(int(match[1]))
            return _found(world, request, repository, match[2])
        if match := BY_NAME.fullmatch(path):
            repository = world.repository(match[1])
            if repository and repository.name_with_owner.lower() != match[1].lower():
                rest = f"/issues/{match[2]}" if match[2] else ""
                return _moved(request, f"/repositories/{repository.database_id}{rest}")
            return _found(world, request, repository, match[2])
    return json_reply(404, NOT_FOUND)


def _found(world: World, request: Request, repository: Repository | None, number: str | None) -> Reply:
    if repository is None:
        return json_reply(404, NOT_FOUND)
    if number is None:
        return json_reply(200, _repository(repository))
    if moved := world.moved.get((repository.database_id, int(number))):
        return _moved(request, f"/repositories/{moved.repository.database_id}/issues/{moved.number}")
    item = repository.items.get(int(number))
    if item is None:
        return json_reply(404, NOT_FOUND)
    if item.is_deleted:
        return json_reply(410, {"message": "This issue was deleted", "status": "410"})
    return json_reply(200, _item(item))


def _moved(request: Request, path: str) -> Reply:
    start = request.url.split("/repos/")[0].split("/repositories/")[0]
    return json_reply(301, {"message": "Moved Permanently", "url": start + path, "status": "301"}, location=start + path)


def _search(world: World, request: Request) -> Reply:
    """Search by the qualifiers author, repo, type, is, state and updated, and by plain words in titles."""
    query = request.query
    size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
    if not 1 <= size <= 100 or number < 1:
        return json_reply(422, {"message": "Validation Failed"})
    if size * (number - 1) >= MOST_FOUND:
        return json_reply(422, {"message": "Only the first 1000 search results are available"})
    tests = [_test(word) for word in query.get("q", "").split()]
    repositories = {word[5:].lower() for word in query.get("q", "").split() if word.startswith("repo:")}
    found = [
        item
        for item in world.items()
        if (not repositories or item.repository.name_with_owner.lower() in repositories) and all(test(item) for test in tests)
    ]
    found.sort(key=lambda item: (item.updated_at, item.database_id), reverse=True)
    shown = found[:MOST_FOUND][size * (number - 1) : size * number]
    return json_reply(200, {"total_count": len(found), "incomplete_results": False, "items": [_item(item) for item in shown]})


def _test(word: str) -> Any:
    name, _, value = word.partition(":")
    value = value.lower()
    if name == "author":
        return lambda item: bool(item.author) and item.author.login.lower() == value
    if name == "repo":
        return lambda item: True
    if name in ("type", "is") and value in ("pr", "issue"):
        return lambda item: isinstance(item, PullRequest) == (value == "pr")
    if name in ("is", "state") and value in ("open", "closed"):
        return lambda item: (item.state == "OPEN") == (value == "open")
    if name in ("reviewed-by", "commenter"):
        typename = "PullRequestReview" if name == "reviewed-by" else "IssueComment"
        return lambda item: any(each.by.login.lower() == value for each in item.entries_of(typename))
    if name == "updated" and value.startswith(">="):
        return lambda item: item.updated_at.isoformat()[:10] >= value[2:12]
    return lambda item: word.lower() in item.title.lower()


def _account(account: Account) -> dict[str, Any]:
    return {"login": account.login, "id": account.database_id, "node_id": account.id, "type": account.typename}


def _repository(repository: Repository) -> dict[str, Any]:
    return {
        "id": repository.database_id,
        "node_id": repository.id,
        "name": repository.name,
        "full_name": repository.name_with_owner,
        "private": repository.is_private,
        "archived": repository.is_archived,
        "fork": repository.is_fork,
        "html_url": repository.url,
    }


def _item(item: Item) -> dict[str, Any]:
    author = item.author
    data: dict[str, Any] = {
        "id": item.database_id,
        "node_id": item.id,
        "number": item.number,
        "title": item.title,
        "state": "open" if item.state == "OPEN" else "closed",
        "html_url": item.url,
        "user": _account(author) if author else None,
        "author_association": item.author_association,
        "created_at": _time(item.created_at),
        "updated_at": _time(item.updated_at),
        "closed_at": _time(item.closed_at),
        "comments": len(item.entries_of("IssueComment")),
        "repository": _repository(item.repository),
    }
    if isinstance(item, PullRequest):
        data |= {"draft": item.is_draft, "pull_request": {"html_url": item.url, "merged_at": _time(item.merged_at)}}
    return data


def _time(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
