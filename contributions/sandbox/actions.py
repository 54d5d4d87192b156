"""What a visitor of the demonstration can make happen in the sandbox, and when each of it makes sense.

An action is a name and two texts, so that it can be written down and done again after a restart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .entities import Account, Issue, Item, PullRequest, Repository
from .world import World

MAINTAINER, AUTHOR, CHECKS = "maintainer", "author", "checks"

LONGEST_TITLE = 256
LONGEST_TEXT = 10_000


class Refused(Exception):
    """It cannot be done. The message tells a person why; `status` tells a program."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Action:
    """`do(world, item, by, text, at)` makes it happen; `fits(item)` says whether it makes sense now; `roles` may do it."""

    name: str
    label: str
    done: str
    roles: tuple[str, ...]
    fits: Callable[[Any], bool]
    do: Callable[[World, Any, Account, str, datetime | None], object]
    needs_text: bool = False
    is_danger: bool = False


def _open(item: Item) -> bool:
    return item.state == "OPEN"


def _open_pull_request(item: Item) -> bool:
    return isinstance(item, PullRequest) and _open(item)


def _open_issue(item: Item) -> bool:
    return isinstance(item, Issue) and _open(item)


def _can_be_merged(item: Item) -> bool:
    return isinstance(item, PullRequest) and _open(item) and not item.is_draft and item.mergeable != "CONFLICTING"


def _can_be_reopened(item: Item) -> bool:
    """Closed by a person. What a commit or a pull request closed is done."""
    closings = item.entries_of("ClosedEvent")
    return item.state == "CLOSED" and not (closings and closings[-1].closer)


def _checks(name: str, label: str, done: str, state: str) -> Action:
    return Action(
        name, label, done, (CHECKS,),
        lambda item: _open_pull_request(item) and item.ci != state,
        lambda world, item, by, text, at: world.set_ci(item, state),
    )  # fmt: skip


def _branch(name: str, label: str, done: str, state: str) -> Action:
    return Action(
        name, label, done, (CHECKS,),
        lambda item: _open_pull_request(item) and (item.mergeable == "CONFLICTING") != (state == "CONFLICTING"),
        lambda world, item, by, text, at: world.set_mergeable(item, state),
    )  # fmt: skip


ACTIONS = (
    Action(
        "comment", "Comment", "The comment is there.", (MAINTAINER, AUTHOR), lambda item: item.state != "MERGED",
        lambda world, item, by, text, at: world.comment(item, by, text, at=at), needs_text=True,
    ),
    Action(
        "approve", "Approve", "It is approved.", (MAINTAINER,), _open_pull_request,
        lambda world, item, by, text, at: world.review(item, by, "APPROVED", body=text, at=at),
    ),
    Action(
        "request_changes", "Request changes", "Changes are requested.", (MAINTAINER,), _open_pull_request,
        lambda world, item, by, text, at: world.review(item, by, "CHANGES_REQUESTED", body=text, at=at),
    ),
    Action(
        "merge", "Merge", "It is merged.", (MAINTAINER,), _can_be_merged,
        lambda world, item, by, text, at: world.merge(item, by, at=at),
    ),
    Action(
        "land", "Land by hand", "Its change is committed by hand, and the commit closed it.", (MAINTAINER,), _can_be_merged,
        lambda world, item, by, text, at: world.land_by_hand(item, by, at=at),
    ),
    Action(
        "push", "Push a commit", "A commit is pushed, and its checks run.", (AUTHOR,), _open_pull_request,
        lambda world, item, by, text, at: world.push(item, by=by, message=text or "Address review comments", ci="PENDING", at=at),
    ),
    Action(
        "ready", "Mark as ready for review", "It is ready for review.", (AUTHOR,),
        lambda item: _open_pull_request(item) and item.is_draft,
        lambda world, item, by, text, at: world.ready(item, by=by, at=at),
    ),
    Action(
        "draft", "Convert to draft", "It is a draft.", (AUTHOR,),
        lambda item: _open_pull_request(item) and not item.is_draft,
        lambda world, item, by, text, at: world.convert_to_draft(item, by=by, at=at),
    ),
    Action(
        "close", "Close", "It is closed.", (MAINTAINER, AUTHOR), _open,
        lambda world, item, by, text, at: world.close(item, by, at=at),
    ),
    Action(
        "not_planned", "Close as not planned", "It is closed as not planned.", (MAINTAINER,), _open_issue,
        lambda world, item, by, text, at: world.close(item, by, reason="NOT_PLANNED", at=at),
    ),
    Action(
        "reopen", "Reopen", "It is open again.", (MAINTAINER, AUTHOR), _can_be_reopened,
        lambda world, item, by, text, at: world.reopen(item, by, at=at),
    ),
    Action(
        "delete", "Delete the issue", "The issue is deleted. Nothing is left at its address.", (MAINTAINER,),
        lambda item: isinstance(item, Issue), lambda world, item, by, text, at: world.delete_issue(item), is_danger=True,
    ),
    _checks("green", "Turn the checks green", "The checks are green.", "SUCCESS"),
    _checks("red", "Turn the checks red", "The checks are red.", "FAILURE"),
    _checks("running", "Let the checks run", "The checks are running.", "PENDING"),
    _branch("conflict", "Make a merge conflict", "It has a merge conflict.", "CONFLICTING"),
    _branch("no_conflict", "Take the merge conflict away", "The merge conflict is gone.", "MERGEABLE"),
)  # fmt: skip

BY_NAME = {action.name: action for action in ACTIONS}


def possible(item: Item, role: str) -> list[Action]:
    """What somebody in this role can do to the item now, in the order of the buttons. Nothing in an archived repository."""
    if item.repository.is_archived or not item.is_visible:
        return []
    return [action for action in ACTIONS if role in action.roles and action.fits(item)]


def actors(item: Item, role: str) -> list[Account]:
    """Who may act in this role. Nobody reviews their own work, so the author is never among the maintainers."""
    if role == AUTHOR:
        return [] if item.by.deleted or item.by.typename != "User" else [item.by]
    found = [each for each in item.repository.collaborators if not each.deleted and each is not item.by]
    return sorted(found, key=lambda account: account.login.lower())


def act(world: World, item: Item, name: str, *, role: str, by: str, text: str = "", at: datetime | None = None) -> None:
    """Let `by` (a login) do something in a role. Raises `Refused`; then nothing has happened."""
    action = BY_NAME.get(name)
    if action is None or role not in action.roles:
        raise Refused("There is no such button.", 400)
    if action not in possible(item, role):
        raise Refused(f"“{action.label}” is not possible any more: somebody was faster.", 409)
    account = item.by
    if role != CHECKS:
        account = next((each for each in actors(item, role) if each.login == by), None)
        if account is None:
            raise Refused("Choose who does it.")
    if action.needs_text and not text:
        raise Refused("Write the comment first.")
    if len(text) > LONGEST_TEXT:
        raise Refused(f"The text is longer than {LONGEST_TEXT} characters. Make it shorter.")
    action.do(world, item, account, text, at)


def can_open(account: Account) -> bool:
    return account.typename == "User" and not account.deleted


def open_repositories(world: World) -> list[Repository]:
    """Where something new can be opened, by name."""
    found = [each for each in world.repositories.values() if each.is_visible and not each.is_archived]
    return sorted(found, key=lambda repository: repository.name_with_owner.lower())


def open_item(
    world: World,
    account: Account,
    *,
    kind: str,
    repository: str,
    title: str,
    body: str = "",
    is_draft: bool = False,
    closes: str = "",
    at: datetime | None = None,
) -> Item:
    """Open an issue or a pull request. `closes` is the number of an issue that the pull request would close, or empty.

    Raises `Refused`; then nothing has happened.
    """
    where = next((each for each in open_repositories(world) if each.name_with_owner == repository), None)
    if not can_open(account):
        raise Refused("This account cannot open anything.", 409)
    if where is None:
        raise Refused("Choose one of the repositories.")
    if not title:
        raise Refused("Write a title first.")
    if len(title) > LONGEST_TITLE or len(body) > LONGEST_TEXT:
        raise Refused(f"A title has at most {LONGEST_TITLE} characters, a description {LONGEST_TEXT}. Make it shorter.")
    if kind == "issue":
        return world.add_issue(where, account, title, body=body, at=at)
    if kind != "pull_request":
        raise Refused("Choose an issue or a pull request.")
    issues = []
    if closes:
        number = closes.removeprefix("#")
        issue = where.items.get(int(number)) if number.isdecimal() and len(number) < 10 else None
        if not isinstance(issue, Issue) or not issue.is_visible:
            raise Refused(f"{where.name_with_owner} has no issue with the number {closes[:20]}. Look it up, or leave it empty.")
        issues = [issue]
    return world.add_pull_request(where, account, title, body=body, draft=is_draft, closes=issues, ci="PENDING", at=at)
