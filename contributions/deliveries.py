"""What becomes of a webhook delivery: which items it is about, that it is stored, and that they are fetched again.

Storing comes first, and is committed. Only then it is looked whether a task waits to work off what is stored: one that waits
begins later, so it will see the delivery; one that runs may have looked before, so another is queued. Nothing is lost in
between, and however many deliveries come, one task waits and each item is fetched once.
"""

import contextlib
import datetime
import functools
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Max, Q
from django.utils import timezone

from accounts.github import github_host
from background import enqueue
from background.models import TaskRun
from contributions.github.errors import GitHubError
from contributions.models import WebhookDelivery, WorkItem
from contributions.payloads import CHECK_EVENTS, MOST_ITEMS, Delivery
from contributions.spool import Spool
from contributions.sync.context import GITHUB_KINDS
from contributions.sync.items import refetch

logger = logging.getLogger(__name__)

#: A repository that was renamed, or given away, asks for no more items than this; the hourly sync brings the others.
MOST_OF_A_PLACE = 500

#: Items fetched before what is done is noted: as many as one request asks for.
ITEMS_AT_ONCE = 50

#: Deliveries read at once.
DELIVERIES_AT_ONCE = 500

#: What could not be fetched for so long, the hourly sync has brought, or says why it cannot.
GIVE_UP_AFTER = datetime.timedelta(days=3)

#: How long after one that failed for good the next is tried: a wrong token does not get better with each delivery.
AFTER_FAILURE = datetime.timedelta(minutes=5)


@functools.cache
def spool() -> Spool | None:
    """Where this process keeps deliveries until the database has them; None where the settings, or the system, have no place.

    Each database has a folder of its own: two sites may share a checkout.
    """
    if not settings.WEBHOOK_SPOOL or not Spool.is_possible():
        return None
    of = connection.settings_dict
    name = "|".join(str(of.get(part, "")) for part in ("ENGINE", "HOST", "PORT", "NAME"))
    return Spool(settings.WEBHOOK_SPOOL / hashlib.sha256(name.encode()).hexdigest()[:16], take_deliveries)


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
    adapt, now = connection.ops.adapt_datetimefield_value, timezone.now()
    values: list[Any] = []
    for delivery, items in rows:
        came = datetime.datetime.fromtimestamp(delivery.at, datetime.UTC) if delivery.at else now
        values += [delivery.guid, delivery.event, delivery.node_id, json.dumps(items), adapt(came), None if items else adapt(now)]
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
    in_repository = functools.cache(_in_repository)
    for delivery in deliveries:
        if not delivery.is_about_items:
            # Checks of one push come by the dozen, and mean the same.
            found[delivery.guid] = in_repository(delivery._replace(guid="", event=_sort_of(delivery), at=None))
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


def _sort_of(delivery: Delivery) -> str:
    return "status" if delivery.event in CHECK_EVENTS else "repository"


def _in_repository(delivery: Delivery) -> list[int]:
    rows = WorkItem.objects.filter(host=github_host(), kind__in=GITHUB_KINDS).order_by("pk")
    if delivery.event in CHECK_EVENTS:
        if not delivery.repository:
            return []
        # A pull request from a fork is not named: all open ones of its author may be meant, and rarely are many open.
        waiting = rows.open().filter(repository__iexact=delivery.repository, kind=WorkItem.Kind.PULL_REQUEST).exclude(ci="")
        author = delivery.sender
        own = list(waiting.filter(author_node_id=author).values_list("pk", flat=True)[:MOST_ITEMS]) if author else []
        return own or list(waiting.filter(ci=WorkItem.CI.PENDING).values_list("pk", flat=True)[:MOST_ITEMS])
    here = Q()
    for place in delivery.places:
        here |= Q(repository__istartswith=place) if place.endswith("/") else Q(repository__iexact=place)
    if not here:
        return []
    # What is done has a new address as well, or nobody may see it any more. Open items come first.
    found = rows.filter(here).values_list("pk", "state")
    return [pk for pk, _state in sorted(found, key=lambda row: row[1] not in WorkItem.OPEN_STATES)][:MOST_OF_A_PLACE]


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
    kept = spool()
    if kept is not None:
        # Of a web server on this machine that ended before it had stored them. A file that is not ours to read stands in the log.
        with contextlib.suppress(OSError):
            kept.drain()
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
