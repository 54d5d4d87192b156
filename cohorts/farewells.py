"""The farewell: what somebody did in a session in their own words, whom they thank, and what they would like to do next time."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import Cohort, Farewell, Membership, Session, access
from .questions import clean_text

State = Membership.State

WORDS = ("did", "proud", "thanks")
#: What one would like to do next time, and the role that each names.
WISHES = {"wants_navigator": "navigator", "wants_captain": "captain", "wants_organiser": "organiser"}
FIELDS = (*WORDS, *WISHES, "wants_note")


class FarewellClosed(Exception):
    """A farewell cannot be written yet, or no more. The text is for the writer."""


class FarewellStale(Exception):
    """Another tab saved other words after this one was opened. `farewell` is what is stored now."""

    def __init__(self, farewell: Farewell):
        super().__init__(_("This farewell was changed in another tab or on another device."))
        self.farewell = farewell


class NothingWritten(Exception):
    """A farewell without a word cannot be handed in. The text is for the writer."""


def opens_at(session: Session) -> datetime.datetime:
    """The instant at which the last week begins: from then on the farewell is written."""
    return session.last_week_at


def obstacle_to_writing(membership: Membership, *, by, now: datetime.datetime | None = None) -> str | None:
    """Why `by` cannot write this farewell now, or None. Raises `PermissionDenied` for anybody but the person.

    Who left may say farewell as well, and need not wait for the last week.
    """
    session = membership.cohort.session
    if by.pk != membership.user_id or membership.state == State.INVITED or session.published_at is None:
        raise PermissionDenied
    if session.archived_at is not None:
        return _("This session is archived: its farewells stay as they are.")
    if membership.state != State.LEFT and (now or timezone.now()) < opens_at(session):
        return _("The farewell opens with the last week of the session.")
    return None


def save_draft(
    membership: Membership,
    *,
    by,
    values: Mapping[str, Any],
    version: int | None = None,
    form: str = "",
    now: datetime.datetime | None = None,
) -> Farewell:
    """Keep what somebody typed; only they see it until it is handed in. `values` are cleaned, by field name; the rest stays.

    `version` is that of the farewell from which the form was made (0 for none; None: do not ask), `form` names the form itself: what it
    saved last never makes it out of date. Saving what is saved already changes nothing. One that was handed in stays so.
    Raises `PermissionDenied`, `FarewellClosed`, `FarewellStale`.
    """
    return _write(membership, by, values, version, form, now, handing_in=False)


def hand_in(
    membership: Membership,
    *,
    by,
    values: Mapping[str, Any],
    version: int | None = None,
    form: str = "",
    now: datetime.datetime | None = None,
) -> Farewell:
    """Keep it and show it to the cohort, to those who lead it and to the organisers. Raises as `save_draft`, and `NothingWritten`."""
    return _write(membership, by, values, version, form, now, handing_in=True)


def take_back(membership: Membership, *, by, now: datetime.datetime | None = None) -> None:
    """Show a farewell to nobody any more; its words stay with who wrote them. Raises `PermissionDenied`, `FarewellClosed`."""
    _check(membership, by, now)
    Farewell.objects.filter(membership=membership).update(written_at=None)


def _write(membership, by, values, version, form, now, *, handing_in: bool) -> Farewell:
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise ValueError(f"Not fields of a farewell: {', '.join(sorted(unknown))}")
    _check(membership, by, now)
    said = {name: clean_text(value) if isinstance(value, str) else value for name, value in values.items()}
    with transaction.atomic():
        # The place is locked: of two first saves at once the second one finds what the first one wrote.
        Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
        farewell = Farewell.objects.filter(membership=membership).first() or Farewell(membership=membership)
        is_saved = all(getattr(farewell, name) == value for name, value in said.items())
        if version not in (None, farewell.version) and not (form and farewell.saved_by_form == form):
            _refuse_to_overwrite(farewell, said)
        for name, value in said.items():
            setattr(farewell, name, value)
        if handing_in:
            if not any(getattr(farewell, name).strip() for name in WORDS):
                raise NothingWritten(_("Write at least one line. It need not be long."))
            farewell.written_at = farewell.written_at or now or timezone.now()
        elif is_saved and farewell.pk:
            return farewell
        farewell.version += 1
        farewell.saved_by_form = form[:40]
        farewell.save()
    return farewell


def _refuse_to_overwrite(farewell: Farewell, said: Mapping[str, Any]) -> None:
    # Words can be lost; a tick is set again at a glance. Words that a page does not send count as well: once it has saved one field it is up
    # to date, and would hand in the others as it knew them.
    for name in WORDS:
        stored = getattr(farewell, name)
        if stored and stored != said.get(name):
            raise FarewellStale(farewell)


def _check(membership: Membership, by, now: datetime.datetime | None) -> None:
    against = obstacle_to_writing(membership, by=by, now=now)
    if against is not None:
        raise FarewellClosed(against)


def farewells_of(cohort: Cohort, *, viewer) -> list[Farewell]:
    """The farewells of a cohort that are handed in, by name, as far as `viewer` sees them, those of people who left as well.

    With `membership__user`. Wishes for next time are not theirs to read: pages show none. One query.
    """
    found = Farewell.objects.visible_to(viewer).filter(membership__cohort=cohort, written_at__isnull=False)
    return sorted(
        found.select_related("membership__user"),
        key=lambda one: (one.membership.user.get_full_name().casefold(), one.pk),
    )


@dataclass(frozen=True)
class Wish:
    """What somebody would like to do in a later session. `roles` of "navigator", "captain" and "organiser"."""

    membership: Membership
    roles: tuple[str, ...]
    note: str

    @property
    def person(self):
        return self.membership.user

    @property
    def session(self) -> Session:
        return self.membership.cohort.session


def wishes_for(session: Session | None = None, *, by) -> list[Wish]:
    """Who would like to do more next time, as they said in farewells that they handed in: of `session`, or of all sessions.

    Only of sessions that `by` organises, the latest session first, then by name. `membership.user` and its session are loaded. One query.
    """
    wanted = Farewell.objects.filter(written_at__isnull=False, membership__user__is_active=True)
    if not by.is_superuser:
        wanted = wanted.filter(membership__cohort__session__in=access.organised_sessions(by))
    if session is not None:
        wanted = wanted.filter(membership__cohort__session=session)
    rows = wanted.select_related("membership__user", "membership__cohort__session").order_by(
        "-membership__cohort__session__starts_on", "membership__user__name", "pk"
    )
    found = [(row, tuple(role for field, role in WISHES.items() if getattr(row, field))) for row in rows]
    return [Wish(row.membership, roles, row.wants_note) for row, roles in found if roles]
