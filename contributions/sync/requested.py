"""Asking for a sync: one waits or runs at a time, and asking again leads to that one."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from background import enqueue
from cohorts.models import Cohort, Membership, Project, Session, Tracker
from contributions.models import SyncRun

#: A run that showed no sign of life for this long is lost: its worker died, or there is none.
LOST_AFTER = timedelta(minutes=15)


def request_sync(
    session: Session,
    *,
    trigger: str,
    by: User | None = None,
    membership: Membership | None = None,
    project: Project | None = None,
    full: bool = False,
    queue: bool = True,
) -> SyncRun:
    """Queue a sync of a session, or of one project or one member in it, after the commit; return the run to watch.

    Where one of the same waits or runs, that one is returned; for a member or a project also one of the whole session. One that
    only waits takes over what is more: `full`, and that a person asked. Where a person asks, what those members have on
    trackers is asked for as well, each ticket at most every few minutes. Raises `PermissionDenied` unless `by` may see the
    member, organises the session or leads a cohort of it; None is the site itself. Raises `ValueError` for a member or
    project that is none of the session's. With `queue=False` the caller does the run.
    """
    _check(session, membership, project)
    _may_ask(session, membership, by)
    give_up_lost(session)
    if trigger == SyncRun.Trigger.PERSON:
        _ask_trackers(session, membership, project)
    if membership is not None or project is not None:
        whole = SyncRun.objects.whole().waiting_or_running().filter(session=session).first()
        if whole is not None:
            return _raised(whole, trigger=trigger, requested_by=by, full=full)
    run, created = _find_or_create(session, membership, project, trigger=trigger, requested_by=by, full=full)
    if created and queue:
        _enqueue(run.pk)
    return run


def is_covered(run: SyncRun) -> bool:
    """Whether a sync of the whole session went through since this one, of a member or a project, was asked for."""
    if run.is_whole:
        return False
    good = SyncRun.objects.whole().went_through().filter(session=run.session_id)
    since = good.filter(started_at__gt=run.queued_at)
    return (since.filter(full=True) if run.full else since).exists()


def give_up_lost(session: Session) -> None:
    """Mark runs of a session as lost that showed no sign of life for a quarter of an hour."""
    now = timezone.now()
    for run in SyncRun.objects.waiting_or_running().filter(session=session):
        if (run.progress_at or run.queued_at) > now - LOST_AFTER:
            continue
        was_queued = run.state == SyncRun.State.QUEUED
        message = _("Nobody took it on: is the worker running?") if was_queued else _("Its worker was lost.")
        error = {"code": "lost", "where": run.doing, "about": "", "message": message}
        # Compare and set: it may have shown a sign of life in this very moment.
        SyncRun.objects.filter(pk=run.pk, state=run.state, progress_at=run.progress_at).update(
            state=SyncRun.State.FAILED, finished_at=now, errors=[*run.errors, error], retry_at=now
        )


def _check(session: Session, membership: Membership | None, project: Project | None) -> None:
    if membership is not None and project is not None:
        raise ValueError("A sync is of a member or of a project, not of both.")
    if membership is not None and membership.cohort.session_id != session.pk:
        raise ValueError("This member belongs to another session.")
    if project is not None and not session.projects.filter(pk=project.pk).exists():
        raise ValueError("This project belongs to another session.")


def _may_ask(session: Session, membership: Membership | None, by: User | None) -> None:
    if by is None:
        return
    if membership is not None:
        if Membership.objects.visible_to(by).filter(pk=membership.pk).exists():
            return
    elif Cohort.objects.led_by(by).filter(session=session).exists():
        return
    if not Session.objects.organised_by(by).filter(pk=session.pk).exists():
        raise PermissionDenied


def _ask_trackers(session: Session, membership: Membership | None, project: Project | None) -> None:
    # It needs to know how often sessions are synced, and that asks for syncs.
    from contributions import following

    if membership is not None:
        following.fetch_now([membership])
    elif project is None or Tracker.objects.filter(project=project).exists():
        following.fetch_now(Membership.objects.filter(cohort__session=session).tracked())


def _find_or_create(session: Session, membership: Membership | None, project: Project | None, **values) -> tuple[SyncRun, bool]:
    there = SyncRun.objects.waiting_or_running().filter(session=session, membership=membership, project=project)
    for _attempt in range(3):
        run = there.first()
        if run is not None:
            return _raised(run, **values), False
        try:
            with transaction.atomic():
                return SyncRun.objects.create(session=session, membership=membership, project=project, **values), True
        except IntegrityError:
            # Somebody asked in the same moment: look again.
            continue
    raise RuntimeError("A sync could neither be found nor be queued.")


def _raised(run: SyncRun, *, trigger: str, requested_by: User | None, full: bool) -> SyncRun:
    """A run that only waits can still become a full one, and one of a person, who may use the points that are kept for people."""
    changes: dict[str, Any] = {"full": True} if full and not run.full else {}
    if run.trigger == SyncRun.Trigger.SCHEDULE and trigger != SyncRun.Trigger.SCHEDULE:
        changes |= {"trigger": trigger, "requested_by": requested_by}
    if changes and SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.QUEUED).update(**changes):
        for name, value in changes.items():
            setattr(run, name, value)
    return run


def _enqueue(run_pk: int) -> None:
    from contributions.tasks import sync_session_task

    enqueue(sync_session_task, run_pk)
