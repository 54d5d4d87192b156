"""The mails that tell people what was decided."""

import datetime
from dataclasses import dataclass

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.links import absolute_url
from accounts.templatetags.interface import full_time

from .message_templates import write
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
    html: str = ""
    language: str = ""

    @property
    def text(self) -> str:
        return f"{self.subject}\n\n{self.body}"


def answer_until(session: Session, now: datetime.datetime) -> datetime.datetime:
    """Until when an offer made at `now` stands: after the session's reply days, in the last minute of a day in its zone."""
    day = now.astimezone(session.zone).date() + datetime.timedelta(days=session.reply_days)
    return datetime.datetime.combine(day, datetime.time(23, 59), tzinfo=session.zone)


def write_message(application: Application, *, cohort, answer_by: datetime.datetime) -> DecisionMessage:
    """The mail for an application's pending decision. Needs `session` and `applicant` loaded, and the cohort's project.

    The words of the session are read once for each session object: let applications of one session share it. Raises `TemplateFailed`
    where the mail cannot be written for this person; those to others can.
    """
    kind = KINDS[Decision(application.pending_decision)]
    url = absolute_url(reverse("application", args=[application.pk]))
    written = write(
        kind,
        application.session,
        application.applicant,
        lambda: decision_values(application, cohort=cohort, answer_by=answer_by, url=url),
    )
    return DecisionMessage(kind, written.subject, written.body, url, written.html, written.language)


def decision_values(application: Application, *, cohort, answer_by: datetime.datetime, url: str) -> dict[str, object]:
    """What the placeholders of a decision stand for, in the active language."""
    person, session, rank = application.applicant, application.session, application.pending_rank
    project = cohort.project.name if cohort is not None and cohort.project is not None else ""
    sentence = _("Your cohort is not named yet. We tell you later which one it is.")
    if project:
        sentence = _("Your cohort is %(cohort)s, and you will contribute to %(project)s.") % {
            "cohort": cohort,
            "project": project,
        }
    elif cohort is not None:
        sentence = _("Your cohort is %(cohort)s.") % {"cohort": cohort}
    in_utc = ""
    if answer_by.astimezone(person.zone).utcoffset():
        in_utc = _("That is %(moment)s.") % {"moment": full_time(answer_by.astimezone(datetime.UTC))}
    return {
        "link": url,
        "answer_by": full_time(answer_by.astimezone(person.zone)),
        "utc_sentence": in_utc,
        "first_day": date_format(session.first_day, "j F Y"),
        "last_day": date_format(session.last_day, "j F Y"),
        "cohort": str(cohort) if cohort is not None else "",
        "project": project,
        "cohort_sentence": sentence,
        "rank": "" if rank is None else str(rank),
        "rank_sentence": "" if rank is None else _("You are number %(rank)s on it.") % {"rank": rank},
    }
