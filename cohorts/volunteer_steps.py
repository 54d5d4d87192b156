"""What the front page says to people who help, or are asked to, and to organisers whom somebody offered help."""

import datetime

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .models import Session, Volunteer
from .step import Step
from .training import open_training
from .volunteers import DRAFT, takes_offers

State = Volunteer.State


def volunteer_steps(user, now: datetime.datetime):
    """Invitations and drafts of `user`, training that is left, and offers that wait for an answer. A constant number of queries."""
    yield from _own(user, now)
    yield from _training(user, now)
    yield from _waiting(user)


def _own(user, now):
    mine = Volunteer.objects.of(user).filter(state__in=[State.INVITED, State.DRAFT, State.SUBMITTED]).select_related("session")
    for volunteer in mine.order_by("-session__starts_on", "pk"):
        session, role = volunteer.session, volunteer.get_role_display().lower()
        form = reverse("volunteer", args=[session.slug, volunteer.role])
        if not takes_offers(session, now):
            continue
        if volunteer.state == State.INVITED:
            text = _("The organisers ask whether you would help as %(role)s.") % {"role": role}
            yield Step(_("You are asked"), "mine", session.name, text, form, _("Answer"))
        elif volunteer.state == State.DRAFT and volunteer.version:
            text = _("You began to offer your help as %(role)s. Nobody has read it yet.") % {"role": role}
            yield Step(_("Not handed in"), "mine", session.name, text, form, _("Go on writing"))
        elif volunteer.state == State.SUBMITTED and volunteer.values.get(DRAFT):
            text = _("You changed what you offered as %(role)s, and have not handed in the changes.") % {"role": role}
            yield Step(_("Not handed in"), "mine", session.name, text, form, _("Go on writing"))


def _training(user, now):
    for session, tasks in open_training(user, now):
        text = ngettext(
            "%(count)s thing to learn or do before the session begins.",
            "%(count)s things to learn or do before the session begins.",
            len(tasks),
        )
        yield Step(
            label=_("Training"),
            tone="mine",
            title=session.name,
            text=text % {"count": len(tasks)},
            url=reverse("training", args=[session.slug]),
            action=_("See your training"),
        )


def _waiting(user):
    if user.is_superuser:
        return
    organised = Session.objects.organised_by(user).filter(archived_at=None).values("pk")
    waiting = (
        Volunteer.objects.handed_in()
        .filter(session__in=organised)
        .exclude(user=user)
        .values("session_id", "session__name")
        .annotate(number=Count("pk"))
        .order_by("session__starts_on", "session__name")
    )
    for row in waiting:
        text = ngettext(
            "%(count)s person offers to help and waits for an answer.",
            "%(count)s people offer to help and wait for an answer.",
            row["number"],
        )
        yield Step(
            label=_("Offers to help"),
            tone="reviewer",
            title=row["session__name"],
            text=text % {"count": row["number"]},
            url=reverse("admin:cohorts_session_volunteers", args=[row["session_id"]]),
            action=_("See who offers to help"),
        )
