"""Removing what is due: some hundred rows at a time, each batch under the lock of its session, with a row that says how many went.

It can be interrupted anywhere: the next run goes on with the same row. What fails for one kind keeps none of the others.
"""

import datetime
import logging
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.audit import record
from cohorts.models import RetentionRun, Session

from .kinds import Kind, Part, kinds
from .numbers import numbers_of
from .schedule import days_of, goes_at

logger = logging.getLogger(__name__)

#: Rows emptied in one transaction: on SQLite nobody else writes meanwhile.
AT_ONCE = 200

State = RetentionRun.State


class RetentionError(Exception):
    """Something could not be removed. The text holds numbers of sessions and names of kinds, nothing of people."""


def remove_due(now: datetime.datetime | None = None) -> int:
    """Remove all that is due, of all sessions. Returns how many rows were emptied.

    Raises `RetentionError` at the end where some of it failed; the rest is done by then.
    """
    now = now or timezone.now()
    removed, failed = 0, []
    for session in Session.objects.filter(starts_on__lt=now + datetime.timedelta(days=1)).order_by("pk"):
        days = days_of(session)
        for kind in kinds():
            if goes_at(session, days[kind.key]) > now:
                continue
            try:
                removed += remove_kind(session, kind, now=now)
            except Exception as error:
                # The text of the error may hold what was to be removed; its traceback stays in this process.
                logger.error("Retention of session %s, %s: %s", session.pk, kind.key, type(error).__name__)
                failed.append(f"session {session.pk}, {kind.key}: {type(error).__name__}")
    if failed:
        raise RetentionError("; ".join(failed))
    return removed


def remove_kind(session: Session, kind: Kind, *, now: datetime.datetime | None = None) -> int:
    """Remove what is left of `kind` in `session`, if it is due. Returns how many rows were emptied; nothing is noted where there are none."""
    now = now or timezone.now()
    if not any(part.rows(session).exists() for part in kind.parts):
        RetentionRun.objects.filter(session=session, kind=kind.key, state=State.RUNNING).update(state=State.DONE, ended_at=now)
        return 0
    run = _begun(session, kind, now)
    before = numbers_of(session)
    removed = 0
    try:
        for part in kind.parts:
            while done := _batch(run, kind, part, now):
                removed += done
    except Exception as error:
        RetentionRun.objects.filter(pk=run.pk).update(
            state=State.FAILED, error=type(error).__name__[:100], ended_at=timezone.now()
        )
        raise
    kept = numbers_of(session) == before
    RetentionRun.objects.filter(pk=run.pk).update(state=State.DONE, error="", figures_kept=kept, ended_at=timezone.now())
    if not kept:
        logger.error("Retention of session %s, %s: its numbers are not the same as before.", session.pk, kind.key)
    if removed:
        record("retention.removed", about=run, scope=session, details={"kind": kind.key, "removed": removed})
    return removed


def _begun(session: Session, kind: Kind, now: datetime.datetime) -> RetentionRun:
    """The run that was interrupted, or a new one."""
    days = days_of(session)[kind.key]
    with transaction.atomic():
        list(Session.objects.select_for_update().filter(pk=session.pk).values_list("pk"))
        unfinished = RetentionRun.objects.filter(session=session, kind=kind.key).exclude(state=State.DONE)
        run = unfinished.order_by("-started_at", "-pk").first()
        if run is None:
            return RetentionRun.objects.create(session=session, kind=kind.key, days=days, started_at=now)
        run.state, run.error, run.ended_at, run.days = State.RUNNING, "", None, days
        run.save()
        return run


def _batch(run: RetentionRun, kind: Kind, part: Part, now: datetime.datetime) -> int:
    """Empty the next rows of a part. 0: there are none, or organisers have said meanwhile that it is kept longer."""
    with transaction.atomic():
        session = Session.objects.select_for_update().get(pk=run.session_id)
        if goes_at(session, days_of(session)[kind.key]) > now:
            return 0
        keys = _keys(part, session)
        if not keys:
            return 0
        part.empty(keys)
        # A part that does not empty what it finds would go on for ever.
        left = set(keys) & set(part.rows(session).filter(pk__in=keys).values_list("pk", flat=True))
        if left:
            raise RetentionError(f"{kind.key}: {len(left)} rows are still there after they were emptied.")
        RetentionRun.objects.filter(pk=run.pk).update(removed=F("removed") + len(keys))
    return len(keys)


def _keys(part: Part, session: Session) -> list[Any]:
    return list(part.rows(session).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
