"""Places that are kept for people who have not answered their offer yet."""

import datetime
from collections.abc import Iterator, Sequence

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .attention import Reason
from .models import Application, Membership

#: Until then there is time to think; afterwards somebody may ask whether the message arrived.
ASK_BEFORE_END = datetime.timedelta(days=3)


def offer_reasons(memberships: Sequence[Membership], now: datetime.datetime) -> Iterator[Reason]:
    """A source for `cohorts.attention`, about kept places: also before the start, when offers are answered. One query."""
    session = memberships[0].cohort.session
    if session.published_at is None or now >= session.ends_at:
        return
    offered = Application.objects.filter(
        session=session, applicant__in=[membership.user_id for membership in memberships], status=Application.Status.OFFERED
    )
    until = dict(offered.values_list("applicant_id", "answer_by"))
    for membership in memberships:
        if membership.user_id not in until:
            continue
        yield _unanswered(membership, until[membership.user_id], now)


def _unanswered(membership: Membership, answer_by: datetime.datetime | None, now: datetime.datetime) -> Reason:
    if answer_by is None:
        text = _("has not answered the offer of a place")
    elif answer_by <= now:
        text = _("has not answered the offer of a place, and the time for it is over")
    else:
        day = date_format(timezone.localtime(answer_by), "j F")
        text = _("has not answered the offer of a place; it stands until %(day)s") % {"day": day}
    presses = answer_by is not None and answer_by - now <= ASK_BEFORE_END
    help = _(
        "Ask whether the message arrived: they answer on the page of their application. Organisers can offer the place to somebody else."
    )
    page = reverse("progress", args=[membership.pk])
    return Reason(
        membership, "offer_unanswered", text, "mine" if presses else "quiet", answer_by, page,
        alarm=presses, topic="place", help=help, action=_("See what is known of them"),
    )  # fmt: skip
