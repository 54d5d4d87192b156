"""Deliveries of the size and shape of GitHub's own."""

import json

#: GitHub repeats some forty addresses for a repository, and ten for a person.
REPOSITORY_LINKS, PERSON_LINKS = 46, 14


def bodies(items: list[tuple[str, str, int]]) -> list[tuple[str, bytes]]:
    """`(event, body)` for each `(node id, repository, number)`: of pull requests (some 20 kB) and comments (some 10 kB) in turn."""
    found = []
    for position, (node_id, name, number) in enumerate(items):
        person, repository = _person(position), _repository(name)
        if position % 2:
            item = {"node_id": node_id, "number": number, "title": "Make it clearer", "user": person, "body": "Why. " * 100}
            comment = {"id": position, "node_id": f"IC_{position}", "user": person, "body": "Looks good to me. " * 20}
            payload = {"action": "created", "issue": {**_links("issue", 20), **item}, "comment": comment}
            event = "issue_comment"
        else:
            branch = {"label": f"{name}:main", "ref": "main", "sha": "0" * 40, "user": person, "repo": repository}
            item = {"node_id": node_id, "number": number, "title": "Make it clearer", "user": person, "body": "Why. " * 100}
            payload = {"action": "synchronize", "number": number}
            payload |= {"pull_request": {**_links("pull", 30), **item, "head": branch, "base": branch}}
            event = "pull_request"
        payload |= {"repository": repository, "sender": person}
        found.append((event, json.dumps(payload).encode()))
    return found


def _links(of: str, count: int) -> dict[str, str]:
    return {f"{of}_{number}_url": f"https://api.github.com/repos/owner/{of}/things{number}{{/number}}" for number in range(count)}


def _person(number: int) -> dict:
    return {"login": f"member{number}", "id": number, "node_id": f"U_{number}", **_links("user", PERSON_LINKS)}


def _repository(name: str) -> dict:
    return {"id": 1, "node_id": "R_1", "full_name": name, "owner": _person(0), **_links("repository", REPOSITORY_LINKS)}
