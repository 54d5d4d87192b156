"""Following what lies on trackers: one request an item, every six hours, a little apart, and nothing inside a transaction."""

import contextlib
import hashlib
import random
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from background import enqueue
from background.actions import ActionRefused, run_now
from background.models import TaskRun
from cohorts.models import Membership, Session
from contributions.models import WorkItem
from contributions.sync.due import interval_of
from contributions.sync.store import mark_gone
from contributions.trackers import TRACKERS, Place, Snapshot, Tracker
from contributions.trackers.answers import Busy, Missing, Refused, TrackerError, Unavailable, ask, ask_json
from contributions.trackers.interface import Request, Unreadable

OPEN_AGAIN_AFTER = timedelta(hours=6)
#: What is closed may be opened again, and what vanished may come back.
DONE_AGAIN_AFTER = timedelta(days=1)
#: So many of what is due are asked for in one go, one every so many seconds: a tracker gets no more than that from us.
MOST_AT_ONCE, APART = 30, timedelta(seconds=10)
#: The same where somebody waits for it; and however often they ask, an item is asked for once in so long.
MOST_FOR_PEOPLE, APART_FOR_PEOPLE, ONCE_IN = 100, timedelta(seconds=1), timedelta(minutes=5)


def fetch(item_pk: int) -> None:
    """Ask the tracker about one item and store what it says. What goes wrong is kept on the item, and raised.

    Raises `TrackerError`: `Unavailable` and `Busy` where it helps to ask again.
    """
    item = WorkItem.objects.filter(pk=item_pk).exclude(tracker="").first()
    tracker = TRACKERS.get(item.tracker) if item else None
    if item is None or tracker is None or item.number is None:
        return
    place = Place(item.kind, item.number, item.url, item.repository)
    address = tracker.address(place)
    if address is None:
        # The operator has not set this tracker up: the link is all there is.
        _postpone(item_pk, DONE_AGAIN_AFTER)
        return
    try:
        _be_patient(item, tracker)
        data = ask(address, name=tracker.name)
        more = {name: _told(request, tracker) for name, request in tracker.further(place, data).items()}
        snapshot = tracker.read(place, data, more)
    except Busy as error:
        # It let us know that it is well, so this is no problem of the item. It means all that we ask of it.
        wait = timedelta(seconds=error.seconds)
        cache.set(_patience(item), timezone.now() + wait, int(error.seconds) + 1)
        _postpone(item_pk, wait)
        raise
    except Missing as error:
        if item.fetched_at is not None:
            _mark_gone(item_pk)
        else:
            _keep_problem(item_pk, str(error))
    except Unreadable as error:
        said = _("%(tracker)s sent an answer without what it needs (%(missing)s)")
        raise _kept(item_pk, Unavailable(said % {"tracker": tracker.name, "missing": error})) from error
    except TrackerError as error:
        raise _kept(item_pk, error) from error
    else:
        store(item_pk, snapshot)


def _told(request: Request, tracker: Tracker) -> Any:
    """The answer to what is asked besides; None where the tracker keeps it to itself, which is no fault of the item's."""
    try:
        return ask_json(request, name=tracker.name)
    except (Refused, Missing):
        return None


def _patience(item: WorkItem) -> str:
    return f"tracker-asks-for-patience-{item.tracker}-{hashlib.sha256(item.host.encode()).hexdigest()}"


def _be_patient(item: WorkItem, tracker: Tracker) -> None:
    """Raises `Busy` while the tracker of an item asks for patience, whatever it was asked about then."""
    until = cache.get(_patience(item))
    if until is not None and until > timezone.now():
        seconds = (until - timezone.now()).total_seconds()
        raise Busy(_("%(tracker)s asks us to wait") % {"tracker": tracker.name}, seconds)


@transaction.atomic
def store(item_pk: int, snapshot: Snapshot) -> None:
    """Write what a tracker said. What it does not tell, when something began, is when we first saw it."""
    row = WorkItem.objects.select_for_update().filter(pk=item_pk).first()
    if row is None:
        return
    now = timezone.now()
    seen_before = row.fetched_at is not None
    values = asdict(snapshot)
    if values["turn_since"] is None and values["turn"]:
        same = (row.turn, row.turn_reason) == (snapshot.turn, snapshot.turn_reason)
        values["turn_since"] = row.turn_since if same else now if seen_before else None
    if values["closed_at"] is None and snapshot.state not in WorkItem.OPEN_STATES:
        values["closed_at"] = row.closed_at or (now if seen_before and row.is_open else None)
    moved_to = snapshot.moved_to
    del values["moved_to"]
    for name in Snapshot.ONCE_KNOWN:
        if values[name] is None:
            del values[name]
    if moved_to is not None and not _is_taken(row, moved_to):
        values |= {"moved_from": row.url, "url": moved_to.url, "repository": moved_to.repository, "number": moved_to.number}
    for name, value in values.items():
        setattr(row, name, value)
    row.gone_at = None
    row.gone, row.problem, row.problem_at, row.fetched_at = "", "", None, now
    row.fetch_after = now + _a_while(OPEN_AGAIN_AFTER if row.is_open else DONE_AGAIN_AFTER)
    row.save(update_fields=[*values, "gone", "gone_at", "problem", "problem_at", "fetched_at", "fetch_after"])


def _is_taken(row: WorkItem, place: Place) -> bool:
    """Whether somebody pasted the new address of what moved: then each keeps its own row."""
    return WorkItem.objects.filter(host=row.host, kind=row.kind, url=place.url).exclude(pk=row.pk).exists()


def queue_due(now: datetime | None = None) -> int:
    """Queue the fetching of what is due, of sessions that are followed; returns how many."""
    # Tasks import the domain; here only their names are needed.
    from contributions.tasks import fetch_from_tracker

    now = now or timezone.now()
    sessions = [
        session.pk for session in Session.objects.filter(published_at__lte=now, archived_at=None) if interval_of(session, now)
    ]
    due = (
        WorkItem.objects.exclude(tracker="")
        .filter(Q(fetch_after=None) | Q(fetch_after__lte=now))
        .filter(contributions__hidden=False, contributions__membership__cohort__session__in=sessions)
        .order_by(F("fetch_after").asc(nulls_first=True), "pk")
        .values_list("pk", flat=True)
        .distinct()
    )
    queued = [
        enqueue(fetch_from_tracker.using(run_after=now + number * APART), pk) for number, pk in enumerate(due[:MOST_AT_ONCE])
    ]
    return sum(run is not None for run in queued)


def fetch_now(memberships: Iterable[Membership], *, now: datetime | None = None) -> int:
    """Queue the fetching of everything that these members have on trackers, a second apart; returns how many are queued.

    For somebody who presses *sync now*. Polite all the same: what was asked for in the last five minutes, or waits to be
    asked for, is left out, and so is what the tracker wants to be left alone for a while. Open items come first; what
    waits for another try after an outage is tried at once.
    """
    from contributions.tasks import fetch_from_tracker

    now = now or timezone.now()
    items = WorkItem.objects.exclude(tracker="").filter(contributions__hidden=False, contributions__membership__in=memberships)
    rows = items.filter(Q(fetched_at=None) | Q(fetched_at__lte=now - ONCE_IN)).values_list("pk", "state").distinct()
    wanted = [pk for pk, _state in sorted(rows, key=lambda row: (row[1] not in WorkItem.OPEN_STATES, row[0]))]
    runs = TaskRun.objects.filter(task_path=fetch_from_tracker.module_path, about__in=[f"workitem {pk}" for pk in wanted])
    # An attempt that failed is one that the tracker has seen. `fetched_at` tells of those that went well alone.
    asked = runs.filter(finished_at__gt=now - ONCE_IN).exclude(started_at=None)
    leave = set(asked.values_list("about", flat=True))
    waiting = {run.about: run for run in runs.open()}
    # One that failed for good or for a while waits up to an hour; one that the tracker has put off waits for its reason.
    last = dict(runs.exclude(state__in=TaskRun.OPEN).filter(about__in=waiting).order_by("pk").values_list("about", "state"))
    queued = 0
    for pk in wanted:
        about = f"workitem {pk}"
        if about in leave or queued == MOST_FOR_PEOPLE:
            continue
        if about not in waiting:
            queued += enqueue(fetch_from_tracker.using(run_after=now + queued * APART_FOR_PEOPLE), pk) is not None
        elif last.get(about) == TaskRun.State.RETRIED:
            # It may begin in this very moment: then it needs no push.
            with contextlib.suppress(ActionRefused):
                queued += run_now(waiting[about]) is not None
    return queued


def _mark_gone(item_pk: int) -> None:
    mark_gone(item_pk, WorkItem.Gone.NOT_VISIBLE)
    after = timezone.now() + _a_while(DONE_AGAIN_AFTER)
    WorkItem.objects.filter(pk=item_pk).update(problem="", problem_at=None, fetch_after=after)


def _kept(item_pk: int, error: TrackerError) -> TrackerError:
    _keep_problem(item_pk, str(error))
    return error


def _keep_problem(item_pk: int, message: str) -> None:
    """The problem as it is now, since when there is one; what was stored before stays visible."""
    now = timezone.now()
    items = WorkItem.objects.filter(pk=item_pk)
    items.filter(problem="").update(problem_at=now)
    items.update(problem=message[:300], fetch_after=now + _a_while(OPEN_AGAIN_AFTER))


def _postpone(item_pk: int, wait: timedelta) -> None:
    WorkItem.objects.filter(pk=item_pk).update(fetch_after=timezone.now() + _a_while(wait))


def _a_while(wait: timedelta) -> timedelta:
    """About this long, so that what was pasted together is not asked for together for ever."""
    return wait * random.uniform(0.9, 1.1)  # noqa: S311 (no secret)
