"""What becomes of a webhook delivery: which items it is about, that it is stored, and that they are fetched again.

Storing comes first, and is committed. Only then it is looked whether a task waits to work off what is stored: one that waits
begins later, so it will see the delivery; one that runs may have looked before, so another is queued. Nothing is lost in
between, and however many deliveries come, one task waits and each item is fetched once.
"""

import datetime
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Max, Q
from django.utils import timezone

from accounts.github import github_host
from background import enqueue
from background.models import TaskRun
from contributions.github.errors import GitHubError
from contributions.links import LARGEST_NUMBER
from contributions.models import WebhookDelivery, WorkItem
from contributions.sync.context import GITHUB_KINDS
from contributions.sync.items import refetch

logger = logging.getLogger(__name__)

#: An event about a whole repository, or a commit that many branches hold, asks for no more items than this.
MOST_ITEMS = 50

#: Items fetched before what is done is noted: as many as one request asks for.
ITEMS_AT_ONCE = 50

#: Deliveries read at once.
DELIVERIES_AT_ONCE = 500

#: What could not be fetched for so long, the hourly sync has brought, or says why it cannot.
GIVE_UP_AFTER = datetime.timedelta(days=3)

#: How long after one that failed for good the next is tried: a wrong token does not get better with each delivery.
AFTER_FAILURE = datetime.timedelta(minutes=5)

PULL_REQUEST_EVENTS = {"pull_request", "pull_request_review"}
ITEM_EVENTS = {"issues", "issue_comment", *PULL_REQUEST_EVENTS}


@dataclass(frozen=True)
class Delivery:
    """A delivery whose signature was right. `payload` may be of any shape: nothing in it is taken for granted."""

    guid: str
    event: str
    payload: dict[str, Any]

    @property
    def node_id(self) -> str:
        """Of the issue or pull request. A comment on a pull request comes with an `issue` of its number."""
        return _text(self.payload, self._part, "node_id")[:200] if self.event in ITEM_EVENTS else ""

    @property
    def repository(self) -> str:
        return _text(self.payload, "repository", "full_name")

    @property
    def numbers(self) -> list[int]:
        """Numbers of the items in their repository: GitHub has two forms of node ids, so these count as well."""
        items: Any = None
        if self.event in ITEM_EVENTS:
            items = [self.payload.get(self._part)]
        elif self.event == "check_suite":
            suite = self.payload.get("check_suite")
            items = suite.get("pull_requests") if isinstance(suite, dict) else None
        found = [item.get("number") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        return [number for number in found if type(number) is int and 0 < number <= LARGEST_NUMBER][:MOST_ITEMS]

    @property
    def is_about_items(self) -> bool:
        """Whether it names its items; else all of a repository, or some of it, may be meant."""
        return self.event in ITEM_EVENTS or bool(self.numbers)

    @property
    def _part(self) -> str:
        return "pull_request" if self.event in PULL_REQUEST_EVENTS else "issue"


def take_deliveries(deliveries: Sequence[Delivery]) -> None:
    """Store these deliveries and see to it that what they are about is fetched again. Committed when it returns.

    One that nobody here works on is processed at once. A redelivery keeps its GUID: it is skipped once it was processed.
    """
    by_guid = {delivery.guid: delivery for delivery in deliveries}
    items = items_about(list(by_guid.values()))
    new = _store([(delivery, items[guid]) for guid, delivery in by_guid.items()])
    known = [guid for guid in by_guid if guid not in new]
    if any(items[guid] for guid in new) or (known and WebhookDelivery.objects.filter(guid__in=known, processed_at=None).exists()):
        queue_processing()


def _store(rows: list[tuple[Delivery, list[int]]]) -> set[str]:
    """Write what is not known yet, in one statement. Returns the GUIDs of what is new.

    This and the next two are in SQL because a delivery needs nothing else of the database: to build the statements
    from models takes several times as long as all the rest, at each delivery.
    """
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    values: list[Any] = []
    for delivery, items in rows:
        values += [delivery.guid, delivery.event, delivery.node_id, json.dumps(items), now, None if items else now]
    places = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(rows))
    # The names of tables are our own, and all values are parameters.
    statement = (
        f"INSERT INTO {WebhookDelivery._meta.db_table} (guid, event, about, items, received_at, processed_at) VALUES {places}"  # noqa: S608
        " ON CONFLICT (guid) DO NOTHING RETURNING guid"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return {guid for (guid,) in cursor.fetchall()}


def _named_items(node_ids: set[str], numbers: set[int]) -> list[tuple[int, str, str, str, int | None]]:
    """`(pk, kind, node id, repository, number)` of the items with one of these node ids or numbers."""
    found = [
        f"{column} IN ({', '.join(['%s'] * len(wanted))})"
        for column, wanted in (("node_id", node_ids), ("number", numbers))
        if wanted
    ]
    if not found:
        return []
    statement = (
        f"SELECT id, kind, node_id, repository, number FROM {WorkItem._meta.db_table}"  # noqa: S608
        f" WHERE ({' OR '.join(found)}) AND host = %s ORDER BY id"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*node_ids, *numbers, github_host()])
        return [row for row in cursor.fetchall() if row[1] in GITHUB_KINDS]


def _processing_waits() -> bool:
    """Whether the latest run of the task that fetches waits."""
    from contributions.tasks import process_deliveries_task

    statement = f"SELECT state FROM {TaskRun._meta.db_table} WHERE task_path = %s ORDER BY id DESC LIMIT 1"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [process_deliveries_task.module_path])
        return cursor.fetchone() == (TaskRun.State.WAITING,)


def items_about(deliveries: Sequence[Delivery]) -> dict[str, list[int]]:
    """Primary keys of the stored items that each delivery is about, by GUID; none where nobody here works on them."""
    named = [delivery for delivery in deliveries if delivery.is_about_items]
    node_ids = {delivery.node_id for delivery in named} - {""}
    numbers = {number for delivery in named for number in delivery.numbers}
    rows = _named_items(node_ids, numbers)
    found: dict[str, list[int]] = {}
    for delivery in deliveries:
        if not delivery.is_about_items:
            found[delivery.guid] = _in_repository(delivery)
            continue
        node_id, repository, numbers = delivery.node_id, delivery.repository.lower(), set(delivery.numbers)
        found[delivery.guid] = [
            pk
            for pk, kind, its_node_id, its_repository, number in rows
            if (node_id and its_node_id == node_id)
            or (
                number in numbers
                and its_repository.lower() == repository
                # Checks run for pull requests alone.
                and (delivery.event != "check_suite" or kind == WorkItem.Kind.PULL_REQUEST)
            )
        ][:MOST_ITEMS]
    return found


def _in_repository(delivery: Delivery) -> list[int]:
    rows = WorkItem.objects.filter(host=github_host(), kind__in=GITHUB_KINDS).open().order_by("pk")
    name = delivery.repository
    if not name:
        return []
    if delivery.event in ("check_suite", "status"):
        # A pull request from a fork is not named: all open ones of its author may be meant, and rarely are many open.
        author = _text(delivery.payload, "sender", "node_id")
        waiting = rows.filter(repository__iexact=name, kind=WorkItem.Kind.PULL_REQUEST).exclude(ci="")
        own = list(waiting.filter(author_node_id=author).values_list("pk", flat=True)[:MOST_ITEMS]) if author else []
        return own or list(waiting.filter(ci=WorkItem.CI.PENDING).values_list("pk", flat=True)[:MOST_ITEMS])
    if delivery.event == "repository":
        same_name = Q()
        for each in (name, *_names_before(delivery)):
            same_name |= Q(repository__iexact=each)
        return list(rows.filter(same_name).values_list("pk", flat=True)[:MOST_ITEMS])
    return []


def _names_before(delivery: Delivery) -> list[str]:
    """What a repository was called before it was renamed, or given to somebody else."""
    owner, _slash, name = delivery.repository.partition("/")
    before = _text(delivery.payload, "changes", "repository", "name", "from")
    owners = [_text(delivery.payload, "changes", "owner", "from", kind, "login") for kind in ("user", "organization")]
    return [f"{owner}/{before}"] * bool(before) + [f"{each}/{name}" for each in owners if each]


def queue_processing() -> None:
    """Queue the fetching of what open deliveries are about, unless it waits already. Call it after they are committed.

    One that runs does not count: it may have read its deliveries, and what GitHub says about them, before these came.
    """
    from contributions.tasks import process_deliveries_task

    if _processing_waits():
        return
    latest = _latest_run()
    task = process_deliveries_task
    if latest is not None:
        if latest["state"] == TaskRun.State.WAITING:
            return
        if latest["state"] == TaskRun.State.FAILED and latest["finished_at"] > timezone.now() - AFTER_FAILURE:
            task = task.using(run_after=latest["finished_at"] + AFTER_FAILURE)
    # Of those who look at the same moment, one queues it.
    enqueue(task, unique_key=f"after {latest['pk'] if latest else 0}")


def queue_forgotten() -> bool:
    """Queue the fetching for a delivery whose process ended between storing it and queueing. True where there is one."""
    newest = _open().aggregate(at=Max("received_at"))["at"]
    latest = _latest_run()
    if newest is None or (latest is not None and (latest["state"] in TaskRun.OPEN or latest["queued_at"] > newest)):
        return False
    queue_processing()
    return True


def process_deliveries() -> int:
    """Fetch again what the open deliveries are about, and return how many are processed by that.

    Each item is fetched once, however many deliveries are about it. Raises `GitHubError` where GitHub stops us; what was
    fetched until then stays processed. An item that fails for a reason of its own does not stop the rest, and is raised
    at the end.
    """
    processed, after = 0, 0
    broken: dict[int, Exception] = {}
    newest = _open().aggregate(pk=Max("pk"))["pk"] or 0
    while page := list(
        _open().filter(pk__gt=after, pk__lte=newest).order_by("pk").values_list("pk", "items")[:DELIVERIES_AT_ONCE]
    ):
        after = page[-1][0]
        # All of them were read before any of this is fetched, so one fetch of an item serves all of them.
        items = list(dict.fromkeys(item for _pk, items in page for item in items if item not in broken))
        fetched: set[int] = set()
        for start in range(0, len(items) or 1, ITEMS_AT_ONCE):
            part = items[start : start + ITEMS_AT_ONCE]
            broken |= _fetch(part)
            fetched |= set(part) - broken.keys()
            done = [pk for pk, items_of_it in page if fetched.issuperset(items_of_it)]
            processed += WebhookDelivery.objects.filter(pk__in=done, processed_at=None).update(processed_at=timezone.now())
    if broken:
        raise next(iter(broken.values()))
    return processed


def _fetch(items: list[int]) -> dict[int, Exception]:
    """Fetch these items; returns those that failed, with why. One by one where all together fail."""
    if not items:
        return {}
    try:
        refetch(items)
    except GitHubError:
        raise
    except Exception as error:
        if len(items) == 1:
            logger.error("Work item %s cannot be fetched again: %s", items[0], type(error).__name__)
            return {items[0]: error}
        broken: dict[int, Exception] = {}
        for item in items:
            broken |= _fetch([item])
        return broken
    return {}


def _open():
    return WebhookDelivery.objects.filter(processed_at=None, received_at__gt=timezone.now() - GIVE_UP_AFTER)


def _latest_run() -> Mapping[str, Any] | None:
    from contributions.tasks import process_deliveries_task

    runs = TaskRun.objects.filter(task_path=process_deliveries_task.module_path).order_by("-pk")
    return runs.values("pk", "state", "queued_at", "finished_at").first()


def _text(payload: dict[str, Any], *path: str) -> str:
    value: Any = payload
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    # What no database takes (NUL, halves of characters) is in no name that we know either.
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else ""
