"""Step 9: writing what was fetched. Newest wins, one short transaction a batch, as many statements for 1 item as for 50.

Nothing here talks to GitHub, and nothing here touches what people wrote: notes, disclosures and what a member hid stay.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from contributions.meaning.people import Named
from contributions.models import Contribution, WorkItem

from .pairing import partners_of

#: What a fetch decides. The key `host` is set by those who create a row.
FETCHED_FIELDS = (
    "database_id", "node_id", "tracked_repository_id", "repository", "number", "title", "url", "author_login", "author_node_id",
    "state", "created_at", "updated_at", "closed_at", "merged_at", "ready_at", "first_response_at", "first_response_after",
    "first_of_author", "behind", "disclosure", "additions", "deletions",
    "changed_files", "comments", "review_state", "ci", "conflicting", "labels", "linked", "trailers", "events", "turn",
    "turn_since", "turn_reason", "gone", "gone_at", "kind", "problem", "problem_at",
)  # fmt: skip
#: An item that was fetched again and is the same: its time of fetching is written no more often than this.
TOUCH_AFTER = timedelta(hours=1)
#: What people say in a contribution.
WORDS = ("note", "own_words", "ai_use", "ai_disclosure", "hidden")
#: GitHub's clock and ours differ by less than this.
SAME_MOMENT = timedelta(seconds=5)


@dataclass
class Fetched:
    """One fetched item. `values` are fields of `WorkItem`, as `contributions.meaning.read_item` gives them.

    `item_pk`: the row it belongs to, where the caller knows it; else it is found by GitHub's number or node id.
    `memberships`: whom it belongs to; who has no contribution for it yet gets one as its author. `reviewers`: the same for
    those who reviewed it. `named`: whom its commits name beside its author.
    """

    values: dict[str, Any]
    item_pk: int | None = None
    memberships: set[int] = field(default_factory=set)
    reviewers: set[int] = field(default_factory=set)
    named: Sequence[Named] = ()


@dataclass
class Outcome:
    """Primary keys of the rows that were written, and of those that were the same already."""

    created: set[int] = field(default_factory=set)
    updated: set[int] = field(default_factory=set)
    unchanged: set[int] = field(default_factory=set)


def save_batch(host: str, batch: Sequence[Fetched]) -> Outcome:
    """Store a batch: new items are added, changed ones updated, the same ones left alone.

    An item whose stored `updated_at` is later than the fetched one is left alone as well. Each item becomes a
    contribution of its `memberships` where it is none yet; a hidden one stays hidden.
    """
    if not batch:
        return Outcome()
    try:
        return _save(host, batch)
    except IntegrityError:
        # Another sync stored one of these items in the same moment: now it is found.
        return _save(host, batch)


@transaction.atomic
def _save(host: str, batch: Sequence[Fetched]) -> Outcome:
    now = timezone.now()
    rows = _matching_rows(host, batch)
    outcome = Outcome()
    changed: list[WorkItem] = []
    new: dict[tuple[str, int], WorkItem] = {}
    touched: list[int] = []
    owners: list[tuple[int, WorkItem, str]] = []
    together: list[tuple[WorkItem, Fetched]] = []
    for fetched in batch:
        key = (fetched.values["kind"], fetched.values["database_id"])
        row = rows.find(fetched)
        if row is None:
            row = new.get(key)
            if row is None:
                row = new[key] = WorkItem(host=host)
            _take(row, fetched.values, now)
        elif not _is_newer(row, fetched.values):
            outcome.unchanged.add(row.pk)
        elif _take(row, fetched.values, now):
            changed.append(row)
            outcome.updated.add(row.pk)
        else:
            outcome.unchanged.add(row.pk)
            if (
                row.fetched_at is None
                or now - row.fetched_at >= TOUCH_AFTER
                or in_the_same_moment(row.updated_at, row.fetched_at)
            ):
                touched.append(row.pk)
        owners += [(membership_id, row, Contribution.Role.AUTHOR) for membership_id in fetched.memberships]
        owners += [(membership_id, row, Contribution.Role.REVIEWER) for membership_id in fetched.reviewers - fetched.memberships]
        if fetched.named:
            together.append((row, fetched))
    if changed:
        # One statement for all of them, which an update of each would not be.
        WorkItem.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["id"], update_fields=[*FETCHED_FIELDS, "moved_from", "fetched_at"]
        )
    if new:
        WorkItem.objects.bulk_create(new.values())
        outcome.created = {row.pk for row in new.values()}
    if touched:
        WorkItem.objects.filter(pk__in=touched).update(fetched_at=now)
    _link({(membership_id, row.pk): role for membership_id, row, role in owners})
    link_known(partners_of({row.pk: fetched.named for row, fetched in together}), role=Contribution.Role.CO_AUTHOR)
    return outcome


def link_known(links: Iterable[tuple[int, int]], *, role: str = Contribution.Role.AUTHOR) -> None:
    """Make `(membership id, item id)` contributions with this part, where there is none yet. Two statements at most.

    Whoever has a part in an item already keeps that part.
    """
    _link(dict.fromkeys(links, role))


def _link(links: Mapping[tuple[int, int], str]) -> None:
    if not links:
        return
    there = set(
        Contribution.objects.filter(
            membership__in={membership_id for membership_id, _item in links},
            work_item__in={item_id for _member, item_id in links},
        ).values_list("membership_id", "work_item_id")
    )
    missing = [
        Contribution(
            membership_id=membership_id, work_item_id=item_id, source=Contribution.Source.FOUND,
            role=links[membership_id, item_id],
        )
        for membership_id, item_id in sorted(links.keys() - there)
    ]  # fmt: skip
    if missing:
        Contribution.objects.bulk_create(missing, ignore_conflicts=True)


def in_the_same_moment(updated_at: datetime | None, fetched_at: datetime | None) -> bool:
    """Whether an item was fetched so soon after it changed that a further change may bear the same time.

    GitHub tells whole seconds.
    """
    return updated_at is not None and fetched_at is not None and abs(fetched_at - updated_at) < SAME_MOMENT


def keep_problem(item_pk: int, message: str) -> None:
    """Keep what went wrong with the last fetch of an item; what was stored before stays visible."""
    WorkItem.objects.filter(pk=item_pk).update(problem=message[:300], problem_at=timezone.now())


def mark_gone(item_pk: int, why: str, *, with_repository: bool = False) -> bool:
    """Mark an item as vanished from GitHub. The row and what people wrote about it stay. False if it was marked already.

    `with_repository`: its repository vanished as well, or was made private. An item that comes back is itself again.
    """
    now = timezone.now()
    changed = (
        WorkItem.objects.filter(pk=item_pk)
        .exclude(state=WorkItem.State.GONE)
        .update(
            state=WorkItem.State.GONE, gone=why, gone_at=now, turn="", turn_since=now,
            turn_reason="repository_gone" if with_repository else "gone", problem="", problem_at=None,
        )
    )  # fmt: skip
    return bool(changed)


@transaction.atomic
def move_item(
    item_pk: int, *, host: str, node_id: str, url: str, repository: str, number: int | None, moved_from: str
) -> tuple[int, set[int]] | None:
    """Give a row the identity that its item has now, and return its primary key and the membership ids that it belongs to.

    None where the row is gone: it was merged into another one, or deleted, since it was read. Where the item is stored a second
    time under its new identity, the older row wins and takes over what people wrote about the other one, and the other one goes.
    """
    row = WorkItem.objects.select_for_update().filter(pk=item_pk).first()
    if row is None:
        return None
    row.node_id, row.url, row.repository, row.number = node_id, url[:500], repository, number
    row.moved_from = moved_from[:500] or row.moved_from
    twin = WorkItem.objects.select_for_update().filter(host=host, node_id=node_id).exclude(pk=item_pk).first()
    if twin is not None:
        merge_into(row, twin)
    # GitHub's number of it changed as well; the fetch that follows finds the row by its node id and sets it.
    row.database_id = twin.database_id if twin else None
    row.updated_at = None
    row.save(update_fields=["node_id", "url", "repository", "number", "moved_from", "database_id", "updated_at"])
    return row.pk, set(row.contributions.values_list("membership_id", flat=True))


def merge_into(row: WorkItem, twin: WorkItem) -> None:
    """Move the contributions of `twin` to `row` and delete `twin`. Call it inside a transaction.

    Where a member has both, the part of the kept row stays, the reviews of both, and the words of the one with more of the
    member's own.
    """
    for contribution in twin.contributions.all():
        other = row.contributions.filter(membership_id=contribution.membership_id).first()
        if other is None:
            Contribution.objects.filter(pk=contribution.pk).update(work_item=row)
            continue
        if _words(contribution) > _words(other):
            Contribution.objects.filter(pk=other.pk).update(**{name: getattr(contribution, name) for name in WORDS})
        there = list(other.reviews_given.values_list("database_id", flat=True))
        contribution.reviews_given.exclude(database_id__in=there).update(contribution=other)
        if other.role == Contribution.Role.HELPER:
            # Nothing is known of it but that it was pasted.
            Contribution.objects.filter(pk=other.pk).update(role=contribution.role)
    twin.delete()


def _words(contribution: Contribution) -> int:
    return sum(len(str(getattr(contribution, name))) for name in WORDS if name != "hidden") + contribution.hidden


@dataclass
class _Rows:
    """Rows that a batch may belong to, found by primary key, GitHub's number or node id, in this order."""

    by_pk: dict[int, WorkItem]
    by_number: dict[tuple[str, int | None], WorkItem]
    by_node: dict[str, WorkItem]

    def find(self, fetched: Fetched) -> WorkItem | None:
        values = fetched.values
        by_number = self.by_number.get((values["kind"], values["database_id"]))
        by_pk = self.by_pk.get(fetched.item_pk) if fetched.item_pk else None
        if by_number is not None and by_pk is not None and by_number.pk != by_pk.pk:
            # A pasted link turned out to be an item that is here already, or a moved one came back under its new name.
            if by_pk.fetched_at is None:
                merge_into(by_number, by_pk)
                return by_number
            merge_into(by_pk, by_number)
            return by_pk
        return by_number or by_pk or self.by_node.get(values["node_id"])


def _matching_rows(host: str, batch: Sequence[Fetched]) -> _Rows:
    numbers = {fetched.values["database_id"] for fetched in batch}
    nodes = {fetched.values["node_id"] for fetched in batch}
    pks = {fetched.item_pk for fetched in batch if fetched.item_pk}
    found = list(
        WorkItem.objects.select_for_update()
        .filter(host=host)
        .filter(Q(pk__in=pks) | Q(node_id__in=nodes) | Q(database_id__in=numbers))
        .order_by("pk")
    )
    return _Rows(
        {row.pk: row for row in found},
        {(row.kind, row.database_id): row for row in found if row.database_id},
        {row.node_id: row for row in found if row.node_id},
    )


def _is_newer(row: WorkItem, values: dict[str, Any]) -> bool:
    """Whether fetched values may replace the stored ones: they are as new, or nothing was stored."""
    if row.updated_at is None or values["updated_at"] is None or row.state == WorkItem.State.GONE:
        return True
    return values["updated_at"] >= row.updated_at


def _take(row: WorkItem, values: dict[str, Any], now: datetime) -> bool:
    """Put fetched values into a row; says whether that changed anything."""
    changed = False
    if _is_elsewhere(row, values):
        row.moved_from = row.url
    for name in FETCHED_FIELDS:
        if name == "first_of_author" and row.first_of_author is not None:
            # GitHub says it of today: after a merge nothing is anybody's first.
            continue
        if name in values and getattr(row, name) != values[name]:
            setattr(row, name, values[name])
            changed = True
    if changed:
        row.fetched_at = now
    return changed


def _is_elsewhere(row: WorkItem, values: dict[str, Any]) -> bool:
    """Whether an item that was fetched before lies in another repository now, or in one of another name."""
    if row.fetched_at is None or not row.repository:
        return False
    return (row.repository.lower(), row.number) != (values["repository"].lower(), values["number"])
