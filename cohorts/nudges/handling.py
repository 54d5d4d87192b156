"""What people do about a nudge: mark it as handled, with a note, and take that back."""

import datetime
from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cohorts import attention
from cohorts.attention import Reason
from cohorts.models import Membership, Nudge
from cohorts.questions import clean_text

from .noticing import AGAIN_AFTER, RETURN

#: As long as a note may be.
LONGEST_NOTE = 2000


class NothingToHandle(Exception):
    """It is over by now, or was answered. The text is for who wanted to mark it."""


class AlreadyHandled(Exception):
    """Somebody else was quicker. `nudge` says who, and when. The text is for who wanted to mark it."""

    def __init__(self, nudge: Nudge) -> None:
        name = nudge.handled_by.get_short_name() if nudge.handled_by else ""
        text = _("%(name)s has handled this already.") % {"name": name} if name else _("Somebody has handled this already.")
        super().__init__(text)
        self.nudge = nudge


def may_handle(user, membership: Membership) -> bool:
    """Whether `user` leads the member's cohort or organises the session, and is not the member."""
    if membership.user_id == user.pk:
        return False
    return Membership.objects.led_by(user).visible_to(user).filter(pk=membership.pk).exists()


def handle(membership: Membership, kind: str, key: str, *, by, note: str = "", now: datetime.datetime | None = None) -> Nudge:
    """As `handle_several`, for one thing."""
    return handle_several(membership, [(kind, key)], by=by, note=note, now=now)[0]


def handle_several(
    membership: Membership, which: Iterable[tuple[str, str]], *, by, note: str = "", now: datetime.datetime | None = None
) -> list[Nudge]:
    """Mark what calls for attention (kinds and keys as in `Reason.identity`) as handled. It stays so until the reason ends.

    `membership` has user and `cohort__session` loaded. The note is kept as typed, up to 2,000 characters; the same person may change
    it by handling it again. What is over by now, or was handled by somebody else, is left as it is. Raises `PermissionDenied`, and
    where nothing at all was left to do `AlreadyHandled` or `NothingToHandle`.
    """
    if not may_handle(by, membership):
        raise PermissionDenied
    now = now or timezone.now()
    note = clean_text(note).strip()[:LONGEST_NOTE]
    alarms = _alarms(membership, now)
    handled, quicker = [], None
    with transaction.atomic():
        # Whoever handles something of the same member waits here: there may be no row yet.
        Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
        for kind, key in dict.fromkeys(which):
            reason = alarms.get((kind, key))
            if reason is None:
                continue
            nudge, times = _latest(reason)
            if nudge is None or (nudge.ended_at is not None and now - nudge.ended_at > AGAIN_AFTER):
                returned = key if nudge is None else f"{key}{RETURN}{times + 1}"
                nudge = Nudge(membership=membership, kind=kind, key=returned, since=reason.since, noticed_at=now)
            elif nudge.handled_at is not None and nudge.ended_at is None and nudge.handled_by_id != by.pk:
                quicker = nudge
                continue
            nudge.ended_at = None
            nudge.handled_at, nudge.handled_by, nudge.note = now, by, note
            nudge.save()
            handled.append(nudge)
    if handled:
        return handled
    if quicker is not None:
        raise AlreadyHandled(quicker)
    raise NothingToHandle(_("This is over by now. There is nothing left to do."))


def take_back(nudge: Nudge, *, by) -> Nudge:
    """Say that it is not handled after all: who leads sees it again. Nobody gets a second mail about it. Raises `PermissionDenied`.

    Twice changes nothing. What was written about it goes.
    """
    if not may_handle(by, nudge.membership):
        raise PermissionDenied
    with transaction.atomic():
        locked = Nudge.objects.select_for_update(of=("self",)).get(pk=nudge.pk)
        locked.handled_at, locked.handled_by, locked.note = None, None, ""
        locked.save(update_fields=["handled_at", "handled_by", "note"])
    return locked


def _alarms(membership: Membership, now: datetime.datetime) -> dict[tuple[str, str], Reason]:
    """What calls for attention now, by kind and key."""
    found = attention.gather([membership], now)
    return {reason.identity[1:]: reason for reason in found if (reason.alarm or reason.asks) and not reason.answer}


def _latest(reason: Reason) -> tuple[Nudge | None, int]:
    """The newest nudge about the same thing, and how many there were."""
    membership, kind, key = reason.identity
    rows = Nudge.objects.filter(membership=membership, kind=kind, key__startswith=key).select_related("handled_by")
    found = [row for row in rows.order_by("pk") if row.key.partition(RETURN)[0] == key]
    return (found[-1] if found else None), len(found)
