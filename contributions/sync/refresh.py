"""Step 4: fetching as a whole what changed, by kind, and handing it to be stored batch by batch."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import DataError, IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from contributions.github import documents
from contributions.github.errors import GitHubError
from contributions.meaning import Incomplete, Previous, read_item
from contributions.meaning.people import named_in
from contributions.meaning.references import body_of
from contributions.models import WorkItem
from contributions.trackers import references_of

from .batches import ask_in_batches
from .context import Sync, Wanted
from .gone import Vanished, settle_vanished
from .identify import note_privacy
from .partial import Result, answers_by_index, incomplete, not_told
from .reviews import note_reviews
from .store import Fetched, Outcome, keep_problem, mark_gone, save_batch

logger = logging.getLogger(__name__)

DOCUMENTS = {"pull_request": documents.REFRESH_PULL_REQUESTS, "issue": documents.REFRESH_ISSUES}
#: What databases and their drivers raise for a value that cannot be stored: too long, too large, half a character, a NUL.
REFUSED = (DataError, IntegrityError, OverflowError, TypeError, ValueError)
#: After what vanished was followed to a new place, that is fetched as well; things do not move more often than this.
MOST_ROUNDS = 3


def refresh(sync: Sync) -> None:
    """Fetch and store all wanted items. What cannot be fetched alone keeps its problem, and the rest goes on."""
    for _round in range(MOST_ROUNDS):
        wanted = [item for item in sync.wanted.values() if item.node_id in sync.unanswered]
        if not wanted:
            return
        sync.log.step("refresh", len(wanted))
        vanished: list[Vanished] = []
        for kind, document in DOCUMENTS.items():
            ask_in_batches(
                [item for item in wanted if item.kind == kind],
                size=sync.sizes[kind],
                ask=partial(_ask, sync, document, vanished),
                give_up=lambda item, error: _too_heavy(sync, item, error),
            )
        settle_vanished(sync, vanished)


def _ask(sync: Sync, document: str, vanished: list[Vanished], batch: list[Wanted]) -> None:
    answer = sync.client.query(document, {"ids": [item.node_id for item in batch]})
    results = answers_by_index(answer, len(batch))
    pairs = []
    for item, result in zip(batch, results, strict=True):
        if result.node is None and result.not_found and item.item_pk and item.node_id in sync.known:
            known = sync.known[item.node_id]
            vanished.append(Vanished(known.pk, item.node_id, known.kind, known.repository, known.number, known.url))
        else:
            pairs.append((item, result))
    store_results(sync, pairs)
    sync.log.advance(len(batch))


def store_results(sync: Sync, pairs: Sequence[tuple[Wanted, Result]]) -> None:
    """Read and store the answers for a batch of wanted items."""
    now = timezone.now()
    rows = previous_of([item for item, _result in pairs])
    batch: list[tuple[Wanted, Fetched]] = []
    for item, result in pairs:
        fetched = _read(sync, item, result, rows, now)
        if fetched is not None:
            batch.append((item, fetched))
    try:
        _count(sync, save_batch(sync.host, [fetched for _item, fetched in batch]))
    except REFUSED:
        _save_each(sync, batch)
    for item, _result in pairs:
        sync.answered(item.node_id)


def _save_each(sync: Sync, batch: list[tuple[Wanted, Fetched]]) -> None:
    """One by one, where the database refuses a batch: so only what it refuses is left out."""
    for item, fetched in batch:
        try:
            _count(sync, save_batch(sync.host, [fetched]))
        except REFUSED as error:
            logger.warning("Item %s cannot be stored: %s", item.node_id, type(error).__name__)
            _fails(sync, item, "not_stored", _("What GitHub says about this item cannot be stored."))


def previous_of(wanted: Sequence[Wanted]) -> dict[int, Previous]:
    """What the stored rows say that GitHub has no event for or works out late, by primary key; one statement."""
    pks = [item.item_pk for item in wanted if item.item_pk]
    if not pks:
        return {}
    rows = WorkItem.objects.filter(pk__in=pks).values("pk", "conflicting", "turn_reason", "turn_since", "fetched_at", "behind")
    return {
        row["pk"]: Previous(
            conflicting=row["conflicting"],
            conflicting_since=row["turn_since"] if row["turn_reason"] == "conflict" else None,
            fetched_at=row["fetched_at"],
            behind=row["behind"],
        )
        for row in rows
    }


def _read(sync: Sync, item: Wanted, result: Result, rows: dict[int, Previous], now: datetime) -> Fetched | None:
    """The values to store, or None where the answer cannot be used: then the item keeps the reason."""
    if result.node is None or (result.error and item.item_pk):
        word = result.error or "NOT_FOUND"
        _fails(sync, item, "not_told", not_told(word))
        return None
    if result.error:
        # Something is better than nothing, and what is missing is fetched next time.
        sync.log.problem("incomplete", where="refresh", about=item.about, message=incomplete())
    if is_none_of_ours(sync, result.node):
        known = rows.get(item.item_pk) if item.item_pk else None
        if known is not None and known.fetched_at is not None:
            _became_private(sync, item)
        else:
            _fails(sync, item, "not_visible", _("This repository is private, and no session follows it."))
        return None
    repository = sync.repository_of(result.node.get("repository"))
    if repository is not None:
        note_privacy(repository, result.node["repository"])
    try:
        values = read_item(
            result.node,
            now=now,
            previous=rows.get(item.item_pk) if item.item_pk else None,
            tickets=references_of(
                sync.tracker_of(repository),
                title=str(result.node.get("title") or ""),
                text=body_of(result.node),
            ),
        )
    except Incomplete as error:
        _fails(sync, item, "incomplete", str(error))
        return None
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        _fails(
            sync,
            item,
            "incomplete",
            _("GitHub's answer about this item cannot be read (%(error)s).") % {"error": type(error).__name__},
        )
        return None
    if item.opened_before and values["created_at"] >= item.opened_before:
        return None
    values["tracked_repository_id"] = repository.pk if repository else None
    values["problem"], values["problem_at"] = (incomplete(), now) if result.error else ("", None)
    reviewers = {*item.reviewer_ids, *note_reviews(sync, result.node)}
    named = named_in(result.node, host=sync.host)
    return Fetched(values, item.item_pk, set(item.membership_ids), reviewers, named)


def is_none_of_ours(sync: Sync, node: Mapping) -> bool:
    """Whether an item lies in a private repository that is not tracked.

    The site's token may read it, the member who pasted its address perhaps not: so nothing of it is shown or stored.
    """
    repository = node.get("repository")
    if not isinstance(repository, Mapping) or not repository.get("isPrivate"):
        return False
    return sync.repository_of(repository) is None


def _became_private(sync: Sync, item: Wanted) -> None:
    """For the people of this site it is as gone as if our token could not see it."""
    if item.item_pk and mark_gone(item.item_pk, WorkItem.Gone.NOT_VISIBLE, with_repository=True):
        sync.log.count(gone=1)
        sync.changed.add(item.item_pk)


def _fails(sync: Sync, item: Wanted, code: str, message: str) -> None:
    sync.log.problem(code, where="refresh", about=item.about or item.node_id, message=message)
    if item.item_pk:
        sync.examined.discard(item.item_pk)
        keep_problem(item.item_pk, message)


def _too_heavy(sync: Sync, item: Wanted, error: GitHubError) -> None:
    _fails(sync, item, error.code, error.message)
    sync.answered(item.node_id)


def _count(sync: Sync, outcome: Outcome) -> None:
    sync.log.count(created=len(outcome.created), updated=len(outcome.updated - sync.changed))
    sync.changed |= outcome.created | outcome.updated
    sync.examined |= outcome.unchanged
