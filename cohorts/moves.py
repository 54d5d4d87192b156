"""Every move that an application can make, and the one function that makes them.

The table says which moves are legal, who may make them and when. Nothing else writes `Application.status`.
"""

import datetime
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.audit import record

from .late_access import deadline_of
from .models import Application, ApplicationEvent
from .stages import takes_applications

Status = Application.Status


class MoveError(Exception):
    """A move that the table does not allow. The text is for the person who tried."""


class Actor:
    """Who makes a move."""

    APPLICANT = "applicant"
    ORGANISER = "organiser"
    SITE = "site"


@dataclass(frozen=True)
class Move:
    """One row of the table: who may make it, and the condition on the dates (a message where it does not hold)."""

    actors: frozenset[str]
    obstacle: Callable[[Application, datetime.datetime], Any]


def _free(application, now):
    return None


def _until_deadline(application, now):
    if takes_applications(application.session, now) or deadline_of(application, now):
        return None
    return _("Applications for this session are closed.")


def _while_offer_stands(application, now):
    session = application.session
    if session.archived_at or now >= session.ends_at:
        return _("The session is over.")
    if application.answer_by and now >= application.answer_by:
        return _("The time to answer this offer is over. Write to the organisers if you still want the place.")
    return None


def _after_offer_ended(application, now):
    if application.answer_by and now < application.answer_by:
        return _("This offer stands until its date.")
    return None


def _before_start(application, now):
    return _("The session has begun. Talk to your organisers.") if now >= application.session.begins_at else None


def _before_end(application, now):
    return _("The session is over.") if now >= application.session.ends_at else None


def _move(*actors: str, obstacle=_free) -> Move:
    return Move(frozenset(actors), obstacle)


#: (from, to) → who may, and when. Organisers act through publishing and through the decision page; the site expires offers.
MOVES: dict[tuple[str, str], Move] = {
    (Status.DRAFT, Status.SUBMITTED): _move(Actor.APPLICANT, obstacle=_until_deadline),
    (Status.SUBMITTED, Status.SUBMITTED): _move(Actor.APPLICANT, obstacle=_until_deadline),
    (Status.SUBMITTED, Status.WITHDRAWN): _move(Actor.APPLICANT),
    (Status.SUBMITTED, Status.OFFERED): _move(Actor.ORGANISER, obstacle=_before_end),
    (Status.SUBMITTED, Status.WAITLISTED): _move(Actor.ORGANISER),
    (Status.SUBMITTED, Status.NOT_SELECTED): _move(Actor.ORGANISER),
    (Status.WITHDRAWN, Status.SUBMITTED): _move(Actor.APPLICANT, obstacle=_until_deadline),
    (Status.WAITLISTED, Status.OFFERED): _move(Actor.ORGANISER, Actor.SITE, obstacle=_before_end),
    (Status.WAITLISTED, Status.NOT_SELECTED): _move(Actor.ORGANISER),
    (Status.WAITLISTED, Status.WITHDRAWN): _move(Actor.APPLICANT),
    (Status.OFFERED, Status.ACCEPTED): _move(Actor.APPLICANT, obstacle=_while_offer_stands),
    (Status.OFFERED, Status.DECLINED): _move(Actor.APPLICANT, obstacle=_while_offer_stands),
    (Status.OFFERED, Status.EXPIRED): _move(Actor.SITE, obstacle=_after_offer_ended),
    (Status.ACCEPTED, Status.DECLINED): _move(Actor.APPLICANT, obstacle=_before_start),
    (Status.DECLINED, Status.OFFERED): _move(Actor.ORGANISER, obstacle=_before_end),
    (Status.EXPIRED, Status.OFFERED): _move(Actor.ORGANISER, obstacle=_before_end),
    (Status.NOT_SELECTED, Status.OFFERED): _move(Actor.ORGANISER, obstacle=_before_end),
}


def actor_kinds(applications: Collection[Application], user) -> dict[int, str | None]:
    """In which part `user` acts on each application, by its id; None where in no part. `user` None is the site itself. One query.

    The applicant is always the applicant, also when that person organises: nobody decides on themselves.
    """
    if user is None:
        return {one.pk: Actor.SITE for one in applications}
    kinds: dict[int, str | None] = {one.pk: Actor.APPLICANT if user.pk == one.applicant_id else None for one in applications}
    others = [pk for pk, kind in kinds.items() if kind is None]
    if others:
        organised = Application.objects.organised_by(user).filter(pk__in=others)
        kinds |= dict.fromkeys(organised.values_list("pk", flat=True), Actor.ORGANISER)
    return kinds


def actor_kind(application: Application, user) -> str | None:
    """In which part `user` acts on this application: see `actor_kinds`."""
    return actor_kinds([application], user)[application.pk]


def obstacle(application: Application, to: str, *, by, now: datetime.datetime | None = None):
    """Why `by` cannot move `application` to `to` at `now`: a text for that person, or None where nothing stands against it."""
    # The table is asked first: for a move that nobody can make, nobody need be looked up.
    known = (application.status, to) in MOVES
    return _obstacle(application, to, actor_kind(application, by) if known else None, now or timezone.now())


def _obstacle(application: Application, to: str, kind: str | None, now: datetime.datetime):
    row = MOVES.get((application.status, to))
    if row is None:
        return _("An application that is “%(from)s” cannot become “%(to)s”.") % {
            "from": application.get_status_display(),
            "to": Status(to).label,
        }
    if kind not in row.actors:
        return _("You cannot make this change.")
    return row.obstacle(application, now)


def move(
    application: Application,
    to: str,
    *,
    by,
    note: str = "",
    changes: dict[str, Any] | None = None,
    after: Callable[[Application], None] | None = None,
) -> ApplicationEvent:
    """Move an application to the status `to`, in one transaction under a lock of its row.

    `by` is the person who acts, or None for the site. `changes` are other fields to set with the status. `after` runs inside
    the transaction on the locked row (e.g. to open a membership). Writes an `ApplicationEvent` and returns it.
    Raises `MoveError` where the table, the dates or the person forbid it; then nothing is written.
    """
    with transaction.atomic():
        (event,) = move_all([application], to, by=by, note=note, changes=changes)
        if by is not None and by.pk != application.applicant_id:
            told = {"from": event.from_status, "to": event.to_status}
            record(
                "application.moved",
                by=by,
                to=application.applicant_id,
                about=application,
                scope=application.session_id,
                details=told,
            )
        if after is not None:
            after(event.application)
    application.refresh_from_db(fields=["status", "updated_at", *(changes or {})])
    return event


def move_all(
    applications: Collection[Application], to: str, *, by, note: str = "", changes: dict[str, Any] | None = None
) -> list[ApplicationEvent]:
    """Move applications to the status `to`, all or none, in a number of statements that does not depend on how many there are.

    As `move`, which is this for one. `changes` are the same for all; an expression such as `F("pending_rank")` is of each row.
    The objects that are given keep their old status. Returns the events in the order of the primary keys, each with its row as it is now.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Application.objects.select_for_update(of=("self",)).select_related("session")
        locked = list(rows.filter(pk__in=[one.pk for one in applications]).order_by("pk"))
        if len(locked) < len(applications):
            raise Application.DoesNotExist("An application that should move is gone.")
        known = [one for one in locked if (one.status, to) in MOVES]
        kinds = actor_kinds(known, by)
        for one in locked:
            against = _obstacle(one, to, kinds.get(one.pk), now)
            if against is not None:
                raise MoveError(against)
        events = ApplicationEvent.objects.bulk_create(
            ApplicationEvent(application=one, from_status=one.status, to_status=to, actor=by, at=now, note=note) for one in locked
        )
        values = {"status": to, "updated_at": now, **(changes or {})}
        Application.objects.filter(pk__in=[one.pk for one in locked]).update(**values)
        for one in locked:
            for name, value in values.items():
                if not hasattr(value, "resolve_expression"):
                    setattr(one, name, value)
    return events


def bring_in(applications: Sequence[Application], *, by, note: str) -> None:
    """Store applications that were made and decided elsewhere, each with the status that it had there and the event that says so.

    For importing alone: no row of the table is asked, and nobody is told. Inside a transaction that holds the lock of the session.
    The rows are new, and have their keys afterwards. Two statements for some hundreds.
    """
    now = timezone.now()
    created = Application.objects.bulk_create(applications, batch_size=500)
    ApplicationEvent.objects.bulk_create(
        [
            ApplicationEvent(
                application=one, from_status=Status.DRAFT, to_status=one.status, actor=by, at=one.submitted_at or now, note=note
            )
            for one in created
        ],
        batch_size=500,
    )
