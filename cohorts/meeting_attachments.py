"""What goes with mail about meetings, for calendar programs; and whether such a mail is still true when it goes out."""

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone, translation

from accounts import icalendar
from accounts.messages import Attachment, register_attachment, register_still_true
from accounts.models import Message

from .meeting_events import event_of
from .meeting_mail import CANCELLED, CHANGED, INVITATION, SERIES
from .meeting_people import people_of
from .models import Meeting, MeetingNotice, MeetingPerson

METHODS: dict[str, icalendar.Method] = {INVITATION: "REQUEST", CHANGED: "REQUEST", CANCELLED: "CANCEL", SERIES: "PUBLISH"}


def register() -> None:
    for kind in METHODS:
        register_attachment(kind, attachment_of)
        register_still_true(kind, still_true)


def attachment_of(message: Message) -> Attachment | None:
    """The entry, or the entries, that a mail is about, as an invitation that calendars take; None where there is nothing left to enter.

    One meeting is a REQUEST or a CANCEL, which programs also act by when it stands in the mail itself. These two may be about one
    meeting only (RFC 5546): several are a file that is opened.
    """
    method = METHODS[message.kind]
    notices = list(_notices(message))
    if not notices or message.recipient is None:
        return None
    meetings = [notice.meeting.pk for notice in notices]
    answers = dict(MeetingPerson.objects.filter(meeting__in=meetings, user=message.recipient).values_list("meeting", "answer"))
    with translation.override(message.language or settings.LANGUAGE_CODE):
        events = [
            event_of(
                notice.meeting,
                # A file that is opened is nobody's invitation (RFC 5546, 3.2.1).
                attendee=None if method == "PUBLISH" else message.recipient,
                answer=answers.get(notice.meeting.pk, ""),
                called_off=notice.called_off,
            )
            for notice in notices
        ]
        text = icalendar.render(events, method=method, product=settings.SITE_NAME, stamp=timezone.now())
    return Attachment(
        filename="meetings.ics" if method == "PUBLISH" else "invite.ics",
        content=text.encode(),
        # As text it would be encoded anew on its way, line breaks and all; as this type it arrives as it is.
        content_type="application/ics",
        alternative="" if method == "PUBLISH" else f"text/calendar; method={method}",
    )


def still_true(message: Message) -> bool:
    """Whether a mail tells of its meetings what is so: none has changed since or is over, and the person is (or is not) expected."""
    notices = list(_notices(message))
    if not notices or not all(_holds(notice) for notice in notices):
        return False
    expects = notices[0].meeting if not notices[0].called_off else None
    return expects is None or message.recipient in people_of(expects)


def _holds(notice: MeetingNotice) -> bool:
    meeting = notice.meeting
    if meeting.state == Meeting.State.POLLING or meeting.ends_at is None or meeting.ends_at <= timezone.now():
        return False
    return notice.holds_for(meeting)


def _notices(message: Message) -> QuerySet[MeetingNotice]:
    rows = MeetingNotice.objects.filter(message=message).select_related("meeting__session", "meeting__cohort")
    return rows.order_by("meeting__starts_at", "meeting__pk")
