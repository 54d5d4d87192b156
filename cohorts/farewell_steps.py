"""What the front page says towards the end of a session: a farewell to write, a certificate to print."""

import datetime
from collections.abc import Iterator

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from .models import Farewell, Membership
from .step import Step

#: So long after the end the front page offers the certificate.
OFFERED_FOR = datetime.timedelta(weeks=4)


def farewell_steps(user, now: datetime.datetime) -> Iterator[Step]:
    """For those who are in a cohort of a session in its last week, or ended lately. One query."""
    written = Farewell.objects.filter(membership=OuterRef("pk"), written_at__isnull=False)
    mine = (
        Membership.objects.visible_to(user)
        .present()
        .filter(user=user, cohort__session__archived_at=None, cohort__session__published_at__lte=now)
        .annotate(said_farewell=Exists(written))
        .select_related("cohort__session")
    )
    for membership in mine.order_by("-cohort__session__starts_on", "pk"):
        session = membership.cohort.session
        if not session.last_week_at <= now < session.ends_at + OFFERED_FOR:
            continue
        if not membership.said_farewell:
            text = _("A few lines for your cohort: what you did, what you are glad about, whom you thank.")
            url = reverse("farewell", args=[membership.pk])
            yield Step(_("Farewell"), "mine", session.name, text, url, _("Write your farewell"))
        elif membership.state == Membership.State.COMPLETED:
            text = _("You came through. Your certificate is ready, with your name as you write it.")
            url = reverse("certificate", args=[membership.pk])
            yield Step(_("Completed"), "done", session.name, text, url, _("See your certificate"))
