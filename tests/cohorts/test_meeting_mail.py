"""Mail about meetings: who is told what, once; and the entries for calendars, as programs read them and as the rules have it."""

import datetime
import email
import email.policy
import uuid

import icalendar
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.mails import mail_of
from accounts.messages import send_message
from accounts.models import Message
from cohorts.meeting_mail import CANCELLED, CHANGED, INVITATION, SERIES, write_meeting_mail, write_missing_meeting_mail
from cohorts.models import Meeting, MeetingNotice, MeetingPerson, Membership
from tests.cohorts.meeting_world import DAY, NOW, MeetingWorld
from tests.factories import MembershipFactory, UserFactory
from tests.icalendar_rules import problems

pytestmark = pytest.mark.django_db

WEEK = 7 * DAY


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return MeetingWorld()


def change(meeting, **fields):
    for name, value in fields.items():
        setattr(meeting, name, value)
    meeting.sequence += 1
    meeting.save()


def told() -> set[tuple[str, str]]:
    """Name and kind of everything that waits or went out."""
    alive = Message.objects.filter(kind__startswith="meeting_").exclude(state="dropped")
    return set(alive.values_list("recipient__name", "kind"))


def send_all() -> list[Message]:
    waiting = list(Message.objects.filter(state="queued").order_by("pk"))
    for message in waiting:
        send_message(message.pk)
    return [message for message in waiting if Message.objects.get(pk=message.pk).state == "sent"]


def mail_to(person) -> Message:
    return Message.objects.filter(recipient=person).order_by("-pk").first()


def parts_of(message) -> tuple[email.message.EmailMessage, list[str]]:
    """The mail as it travels, and the types of its parts."""
    mail = email.message_from_bytes(mail_of(message).message().as_bytes(), policy=email.policy.default)
    return mail, [part.get_content_type() for part in mail.walk()]


def calendar_of(message) -> icalendar.Calendar:
    """The attached calendar, which keeps all rules."""
    mail, _types = parts_of(message)
    (attached,) = [part for part in mail.walk() if part.get_content_type() == "application/ics"]
    content = attached.get_payload(decode=True)
    assert problems(content) == []
    return icalendar.Calendar.from_ical(content)


def event_of(message):
    (event,) = calendar_of(message).walk("VEVENT")
    return event


# Who is told


def test_everybody_who_is_expected_is_invited_once(world):
    meeting = world.meeting()
    assert write_meeting_mail(meeting.pk) == 4
    assert told() == {(name, INVITATION) for name in ("Ada", "Ben", "Carl", "Nora")}
    assert write_meeting_mail(meeting.pk) == write_missing_meeting_mail() == 0
    assert len(send_all()) == 4


def test_who_switched_such_mail_off_gets_none(world):
    world.member.meetings_by_mail = False
    world.member.save()
    write_meeting_mail(world.meeting().pk)
    assert "Ada" not in {name for name, _kind in told()}


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "polling", "starts_at": None},
        {"starts_at": NOW - DAY},
        {"state": "cancelled"},
    ],
    ids=["no time yet", "over", "called off before anybody was told"],
)
def test_nobody_is_told_of(world, fields):
    assert write_meeting_mail(world.meeting(**fields).pk) == 0


def test_a_meeting_of_a_few_is_theirs_alone(world):
    write_meeting_mail(world.meeting(world.navigator, world.member, kind="one_to_one").pk)
    assert told() == {("Ada", INVITATION), ("Nora", INVITATION)}


def test_a_change_is_told_as_such_to_those_who_knew_and_invites_those_who_did_not(world):
    meeting = world.meeting(world.navigator, world.member)
    write_meeting_mail(meeting.pk)
    send_all()
    MeetingPerson.objects.create(meeting=meeting, user=world.mate, invited=True)
    MeetingPerson.objects.filter(meeting=meeting, user=world.member).delete()
    change(meeting, starts_at=NOW + 2 * DAY)
    write_meeting_mail(meeting.pk, [world.member.pk])
    assert told() >= {("Nora", CHANGED), ("Ben", INVITATION), ("Ada", CANCELLED)}
    assert "not expected at this meeting any more" in mail_to(world.member).body
    send_all()
    assert event_of(mail_to(world.member))["STATUS"] == "CANCELLED"


def test_what_changed_before_it_was_sent_goes_out_as_it_is_now_and_once(world):
    meeting = world.meeting(world.member)
    write_meeting_mail(meeting.pk)
    change(meeting, starts_at=NOW + 2 * DAY)
    write_meeting_mail(meeting.pk)
    (sent,) = send_all()
    assert (sent.kind, sent.round) == (INVITATION, 2)
    assert "10 March 2027" in sent.body
    assert event_of(sent)["SEQUENCE"] == 1


def test_what_was_called_off_before_it_was_sent_is_never_heard_of(world):
    meeting = world.meeting(world.member)
    write_meeting_mail(meeting.pk)
    change(meeting, state="cancelled")
    write_meeting_mail(meeting.pk)
    assert send_all() == []


def test_who_left_meanwhile_is_not_told(world):
    write_meeting_mail(world.meeting().pk)
    Membership.objects.filter(user=world.member).update(state="left", left_at=NOW)
    assert world.member not in [message.recipient for message in send_all()]


def test_who_joins_later_is_told_what_the_others_know(world):
    untold, meeting = world.meeting(), world.meeting()
    write_meeting_mail(meeting.pk)
    late = MembershipFactory(cohort=world.cohort, user=UserFactory(name="Lena")).user
    assert write_missing_meeting_mail() == 1
    assert mail_to(late).about == meeting
    assert not MeetingNotice.objects.filter(meeting=untold).exists()


def test_leaders_alone_know_before_publishing_and_members_hear_afterwards(time_machine):
    time_machine.move_to(NOW, tick=False)
    world = MeetingWorld(published_at=None)
    write_meeting_mail(world.meeting().pk)
    assert {name for name, _kind in told()} == {"Carl", "Nora"}
    world.session.published_at = NOW
    world.session.save()
    assert write_missing_meeting_mail() == 2


# A series


@pytest.fixture
def series(world):
    key = uuid.uuid4()
    # Six weeks at 19:00 in Rome: clocks change between the third and the fourth.
    first = datetime.datetime(2027, 3, 9, 18, 0, tzinfo=datetime.UTC)
    starts = [first + week * WEEK - datetime.timedelta(hours=1 if week > 2 else 0) for week in range(6)]
    return [world.meeting(series=key, starts_at=start, time_zone="Europe/Rome") for start in starts]


def test_a_series_is_one_mail_with_all_of_it(world, series):
    # As whoever makes a series calls it: once for each meeting.
    assert sum(write_meeting_mail(meeting.pk) for meeting in series) == 4
    message = mail_to(world.navigator)
    assert (message.kind, message.subject) == (SERIES, "Invitation: Stand-up, 6 meetings")
    assert message.body.count("19:00 (Rome)") == 6
    _mail, types = parts_of(message)
    assert "text/calendar" not in types
    events = calendar_of(message).walk("VEVENT")
    assert [event.start for event in events] == [meeting.starts_at for meeting in series]
    assert {str(event["UID"]) for event in events} == {str(meeting.uid) for meeting in series}


def test_one_of_a_series_is_changed_alone_and_several_together(world, series):
    write_meeting_mail(series[0].pk)
    send_all()
    change(series[2], starts_at=series[2].starts_at + DAY)
    write_meeting_mail(series[2].pk)
    assert mail_to(world.member).kind == CHANGED
    assert event_of(mail_to(world.member))["UID"] == str(series[2].uid)
    send_all()
    for meeting in series[3:]:
        change(meeting, state="cancelled", cancelled_because="Holidays")
    for meeting in series[3:]:
        write_meeting_mail(meeting.pk)
    off = mail_to(world.member)
    assert (off.kind, off.subject) == (SERIES, "Called off: Stand-up, 3 meetings")
    assert "Holidays" in off.body
    assert {str(event["STATUS"]) for event in calendar_of(off).walk("VEVENT")} == {"CANCELLED"}
    assert len(send_all()) == 4


def test_a_series_that_changed_before_it_was_sent_is_told_anew_as_a_whole(world, series):
    write_meeting_mail(series[0].pk)
    change(series[1], minutes=30)
    write_meeting_mail(series[1].pk)
    sent = [message for message in send_all() if message.recipient == world.member]
    assert [message.kind for message in sent] == [SERIES]
    assert len(calendar_of(sent[0]).walk("VEVENT")) == 6


# What programs read


def test_the_invitation_is_one_that_calendars_take(world):
    meeting = world.meeting(title="Who, what; \\ “when”" + " ü" * 40, minutes=90)
    MeetingPerson.objects.create(meeting=meeting, user=world.member, answer="maybe")
    write_meeting_mail(meeting.pk)
    message = mail_to(world.member)
    mail, types = parts_of(message)
    assert types == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics",
    ]  # fmt: skip
    inline = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    assert inline.get_content_type() == "text/calendar"
    assert inline["Content-Type"].params == {"method": "REQUEST", "charset": "utf-8"}
    attached = next(part for part in mail.walk() if part.get_content_type() == "application/ics")
    assert attached.get_filename() == "invite.ics"
    assert inline.get_content().replace("\r\n", "\n") == attached.get_payload(decode=True).decode().replace("\r\n", "\n")
    calendar = calendar_of(message)
    assert calendar["METHOD"] == "REQUEST"
    event = event_of(message)
    assert (event.start, event.end) == (meeting.starts_at, meeting.ends_at)
    assert event["SUMMARY"] == f"{meeting.title} (Venus)"
    assert event["ORGANIZER"] == "mailto:hello@cohorts.example"
    assert event["ATTENDEE"] == "mailto:ada@people.example"
    assert event["ATTENDEE"].params["PARTSTAT"] == "TENTATIVE"
    assert event["LOCATION"] == "https://meet.example.org/venus"
    assert "14:30 (Kolkata), 9 March, 09:00 UTC" in message.body
    everything = mail.as_string()
    assert "ben@people.example" not in everything
    assert "List-Unsubscribe" in everything


def test_one_meeting_keeps_its_uid_from_invitation_to_cancellation(world):
    meeting = world.meeting(world.member)
    seen = []
    for step in ({}, {"starts_at": NOW + 3 * DAY}, {"state": "cancelled", "cancelled_because": "Ill, sorry"}):
        if step:
            change(meeting, **step)
        write_meeting_mail(meeting.pk)
        (message,) = send_all()
        event = event_of(message)
        seen.append(
            (message.kind, str(calendar_of(message)["METHOD"]), str(event["STATUS"]), event["SEQUENCE"], str(event["UID"]))
        )
    uid = str(meeting.uid)
    assert seen == [
        (INVITATION, "REQUEST", "CONFIRMED", 0, uid),
        (CHANGED, "REQUEST", "CONFIRMED", 1, uid),
        (CANCELLED, "CANCEL", "CANCELLED", 2, uid),
    ]
    assert "Ill, sorry" in mail_to(world.member).body


def test_statements_do_not_grow_with_the_people(world):
    def statements() -> int:
        meeting = world.meeting()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            write_meeting_mail(meeting.pk)
        return len([query for query in queries if "background" not in query["sql"]])

    statements()
    few = statements()
    for number in range(6):
        world.person(f"More{number}")
    assert statements() == few
    assert Meeting.objects.count() == 3
