"""What applicants are told by mail when their application moves. What organisers decided is written by `decision_messages`."""

import datetime

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.links import absolute_url
from accounts.messages import queue_message, register_still_true
from accounts.models import Message
from accounts.templatetags.interface import full_time
from background import enqueue

from .late_access import deadline_of
from .models import Application, ApplicationEvent

Status = Application.Status

#: So long the mail about a new version waits for further ones: ten versions in ten minutes are one mail.
CHANGES_WAIT = datetime.timedelta(minutes=10)

#: The status that a mail of each kind speaks of. Once the application has moved on, the mail is not sent any more.
SPEAKS_OF = {
    "application_submitted": Status.SUBMITTED,
    "application_changed": Status.SUBMITTED,
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


def tell_submitted(application: Application, event: ApplicationEvent) -> Message | None:
    """“We have your application”, with how long it can be changed.

    A new version of one that stands is told a little later, together with those that follow it meanwhile (`tell_changes`).
    """
    if event.from_status == Status.SUBMITTED:
        _tell_changes_later(application)
        return None
    subject = _("We have your application to %(session)s")
    if event.from_status == Status.WITHDRAWN:
        subject = _("You are back: your application to %(session)s")
    return _tell(application, "application_submitted", subject, came_back=event.from_status == Status.WITHDRAWN, event=event)


def _tell_changes_later(application: Application) -> None:
    from .tasks import tell_changes_task

    told = _told(application).first()
    # With the last mail in its name: whoever submits while the task runs gets another one.
    key = f"changes of application {application.pk} since mail {told.pk if told else 0}"
    enqueue(tell_changes_task.using(run_after=timezone.now() + CHANGES_WAIT), application.pk, unique_key=key)


def _told(application: Application):
    """The mails about versions of an application, newest first."""
    about = {"about_type": ContentType.objects.get_for_model(Application), "about_id": application.pk}
    return Message.objects.filter(kind__in=["application_submitted", "application_changed"], **about).order_by("-pk")


def tell_changes(application_id: int) -> Message | None:
    """One mail about all versions since the last one: which questions are answered otherwise, never what the answers are.

    For a task. Nothing where the application does not stand as submitted any more, or where all was told.
    """
    with transaction.atomic():
        submitted = Application.objects.select_for_update(of=("self",)).filter(pk=application_id, status=Status.SUBMITTED)
        application = submitted.select_related("session", "applicant").first()
        if application is None:
            return None
        told = _told(application).first()
        versions = application.events.filter(from_status=Status.SUBMITTED, to_status=Status.SUBMITTED).order_by("at", "pk")
        if told is not None:
            versions = versions.filter(at__gt=told.created_at)
        if not versions:
            return None
        subject = _("We have the new version of your application to %(session)s")
        return _tell(application, "application_changed", subject, versions=list(versions))


def tell_withdrawn(application: Application) -> Message | None:
    return _tell(application, "application_withdrawn", _("You withdrew your application to %(session)s"))


def tell_accepted(application: Application) -> Message | None:
    return _tell(application, "offer_accepted", _("You are in: %(session)s"))


def tell_declined(application: Application) -> Message | None:
    return _tell(application, "offer_declined", _("You declined your place in %(session)s"))


def tell_expired(application: Application) -> Message | None:
    return _tell(application, "offer_expired", _("Your offer for %(session)s has ended"))


def _tell(application: Application, kind: str, subject: str, **more) -> Message | None:
    """Write the mail `kind` down, in the zone of its reader. Each move to the same status is a round of its own.

    `more` is for its template.
    """
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
                **more,
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
