"""Step 5: all open items, 100 ids a request: what changed without moving `updatedAt`, and what vanished."""

from datetime import timedelta

from contributions.github import documents
from contributions.github.errors import GitHubError
from contributions.meaning.entries import parse_time
from contributions.meaning.item import checks_of
from contributions.models import WorkItem

from .batches import ask_in_batches
from .context import Known, Sync
from .discover import is_older
from .due import FULL_AFTER_AT_MOST
from .gone import Vanished, settle_vanished
from .partial import answers_by_index, not_told
from .store import keep_problem

#: What was fetched so lately, for another session perhaps, is fresh enough for a full refresh.
FRESH_ENOUGH = timedelta(hours=3)

STATES = {"OPEN": "open", "MERGED": "merged", "CLOSED": "closed"}


def sweep(sync: Sync) -> None:
    """Ask about every open item that is not going to be fetched anyway, and whether what is hidden from us came back.

    Where that is due all open items are fetched as a whole instead; on a full run, everything that is known.
    """
    for known in sync.known.values():
        if sync.full or _is_due(sync, known):
            _want(sync, known)
    open_items = [
        known
        for known in sync.known.values()
        if (known.state in WorkItem.OPEN_STATES or _may_come_back(known)) and known.node_id not in sync.wanted
    ]
    if not open_items:
        return
    sync.log.step("sweep", len(open_items))
    vanished: list[Vanished] = []

    def ask(batch: list[Known]) -> None:
        answer = sync.client.query(documents.SWEEP, {"ids": [known.node_id for known in batch]})
        for known, result in zip(batch, answers_by_index(answer, len(batch)), strict=True):
            if result.node is None and result.not_found and _may_come_back(known):
                # Nothing new: it was looked for when it vanished.
                sync.examined.add(known.pk)
                sync.answered(known.node_id)
            elif result.node is None and result.not_found:
                vanished.append(Vanished(known.pk, known.node_id, known.kind, known.repository, known.number, known.url))
            elif result.node is None:
                _fails(sync, known, result.error)
            elif result.error or _changed(known, result.node):
                _want(sync, known)
            else:
                sync.examined.add(known.pk)
                sync.answered(known.node_id)
        sync.log.advance(len(batch))

    ask_in_batches(open_items, size=sync.sizes["sweep"], ask=ask, give_up=lambda known, error: _too_heavy(sync, known, error))
    settle_vanished(sync, vanished)


def _is_due(sync: Sync, known: Known) -> bool:
    if known.state not in WorkItem.OPEN_STATES:
        return False
    if known.has_problem or known.fetched_at is None:
        return True
    age = sync.now - known.fetched_at
    # The longest that a session's refresh may wait is the rule for a run of one member or one project.
    return age >= FULL_AFTER_AT_MOST or (sync.refreshes_open and age >= FRESH_ENOUGH)


def _may_come_back(known: Known) -> bool:
    """Whether it is hidden from us, by its repository being private perhaps. What was deleted never comes back."""
    return known.state == WorkItem.State.GONE and known.gone == WorkItem.Gone.NOT_VISIBLE


def _want(sync: Sync, known: Known) -> None:
    sync.want(known.node_id, known.kind, membership_ids=known.membership_ids, item_pk=known.pk, about=known.url)


def _changed(known: Known, node: dict) -> bool:
    if is_older(known, parse_time(node.get("updatedAt"))):
        return True
    state = STATES.get(str(node.get("prState") or node.get("issueState")))
    if state == "open" and node.get("isDraft"):
        state = "draft"
    if state != known.state:
        return True
    if known.kind == WorkItem.Kind.ISSUE:
        return False
    conflict = {"CONFLICTING": True, "MERGEABLE": False}.get(str(node.get("mergeable")), known.conflicting)
    return checks_of(node) != known.ci or conflict != known.conflicting


def _fails(sync: Sync, known: Known, error: str) -> None:
    message = not_told(error)
    sync.log.problem("not_told", where="sweep", about=known.url, message=message)
    keep_problem(known.pk, message)
    sync.answered(known.node_id)


def _too_heavy(sync: Sync, known: Known, error: GitHubError) -> None:
    sync.log.problem(error.code, where="sweep", about=known.url, message=error.message)
    keep_problem(known.pk, error.message)
    sync.answered(known.node_id)
