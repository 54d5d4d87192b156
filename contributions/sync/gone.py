"""Step 6: what became of items that vanished: moved, deleted, or no longer visible to us. Rows are never deleted for it."""

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.github import github_host
from contributions.github.client import RestAnswer
from contributions.github.errors import AccessDenied, GitHubError
from contributions.meaning.references import is_web_address
from contributions.models import WorkItem

from .context import Sync
from .store import keep_problem, mark_gone, move_item

#: A chain of redirects longer than this leads nowhere.
MOST_MOVES = 3


@dataclass(frozen=True)
class Vanished:
    """A row of ours whose node id GitHub does not know any more."""

    pk: int
    node_id: str
    kind: str
    repository: str
    number: int | None
    url: str


@dataclass
class _Places:
    """What is known of repositories by now: whether we lost sight of all of it, and where GitHub refuses to speak of it."""

    lost: dict[str, bool] = field(default_factory=dict)
    refused: dict[str, AccessDenied] = field(default_factory=dict)


def settle_vanished(sync: Sync, vanished: list[Vanished]) -> None:
    """Ask REST once for each: 301 moved (followed, and the row takes the new identity), 410 deleted, 404 not visible."""
    if not vanished:
        return
    sync.log.step("gone", len(vanished))
    places = _Places()
    for item in vanished:
        _settle(sync, item, places)
        sync.log.advance()


def _settle(sync: Sync, item: Vanished, places: _Places) -> None:
    if places.lost.get(item.repository):
        # We lost sight of its repository: so one more question would tell nothing.
        _gone(sync, item, WorkItem.Gone.NOT_VISIBLE, with_repository=True)
        return
    if item.repository in places.refused:
        _refused(sync, item, places.refused[item.repository])
        return
    try:
        answer, moved = _look(sync, item)
    except AccessDenied as error:
        places.refused[item.repository] = error
        _refused(sync, item, error)
        return
    except GitHubError as error:
        if error.code != "foreign_address":
            raise
        answer, moved = RestAnswer(404), False
    if answer.status == 410:
        _gone(sync, item, WorkItem.Gone.DELETED)
    elif answer.status == 404:
        _gone(sync, item, WorkItem.Gone.NOT_VISIBLE, with_repository=_lost_sight_of(sync, item.repository, places))
    elif answer.status == 200 and isinstance(answer.data, dict) and answer.data.get("node_id"):
        _follow(sync, item, answer.data, moved=moved)
    else:
        message = _("GitHub gave an answer about this item that we do not understand (status %(status)s).") % {
            "status": answer.status
        }
        sync.log.problem("not_told", where="gone", about=item.url, message=message)
        keep_problem(item.pk, message)
        sync.answered(item.node_id)


def _look(sync: Sync, item: Vanished) -> tuple[RestAnswer, bool]:
    """The last answer of the chain of redirects, and whether there was one."""
    answer = sync.client.get(f"repos/{item.repository}/issues/{item.number}")
    moved = False
    for _move in range(MOST_MOVES):
        if answer.status not in (301, 302, 307, 308) or not answer.location:
            break
        answer, moved = sync.client.get(answer.location), True
    return answer, moved


def _refused(sync: Sync, item: Vanished, error: AccessDenied) -> None:
    """It is about this repository alone: GitHub has closed it perhaps, or our token may read others only."""
    sync.log.problem(error.code, where="gone", about=item.url, message=error.message)
    keep_problem(item.pk, error.message)
    sync.answered(item.node_id)


def _lost_sight_of(sync: Sync, repository: str, places: _Places) -> bool:
    """Whether GitHub does not show us the whole repository any more; asked once for all items of it."""
    if repository not in places.lost:
        try:
            places.lost[repository] = sync.client.get(f"repos/{repository}").status == 404
        except AccessDenied:
            places.lost[repository] = True
    return places.lost[repository]


def _gone(sync: Sync, item: Vanished, why: str, *, with_repository: bool = False) -> None:
    if mark_gone(item.pk, why, with_repository=with_repository):
        sync.log.count(gone=1)
    sync.changed.add(item.pk)
    sync.answered(item.node_id)


def _follow(sync: Sync, item: Vanished, data: dict, *, moved: bool) -> None:
    """Give the row its new identity and put it on the list of those to fetch."""
    node_id, told = str(data["node_id"]), str(data.get("html_url") or "")
    url = told if is_web_address(told) else item.url
    if node_id == item.node_id:
        message = _("GitHub's two interfaces say different things about this item. It will be tried again.")
        sync.log.problem("not_told", where="gone", about=item.url, message=message)
        keep_problem(item.pk, message)
        sync.answered(item.node_id)
        return
    place = re.search(r"/([^/]+/[^/]+)/(?:issues|pull)/([0-9]+)$", url)
    found = move_item(
        item.pk,
        node_id=node_id,
        moved_from=item.url if moved and url != item.url else "",
        url=url,
        repository=place[1] if place else item.repository,
        number=int(place[2]) if place else item.number,
        host=github_host(),
    )
    sync.answered(item.node_id)
    sync.wanted.pop(item.node_id, None)
    if found is None:
        # Another one that moved to the same place has taken it in, or somebody deleted it meanwhile: nothing is left to follow.
        return
    pk, membership_ids = found
    sync.want(node_id, item.kind, membership_ids=membership_ids, item_pk=pk, about=url)
