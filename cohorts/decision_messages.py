"""The mails that tell people what was decided."""

import datetime
from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.links import absolute_url
from accounts.templatetags.interface import full_time

from .models import Application, Session

Decision = Application.Decision

#: The kind of message for each decision; `application_mail.SPEAKS_OF` says until when it is true.
KINDS = {
    Decision.OFFER: "decision_offer",
    Decision.WAITLIST: "decision_waitlist",
    Decision.NOT_SELECTED: "decision_not_selected",
}


@dataclass(frozen=True)
class DecisionMessage:
    """A mail as it will go out; `url` is the link in it."""

    kind: str
    subject: str
    body: str
    url: str

    @property
    def text(self) -> str:
        return f"{self.subject}\n\n{self.body}"


def answer_until(session: Session, now: datetime.datetime) -> datetime.datetime:
    """Until when an offer made at `now` stands: after the session's reply days, in the last minute of a day in its zone."""
    day = now.astimezone(session.zone).date() + datetime.timedelta(days=session.reply_days)
    return datetime.datetime.combine(day, datetime.time(23, 59), tzinfo=session.zone)


def write_message(application: Application, *, cohort, answer_by: datetime.datetime) -> DecisionMessage:
    """The mail for an application's pending decision. Needs `session` and `applicant` loaded, and the cohort's project."""
    decision = Decision(application.pending_decision)
    kind = KINDS[decision]
    url = absolute_url(reverse("application", args=[application.pk]))
    session, person = application.session, application.applicant
    subjects = {
        Decision.OFFER: _("Action required: you are offered a place in %(session)s"),
        Decision.WAITLIST: _("You are on the waitlist of %(session)s"),
        Decision.NOT_SELECTED: _("Your application to %(session)s"),
    }
    body = render_to_string(
        f"emails/{kind}.txt",
        {
            "person": person,
            "session": session,
            "cohort": cohort,
            "rank": application.pending_rank,
            "answer_by": full_time(answer_by.astimezone(person.zone)),
            "answer_by_utc": "" if person.zone.key == "UTC" else full_time(answer_by.astimezone(datetime.UTC)),
            "link": url,
            "contact": session.contact_email or settings.CONTACT_EMAIL,
            "site_name": settings.SITE_NAME,
        },
    )
    return DecisionMessage(kind, subjects[decision] % {"session": session.name}, body.strip() + "\n", url)
