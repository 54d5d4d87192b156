"""The check-in of the week on the front page: to write, or to say with one press that one rests."""

import datetime
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from .models import CheckIn, Membership
from .stages import Stage, current_week, stage_of
from .step import Step


def checkin_steps(user, now: datetime.datetime) -> Iterator[Step]:
    """For each running session of a member the week's check-in, unless it is handed in. Three queries, however many sessions."""
    mine = (
        Membership.objects.visible_to(user)
        .filter(user=user, state=Membership.State.ACTIVE, cohort__session__archived_at=None)
        .members()
        .select_related("cohort__session")
        .prefetch_related("cohort__session__calendar")
        .order_by("-cohort__session__starts_on", "pk")
    )
    weeks = {}
    for membership in mine:
        session = membership.cohort.session
        week = current_week(session, now) if stage_of(session, now) == Stage.RUNNING else None
        if week is not None:
            weeks[membership] = week
    if not weeks:
        return
    found = CheckIn.objects.filter(membership__in=list(weeks), week__in=list(weeks.values()))
    stored = {checkin.membership_id: checkin for checkin in found}
    for membership, week in weeks.items():
        checkin = stored.get(membership.pk)
        if checkin is None or not checkin.written_at:
            yield _step(membership, week, checkin)


def _step(membership: Membership, week, checkin: CheckIn | None) -> Step:
    title = _("Check-in of week %(number)s") % {"number": week.number}
    page, rest = reverse("checkin", args=[membership.pk, week.number]), reverse("rest", args=[membership.pk])
    if checkin is not None and checkin.resting:
        text = _("You rest this week. Nothing is expected of you.")
        action = _("Write anyway")
        return Step(_("You rest"), "quiet", title, text, page, action, press_url=rest, press=_("I am back"), press_field="undo")
    text = _("Three minutes, a few words. Your cohort reads it.")
    action = _("Go on writing") if checkin is not None else _("Write it")
    label = membership.cohort.session.name
    return Step(label, "mine", title, text, page, action, press_url=rest, press=_("I rest this week"))
