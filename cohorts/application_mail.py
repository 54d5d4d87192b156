"""What applicants are told by mail when their application moves. What organisers decided is written by `decision_messages`."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.links import absolute_url
from accounts.messages import queue_message, register_still_true
from accounts.models import Message
from accounts.templatetags.interface import full_time
from accounts.zones import zone_label
from background import enqueue

from .late_access import deadline_of
from .message_kinds import kind_named
from .message_templates import write_in_any_case
from .models import Application, ApplicationEvent, Session
from .placing import leading

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


#: Whoever leads a cohort by now gets none of these: the application is out of date, and nothing is said of it.
NOT_TO_LEADERS = ("decision_offer", "decision_waitlist", "decision_not_selected", "offer_expired")


def _still_true(message: Message) -> bool:
    application: Any = message.about
    if application is None or application.status != SPEAKS_OF[message.kind]:
        return False
    if message.kind not in NOT_TO_LEADERS:
        return True
    return not leading(application.session_id, [application.applicant_id]).exists()


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
    if event.from_status == Status.WITHDRAWN:
        return _tell(application, "application_back", lambda: {"changes": event.note})
    return _tell(application, "application_submitted")


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
        rows = list(versions)
        return _tell(application, "application_changed", lambda: _of_versions(application.session, rows))


def _of_versions(session: Session, versions: list[ApplicationEvent]) -> dict[str, object]:
    news = ngettext(
        "We have the new version of your application to %(session)s. It replaces the one before.",
        "We have %(number)s new versions of your application to %(session)s. The last one counts.",
        len(versions),
    )
    return {
        "news": news % {"session": session, "number": len(versions)},
        "changes": [
            _("%(moment)s: %(change)s")
            % {
                "moment": _moment(version.at),
                "change": version.note or _("Submitted again without a change."),
            }
            for version in versions
        ],
    }


def _moment(at: datetime.datetime) -> str:
    """“24 November, 18:05 (Rome)”: when something was done, in the active zone with its name."""
    local = timezone.localtime(at)
    return f"{date_format(local, 'j F, H:i')} ({zone_label(local)})"


def tell_withdrawn(application: Application) -> Message | None:
    return _tell(application, "application_withdrawn")


def tell_accepted(application: Application) -> Message | None:
    return _tell(application, "offer_accepted")


def tell_declined(application: Application) -> Message | None:
    return _tell(application, "offer_declined")


def tell_expired(application: Application) -> Message | None:
    return _tell(application, "offer_expired")


def application_values(application: Application) -> dict[str, object]:
    """What the placeholders of these mails stand for, in the active language and zone."""
    session = application.session
    closes = written_time(deadline_of(application))
    change = _("You can change it or withdraw it until %(closes)s.") % {"closes": closes} if closes else ""
    way_back = ""
    if closes:
        way_back = _("Was it a mistake, or do you change your mind? You can submit it again until %(closes)s.") % {
            "closes": closes
        }
    hear_by = ""
    if session.hear_by is not None:
        hear_by = _("You hear from us by %(day)s.") % {"day": date_format(session.hear_by, "j F Y")}
    return {
        "link": absolute_url(reverse("application", args=[application.pk])),
        "closes": closes,
        "change_sentence": change,
        "way_back_sentence": way_back,
        "hear_by_sentence": hear_by,
        "ended": written_time(application.answer_by),
        "first_day": date_format(session.first_day, "l j F Y"),
    }


def _tell(application: Application, kind: str, more: Callable[[], Mapping[str, object]] = dict) -> Message | None:
    """Write the mail `kind` down, in the language and the zone of its reader. Each move to the same status is a round of its own.

    `more` gives what its words need beside `application_values`.
    """
    person, sent_as = application.applicant, kind_named(kind).message_kind
    moves = ApplicationEvent.objects.filter(application=application, to_status=SPEAKS_OF[sent_as]).count()
    written = write_in_any_case(kind, application.session, person, lambda: {**application_values(application), **more()})
    return queue_message(
        person,
        kind=sent_as,
        about=application,
        subject=written.subject,
        body=written.body,
        html=written.html,
        language=written.language,
        round=max(moves, 1),
    )
