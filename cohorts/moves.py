"""Every move that an application can make, and the one function that makes them.

The table says which moves are legal, who may make them and when. Nothing else writes `Application.status`.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

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
    (Status.OFFERED, Status.DECLINED): _move(Actor.APPLICANT),
    (Status.OFFERED, Status.EXPIRED): _move(Actor.SITE, obstacle=_after_offer_ended),
    (Status.ACCEPTED, Status.DECLINED): _move(Actor.APPLICANT, obstacle=_before_start),
    (Status.DECLINED, Status.OFFERED): _move(Actor.ORGANISER, obstacle=_before_end),
    (Status.EXPIRED, Status.OFFERED): _move(Actor.ORGANISER, obstacle=_before_end),
    (Status.NOT_SELECTED, Status.OFFERED): _move(Actor.ORGANISER, obstacle=_before_end),
}


def actor_kind(application: Application, user) -> str | None:
    """In which part `user` acts on this application; None where in no part. `user` None is the site itself.

    The applicant is always the applicant, also when that person organises: nobody decides on themselves.
    """
    if user is None:
        return Actor.SITE
    if user.pk == application.applicant_id:
        return Actor.APPLICANT
    if Application.objects.organised_by(user).filter(pk=application.pk).exists():
        return Actor.ORGANISER
    return None


def obstacle(application: Application, to: str, *, by, now: datetime.datetime | None = None):
    """Why `by` cannot move `application` to `to` at `now`: a text for that person, or None where nothing stands against it."""
    row = MOVES.get((application.status, to))
    if row is None:
        return _("An application that is “%(from)s” cannot become “%(to)s”.") % {
            "from": application.get_status_display(),
            "to": Status(to).label,
        }
    if actor_kind(application, by) not in row.actors:
        return _("You cannot make this change.")
    return row.obstacle(application, now or timezone.now())


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
    now = timezone.now()
    with transaction.atomic():
        locked = Application.objects.select_for_update(of=("self",)).select_related("session").get(pk=application.pk)
        against = obstacle(locked, to, by=by, now=now)
        if against is not None:
            raise MoveError(against)
        event = ApplicationEvent.objects.create(
            application=locked, from_status=locked.status, to_status=to, actor=by, at=now, note=note
        )
        locked.status = to
        for name, value in (changes or {}).items():
            setattr(locked, name, value)
        locked.save(update_fields=["status", "updated_at", *(changes or {})])
        if after is not None:
            after(locked)
    application.refresh_from_db(fields=["status", "updated_at", *(changes or {})])
    return event
