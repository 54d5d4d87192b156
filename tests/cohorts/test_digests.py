"""The weekly digest: on everybody's Monday morning, once, with what this person should know, and nothing that presses who rests."""

import datetime
from types import SimpleNamespace

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.messages import send_message
from accounts.models import Message, User
from background.history import last_success
from background.models import TaskRun
from cohorts import digests
from cohorts.digests import due, write_due_digests
from cohorts.digests.lines import Heading, Line
from cohorts.digests.writing import LINES_SHOWN, parts_of
from cohorts.models import (
    Announcement,
    CheckIn,
    CheckInReply,
    Cheer,
    Meeting,
    MeetingSlot,
    Membership,
    MembershipEvent,
    Nudge,
    Session,
    Week,
)
from cohorts.tasks import write_digests_task
from tests.factories import (
    CheckInFactory,
    CohortFactory,
    ContributionFactory,
    MembershipFactory,
    SessionFactory,
    SessionRoleFactory,
)

pytestmark = pytest.mark.django_db

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


def utc(day: int, hour: int = 0, minute: int = 0) -> datetime.datetime:
    """In November 2026; the 23rd is a Monday in week 4."""
    return datetime.datetime(2026, 11, 1, hour, minute, tzinfo=datetime.UTC) + (day - 1) * DAY


MONDAY = utc(23, 8)


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def person(cohort, name, role="member", zone="UTC", **values):
    place = MembershipFactory(cohort=cohort, user__name=name, user__time_zone=zone, role=role, **values)
    Membership.objects.filter(pk=place.pk).update(joined_at=utc(1))
    return Membership.objects.select_related("user", "cohort__session").get(pk=place.pk)


@pytest.fixture
def world():
    """Ada, Jun and their navigator Grace in Venus; Olu organises. Jun answered Ada's check-in."""
    session = SessionFactory(name="Autumn", slug="autumn", time_zone="UTC", starts_on=datetime.date(2026, 11, 2))
    Week.objects.filter(session=session, number=4).update(title="Reviews", before_tasks="- Read the guide\n- Find a partner")
    cohort = CohortFactory(session=session, name="Venus")
    ada, jun = person(cohort, "Ada Lovelace"), person(cohort, "Jun Tanaka")
    grace = person(cohort, "Grace Hopper", "navigator")
    checkin = CheckInFactory(membership=ada, week=session.calendar.get(number=3), did="Read", written_at=utc(20))
    reply = CheckInReply.objects.create(checkin=checkin, author=jun.user, text="Well *done*")
    CheckInReply.objects.filter(pk=reply.pk).update(created_at=utc(21))
    olu = SessionRoleFactory(session=session, user__name="Olu Ade", user__time_zone="UTC").user
    return SimpleNamespace(session=session, cohort=cohort, ada=ada, jun=jun, grace=grace, checkin=checkin, organiser=olu)


def digest_of(user) -> str:
    """The text of the person's newest digest; empty without one."""
    return Message.objects.filter(kind="digest", recipient=user).order_by("pk").values_list("body", flat=True).last() or ""


def part(text: str, heading: str) -> str:
    """The lines under one heading."""
    rest = text.partition(f"\n{heading}\n")[2]
    for other in [str(each.label) for each in Heading] + ["--------"]:
        rest = rest.partition(f"\n{other}")[0] if other != heading else rest
    return rest


# Whose Monday it is


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("UTC", utc(23, 6, 59), False),
        ("UTC", utc(23, 7), True),
        ("UTC", utc(25, 23, 59), True),
        ("UTC", utc(26), False),
        ("UTC", utc(22, 12), False),
        ("Pacific/Kiritimati", utc(22, 17), True),
        ("Pacific/Kiritimati", utc(22, 16, 59), False),
        ("Etc/GMT+12", utc(23, 18, 59), False),
        ("Etc/GMT+12", utc(23, 19), True),
        ("Etc/GMT+12", utc(26, 11, 59), True),
        ("Etc/GMT+12", utc(26, 12), False),
        ("Asia/Kathmandu", utc(23, 1, 15), True),
        ("Asia/Kathmandu", utc(23, 1, 14), False),
    ],
)
def test_it_is_due_from_seven_on_monday_to_the_end_of_wednesday_where_people_live(zone, now, expected):
    user = User(time_zone=zone)
    assert due.is_due(user, now, after=None) is expected
    assert due.is_anybodys_time(now) or not expected
    assert due.is_due(user, now, after=now) is False


def test_on_other_days_nothing_is_asked_of_the_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        for now in (utc(22, 16, 59), utc(26, 12), utc(28, 3)):
            assert write_due_digests(now) == 0


def test_the_round_of_a_monday_leads_back_to_it():
    for monday in (datetime.date(2026, 11, 23), datetime.date(2061, 1, 3)):
        assert due.monday_of_round(due.round_of(monday)) == monday


def test_each_gets_one_on_their_own_morning_and_never_two(world, monday):
    for membership, zone in ((world.ada, "Asia/Tokyo"), (world.grace, "America/Los_Angeles")):
        User.objects.filter(pk=membership.user_id).update(time_zone=zone)
    got = {}
    for hour in range(-4, 30):
        now = utc(23) + hour * HOUR
        monday.move_to(now)
        write_due_digests(now)
        for recipient in Message.objects.filter(kind="digest").values_list("recipient", flat=True):
            got.setdefault(recipient, now)
    assert got[world.ada.user_id] == utc(22, 22)
    assert got[world.jun.user_id] == utc(23, 7)
    assert got[world.grace.user_id] == utc(23, 15)
    assert Message.objects.filter(kind="digest").count() == 4
    # Whoever moves to another zone afterwards has had theirs.
    User.objects.update(time_zone="America/Los_Angeles")
    assert write_due_digests(utc(23, 16)) == 0


@pytest.mark.parametrize(("now", "expected"), [(utc(25, 9), 4), (utc(26, 9), 0)])
def test_after_a_stop_of_the_worker_it_comes_on_wednesday_still_and_once(world, now, expected):
    assert [write_due_digests(now), write_due_digests(now + HOUR)] == [expected, 0]


def test_who_had_nothing_to_read_is_not_asked_again_until_the_next_monday(world):
    begun = utc(23, 7)
    TaskRun.objects.create(
        backend="default", task_path=write_digests_task.module_path, queue_name="default", state="succeeded", started_at=begun
    )
    TaskRun.objects.create(
        backend="default",
        task_path=write_digests_task.module_path,
        queue_name="default",
        state="retried",
        started_at=begun + HOUR,
    )
    assert last_success(write_digests_task) == begun
    assert write_due_digests(after=last_success(write_digests_task)) == 0
    assert write_due_digests(after=begun - HOUR) == 4


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, 4),
        ({"starts_on": datetime.date(2026, 11, 30)}, 0),
        ({"starts_on": datetime.date(2026, 10, 12)}, 0),
        ({"starts_on": datetime.date(2026, 11, 23)}, 4),
        ({"pause_after": 3, "pause_weeks": 1}, 0),
        ({"published_at": None}, 0),
        ({"archived_at": utc(20)}, 0),
    ],
)
def test_nothing_comes_before_the_weeks_in_a_pause_and_afterwards(world, change, expected):
    Session.objects.update(**change)
    assert write_due_digests() == expected


def test_who_wants_none_and_who_is_gone_get_none(world):
    User.objects.filter(pk=world.ada.user_id).update(digest_by_mail=False)
    User.objects.filter(pk=world.organiser.pk).update(is_active=False)
    Membership.objects.filter(pk=world.jun.pk).update(state="left", left_at=utc(20))
    assert write_due_digests() == 1
    assert digest_of(world.grace.user)


# What stands in it


def test_a_member_reads_what_was_said_what_waits_and_what_is_next(world):
    mine = ContributionFactory(
        membership=world.ada, work_item__title="Fix the docs", work_item__turn="member",
        work_item__turn_reason="changes_requested", work_item__turn_since=utc(20),
    )  # fmt: skip
    ContributionFactory(
        membership=world.ada, work_item__title="Old news", work_item__state="merged", work_item__merged_at=utc(10)
    )
    ContributionFactory(
        membership=world.jun, work_item__title="Add a test", work_item__state="merged", work_item__merged_at=utc(20)
    )
    Cheer.objects.create(checkin=world.checkin, user=world.grace.user)
    Cheer.objects.update(created_at=utc(21))
    meeting = Meeting.objects.create(session=world.session, cohort=world.cohort, starts_at=utc(24, 17))
    Meeting.objects.create(session=world.session, cohort=world.cohort, starts_at=utc(24, 18), state="cancelled", title="Off")
    poll = Meeting.objects.create(session=world.session, cohort=world.cohort, state="polling", title="A talk")
    MeetingSlot.objects.create(meeting=poll, starts_at=utc(27))
    User.objects.filter(pk=world.ada.user_id).update(time_zone="Asia/Tokyo")
    write_due_digests()
    text = digest_of(world.ada.user)
    assert text.startswith(
        "Hello Ada Lovelace,\n\nWhat changed\n\n- Your check-in of week 3 was answered: Jun: “Well *done*”\n  http"
    )
    changed, next_up = part(text, "What changed"), part(text, "What is next")
    assert "made somebody glad: Grace" in changed
    assert "- Add a test: Jun: merged" in changed
    assert "Old news" not in text
    assert "- Fix the docs: changes requested" in part(text, "What waits for you")
    assert f"/work/{mine.pk}/" in text
    assert "- A talk (Venus): say when you can" in part(text, "What waits for you")
    assert "- Week 4 of 6: Reviews: Read the guide · Find a partner" in next_up
    assert "Wednesday 25 November 2026, 02:00 (Tokyo)" in next_up
    assert f"/meetings/{meeting.pk}/" in next_up
    assert "Off" not in text
    assert "/me/#mail" in text


def test_who_leads_reads_whom_to_look_after_and_what_waits_for_them(world):
    CheckIn.objects.filter(pk=world.checkin.pk).update(stuck="The tests hang", written_at=utc(21))
    write_due_digests()
    text = digest_of(world.grace.user)
    assert "- Ada: is stuck: “The tests hang”" in part(text, "Who could use a word")
    assert "Ada’s check-in of week 3: “Read”" in part(text, "What changed")
    assert text.count("The tests hang") == 1
    assert "The tests hang" not in digest_of(world.jun.user)
    organisers = digest_of(world.organiser)
    assert "- Ada (Venus): is stuck" in organisers


def test_what_somebody_has_handled_is_not_said_again(world):
    CheckIn.objects.filter(pk=world.checkin.pk).update(stuck="The tests hang", written_at=utc(21))
    look = digests.Look(world.session, datetime.date(2026, 11, 23), MONDAY)
    (reason,) = [one for one in look.reasons if one.kind == "stuck"]
    Nudge.objects.create(
        membership=world.ada, kind="stuck", key=reason.occurrence, handled_at=utc(22), handled_by=world.grace.user
    )
    write_due_digests()
    assert "The tests hang" not in part(digest_of(world.organiser), "Who could use a word")


def test_organisers_read_what_happened_to_places_without_the_reason_and_what_goes_out(world):
    MembershipEvent.objects.create(membership=world.jun, what="left", note="A secret", at=utc(20))
    Announcement.objects.create(
        session=world.session, subject="Half way", body="x", send_on=datetime.date(2026, 11, 25), state="scheduled"
    )
    write_due_digests()
    text = digest_of(world.organiser)
    assert "- Jun (Venus): Left" in part(text, "What changed")
    assert "Announcement: Half way: goes out on Wednesday 25 November" in part(text, "What is next")
    assert "A secret" not in text
    assert "Left" not in digest_of(world.grace.user)


def test_who_has_several_parts_gets_one_mail_with_each_and_nothing_twice(world):
    SessionRoleFactory(session=world.session, user=world.grace.user)
    CheckIn.objects.filter(pk=world.checkin.pk).update(stuck="The tests hang", written_at=utc(21))
    MembershipEvent.objects.create(membership=world.jun, what="extended", at=utc(20))
    assert write_due_digests() == 4
    text = digest_of(world.grace.user)
    assert text.index("== For you who lead Venus ==") < text.index("== For you as an organiser ==")
    assert text.count("Week 4 of 6") == 1


def test_who_takes_part_in_two_sessions_gets_one_for_each(world):
    other = CohortFactory(session=SessionFactory(name="Other", starts_on=datetime.date(2026, 11, 2)), name="Mars")
    Week.objects.filter(session=other.session).update(title="Docs")
    MembershipFactory(cohort=other, user=world.ada.user)
    write_due_digests()
    subjects = (
        Message.objects.filter(kind="digest", recipient=world.ada.user).order_by("subject").values_list("subject", flat=True)
    )
    assert [subject.partition(",")[0] for subject in subjects] == ["Autumn", "Other"]


def test_who_rests_is_asked_for_nothing_and_hears_what_others_said(world):
    Membership.objects.filter(pk__in=[world.ada.pk, world.jun.pk]).update(state="resting")
    ContributionFactory(
        membership=world.ada, work_item__title="Fix the docs", work_item__turn="member",
        work_item__turn_reason="changes_requested", work_item__turn_since=utc(20),
    )  # fmt: skip
    write_due_digests()
    text = digest_of(world.ada.user)
    assert "was answered" in text
    for pressing in ("Fix the docs", "Your check-in of this week", "Read the guide"):
        assert pressing not in text
    # Nobody said anything to Jun, and a check-in of another is no reason to write to somebody who rests.
    CheckIn.objects.filter(pk=world.checkin.pk).update(written_at=utc(10))
    Message.objects.all().delete()
    write_due_digests()
    assert not digest_of(world.jun.user)


def test_nothing_at_all_to_say_is_no_mail(world):
    Week.objects.update(title="", before_tasks="")
    CheckInReply.objects.all().delete()
    CheckIn.objects.update(written_at=utc(20))
    CheckInFactory(membership=world.jun, week=world.checkin.week, written_at=utc(10), did="x")
    write_due_digests()
    assert not digest_of(world.ada.user)
    assert digest_of(world.jun.user)


def test_before_a_pause_and_at_the_end_it_says_so(world):
    Session.objects.update(pause_after=4, pause_weeks=2, pause_note="Many of us celebrate.")
    write_due_digests()
    assert "A pause comes after this week: from Monday 30 November; we go on on Monday 14 December. Many of us celebrate." in digest_of(world.ada.user)  # fmt: skip
    Message.objects.all().delete()
    Session.objects.update(pause_after=None, weeks=4)
    write_due_digests()
    assert "This is the last week: the session ends on Sunday 29 November" in digest_of(world.organiser)


def test_after_a_pause_what_changed_reaches_back_before_it(world):
    look = digests.Look(world.session, datetime.date(2026, 11, 23), MONDAY)
    assert look.since == utc(16)
    world.session.pause_after, world.session.pause_weeks = 2, 1
    assert digests.Look(world.session, datetime.date(2026, 11, 23), MONDAY).since == utc(9)


def test_long_lists_are_cut_and_strange_words_harm_nothing(world):
    line = Line(Heading.CHANGED, "<script>alert(1)</script>\u202e", "a\nb\x00", "/me/")
    reader = digests.Look(world.session, datetime.date(2026, 11, 23), MONDAY).readers_for(world.ada.user, organises=False)
    (found,) = parts_of(reader, [lambda _reader: [line, *(Line(Heading.CHANGED, f"Line {one}") for one in range(50))]])
    (group,) = found.groups
    assert len(group.lines) == LINES_SHOWN + 1
    assert group.lines[-1].title == f"and {51 - LINES_SHOWN} more, on the site"
    assert (group.lines[0].title, group.lines[0].text) == ("<script>alert(1)</script>", "a b")
    html = digests.writing.passage_of_parts([found]).html
    assert "<script" not in html


# How it goes out


def test_it_is_sent_together_with_a_way_out_and_dropped_when_it_is_old(world, monday, tasks):
    write_due_digests()
    number = due.round_of(datetime.date(2026, 11, 23))
    left = Message.objects.get(recipient=world.jun.user, kind="digest")
    Membership.objects.filter(pk=world.jun.pk).update(state="left", left_at=MONDAY)
    result = digests.send_digests(number)
    assert (result.sent, result.dropped) == (3, 1)
    left.refresh_from_db()
    assert left.state == "dropped"
    sent = next(one for one in mail.outbox if one.to == [world.ada.user.email])
    assert sent.subject == "Autumn, week 4: what changed and what is next"
    assert "/mail/stop/digest-" in sent.extra_headers["List-Unsubscribe"]
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    html = sent.alternatives[0][0]
    assert "<h2>What changed</h2>" in html
    Message.objects.filter(recipient=world.ada.user).update(state="queued", attempts=0)
    monday.move_to(utc(28))
    message = Message.objects.get(recipient=world.ada.user, kind="digest")
    send_message(message.pk)
    message.refresh_from_db()
    assert message.state == "dropped"


def test_what_fails_for_one_keeps_no_other_from_theirs(world, monkeypatch):
    real = digests.sending.write_digest

    def write(look, user, sayings, **values):
        if user == world.jun.user:
            raise ValueError("no")
        return real(look, user, sayings, **values)

    monkeypatch.setattr(digests.sending, "write_digest", write)
    with pytest.raises(ExceptionGroup):
        write_due_digests()
    assert Message.objects.filter(kind="digest").count() == 3
    monkeypatch.undo()
    assert write_due_digests() == 1


def test_the_number_of_statements_does_not_grow_with_the_people(world):
    counts = []
    # The first round looks up what stays known for as long as the process lives.
    for number in (3, 3, 30):
        for one in range(number - Membership.objects.count()):
            place = person(world.cohort, f"Person {one}")
            checkin = CheckInFactory(membership=place, week=world.checkin.week, written_at=utc(20), did="x", stuck="y")
            CheckInReply.objects.create(checkin=checkin, author=world.grace.user, text="Hm")
            ContributionFactory(membership=place, work_item__turn="member", work_item__turn_since=utc(20))
        Message.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            assert write_due_digests() == number + 1
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_an_organiser_who_takes_part_reads_no_digest_of_others_since_it_may_speak_of_them(world):
    organisers = [SessionRoleFactory(session=world.session).user for _ in range(2)]
    MembershipFactory(cohort=world.cohort, user=organisers[1])
    write_due_digests()
    of_others = Message.objects.filter(kind="digest").exclude(recipient__in=organisers)
    seen = [Message.objects.visible_to(one).filter(pk__in=of_others).count() for one in organisers]
    assert seen == [of_others.count(), 0]
    assert Message.objects.visible_to(organisers[1]).filter(kind="digest", recipient=organisers[1]).exists()
