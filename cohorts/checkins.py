"""A member's few lines each week: drafts, handing in, and resting without guilt.

What others say to them is `checkin_replies`; when members are reminded of them, `checkin_reminders`.
"""

import datetime
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import CheckIn, Cohort, Membership, Week, access
from .stages import current_week

#: What a member writes.
FIELDS = ("did", "learned", "stuck", "next", "hours", "energy", "wants_to_talk")
WORDS = ("did", "learned", "stuck", "next")


class CheckInClosed(Exception):
    """The week has not begun, or its check-in can no longer be changed. The text is for the member."""


class NothingWritten(Exception):
    """A check-in without a word cannot be handed in. The text is for the member."""


class ChangedElsewhere(Exception):
    """Another tab saved other words after this one was opened. `checkin` is what is stored now."""

    def __init__(self, checkin: CheckIn):
        super().__init__(_("This check-in was changed in another tab."))
        self.checkin = checkin


def may_see_private(user, membership: Membership) -> bool:
    """Whether `user` may read energy, the wish to talk and reasons: the person, those who lead the cohort, the organisers."""
    if membership.user_id == user.pk:
        return True
    return Cohort.objects.cared_for_by(user).filter(pk=membership.cohort_id).exists()


def may_write(user, membership: Membership) -> bool:
    """Whether `user` is the member and still belongs to the cohort."""
    return (
        membership.user_id == user.pk
        and membership.role == Membership.Role.MEMBER
        and membership.state in access.PRESENT
        and membership.cohort.session.archived_at is None
    )


def opens_at(week: Week) -> datetime.datetime:
    """The instant at which a week begins; from then on its check-in can be written."""
    return datetime.datetime.combine(week.starts_on, datetime.time(), tzinfo=week.session.zone)


def ends_at(week: Week) -> datetime.datetime:
    """The instant at which a week is over."""
    return datetime.datetime.combine(week.ends_on + datetime.timedelta(days=1), datetime.time(), tzinfo=week.session.zone)


def closes_at(week: Week) -> datetime.datetime:
    """The instant from which a check-in is read-only: the end of the week after it, which may come after the session's pause."""
    day = week.ends_on + datetime.timedelta(days=8)
    pause = week.session.pause
    if pause is not None and week.ends_on < pause[0] < day:
        day += pause[1] - pause[0] + datetime.timedelta(days=1)
    return datetime.datetime.combine(day, datetime.time(), tzinfo=week.session.zone)


def last_minute(week: Week) -> datetime.datetime:
    """The last minute in which a check-in can be changed: people read 23:59 on Sunday better than midnight."""
    return closes_at(week) - datetime.timedelta(minutes=1)


def is_open(week: Week, now: datetime.datetime | None = None) -> bool:
    """Whether the check-in of `week` may be written at `now`."""
    return opens_at(week) <= (now or timezone.now()) < closes_at(week)


def save_draft(
    membership: Membership,
    week: Week,
    *,
    by,
    values: Mapping[str, Any],
    seen: datetime.datetime | None = None,
    form: str = "",
    now: datetime.datetime | None = None,
) -> CheckIn:
    """Keep what a member typed. `values` are cleaned, by field name; what is not named stays.

    `seen` is the check-in's `updated_at` when the page was made, None if there was none, and `form` names the open page: what the
    same page saved last is never another tab's, even where its answer was lost on the way. A check-in that was handed in stays so.
    Raises `PermissionDenied`, `CheckInClosed`, `ChangedElsewhere`.
    """
    return _write(membership, week, by=by, values=values, seen=seen, form=form, now=now)


def hand_in(
    membership: Membership,
    week: Week,
    *,
    by,
    values: Mapping[str, Any],
    seen: datetime.datetime | None = None,
    form: str = "",
    now: datetime.datetime | None = None,
) -> CheckIn:
    """Keep what a member typed and show it to the cohort. Raises as `save_draft` does, and `NothingWritten`.

    Who rests in this week owes no word: without one the rest stays as it is, and nothing is handed in.
    """
    return _write(membership, week, by=by, values=values, seen=seen, form=form, now=now, handing_in=True)


def rest(membership: Membership, week: Week, *, by, now: datetime.datetime | None = None) -> CheckIn:
    """Say that the member rests in `week`. What was written stays. Saying it twice changes nothing."""
    return _set_resting(membership, week, by=by, resting=True, now=now)


def stop_resting(membership: Membership, week: Week, *, by, now: datetime.datetime | None = None) -> CheckIn:
    """Take it back."""
    return _set_resting(membership, week, by=by, resting=False, now=now)


def week_to_rest(membership: Membership, now: datetime.datetime | None = None) -> Week:
    """The week that runs now. Raises `CheckInClosed` before the first one and after the last one."""
    week = current_week(membership.cohort.session, now)
    if week is None:
        raise CheckInClosed(_("No week of this session runs today, so there is nothing to rest from."))
    return week


def has_words(checkin: CheckIn) -> bool:
    """Whether the member wrote anything for the cohort to read."""
    return any(getattr(checkin, name).strip() for name in WORDS)


def _write(membership, week, *, by, values, seen, form, now, handing_in=False) -> CheckIn:
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise ValueError(f"Not fields of a check-in: {', '.join(sorted(unknown))}")
    now = now or timezone.now()
    _check(membership, week, by=by, now=now)
    with transaction.atomic():
        checkin, created = CheckIn.objects.select_for_update().get_or_create(membership=membership, week=week)
        if not created:
            _refuse_to_overwrite(checkin, values, seen, form)
        for name, value in values.items():
            setattr(checkin, name, value)
        if handing_in:
            if has_words(checkin):
                checkin.written_at = checkin.written_at or now
            elif not checkin.resting:
                raise NothingWritten(_("Write at least one line, or say that you rest this week."))
        if values:
            checkin.saved_by_form = form
        checkin.save()
    return checkin


def _refuse_to_overwrite(checkin: CheckIn, values: Mapping[str, Any], seen: datetime.datetime | None, form: str) -> None:
    if seen is not None and checkin.updated_at <= seen:
        return
    if form and checkin.saved_by_form == form:
        return
    # Words can be lost; a number or a tick is set again at a glance. Of a page (it has a name) words that it does not send count as well:
    # once it has saved one field it is up to date, and would hand in the others as it knew them.
    for name in WORDS if form else [name for name in WORDS if name in values]:
        stored = getattr(checkin, name)
        if stored and stored != values.get(name):
            raise ChangedElsewhere(checkin)


def _set_resting(membership, week, *, by, resting: bool, now) -> CheckIn:
    _check(membership, week, by=by, now=now or timezone.now())
    with transaction.atomic():
        checkin, _created = CheckIn.objects.select_for_update().get_or_create(membership=membership, week=week)
        if checkin.resting != resting:
            checkin.resting = resting
            checkin.save(update_fields=["resting"])
    return checkin


def _check(membership: Membership, week: Week, *, by, now: datetime.datetime) -> None:
    if not may_write(by, membership):
        raise PermissionDenied
    if week.session_id != membership.cohort.session_id:
        raise ValueError("The week belongs to another session.")
    if now < opens_at(week):
        raise CheckInClosed(_("This week has not begun. Its check-in opens when it does."))
    if now >= closes_at(week):
        raise CheckInClosed(_("This check-in can no longer be changed: the week after it is over."))
