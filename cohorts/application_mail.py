"""What applicants are told by mail when their application moves. What organisers decided is written by `decision_messages`."""

import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.links import absolute_url
from accounts.messages import queue_message, register_still_true
from accounts.models import Message
from accounts.templatetags.interface import full_time

from .late_access import deadline_of
from .models import Application, ApplicationEvent

Status = Application.Status

#: The status that a mail of each kind speaks of. Once the application has moved on, the mail is not sent any more.
SPEAKS_OF = {
    "application_submitted": Status.SUBMITTED,
    "application_withdrawn": Status.WITHDRAWN,
    "offer_accepted": Status.ACCEPTED,
    "offer_declined": Status.DECLINED,
    "offer_expired": Status.EXPIRED,
    "decision_offer": Status.OFFERED,
    "decision_waitlist": Status.WAITLISTED,
    "decision_not_selected": Status.NOT_SELECTED,
}


def register() -> None:
    """Have each of these mails checked again right before it is sent."""
    for kind in SPEAKS_OF:
        register_still_true(kind, _still_true)


def _still_true(message: Message) -> bool:
    return message.about is not None and message.about.status == SPEAKS_OF[message.kind]


def written_time(moment: datetime.datetime | None) -> str:
    """A deadline without doubt in a mail: in the active zone with its name, and in UTC where that is another one."""
    if moment is None:
        return ""
    local, utc = timezone.localtime(moment), moment.astimezone(datetime.UTC)
    if local.utcoffset() == utc.utcoffset():
        return full_time(local)
    return f"{full_time(local)}, {date_format(utc, 'j F, H:i')} UTC"


def tell_submitted(application: Application) -> Message | None:
    """“We have your application”, with how long it can be changed; a new version gets a mail of its own."""
    subject = _("We have your application to %(session)s")
    return _tell(application, "application_submitted", subject)


def tell_withdrawn(application: Application) -> Message | None:
    return _tell(application, "application_withdrawn", _("You withdrew your application to %(session)s"))


def tell_accepted(application: Application) -> Message | None:
    return _tell(application, "offer_accepted", _("You are in: %(session)s"))


def tell_declined(application: Application) -> Message | None:
    return _tell(application, "offer_declined", _("You declined your place in %(session)s"))


def tell_expired(application: Application) -> Message | None:
    return _tell(application, "offer_expired", _("Your offer for %(session)s has ended"))


def _tell(application: Application, kind: str, subject: str) -> Message | None:
    """Write the mail `kind` down, in the zone of its reader. Each move to the same status is a round of its own."""
    person, session = application.applicant, application.session
    moves = ApplicationEvent.objects.filter(application=application, to_status=SPEAKS_OF[kind]).count()
    deadline = deadline_of(application)
    with timezone.override(person.zone):
        body = render_to_string(
            f"emails/{kind}.txt",
            {
                "person": person,
                "session": session,
                "application": application,
                "is_new_version": moves > 1,
                "may_come_back": deadline is not None,
                "closes": written_time(deadline),
                "ended": written_time(application.answer_by),
                "link": absolute_url(reverse("application", args=[application.pk])),
                "contact": session.contact_email or settings.CONTACT_EMAIL,
                "site_name": settings.SITE_NAME,
            },
        )
    return queue_message(
        person,
        kind=kind,
        about=application,
        subject=subject % {"session": session},
        body=body.strip() + "\n",
        round=max(moves, 1),
    )
